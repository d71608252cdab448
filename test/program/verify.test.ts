import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { introduce, type Seed, seed } from '../support/people.ts'
import { execute, freshHome, Program, type Started } from '../support/program.ts'
import { type Pty, start, untouched } from '../support/pty.ts'

let node: Seed
let homes: Awaited<ReturnType<typeof freshHome>>[] = []
let ada: Started
let bob: Started

beforeAll(async () => {
  node = await seed({ interface: 'lo' })
})

afterAll(async () => {
  await node[Symbol.asyncDispose]()
  for (const home of homes) await home[Symbol.asyncDispose]()
})

/** Two people who have each other's address and nothing else. */
beforeEach(async () => {
  const [one, other] = [await freshHome(), await freshHome()]
  homes = [...homes, one, other]
  const env = { OTRTALK_INTERFACE: 'lo', OTRTALK_BOOTSTRAP: node.address }
  ada = { home: one.path, env }
  bob = { home: other.path, env }
  await introduce({ name: 'ada', at: ada }, { name: 'bob', at: bob })
})

const enter = (screen: Pty, text: string): void => {
  screen.type(text)
  screen.key('enter')
}

const json = async (args: readonly string[], at: Started): Promise<Readonly<Record<string, unknown>>> =>
  JSON.parse((await execute([...args, '--json'], at)).stdout)
const trustOf = async (alias: string, at: Started): Promise<unknown> =>
  (await json(['buddy', 'show', alias], at))['trust']

describe('a question on two screens', () => {
  test('rightly answered verifies him who answered, at once in the header, and in the vault; no answer is ever shown', async () => {
    await using left = start(['chat', 'bob'], ada)
    await using right = start(['chat', 'ada'], bob)
    await left.waitFor('bob: secured, not verified')
    await right.waitFor('ada: secured, not verified')
    enter(left, '/verify')
    await left.waitFor('? question, as bob will see it')
    enter(left, 'Where did we meet?')
    await left.waitFor('? the answer that bob must give too')
    enter(left, 'In  Venice')
    await right.waitFor('ada wants to verify that it is you: Where did we meet?')
    enter(right, '/answer')
    await right.waitFor('? your answer: not shown')
    right.type('In Venice')
    await right.waitFor('? *********')
    right.key('enter')
    await left.waitFor('bob: secured, verified by you')
    await right.waitFor('your answer was right: ada knows now that it is you')
    await right.waitFor('ada: secured, not verified')
    enter(left, '/info')
    await left.waitFor('verified by you: the fingerprints were compared')
    await left.waitFor('post-quantum protection is on')
    for (const screen of [left, right]) {
      expect(screen.raw).not.toContain('Venice')
      screen.key('up')
    }
    await left.waitFor('› /info')
    for (const screen of [left, right]) {
      screen.key('ctrlC')
      expect(await screen.ended()).toEqual({ code: 0 })
      expect(screen.state).toEqual(untouched)
    }
    expect([await trustOf('bob', ada), await trustOf('ada', bob)]).toEqual(['verified', 'unverified'])
    await using again = start(['chat', 'bob'], ada)
    await using there = new Program(['listen', '--json'], bob)
    await again.waitFor('bob: secured, verified by you')
    expect(await there.event('secured')).toMatchObject({ trust: 'unverified', pq: true })
  })

  test('wrongly answered says so on both sides, and trust stays what it was', async () => {
    await using left = start(['chat', 'bob'], ada)
    await using right = start(['chat', 'ada'], bob)
    await left.waitFor('bob: secured, not verified')
    await right.waitFor('ada: secured')
    enter(left, '/verify Where did we meet?')
    await left.waitFor('? the answer that bob must give too')
    enter(left, 'Venice')
    await right.waitFor('Where did we meet?')
    enter(right, '/answer')
    await right.waitFor('? your answer')
    enter(right, 'Florence')
    await left.waitFor('your answer and that of bob differ')
    await right.waitFor('your answer and that of ada differ')
    for (const screen of [left, right]) expect(screen.screen).toContain(': secured, not verified')
    for (const screen of [left, right]) {
      screen.key('ctrlC')
      expect(await screen.ended()).toEqual({ code: 0 })
    }
    expect([await trustOf('bob', ada), await trustOf('ada', bob)]).toEqual(['unverified', 'unverified'])
  })
})

