import { once } from 'node:events'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { reachOwner } from '../../../src/edge/control/client.ts'
import { placesOf, preparePlace } from '../../../src/edge/control/place.ts'
import { openServer } from '../../../src/edge/control/server.ts'
import type { Holder } from '../../../src/edge/lock.ts'
import { temporaryFolder } from '../folder.ts'

const network = { bootstrap: [], dht: true, lan: 'also', portmap: true, stun: [] } as const
const holder: Holder = { pid: process.pid, start: '', command: 'chat' }

/** A server, and what its guests said. @param answer - beside the line */
async function serve(home = temporaryFolder(), answer = {}) {
  const place = preparePlace(home, { OTRTALK_HOME: home })
  const heard: string[] = []
  let left = 0
  const server = await openServer({
    place,
    hello: { process: 7, command: 'chat', profile: 'home', network },
    welcome: (channel) => ({
      async hear(line) {
        heard.push(line)
        channel.send({ heard: line, ...answer })
      },
      leave() {
        left++
      },
    }),
  })
  onTestFinished(() => server[Symbol.asyncDispose]())
  return { home, place, server, heard, left: () => left }
}

function client(path: string): { socket: Socket; next: () => Promise<unknown>; closed: Promise<unknown> } {
  const socket = connect(path)
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  const closed = new Promise((resolve) => socket.once('close', resolve))
  return { socket, closed, next: async () => JSON.parse((await lines.next()).value ?? 'null') }
}

describe('a server', () => {
  test('greets, hears line by line in order, and says goodbye', async () => {
    const { place, server, heard, left } = await serve()
    const { socket, next, closed } = client(place.path)
    expect(await next()).toEqual({ otrtalk: 1, process: 7, command: 'chat', profile: 'home', network })
    socket.write('{"otrtalk":1}\na\nb\n')
    expect([await next(), await next()]).toEqual([{ heard: 'a' }, { heard: 'b' }])
    await server[Symbol.asyncDispose]()
    expect(await next()).toEqual({ kind: 'bye', why: 'left' })
    await closed
    expect([heard, existsSync(place.path)]).toEqual([['a', 'b'], false])
    await vi.waitFor(() => expect(left()).toBe(1))
  })

  test('takes the place of what a process that died has left, whatever it is', async () => {
    const home = temporaryFolder()
    writeFileSync(preparePlace(home, { OTRTALK_HOME: home }).path, 'left')
    const { place } = await serve(home)
    expect(await client(place.path).next()).toMatchObject({ otrtalk: 1 })
  })

  test('drops who says nothing for 10 s, and nobody who has', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const { place, heard } = await serve()
    const [mute, talker] = [client(place.path), client(place.path)]
    await Promise.all([mute.next(), talker.next()])
    talker.socket.write('{"otrtalk":1}\na\n')
    await talker.next()
    vi.advanceTimersByTime(9_999)
    expect(mute.socket.readableEnded).toBe(false)
    vi.advanceTimersByTime(1)
    await mute.closed
    talker.socket.write('b\n')
    expect(await talker.next()).toEqual({ heard: 'b' })
    expect(heard).toEqual(['a', 'b'])
  })

  test('answers all 40 questions asked at once, 4 MB, to who reads, and others in between', async () => {
    const { place } = await serve(undefined, { long: 'x'.repeat(100_000) })
    const [greedy, modest] = [client(place.path), client(place.path)]
    await Promise.all([greedy.next(), modest.next()])
    greedy.socket.write(`{"otrtalk":1}\n${'more\n'.repeat(40)}`)
    await greedy.next()
    modest.socket.write('{"otrtalk":1}\na\n')
    expect(await modest.next()).toMatchObject({ heard: 'a' })
    for (let i = 1; i < 40; i++) expect(await greedy.next()).toMatchObject({ heard: 'more' })
  })

  test('does not answer questions of one who reads nothing, and drops him after 5 s', async () => {
    const { place, heard } = await serve(undefined, { long: 'x'.repeat(400_000) })
    const { socket, next, closed } = client(place.path)
    await next()
    socket.pause()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    socket.write(`{"otrtalk":1}\n${'more\n'.repeat(1_000)}`)
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0))
    vi.advanceTimersByTime(5_000)
    socket.resume()
    await closed
    expect(heard.length).toBeLessThan(3)
  })

  test('takes 64 clients, and tells the next one why not it', async () => {
    const { place } = await serve()
    const clients = Array.from({ length: 64 }, () => client(place.path))
    await Promise.all(clients.map(({ next }) => next()))
    const last = client(place.path)
    await last.next()
    expect(await last.next()).toMatchObject({ kind: 'fault', of: 'hello', exit: 5 })
    await last.closed
    clients[0]!.socket.destroy()
    await clients[0]!.closed
    await vi.waitFor(async () => {
      const again = client(place.path)
      await again.next()
      again.socket.write('{"otrtalk":1}\nx\n')
      expect(await again.next()).toEqual({ heard: 'x' })
    })
  })
})

