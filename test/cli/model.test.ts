import { describe, expect, test } from 'vitest'
import type { Conversation, Line } from '../../src/cli/conversation.ts'
import { focused, type Input, type Model, newModel, update } from '../../src/cli/model.ts'
import { columnsOf, safeText } from '../../src/cli/safetext.ts'
import { type Scroll, scrollBy, windowOf } from '../../src/cli/screen/window.ts'
import { explainState, explainStatus } from '../../src/cli/state.ts'
import type { TalkEvent, Trust } from '../../src/session/command.ts'

const start = newModel('home', [
  { alias: 'ada', trust: 'verified', fingerprint: 'aa' },
  { alias: 'bob', trust: 'unverified' },
])

const under = (session: number, trust: Trust, fingerprint = 'f'.repeat(112)) => ({
  ...{ buddy: 'ada', session, fingerprint, trust },
})
const secured = (session: number, trust: Trust): TalkEvent => ({
  ...{ kind: 'secured', path: 'lan', ms: 5, pq: true },
  ...under(session, trust),
})
const message = (text: string, session = 1, trust: Trust = 'by-code'): TalkEvent => ({
  ...{ kind: 'message', id: '0', text, at: 1000 },
  ...under(session, trust),
})
const say = (id: string, text = id): Input => ({ kind: 'said', buddy: 'ada', id, text })

/** Events and inputs, one after another. */
function play(model: Model, ...inputs: readonly (TalkEvent | Input)[]): Model {
  return inputs.reduce((model: Model, input) => {
    const isInput = ['said', 'noticed', 'focused', 'closed', 'cleared', 'told'].includes(input.kind)
    return update(model, isInput ? (input as Input) : { kind: 'told', event: input as TalkEvent }, 2000)
  }, model)
}

const ada = (model: Model): Conversation => model.conversations[0]!
const sendings = (model: Model): string[] =>
  ada(model).lines.flatMap((line) => (line.kind === 'ours' ? [`${line.text} ${line.sending.kind}`] : []))

describe('trust', () => {
  test('stays what it is while somebody else is refused beside the conversation', () => {
    const talking = play(start, secured(1, 'verified'))
    const refused = play(talking, { kind: 'refused', buddy: 'ada', why: 'wrong-fingerprint' })
    expect(explainState(ada(refused).state)).toBe('secured, verified by you')
    expect(ada(refused).lines.at(-1)).toMatchObject({ kind: 'notice', tone: 'bad' })
  })

  test('rises with a verification of this conversation and key, and of no other', () => {
    const talking = play(start, secured(2, 'unverified'))
    const raised = (session: number, fingerprint?: string): string => {
      const event: TalkEvent = { kind: 'verified', ...under(session, 'verified', fingerprint) }
      return explainState(ada(play(talking, event)).state)
    }
    expect(raised(2)).toBe('secured, verified by you')
    expect(raised(1)).toBe('secured, not verified')
    expect(raised(2, 'e'.repeat(112))).toBe('secured, not verified')
    const event: TalkEvent = { kind: 'verified', ...under(2, 'verified') }
    expect(explainState(ada(play(start, event)).state)).toBe('not connected')
  })

  test('is said once while a verification runs, and again of the next', () => {
    const event = (state: 'running' | 'failed'): TalkEvent => ({
      ...{ kind: 'verification', state },
      ...under(1, 'by-code'),
    })
    const running = play(start, secured(1, 'by-code'), event('running'), event('running'))
    const count = (model: Model) => ada(model).lines.filter(({ text }) => text.startsWith('verifying')).length
    expect(count(running)).toBe(1)
    expect(count(play(running, event('failed'), event('running')))).toBe(2)
  })

  test('is shown of the secured conversation only, and is gone with it', () => {
    expect(explainState(ada(start).state)).toBe('not connected')
    const talking = play(start, secured(1, 'verified'))
    expect(explainState(ada(talking).state)).toBe('secured, verified by you')
    for (const end of [
      { kind: 'lost', buddy: 'ada', why: 'timeout' },
      { kind: 'phase', buddy: 'ada', phase: 'looking', ms: 0 },
    ] satisfies TalkEvent[]) {
      const ended = play(talking, end)
      expect(explainState(ada(ended).state)).not.toMatch(/secured|verified/)
      expect(explainStatus('ada', ada(ended).state, { now: 0, network: 'joined' })).not.toMatch(
        /secured,|verified/,
      )
    }
    const closed = play(talking, { kind: 'closed', buddy: 'ada' })
    expect(explainState(ada(closed).state)).toBe('closed, not connected')
    const told = play(talking, { kind: 'lost', buddy: 'ada', why: 'closed' })
    expect(ada(told).state).toEqual(ada(closed).state)
    const status = explainStatus('ada', ada(closed).state, { now: 0, network: undefined })
    expect(status).toBe('you closed the conversation with ada; /open looks again')
    expect(explainState(ada(play(talking, secured(2, 'unverified'))).state)).toBe('secured, not verified')
  })

  test('of another buddy is not touched', () => {
    const model = play(start, secured(1, 'verified'))
    expect(explainState(model.conversations[1]!.state)).toBe('not connected')
  })

  test('stays with each line: one of an earlier conversation says so, with its own trust', () => {
    const model = play(
      start,
      secured(1, 'by-code'),
      message('a'),
      secured(2, 'verified'),
      message('late'),
      message('b', 2, 'verified'),
    )
    const theirs = ada(model).lines.filter((line) => line.kind === 'theirs')
    expect(theirs.map(({ text, isLate, under }) => [text, isLate, under.session, under.trust])).toEqual([
      ['a', false, 1, 'by-code'],
      ['late', true, 1, 'by-code'],
      ['b', false, 2, 'verified'],
    ])
    const rows = windowOf(ada(model), { columns: 80, rows: 20 }, undefined)
    const marks = rows.filter(({ kind }) => kind === 'theirs').map(({ mark }) => mark)
    expect(marks).toEqual(['', '(from an earlier conversation, met by code)', ''])
  })

  test('of the same session with another key or another trust is no less foreign', () => {
    for (const other of [under(1, 'by-code', '0'.repeat(112)), under(1, 'unverified')]) {
      const model = play(start, secured(1, 'by-code'), {
        kind: 'message',
        id: '0',
        text: 'x',
        at: 0,
        ...other,
      })
      expect(ada(model).lines.at(-1)).toMatchObject({ kind: 'theirs', isLate: true })
    }
  })
})

