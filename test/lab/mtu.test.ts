/** Lines that carry packets of 1,280 octets and no more: what the link sends passes them whole. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshHome } from '../support/program.ts'
import { Capture } from './capture.ts'
import * as cells from './cells.ts'
import { Internet, tools } from './internet.ts'
import { whyNoLab } from './lab.ts'

const missing = whyNoLab([...tools, 'tcpdump'])
if (missing !== undefined) console.warn(`skipped: ${missing}`)

/** A first piece, or a later one. */
const pieces = 'udp and ip[6:2] & 0x2000 != 0 or ip[6:2] & 0x1fff != 0'

describe.skipIf(missing !== undefined)('over lines of 1,280 octets', () => {
  let internet: Internet
  beforeAll(async () => {
    internet = await Internet.up('duo')
    for (const router of ['natA', 'natB'])
      await internet.lab.run(router, 'ip', 'link', 'set', 'wan', 'mtu', '1280')
  }, 60_000)
  afterAll(() => internet?.[Symbol.asyncDispose](), 30_000)

  test('a larger datagram of Node’s arrives in pieces, and its sender is told nothing: no probe could tell', async () => {
    await using folder = await freshHome()
    const sender = join(folder.path, 'sender.mjs')
    const receiver = join(folder.path, 'receiver.mjs')
    writeFileSync(
      receiver,
      `
      import { createSocket } from 'node:dgram'
      createSocket('udp4').on('message', ({ length }) => { console.log(length); process.exit() }).bind(7777)
      setTimeout(() => process.exit(1), 10_000)`,
    )
    writeFileSync(
      sender,
      `
      import { createSocket } from 'node:dgram'
      const socket = createSocket('udp4')
      const send = () => socket.send(new Uint8Array(1452), 7777, '203.0.113.10', (error) => error && console.log(error.code))
      send()
      setInterval(send, 200)
      setTimeout(() => process.exit(), 3_000)`,
    )
    await using capture = await Capture.on(internet.lab, 'natA', { at: 'wan', filter: pieces })
    const [said, came] = await Promise.all([
      internet.lab.run('alice', process.execPath, sender),
      internet.lab.run('stun', process.execPath, receiver),
    ])
    expect([said, came.trim()]).toEqual(['', '1452'])
    expect(capture.lines.length).toBeGreaterThan(1)
  }, 60_000)

  test('whose routers say nothing of what they drop long texts arrive, and no packet of them in pieces', async () => {
    for (const router of ['natA', 'natB'])
      for (const command of [
        ['add', 'table', 'inet', 'hole'],
        ['add', 'chain', 'inet', 'hole', 'out', '{ type filter hook output priority 0; }'],
        ['add', 'rule', 'inet', 'hole', 'out', 'icmp', 'type', 'destination-unreachable', 'drop'],
      ])
        await internet.lab.run(router, 'nft', ...command)
    await using capture = await Capture.on(internet.lab, 'natB', { at: 'any', filter: pieces })
    await using two = await internet.start(cells.easy[0]!)
    await Promise.all(two.both.map((program) => program.event('secured')))
    const text = 'long '.repeat(6_000)
    two.first.write(`${JSON.stringify({ say: text })}\n`)
    two.second.write(`${JSON.stringify({ say: text })}\n`)
    for (const program of two.both) {
      expect((await program.event('message'))['text']).toBe(text)
      await program.event('delivered')
    }
    expect(capture.lines).toEqual([])
    await two.end()
  }, 60_000)
})