describe('who looks for the owner', () => {
  const reach = (home: string, holders: readonly (Holder | undefined)[] = [holder]) => {
    let asked = 0
    return reachOwner({
      ...{ name: 'home', path: home, env: { OTRTALK_HOME: home }, patience: 300, waits: 300 },
      holder: async () => holders[Math.min(asked++, holders.length - 1)],
    })
  }

  test('is alone without one, and also when it leaves meanwhile', async () => {
    const home = temporaryFolder()
    expect(await reach(home, [undefined])).toEqual({ kind: 'alone' })
    expect(await reach(home, [holder, holder, undefined])).toEqual({ kind: 'alone' })
  })

  test('finds it, also one that opens its socket a moment later', async () => {
    const home = temporaryFolder()
    const reaching = reach(home)
    await serve(home)
    const reached = await reaching
    expect(reached).toMatchObject({ kind: 'owner' })
    if (reached.kind === 'owner') reached.owner[Symbol.dispose]()
  })

  test('does not wait for one that serves nobody', async () => {
    const reached = await reach(temporaryFolder(), [{ ...holder, command: 'send' }])
    const message = `the profile home is in use by process ${process.pid} (otrtalk send)`
    expect(reached).toMatchObject({ kind: 'refused', fault: { message, exit: 5 } })
  })

  async function impostor(home: string, says: string | undefined): Promise<void> {
    preparePlace(home, { OTRTALK_HOME: home })
    const server = createServer((socket) => {
      socket.on('error', () => {})
      if (says !== undefined) socket.write(says)
      onTestFinished(() => void socket.destroy())
    })
    server.listen(placesOf(home, { OTRTALK_HOME: home })[0]!.path)
    await once(server, 'listening')
    onTestFinished(() => void server.close())
  }

  test('gives up on one that accepts and does not answer', async () => {
    const home = temporaryFolder()
    await impostor(home, undefined)
    const reached = await reach(home)
    expect(reached).toMatchObject({ kind: 'refused', fault: { exit: 5 } })
    if (reached.kind === 'refused')
      expect(reached.fault.message).toMatch(/process \d+ \(otrtalk chat\) does not answer/)
  })

  test.each(['{"otrtalk":2}\n', 'hello\n', '\xff\xff\n'])('refuses one that begins with %j', async (says) => {
    const home = temporaryFolder()
    await impostor(home, says)
    const reached = await reach(home)
    expect(reached).toMatchObject({ kind: 'refused', fault: { exit: 5 } })
    if (reached.kind === 'refused') expect(reached.fault.message).toMatch(/another version/)
  })

  test('does not connect in a folder that others may write to', async () => {
    const { home, place } = await serve()
    chmodSync(place.folder, 0o777)
    const reached = await reach(home)
    expect(reached).toMatchObject({ kind: 'refused' })
    if (reached.kind === 'refused') expect(reached.fault.message).toContain('is open to others')
  })
})
