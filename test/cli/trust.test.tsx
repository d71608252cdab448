/** Known failures of other programs, each replayed where it would happen here. */
import { afterEach, describe, expect, test } from 'vitest'
import { openPlain } from '../../src/cli/lines/plain.ts'
import { conversationWith, type Input, type Model, newModel, update } from '../../src/cli/model.ts'
import { openScreen } from '../../src/cli/screen/screen.ts'
import { explainState } from '../../src/cli/state.ts'
import type { Ui } from '../../src/cli/ui.ts'
import type { Command, TalkEvent, Trust } from '../../src/session/command.ts'
import { Emulator, until } from './emulator.ts'
import { Pipes } from './pipes.ts'

const ada = 'ab'.repeat(56)
const eve = 'ee'.repeat(56)
const under = (buddy: string, trust: Trust, session = 1, fingerprint = ada) => ({
  ...{ buddy, trust, session, fingerprint },
})
const secured = (...which: Parameters<typeof under>): TalkEvent => ({
  ...{ kind: 'secured', path: 'lan', ms: 1, pq: true },
  ...under(...which),
})
const message = (text: string, ...which: Parameters<typeof under>): TalkEvent => ({
  ...{ kind: 'message', id: '0', text, at: 0 },
  ...under(...which),
})
const verified = (...which: Parameters<typeof under>): TalkEvent => ({ kind: 'verified', ...under(...which) })
const asked = (question: string, session: number): TalkEvent => ({
  ...{ kind: 'asked', question },
  ...under('ada', 'unverified', session),
})
const lost: TalkEvent = { kind: 'lost', buddy: 'ada', why: 'left' }

const buddies = [
  { alias: 'ada', trust: 'verified' },
  { alias: 'bob', trust: 'unverified' },
] as const
const play = (...inputs: readonly (TalkEvent | Input)[]): Model =>
  inputs.reduce(
    (model: Model, input) =>
      update(model, input.kind === 'focused' ? input : { kind: 'told', event: input as TalkEvent }, 0),
    newModel('home', buddies),
  )
const header = (model: Model, buddy = 'ada') => explainState(conversationWith(model, buddy).state)
const last = (model: Model) => conversationWith(model, 'ada').lines.at(-1)

let ui: Ui | undefined
afterEach(() => ui?.[Symbol.asyncDispose]())

describe('the bar that shows “verified” for somebody else', () => {
  test('goes with the conversation when another is brought to the front', async () => {
    const { emulator } = await screen()
    ui?.tell(secured('ada', 'verified'))
    ui?.tell(secured('bob', 'unverified', 2, eve))
    await shows(emulator, 'ada: secured, verified by you')
    emulator.type('\t')
    const rows = await shows(emulator, 'bob: secured, not verified')
    expect(rows.join('\n')).not.toContain('verified by you')
  })

  test('is not raised by a verification of another session, key or buddy', () => {
    const talking = [secured('ada', 'unverified', 2)]
    for (const other of [
      verified('ada', 'verified', 1),
      verified('ada', 'verified', 2, eve),
      verified('bob', 'verified', 2),
    ]) {
      const model = play(...talking, other)
      expect(header(model)).toBe('secured, not verified')
      expect(JSON.stringify(conversationWith(model, 'ada').lines)).not.toMatch(/verified: it is/)
    }
    expect(header(play(...talking, verified('ada', 'verified', 2)))).toBe('secured, verified by you')
  })

  test('does not take the saved trust for that of a conversation, nor keep that of the last one', () => {
    expect(header(play())).toBe('not connected')
    expect(header(play(secured('ada', 'verified'), lost))).toBe('not connected any more')
    expect(header(play(secured('ada', 'verified'), lost, secured('ada', 'unverified', 2)))).toBe(
      'secured, not verified',
    )
  })

  test('is not touched by a rival who is refused, and says so in words', () => {
    const model = play(secured('ada', 'verified'), {
      ...{ kind: 'refused', buddy: 'ada', why: 'wrong-fingerprint' },
    })
    expect(header(model)).toBe('secured, verified by you')
    expect(last(model)).toMatchObject({ tone: 'bad', text: expect.stringContaining('another key') })
  })
})

describe('a changed key accepted in silence', () => {
  test('is refused in words, and nothing of a conversation is shown', () => {
    const model = play({ kind: 'refused', buddy: 'ada', why: 'wrong-fingerprint' })
    expect(header(model)).toBe('REFUSED, not connected')
    expect(last(model)).toMatchObject({ tone: 'bad', hint: expect.stringContaining('somebody else') })
  })

  test('marks what was decrypted under it, even in a session of the same number', () => {
    const model = play(secured('ada', 'verified'), message('it is me', 'ada', 'verified', 1, eve))
    expect(last(model)).toMatchObject({ kind: 'theirs', isLate: true, under: { fingerprint: eve } })
  })
})