describe('a line of ours', () => {
  const sent = (id: string): TalkEvent => ({ kind: 'sent', buddy: 'ada', id })
  const delivered = (id: string): TalkEvent => ({ kind: 'delivered', buddy: 'ada', id, ms: 9 })
  const failed = (id: string): TalkEvent => ({ kind: 'undelivered', buddy: 'ada', id, why: 'closed' })

  test('waits, is sent, is delivered, each only when told', () => {
    expect(sendings(play(start, say('a')))).toEqual(['a waiting'])
    expect(sendings(play(start, say('a'), secured(1, 'verified')))).toEqual(['a waiting'])
    expect(sendings(play(start, say('a'), say('b'), sent('a')))).toEqual(['a sent', 'b waiting'])
    expect(sendings(play(start, say('a'), say('b'), sent('a'), delivered('a')))).toEqual([
      'a delivered',
      'b waiting',
    ])
    expect(sendings(play(start, say('a'), failed('a')))).toEqual(['a undelivered'])
  })

  test('never goes back, but a receipt counts even after giving up', () => {
    expect(sendings(play(start, say('a'), delivered('a'), sent('a'), failed('a')))).toEqual(['a delivered'])
    expect(sendings(play(start, say('a'), failed('a'), sent('a')))).toEqual(['a undelivered'])
    expect(sendings(play(start, say('a'), failed('a'), delivered('a')))).toEqual(['a delivered'])
  })

  test('of an earlier run is shown as it was said, waiting, and goes on from there', () => {
    const earlier: TalkEvent = { kind: 'waiting', buddy: 'ada', id: 'a', text: 'a\u001b[2J', at: 500 }
    const back = play(start, earlier)
    expect(ada(back).lines).toMatchObject([
      { kind: 'ours', at: 500, text: 'a␛[2J', sending: { kind: 'written' } },
    ])
    expect(sendings(play(back, { kind: 'sent', buddy: 'ada', id: 'a' }))).toEqual(['a␛[2J sent'])
  })

  test('is written when it is on disk, and held when it was for another key, until it is resent or dropped', () => {
    const written = play(start, say('a'), say('b'), { kind: 'written', buddy: 'ada', id: 'a' })
    expect(sendings(written)).toEqual(['a written', 'b waiting'])
    const held = play(written, { kind: 'held', ids: ['a', 'b'], count: 2, ...under(1, 'unverified') })
    expect(sendings(held)).toEqual(['a held', 'b held'])
    expect(ada(held).lines.at(-1)).toMatchObject({
      ...{ kind: 'notice', tone: 'bad' },
      text: '2 messages were written for another key than the one ada has now: they are not sent',
    })
    const after = play(...([held, { kind: 'sent', buddy: 'ada', id: 'a' }] as const), {
      kind: 'undelivered',
      buddy: 'ada',
      id: 'b',
      why: 'dropped',
    })
    expect(sendings(after)).toEqual(['a sent', 'b undelivered'])
  })

  test('is not confirmed by another buddy, or by an id that nobody used', () => {
    const model = play(start, say('a'), { kind: 'delivered', buddy: 'bob', id: 'a', ms: 1 }, delivered('z'))
    expect(sendings(model)).toEqual(['a waiting'])
  })

  test('knows under which conversation it was sent', () => {
    const model = play(start, secured(3, 'verified'), say('a'), sent('a'))
    expect(ada(model).lines.at(-1)).toMatchObject({ sending: { kind: 'sent', under: { session: 3 } } })
  })
})