test('plain lines on a terminal ask for the answer without showing it; JSON asks and hears', async () => {
  await using json = new Program(['chat', 'bob', '--json'], ada)
  await using plain = start(['chat', 'ada', '--plain'], bob)
  await json.event('secured')
  json.write('{"verify":{"question":"Where did we meet?","secret":"Venice"}}\n')
  await plain.waitFor('wants to verify that it is you: Where did we meet?')
  enter(plain, '/answer')
  await plain.waitFor('your answer: not shown')
  plain.type('Venicex')
  plain.key('backspace')
  plain.key('enter')
  expect(await json.event('verified')).toMatchObject({ buddy: 'bob', trust: 'verified' })
  await plain.waitFor('your answer was right: ada knows now that it is you')
  expect(plain.raw).not.toContain('Venice')
  enter(plain, 'shown again')
  expect(await json.event('message')).toMatchObject({ text: 'shown again', trust: 'verified' })
  expect(plain.screen).toContain('shown again')
  enter(plain, '/quit')
  expect(await plain.ended()).toEqual({ code: 0 })
  expect(plain.state).toEqual(untouched)
})

describe('buddy verify on a terminal', () => {
  beforeEach(async () => {
    await using listening = new Program(['listen', '--json'], bob)
    await listening.event('listening')
    expect(await execute(['send', 'bob', 'hello'], ada)).toMatchObject({ code: 0 })
  })

  test('shows the fingerprint that the buddy’s own program shows; yes verifies', async () => {
    await using screen = start(['buddy', 'verify', 'bob'], ada)
    await screen.waitFor('do both match, every row? [y/N]')
    const { fingerprint } = await json(['id'], bob)
    const shown = [...screen.screen.matchAll(/^[1-7] {2}(?:[\dA-F]{4} ?){4} {2}((?:[\dA-F]{4} ?){4})$/gm)]
    expect(shown.map(([, row]) => row?.replaceAll(' ', '').toLowerCase()).join('')).toBe(fingerprint)
    enter(screen, 'yes')
    expect(await screen.ended()).toEqual({ code: 0 })
    expect(await trustOf('bob', ada)).toBe('verified')
    expect(screen.state).toEqual(untouched)
  })

  test('no verifies nobody, says what to do, and ends with 4', async () => {
    await using screen = start(['buddy', 'verify', 'bob'], ada)
    await screen.waitFor('do both match, every row? [y/N]')
    enter(screen, 'no')
    expect(await screen.ended()).toEqual({ code: 4 })
    expect(screen.screen.replace(/\s+/g, ' ')).toMatch(
      /do not match: bob is not verified hint: .*buddy block bob/,
    )
    expect(await trustOf('bob', ada)).toBe('unverified')
  })
})

test('after id --rotate the buddy is told the new address, the old key goes, and both meet by the new one', async () => {
  const { address: old } = await json(['id'], ada)
  {
    await using listening = new Program(['listen', '--json'], bob)
    await listening.event('listening')
    expect(await execute(['id', '--rotate', '--yes'], ada)).toMatchObject({
      code: 0,
      stderr: 'still to learn your new address (1): bob\n',
    })
    await using chat = new Program(['chat', 'bob', '--json'], ada)
    await chat.event('introduced')
    expect(await listening.event('moved')).toMatchObject({ buddy: 'ada' })
    chat.end()
    expect(await chat.ended()).toMatchObject({ code: 0 })
    listening.signal('SIGTERM')
    await listening.ended()
  }
  const { address: now } = await json(['id'], ada)
  expect(now).not.toBe(old)
  expect(await json(['buddy', 'show', 'ada'], bob)).toMatchObject({ address: now })
  expect((await execute(['id'], ada)).stderr).toBe('')
  await using listening = new Program(['listen', '--json'], bob)
  await listening.event('listening')
  expect(await execute(['send', 'bob', 'found again'], ada)).toMatchObject({ code: 0 })
  expect(await listening.event('message')).toMatchObject({ buddy: 'ada', text: 'found again' })
  expect(listening.lines.filter((line) => line.includes('"moved"'))).toEqual([])
})

test('a blocked buddy is not answered', async () => {
  expect(await execute(['buddy', 'block', 'ada'], bob)).toMatchObject({ code: 0 })
  await using listening = new Program(['listen', '--json'], bob)
  await listening.event('listening')
  const sent = await execute(['send', 'bob', 'hello', '--timeout', '5'], ada)
  expect(sent).toMatchObject({ code: 3 })
  expect(listening.lines.filter((line) => /"(?:phase|secured|message)"/.test(line))).toEqual([])
})
