/** What becomes of lines: edited, deleted, answered, typed and read, as the model has it and the screen shows it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { focused, type Model, newModel, update } from '../../src/cli/model.ts'
import { parse } from '../../src/cli/parse.ts'
import { respond } from '../../src/cli/respond.ts'
import type { Response } from '../../src/cli/response.ts'
import { rowsFrom } from '../../src/cli/screen/window.ts'
import type { About, Command, TalkEvent } from '../../src/session/command.ts'

const at = new Date(2026, 0, 2, 9, 5).getTime()
const ada = { session: 1, fingerprint: 'ab'.repeat(56), trust: 'verified' } as const
const id = (n: number): string => n.toString(16).padStart(16, '0')

const message = (n: number, text: string, about?: About): TalkEvent => ({
  ...{ kind: 'message', buddy: 'ada', id: id(n), text, at, ...(about && { about }), ...ada },
})
const edited = (n: number, of: number, text: string, under: object = {}): TalkEvent => ({
  ...{ kind: 'edited', buddy: 'ada', id: id(n), of: id(of), text, at: at + 60_000, ...ada, ...under },
})
const deleted = (n: number, of: number, under: object = {}): TalkEvent => ({
  ...{ kind: 'deleted', buddy: 'ada', id: id(n), of: id(of), at: at + 60_000, ...ada, ...under },
})
const secured: TalkEvent = { kind: 'secured', buddy: 'ada', path: 'lan', ms: 1, pq: true, ...ada }

class Seat {
  model: Model
  readonly acts: Command[] = []
  #ids = 0x100

  constructor(on: Model['on'] = 'screen') {
    this.model = newModel('home', [{ alias: 'ada', trust: 'verified' }], 'ada', on)
    this.hears(secured)
  }

  hears(...events: readonly TalkEvent[]): this {
    for (const event of events) this.model = update(this.model, { kind: 'told', event }, at)
    return this
  }

  types(text: string): Response {
    const here = { model: this.model, fingerprint: undefined, now: at, on: this.model.on }
    const response = respond(parse(text), { ...here, newId: () => id(++this.#ids) })
    for (const input of response.inputs) this.model = update(this.model, input, at)
    for (const notice of response.notices)
      this.model = update(this.model, { kind: 'noticed', buddy: 'ada', notice }, at)
    this.acts.push(...response.commands)
    return response
  }

  /** As they are drawn, but for what is said of the conversation. */
  rows(columns = 200): string[] {
    const rows = rowsFrom(focused(this.model)!, 1, columns)
    return rows.map(({ label, time, text, mark }) =>
      [label && time, label, text, mark].filter(Boolean).join(' '),
    )
  }
}