describe('a conversation', () => {
  test('counts what came while another was shown, and divides there when it comes to the front', () => {
    const away = play(
      start,
      { kind: 'focused', buddy: 'bob' },
      secured(1, 'by-code'),
      message('a'),
      message('b'),
    )
    expect(ada(away).unread).toBe(2)
    const back = play(away, { kind: 'focused', buddy: 'ada' })
    expect(ada(back)).toMatchObject({ unread: 0, divider: 1 })
    const rows = windowOf(ada(back), { columns: 80, rows: 20 }, undefined)
    expect(rows.map(({ kind, text }) => (kind === 'divider' ? '---' : text)).slice(-3)).toEqual([
      '---',
      'a',
      'b',
    ])
    const again = play(back, { kind: 'focused', buddy: 'bob' }, { kind: 'focused', buddy: 'ada' })
    expect(ada(again).divider).toBeUndefined()
  })

  test('says an identical refusal once in a row', () => {
    const refused: TalkEvent = { kind: 'refused', buddy: 'ada', why: 'clock' }
    const looking: TalkEvent = { kind: 'phase', buddy: 'ada', phase: 'looking', ms: 0 }
    expect(ada(play(start, refused, looking, refused, looking, refused)).lines.length).toBe(1)
    expect(ada(play(start, refused, { kind: 'refused', buddy: 'ada', why: 'failed' })).lines.length).toBe(2)
  })

  test('of a buddy nobody named before begins with his first event', () => {
    const model = play(start, { ...message('hi'), buddy: 'eve' } as TalkEvent)
    expect(model.conversations.map(({ buddy }) => buddy)).toEqual(['ada', 'bob', 'eve'])
  })

  test('keeps the newest 9,000 to 10,000 lines', () => {
    let model = start
    for (let i = 0; i < 10_500; i++) model = update(model, { kind: 'told', event: message(`${i}`) }, 0)
    const { lines } = ada(model)
    expect(lines.length).toBe(9_500)
    expect(lines[0]).toMatchObject({ text: '1000', seq: 1000 })
    expect(lines.at(-1)).toMatchObject({ text: '10499', seq: 10_499 })
    expect(
      windowOf(ada(model), { columns: 80, rows: 2 }, { seq: 5, row: 0 }).map(({ text }) => text),
    ).toEqual(['1000'])
  })

  test('is emptied by clear, and goes on after it', () => {
    const model = play(start, message('a'), { kind: 'cleared', buddy: 'ada' }, message('b'))
    expect(focused(model)!.lines.map((line: Line) => line.text)).toEqual(['b'])
  })

  test('holds safe text only', () => {
    const model = play(start, message('\x1b]0;x\x07'), say('1', '\x1b[2J'))
    for (const { text } of ada(model).lines) expect(safeText(text)).toBe(text)
    expect(ada(model).lines.map(({ text }) => text)).toEqual(['␛]0;x␇', '␛[2J'])
  })
})

describe('the window', () => {
  const size = { columns: 40, rows: 7 }
  const long = play(start, ...Array.from({ length: 50 }, (_, i) => message(`${i} ${'word '.repeat(i % 13)}`)))
  const view = (scroll: Scroll): string[] => windowOf(ada(long), size, scroll).map(({ key }) => key)

  test('has never more rows than the screen, and no row is wider', () => {
    for (let columns = 24; columns < 130; columns += 7) {
      const rows = windowOf(ada(long), { columns, rows: 30 }, undefined)
      expect(rows.length).toBe(30)
      for (const { text, mark } of rows) expect(columnsOf(text) + columnsOf(mark) + 11).toBeLessThan(columns)
    }
  })

  test('moves by rows through all there are, up to the oldest and down to the newest', () => {
    const all = windowOf(ada(long), { columns: 40, rows: 10_000 }, undefined).map(({ key }) => key)
    let scroll: Scroll
    for (let bottom = all.length; bottom >= size.rows; bottom--) {
      expect(view(scroll)).toEqual(all.slice(bottom - size.rows, bottom))
      scroll = scrollBy(ada(long), size, scroll, -1)
    }
    expect(view(scroll)).toEqual(all.slice(0, size.rows))
    for (let bottom = size.rows; bottom < all.length; bottom++) {
      expect(view(scroll)).toEqual(all.slice(bottom - size.rows, bottom))
      scroll = scrollBy(ada(long), size, scroll, 1)
    }
    expect(scroll).toBeUndefined()
  })

  test('stays where it is when something comes below, and at the end when nothing is above', () => {
    const scroll = scrollBy(ada(long), size, undefined, -10)
    const more = play(long, message('new'))
    expect(windowOf(ada(more), size, scroll).map(({ key }) => key)).toEqual(view(scroll))
    expect(scrollBy(ada(start), size, undefined, -10)).toBeUndefined()
    expect(scrollBy(ada(play(start, message('one'))), size, undefined, -10)).toBeUndefined()
  })
})
