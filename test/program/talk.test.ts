import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { coupleOfFile } from '../support/couple.ts'
import { execute, Program } from '../support/program.ts'

const { ada, bob } = coupleOfFile()

const jsonOf = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('send and listen', () => {
  test('a message is delivered and decrypted, and both programs say so in JSON', async () => {
    await using listening = new Program(['listen', '--json'], bob)
    expect(await listening.event('listening')).toMatchObject({ profile: 'bob', port: expect.any(Number) })
    const text = 'three\nlines, and \u001b[31mred\u0007 \u202e'
    const sent = await execute(['send', 'bob', '-', '--json'], { ...ada, input: `${text}\n` })
    expect(sent).toMatchObject({ code: 0, stderr: '' })
    const events = jsonOf(sent.stdout)
    expect(events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['listening', 'phase', 'secured', 'sent', 'delivered']),
    )
    const message = await listening.event('message')
    expect(message).toMatchObject({ buddy: 'ada', text, trust: 'unverified' })
    const id = events.find(({ event }) => event === 'sent')?.['id']
    expect(message['id']).toBe(id)
    const raw = await listening.line('"message"')
    expect(raw).not.toMatch(/[\p{Cc}\u202e]/u)
    expect(await listening.event('lost')).toMatchObject({ buddy: 'ada', why: 'left' })
    listening.signal('SIGTERM')
    expect(await listening.ended()).toMatchObject({ code: 143 })
  })

  test('a script may send line by line: ten in a row, each delivered', async () => {
    await using listening = new Program(['listen', '--json'], bob)
    await listening.event('listening')
    for (let i = 0; i < 10; i++) {
      const sent = await execute(['send', 'bob', `line ${i}`, '--timeout', '20'], ada)
      expect(sent).toMatchObject({ code: 0 })
    }
    const texts = listening.lines.map((line) => JSON.parse(line)).flatMap(({ text }) => text ?? [])
    expect(texts).toEqual(Array.from({ length: 10 }, (_, i) => `line ${i}`))
  })

  test('nobody there: exit 3 within the time given, and one line says why', async () => {
    const sent = await execute(['send', 'bob', 'anybody?', '--timeout', '1.5'], ada)
    expect(sent).toMatchObject({ code: 3, stdout: '' })
    expect(sent.stderr).toMatch(
      /otrtalk: could not reach bob within 1.5 s\nhint: .+; it is not kept for later: see --later\n$/,
    )
    expect(sent.stderr.split('not kept for later')).toHaveLength(2)
  })

  test('a DHT that cannot be reached: exit 6', async () => {
    const alone = { ...ada, env: { ...ada.env, OTRTALK_BOOTSTRAP: '127.0.0.1:9' } }
    const sent = await execute(['send', 'bob', 'anybody?', '--timeout', '8'], alone)
    expect(sent).toMatchObject({ code: 6, stdout: '' })
    expect(sent.stderr).toMatch(/otrtalk: the network cannot be reached\nhint: /)
  })

  test('an empty or blank text, no text at all, one too long, an unknown buddy: each in words, and nobody is called', async () => {
    expect(await execute(['send', 'bob', ''], ada)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/nothing to send/),
    })
    expect(await execute(['send', 'bob', '-'], { ...ada, input: ' \n\n' })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/nothing to send/),
    })
    const octets = Uint8Array.of(0x68, 0x69, 0xff, 0xfe)
    expect(await execute(['send', 'bob', '-'], { ...ada, input: octets })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no text\nhint: it must be UTF-8/),
    })
    const long = await execute(['send', 'bob', '-'], { ...ada, input: 'x'.repeat(32 * 1024 + 1) })
    expect(long).toMatchObject({ code: 1, stderr: expect.stringMatching(/too long.*\nhint: .*32 KiB/) })
    const unknown = await execute(['send', 'eve', 'hello'], ada)
    expect(unknown).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no buddy named eve\nhint: your buddies: bob/),
    })
  })
})

