import { describe, expect, test } from 'vitest'
import {
  beginAnswer,
  beginVerify,
  cancelVerification,
  type Dialogue,
  enter,
  explainDialogue,
  isHidden,
  type Step,
} from '../../src/cli/dialogue.ts'
import { conversationWith, type Model, newModel, update } from '../../src/cli/model.ts'
import type { TalkEvent } from '../../src/session/command.ts'

const under = (session = 1, fingerprint = 'ab'.repeat(56)) =>
  ({ buddy: 'ada', session, fingerprint, trust: 'unverified' }) as const
const secured = (...which: Parameters<typeof under>): TalkEvent => ({
  ...{ kind: 'secured', path: 'lan', ms: 1, pq: true },
  ...under(...which),
})
const asked = (question: string, session = 1): TalkEvent => ({ kind: 'asked', question, ...under(session) })
const lost: TalkEvent = { kind: 'lost', buddy: 'ada', why: 'timeout' }

const start = newModel('home', [{ alias: 'ada', trust: 'unverified' }])
const told = (...events: readonly TalkEvent[]) => tell(start, ...events)
const tell = (model: Model, ...events: readonly TalkEvent[]): Model =>
  events.reduce((before, event) => update(before, { kind: 'told', event }, 0), model)
const ada = (model: Model) => conversationWith(model, 'ada')
const open = (step: Step): Dialogue => {
  if (!step.dialogue) throw new Error(`over: ${step.notices.map(({ text }) => text)}`)
  return step.dialogue
}
const said = ({ notices }: Step): string => notices.map(({ text }) => text).join(' / ')

describe('/verify', () => {
  const talking = ada(told(secured()))

  test('asks for a question, then for the answer, hidden; and begins with both', () => {
    const first = beginVerify(talking)
    expect(said(first)).toContain('only whether both typed the same')
    expect([open(first).kind, isHidden(open(first))]).toEqual(['question', false])
    const second = enter(open(first), ' Where did\twe meet? ', talking)
    expect([open(second).kind, isHidden(open(second))]).toEqual(['secret', true])
    expect(explainDialogue(open(second))).toContain('not shown')
    expect(enter(open(second), ' In  Rome ', talking)).toEqual({
      dialogue: undefined,
      notices: [],
      command: { kind: 'verify', buddy: 'ada', question: 'Where did we meet?', secret: 'In Rome' },
    })
  })

  test('with a question asks for the answer at once; with none, Enter alone goes on', () => {
    expect(open(beginVerify(talking, 'Where?'))).toMatchObject({ kind: 'secret', question: 'Where?' })
    const none = enter(open(beginVerify(talking)), '', talking)
    expect(enter(open(none), 'x', talking).command).toEqual({ kind: 'verify', buddy: 'ada', secret: 'x' })
  })

  test('an answer is the same however its letters were typed', () => {
    const secret = (typed: string) => enter(open(beginVerify(talking, 'Who?')), typed, talking).command
    expect(secret('Re\u0301mi\u200b')).toEqual(secret('R\u00e9mi'))
    expect(secret('remi')).not.toEqual(secret('Remi'))
  })

  test('nothing and /cancel send nothing', () => {
    for (const typed of ['', ' ', '/cancel']) {
      const step = enter(open(beginVerify(talking, 'Where?')), typed, talking)
      expect(step).toMatchObject({ dialogue: undefined, notices: [{ text: 'nothing was sent' }] })
      expect(step.command).toBeUndefined()
    }
  })

  test('what is longer than 300 characters is asked for again', () => {
    const long = 'x'.repeat(301)
    expect(said(beginVerify(talking, long))).toContain('at most 300')
    const dialogue = open(beginVerify(talking))
    expect(enter(dialogue, long, talking)).toMatchObject({ dialogue })
    const secret = open(beginVerify(talking, 'y'.repeat(300)))
    expect(enter(secret, long, talking)).toMatchObject({ dialogue: secret })
    expect(enter(secret, long.slice(1), talking).command).toMatchObject({ question: 'y'.repeat(300) })
  })

  test('is refused before there is a conversation', () => {
    expect(beginVerify(ada(start), 'Where?')).toMatchObject({ dialogue: undefined })
    expect(said(beginVerify(ada(told(secured(), lost))))).toBe('ada is not connected')
  })

  test.each([
    ['lost', [lost]],
    ['another session', [lost, secured(2)]],
    ['another key', [secured(1, 'cd'.repeat(56))]],
  ])('an answer typed while the conversation became %s is sent to nobody', (_, events) => {
    const model = told(secured())
    const dialogue = open(beginVerify(ada(model), 'Where?'))
    const step = enter(dialogue, 'Rome', ada(tell(model, ...events)))
    expect(step.command).toBeUndefined()
    expect(step.dialogue).toBeUndefined()
    expect(said(step)).toContain('nothing was sent')
  })
})

describe('/answer', () => {
  test('asks for the answer, hidden, naming the question', () => {
    const model = ada(told(secured(), asked('Where did we meet?')))
    const step = beginAnswer(model)
    expect(said(step)).toBe('ada asks: Where did we meet?')
    expect(isHidden(step.dialogue)).toBe(true)
    expect(explainDialogue(open(step))).toContain('Where did we meet?')
    expect(enter(open(step), 'Rome', model).command).toEqual({
      ...{ kind: 'answer', buddy: 'ada', secret: 'Rome' },
    })
  })

  test('never takes what was typed behind it', () => {
    const step = beginAnswer(ada(told(secured(), asked('Where?'))), 'Rome')
    expect(step.command).toBeUndefined()
    expect(said(step)).toContain('where nobody sees it')
  })

  test('refuses with /cancel, telling the buddy', () => {
    const model = ada(told(secured(), asked('Where?')))
    const cancel = { kind: 'cancel', buddy: 'ada' }
    expect(enter(open(beginAnswer(model)), '/cancel', model).command).toEqual(cancel)
    expect(cancelVerification(model).command).toEqual(cancel)
  })

  test('needs a question of this conversation', () => {
    const over: TalkEvent = { kind: 'verification', state: 'cancelled', ...under() }
    for (const events of [
      [secured()],
      [secured(2), asked('Where?', 1)],
      [secured(), asked('Where?'), lost, secured(2)],
      [secured(), asked('Where?'), over],
    ]) {
      const model = ada(told(...events))
      expect(said(beginAnswer(model))).toBe('ada has asked nothing')
      expect(cancelVerification(model).command).toBeUndefined()
    }
  })

  test('is not given to a question that came while it was typed', () => {
    const model = told(secured(), asked('Where did we meet?'))
    const dialogue = open(beginAnswer(ada(model)))
    const step = enter(dialogue, 'Rome', ada(tell(model, asked('What is your password?'))))
    expect([step.command, step.dialogue]).toEqual([undefined, undefined])
    expect(said(step)).toContain('is another by now')
  })
})