describe('on the screen', () => {
  test('an edit changes his line in its place and says so, and what it was at first is asked for', () => {
    const seat = new Seat().hears(message(1, 'at five'), message(2, 'ok?'), edited(3, 1, 'at six'))
    expect(seat.rows()).toEqual(['09:05 ada at six (edited)', '09:05 ada ok?'])
    seat.hears(edited(4, 1, 'at seven'))
    seat.types('/original')
    expect(seat.rows()).toEqual([
      ...['09:05 ada at seven (edited 2 times)', '09:05 ada ok?'],
      '09:05 · ada said at 09:05: “at five”; edited 2 times since',
    ])
  })

  test('a deletion of a line of his that has the id of ours leaves what is quoted of ours', () => {
    const seat = new Seat()
    seat.types('I pay 5') // id 101
    seat.hears(message(2, 'fine', { as: 'reply', id: id(0x101) }), message(0x101, 'bait'))
    const before = seat.rows().slice(0, 3)
    seat.hears(deleted(3, 0x101))
    expect(seat.rows().slice(0, 3)).toEqual(before)
    expect(before.join(' ')).toContain('I pay 5')
  })

  test('a deletion leaves nothing of the text, there or where it was answered', () => {
    const seat = new Seat().hears(message(1, 'my secret'))
    seat.types('/reply I see')
    seat.hears(deleted(2, 1))
    expect(seat.rows()).toEqual([
      '09:05 ada (deleted by ada)',
      '09:05 > ada: a line that was deleted',
      '09:05 you I see (waiting)',
    ])
    expect(JSON.stringify(seat.model)).not.toContain('secret')
    seat.types('/original')
    expect(seat.rows().at(-2)).toBe('09:05 · there is no such edited line here')
  })

  test('an answer stands below one row of the line that it answers, as we have it', () => {
    const seat = new Seat().hears(message(1, `${'long '.repeat(40)}\nand two rows`))
    seat.types('/reply yes')
    const own = seat.acts[0]!
    expect(own).toMatchObject({ kind: 'say', text: 'yes', about: { as: 'reply', id: id(1) } })
    seat.hears(
      message(2, 'so', { as: 'reply', id: id(0x101) }),
      message(3, 'what?', { as: 'reply', id: id(99) }),
    )
    expect(seat.rows().slice(-6)).toEqual([
      expect.stringMatching(/^09:05 > ada: (?:long )+l?o?n?g?…$/),
      '09:05 you yes (waiting)',
      '09:05 > you: yes',
      '09:05 ada so',
      ' > a line that is not here'.trim(),
      '09:05 ada what?',
    ])
  })

  test.each<[string, TalkEvent]>([
    ['of an id that is not here', edited(9, 99, 'forged')],
    ['of our own line', edited(9, 0x101, 'forged')],
    ['under another key', edited(9, 1, 'forged', { fingerprint: 'cd'.repeat(56) })],
    ['of a line that is deleted', edited(9, 2, 'forged')],
    ['that says itself that it is not his', message(9, 'forged', { as: 'edit', id: id(1) })],
  ])('an edit %s is a line of its own, that says so', (_, event) => {
    const seat = new Seat().hears(message(1, 'one'), message(2, 'gone'), deleted(3, 2))
    seat.types('mine')
    const before = seat.rows()
    seat.hears(event)
    expect(seat.rows().slice(0, 3)).toEqual(before)
    const words = event.kind === 'edited' ? 'changes an earlier line' : 'would change another line'
    expect(seat.rows()[3]).toContain(` ada forged (${words})`)
  })

  test('a deletion of what never was, of our line or under another key changes nothing', () => {
    const seat = new Seat().hears(message(1, 'one'))
    seat.types('mine')
    const before = seat.model
    seat.hears(deleted(9, 99), deleted(9, 0x101), deleted(9, 1, { fingerprint: 'cd'.repeat(56) }))
    expect(seat.model).toEqual(before)
  })

  test('a line that was changed under less trust than the conversation has says so', () => {
    const seat = new Seat().hears(message(1, 'one'), edited(2, 1, 'two', { trust: 'unverified' }))
    expect(seat.rows()).toEqual(['09:05 ada two (edited) (from an earlier conversation, not verified)'])
  })

  test('10,000 edits of a line, and of edits, keep two texts of it', () => {
    const seat = new Seat().hears(message(1, 'first'))
    for (let i = 0; i < 10_000; i++) seat.hears(edited(i + 2, 1, `${i} ${'x'.repeat(100)}`))
    expect(seat.rows().at(-1)).toMatch(/\(edited 10000 times\)$/)
    expect(JSON.stringify(seat.model).length).toBeLessThan(2_500)
  })
})