describe('what the network refuses', () => {
  test('a port that another program has: exit 6', async () => {
    const other = createSocket('udp4').bind(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address()
    for (const command of [['send', 'bob', 'hello'], ['node']]) {
      const { code, stdout, stderr } = await execute([...command, '--port', `${port}`], ada)
      expect({ code, stdout }).toEqual({ code: 6, stdout: '' })
      expect(stderr).toContain(`otrtalk: UDP port ${port} cannot be opened\nhint: another program may use it`)
    }
    other.close()
  })

  test('an interface there is not: exit 6, and those there are', async () => {
    const { code, stderr } = await execute(['send', 'bob', 'hello', '--interface', 'wg7'], ada)
    expect(code).toBe(6)
    expect(stderr).toMatch(/no network interface named wg7\nhint: there are: .*lo/)
  })

  test('a bootstrap name that no name server of the interface knows', async () => {
    const { code, stderr } = await execute(
      ['send', 'bob', 'x', '--bootstrap', 'router.example:6881', '--timeout', '2'],
      ada,
    )
    expect(code).toBe(6)
    expect(stderr).toMatch(/addresses of router.example cannot be looked up\nhint: no name server .* lo, /)
  })
})

test('a second owner of the same profile is refused with exit 5, naming the first', async () => {
  await using listening = new Program(['listen', '--json'], bob)
  await listening.event('listening')
  for (const command of [
    ['listen'],
    ['--plain'],
    ['invite', 'eve'],
    ['answer', 'ada', '-'],
    ['profile', 'remove', 'bob', '--yes'],
  ]) {
    const { code, stdout, stderr } = await execute(command, bob)
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
    expect(stderr).toMatch(/^otrtalk: the profile bob is in use by process \d+ \(otrtalk listen\)\nhint: /)
  }
  expect(await execute(['buddy', 'list'], bob)).toMatchObject({ code: 0 })
})

test('chat --json and chat --plain talk with each other, and the end of stdin waits for receipts', async () => {
  await using plain = new Program(['chat', 'ada', '--plain'], bob)
  await using json = new Program(['chat', 'bob', '--json'], ada)
  await json.event('secured')
  json.write('{"say":"hello bob"}\n')
  await plain.line('hello bob')
  plain.write('hello ada\n')
  expect(await json.event('message')).toMatchObject({ buddy: 'bob', text: 'hello ada' })
  await json.event('delivered')
  plain.end('one more\n')
  expect(await plain.ended()).toMatchObject({ code: 0 })
  await json.line('one more')
  expect(await json.event('lost')).toMatchObject({ why: 'left' })
  json.end()
  expect(await json.ended()).toMatchObject({ code: 0, stderr: '' })
})

test('the fingerprint is pinned at the first conversation, and chat --fingerprint refuses another with exit 4', async () => {
  const { stdout } = await execute(['buddy', 'fingerprint', 'bob'], ada)
  const own = await execute(['id', '--json'], bob)
  expect(stdout.trim()).toBe(JSON.parse(own.stdout).fingerprint)
  const other = stdout.trim().replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
  const refused = await execute(['chat', 'bob', '--plain', '--fingerprint', other], ada)
  expect(refused).toMatchObject({ code: 4, stdout: '' })
  expect(refused.stderr).toMatch(/bob has another fingerprint than the one you gave\nhint: /)
})

test('kill -9 of one side: the other says so, and when it is back the conversation goes on', async () => {
  await using json = new Program(['chat', 'bob', '--json'], ada)
  {
    await using doomed = new Program(['listen', '--json'], bob)
    await json.event('secured')
    doomed.signal('SIGKILL')
    await doomed.ended()
  }
  json.write('{"say":"while you were away"}\n')
  await using again = new Program(['listen', '--json'], bob)
  expect(await again.event('message')).toMatchObject({ text: 'while you were away' })
  expect(await json.event('lost')).toMatchObject({
    buddy: 'bob',
    why: expect.stringMatching(/^(restarted|timeout)$/),
  })
  await json.line((line) => line.includes('"delivered"'))
  expect(json.lines.filter((line) => line.includes('"secured"'))).toHaveLength(2)
})