describe('a message that arrives after the conversation was closed', () => {
  test('is marked on the screen as not of this conversation, with its own trust', async () => {
    const { emulator } = await screen()
    ui?.tell(secured('ada', 'by-code'))
    ui?.tell(lost)
    ui?.tell(message('too late', 'ada', 'by-code'))
    await shows(emulator, 'too late')
    const rows = await shows(emulator, '(from an earlier conversation, met by code)')
    expect(rows[0]).toMatch(/^ada: not connected any more/)
  })

  test('is marked in plain lines too', () => {
    const pipes = new Pipes()
    ui = openPlain(pipes.options())
    ui.tell(secured('ada', 'unverified'))
    ui.tell(message('in time', 'ada', 'unverified'))
    ui.tell(lost)
    ui.tell(message('too late', 'ada', 'unverified'))
    expect(pipes.stdout).toMatch(
      /ada {2}in time\n.*too late \(from an earlier conversation, not verified\)\n$/,
    )
  })
})

describe('a question of somebody else, or of an earlier session', () => {
  test('is not shown as one of this conversation, and cannot be answered', async () => {
    const { emulator, acts } = await screen()
    ui?.tell(secured('ada', 'unverified', 2))
    ui?.tell(asked('What is your PIN?', 1))
    await shows(emulator, 'a verification of an earlier conversation')
    emulator.type('/answer\r')
    const rows = await shows(emulator, 'ada has asked nothing')
    expect(rows.join('\n')).not.toContain('PIN')
    expect(acts).toEqual([])
  })

  test('does not take the place of the one that waits in this conversation', async () => {
    const { emulator, acts } = await screen()
    for (const event of [secured('ada', 'unverified', 2), asked('Where did we meet?', 2)]) ui?.tell(event)
    ui?.tell(asked('What is your PIN?', 1))
    emulator.type('/answer\r')
    await shows(emulator, 'ada asks: Where did we meet?')
    emulator.type('Rome\r')
    await until(() => acts.length === 1, 'an answer')
    expect(acts).toEqual([{ kind: 'answer', buddy: 'ada', secret: 'Rome' }])
  })

  test('its answer goes to whoever asked, not to the next buddy, and is no line that was said before', async () => {
    const { emulator, acts } = await screen()
    for (const event of [secured('ada', 'unverified'), secured('bob', 'unverified', 2)]) ui?.tell(event)
    emulator.type('said before\r')
    emulator.type('/verify Where?\r')
    await shows(emulator, '? the answer that ada must give too')
    emulator.type('\t') // Tab
    emulator.type('\x1b[A') // Up
    emulator.type('Rome\r')
    await until(() => acts.length === 2, 'a verification')
    expect(acts[1]).toEqual({ kind: 'verify', buddy: 'ada', question: 'Where?', secret: 'Rome' })
    expect((await emulator.rows())[0]).toMatch(/^ada: /)
  })

  test('Escape drops what was typed, and goes back to talking', async () => {
    const { emulator, acts } = await screen()
    ui?.tell(secured('ada', 'unverified'))
    emulator.type('/verify Where?\r')
    await shows(emulator, '? the answer')
    emulator.type('Rome')
    await shows(emulator, '? ****')
    emulator.type('\x1b')
    await shows(emulator, '› write to ada')
    expect(acts).toEqual([])
  })

  test('its answer, half typed when the conversation changes, goes to nobody: neither as answer nor as text', async () => {
    const { emulator, acts } = await screen()
    ui?.tell(secured('ada', 'unverified'))
    ui?.tell(asked('Where did we meet?', 1))
    emulator.type('/answer\r')
    await shows(emulator, '? your answer')
    emulator.type('Ro')
    await shows(emulator, '? **')
    ui?.tell(lost)
    ui?.tell(secured('ada', 'unverified', 2, eve))
    emulator.type('me\r')
    const rows = await shows(emulator, 'nothing was sent')
    expect(rows.join('\n')).not.toContain('Ro')
    expect(acts).toEqual([])
    emulator.type('\x1b[A')
    await shows(emulator, '› write to ada')
    expect(emulator.output).not.toContain('Rome')
  })
})

interface Stage {
  readonly emulator: Emulator
  readonly acts: Command[]
}

async function screen(): Promise<Stage> {
  const emulator = new Emulator(100, 24)
  const acts: Command[] = []
  const { stdin, stdout } = emulator
  ui = await openScreen({
    ...{ profile: 'home', buddies, buddy: 'ada', env: {} },
    ...{ stdin, stdout, stderr: stdout, now: () => 0, act: (command) => acts.push(command) },
  })
  await until(() => emulator.isRaw, 'raw mode')
  return { emulator, acts }
}

const shows = (emulator: Emulator, text: string): Promise<string[]> =>
  until(async () => {
    const rows = await emulator.rows()
    return rows.some((row) => row.includes(text)) && rows
  }, `${text} on the screen`)