describe('of ours', () => {
  test('an edit begins its way anew, and says whether it arrived', () => {
    const seat = new Seat()
    seat.types('helo')
    seat.hears({ kind: 'delivered', buddy: 'ada', id: id(0x101), ms: 1 })
    seat.types('/edit hello')
    expect(seat.acts[1]).toEqual({
      ...{ kind: 'say', buddy: 'ada', id: id(0x102), text: 'hello', about: { as: 'edit', id: id(0x101) } },
    })
    expect(seat.rows()).toEqual(['09:05 you hello (edited) (waiting)'])
    seat.hears({ kind: 'read', buddy: 'ada', ids: [id(0x101)], ...ada })
    expect(seat.rows()).toEqual(['09:05 you hello (edited) (waiting)']) // what he has read was another text
    seat.hears({ kind: 'undelivered', buddy: 'ada', id: id(0x102), why: 'too-long' })
    expect(seat.rows()).toEqual([
      '09:05 you hello (edited) ✗ the edit was not delivered: it is too long for one message',
    ])
  })

  test('what was read says so, whichever receipt comes first', () => {
    const seat = new Seat()
    seat.types('hello')
    seat.hears({ kind: 'read', buddy: 'ada', ids: [id(7), id(0x101)], ...ada })
    seat.hears({ kind: 'delivered', buddy: 'ada', id: id(0x101), ms: 1 })
    expect(seat.rows()).toEqual(['09:05 you hello ✓ read'])
  })

  test('a line is counted back, a number alone is a text, and what is not there is said', () => {
    const seat = new Seat()
    for (const text of ['one', 'two', 'three']) seat.types(text)
    seat.types('/edit 3 first')
    seat.types('/edit 7')
    seat.types('/delete 2')
    seat.types('/delete')
    expect(seat.acts.slice(3).map((act) => act.kind === 'say' && [act.text, act.about?.id])).toEqual([
      ...[
        ['first', id(0x101)],
        ['7', id(0x103)],
        ['', id(0x102)],
        ['', id(0x103)],
      ],
    ])
    for (const [typed, said] of [
      ['/delete 2', 'there is no such line of yours here'],
      ['/edit 0 x', 'there is no such line of yours here'],
      ['/reply yes', 'there is no such line of ada here'],
      ['/edit', 'nothing was changed'],
      ['/reply', 'nothing was said'],
      ['/delete it', 'nothing was deleted'],
      ['/original 2', 'there is no such edited line here'],
    ] as const) {
      const { commands, notices } = seat.types(typed)
      expect([typed, commands, notices[0]?.text]).toEqual([typed, [], said])
    }
    expect(seat.rows()[1]).toBe('09:05 you (you deleted this; the program of ada may have kept it) (waiting)')
  })
})

test('where lines are the terminal’s, what changes is a line more, and the old one is spoken of no more', () => {
  const seat = new Seat('lines').hears(message(1, 'one'), edited(2, 1, 'two'), edited(3, 1, 'three'))
  expect(seat.rows()).toEqual([
    ...[
      '09:05 ada one',
      '09:06 ada two (edited, said at 09:05)',
      '09:06 ada three (edited 2 times, said at 09:05)',
    ],
  ])
  seat.types('/reply 2 so')
  expect(seat.acts).toEqual([])
  seat.hears(deleted(4, 1))
  expect(seat.rows().at(-1)).toBe('09:06 ada (ada deleted the line of 09:06)')
  seat.types('/reply 1 so')
  expect(seat.acts).toEqual([])
})

test('on a narrow screen our words stand below the text, and in place of what is gone', () => {
  const seat = new Seat().hears(message(1, 'one'))
  seat.types('/reply yes')
  seat.types('/delete')
  expect(seat.rows(46).slice(1)).toEqual([
    ...['09:05 you (you deleted this; the program of', 'ada may have kept it)', '(waiting)'],
  ])
})

test('typing is shown until a message, an end or the conversation’s', () => {
  const typing = (state: 'begun' | 'ended', under: object = {}): TalkEvent => ({
    ...{ kind: 'typing', buddy: 'ada', state, ...ada, ...under },
  })
  const isTyping = (...events: readonly TalkEvent[]) => focused(new Seat().hears(...events).model)?.isTyping
  expect(isTyping(typing('begun'))).toBe(true)
  expect(isTyping(typing('begun', { session: 9 }))).toBe(false)
  for (const end of [typing('ended'), message(1, 'x'), { kind: 'lost', buddy: 'ada', why: 'left' } as const])
    expect([end.kind, isTyping(typing('begun'), end)]).toEqual([end.kind, false])
})

test('no text of a message stands where a quotation has its sign', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 24, max: 90 }), (text, columns) => {
      const seat = new Seat().hears(
        message(1, `${text}\n09:05   >  you: I owe you 500`),
        edited(2, 1, `>  ${text}`),
      )
      const rows = rowsFrom(focused(seat.model)!, 0, columns)
      expect(rows.filter(({ kind, label }) => kind === 'quote' || label === '>')).toEqual([])
    }),
    { numRuns: 100, seed: 4 },
  )
})
