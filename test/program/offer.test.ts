import { afterAll, beforeAll, expect, test } from 'vitest'
import { introduce } from '../support/people.ts'
import { execute, freshHome, Program, type Started } from '../support/program.ts'
import { start, untouched } from '../support/pty.ts'

let ada: Started
let bob: Started
const homes: AsyncDisposable[] = []

/** Two who know each other, on loopback, with no DHT that they could meet in. */
beforeAll(async () => {
  const made = [await freshHome(), await freshHome()] as const
  homes.push(...made)
  const env = { OTRTALK_INTERFACE: 'lo', OTRTALK_LAN: '0' }
  ;[ada, bob] = [
    { home: made[0].path, env },
    { home: made[1].path, env },
  ]
  await introduce({ name: 'ada', at: ada }, { name: 'bob', at: bob })
})

afterAll(async () => {
  for (const home of homes) await home[Symbol.asyncDispose]()
})

const first = (program: Program): Promise<string> => program.line((line) => line !== '')

test.each([
  ['ada', 'bob'],
  ['bob', 'ada'],
] as const)('%s offers, %s answers: one line each way, and they talk', async (one, other) => {
  const at = { ada, bob }
  await using offering = new Program(['offer', other], at[one])
  const offer = await first(offering)
  expect(offer).toMatch(/^oto1[02-9ac-hj-np-z]{264}$/)
  await using answering = new Program(['answer', one, '-'], at[other])
  answering.write(offer.replace(/.{50}/g, '$&\n'))
  answering.write('\n')
  const answer = await first(answering)
  expect(answer).toMatch(/^ota1[02-9ac-hj-np-z]{264}$/)
  offering.write(`${answer}\nhello\n`)
  await answering.line('hello')
  answering.write('hi\n')
  await offering.line('hi')
  offering.end()
  expect(await offering.ended()).toMatchObject({ code: 0 })
  expect(offering.stderr).toContain(`give this line to ${other}, who types: otrtalk answer`)
  expect(answering.stderr).toContain(`give this line to ${one}, whose otrtalk waits for it`)
  answering.end()
  expect(await answering.ended()).toMatchObject({ code: 0 })
})

test('a buddy who is reached needs no answer; his line is taken all the same, and both say so in JSON', async () => {
  await using offering = new Program(['offer', 'bob', '--json'], ada)
  const { event, buddy, line: offer } = JSON.parse(await first(offering))
  expect({ event, buddy }).toEqual({ event: 'offer', buddy: 'bob' })
  await using answering = new Program(['answer', 'ada', '--json'], bob)
  answering.write(`${JSON.stringify({ line: offer })}\n${JSON.stringify({ say: 'first' })}\n`)
  await answering.event('secured')
  const { line: answer } = await answering.event('answer')
  offering.write(`${JSON.stringify({ line: answer })}\n`)
  expect(await offering.event('message')).toMatchObject({ buddy: 'bob', text: 'first' })
  expect(await answering.event('delivered')).toMatchObject({ buddy: 'ada' })
})

test('a script that brings a wrong line ends with 2, although its stdin stays open', async () => {
  await using offering = new Program(['offer', 'bob'], ada)
  const offer = await first(offering)
  offering.write(`${offer}\n`)
  const own = await offering.ended()
  expect(own).toMatchObject({ code: 2, stdout: `${offer}\n` })
  expect(own.stderr).toContain('otrtalk: this is your own line\nhint: give it to bob')
  const stale = await execute(['answer', 'ada', '-'], { ...bob, input: offer.slice(0, -1) })
  expect(stale).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('the end of the line is missing'),
  })
  const strange = await execute(['answer', 'bob', '-'], { ...ada, input: 'hello\n' })
  expect(strange).toMatchObject({ code: 2, stderr: expect.stringContaining('an offer begins with oto1') })
})

test('an answer to an offer of an earlier run is told from the right one', async () => {
  await using former = new Program(['offer', 'bob'], ada)
  const old = await first(former)
  former.signal('SIGTERM')
  expect(await former.ended()).toMatchObject({ code: 143 })
  await using answering = new Program(['answer', 'ada', '-'], bob)
  answering.write(`${old}\n`)
  const answer = await first(answering)
  await using offering = new Program(['offer', 'bob'], ada)
  await first(offering)
  offering.write(`${answer}\n`)
  const ended = await offering.ended()
  expect(ended.code).toBe(2)
  expect(ended.stderr).toContain('this line answers an earlier offer\nhint: give bob the line above')
})

test('at a terminal the line is asked for, and the screen opens on top of it; on both sides', async () => {
  await using offering = start(['offer', 'bob'], { ...ada, cols: 300 })
  const [offer] = /oto1\w+/.exec(await offering.waitFor('the answer of bob:'))!
  await using answering = start(['answer', 'ada'], { ...bob, cols: 300 })
  await answering.waitFor('the offer of ada:')
  answering.type('hello\r')
  await answering.waitFor('an offer begins with oto1')
  answering.type(offer.replace(/.{99}/g, '$&\r'))
  answering.key('enter')
  await answering.waitFor('give this line to ada')
  // She is found without his answer.
  await Promise.all([offering.waitFor('bob: secured'), answering.waitFor('ada: secured')])
  offering.type('typed on the screen\r')
  await answering.waitFor('typed on the screen')
  for (const screen of [offering, answering]) {
    screen.key('ctrlD')
    expect(await screen.ended()).toEqual({ code: 0 })
    expect(screen.state).toEqual(untouched)
  }
})

test('Ctrl-C at the question leaves, and the terminal is as it was', async () => {
  await using offering = start(['offer', 'bob'], ada)
  await offering.waitFor('the answer of bob:')
  offering.key('ctrlC')
  expect(await offering.ended()).toEqual({ code: 130 })
  expect(offering.state).toEqual(untouched)
})

test('two who share an invite code meet by it without the DHT', async () => {
  await using inviting = new Program(['invite', 'carol', '--json'], ada)
  const { code } = await inviting.event('code')
  inviting.signal('SIGTERM')
  await inviting.ended()
  await using accepting = new Program(['accept', 'dan', '-', '--json'], bob)
  accepting.write(`${code}\n`)
  await accepting.event('phase')
  accepting.signal('SIGTERM')
  await accepting.ended()
  await using offering = new Program(['offer', 'carol', '--json'], ada)
  await using answering = new Program(['answer', 'dan', '--json'], bob)
  answering.write(`${(await offering.event('offer'))['line']}\n`)
  offering.write(`${(await answering.event('answer'))['line']}\n`)
  expect(await offering.event('met')).toMatchObject({ buddy: 'carol', trust: 'by-code' })
  expect(await answering.event('met')).toMatchObject({ buddy: 'dan', trust: 'by-code' })
})
