import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { focused, newModel } from '../../../src/cli/model.ts'
import { respond } from '../../../src/cli/respond.ts'
import { columnsOf } from '../../../src/cli/safetext.ts'
import {
  type Desk,
  findOf,
  informed,
  newDesk,
  press,
  unseenOf,
  written,
} from '../../../src/cli/screen/desk.ts'
import { placeOf } from '../../../src/cli/screen/find.ts'
import { layoutOf } from '../../../src/cli/screen/frame.ts'
import { type Key, keysOf } from '../../../src/cli/screen/keys.ts'
import { layOut, windowOf } from '../../../src/cli/screen/window.ts'
import type { Command, TalkEvent } from '../../../src/session/command.ts'

const size = { columns: 60, rows: 12 }
const window = { columns: 60, rows: 7 }
const noon = new Date(2026, 10, 20, 12).getTime()
const under = { session: 1, fingerprint: 'ab'.repeat(56), trust: 'by-code' } as const

/** Who sits there: a desk, and all that was asked for at it. */
class Seat {
  desk: Desk
  readonly acts: Command[] = []
  does: string | undefined
  #ids = 0

  constructor(...aliases: readonly string[]) {
    this.desk = newDesk(
      newModel(
        'home',
        aliases.map((alias) => ({ alias, trust: 'by-code' })),
      ),
    )
  }

  press(...keys: readonly Key[]): this {
    for (const key of keys) {
      const around = {
        size,
        now: noon,
        fingerprint: undefined,
        newId: () => `${++this.#ids}`,
        on: 'screen',
      } as const
      const { desk, commands, does } = press(this.desk, key, around)
      this.desk = desk
      this.acts.push(...commands)
      this.does = does
    }
    return this
  }

  /** `\t`, `\r` and Ctrl-… are keys. */
  type(text: string): this {
    for (const char of text) {
      const code = char.charCodeAt(0)
      if (char === '\t') this.press({ kind: 'tab', by: 1 })
      else if (char === '\x1b') this.press({ kind: 'cancel' })
      else if (code < 32)
        this.press(
          ...keysOf(
            char === '\r' ? '' : String.fromCharCode(code + 96),
            char === '\r' ? { return: true } : { ctrl: true },
          ),
        )
      else this.press({ kind: 'insert', text: char })
    }
    return this
  }

  hears(buddy: string, text: string, at = noon): this {
    const event: TalkEvent = { kind: 'message', id: '0', text, at, buddy, ...under }
    this.desk = informed(this.desk, { kind: 'told', event }, noon)
    return this
  }

  get prompt(): string {
    return written(this.desk).text
  }

  get focus(): string | undefined {
    return this.desk.model.focus
  }

  get rows(): string[] {
    return windowOf(focused(this.desk.model)!, window, this.desk.scroll).map(({ text }) => text)
  }
}

describe('what is written', () => {
  test('for one buddy is never said to another, and waits there', () => {
    const seat = new Seat('ada', 'bob', 'carol').type('for ada')
    seat.press({ kind: 'buddy', which: 1 })
    expect([seat.focus, seat.prompt]).toEqual(['bob', ''])
    seat.type('for bob\r')
    expect(seat.acts).toMatchObject([{ kind: 'say', buddy: 'bob', text: 'for bob' }])
    seat.press({ kind: 'buddy', which: 0 })
    expect([seat.focus, seat.prompt]).toEqual(['ada', 'for ada'])
    seat.press({ kind: 'erase', to: 'line start' }, { kind: 'vertical', to: 'up' })
    expect(seat.prompt).toBe('for bob')
  })

  test('may choose the buddy: /to, whatever the capitals, and says who there are', () => {
    const seat = new Seat('ada', 'Bob').type('/to bOB\r')
    expect(seat.focus).toBe('Bob')
    seat.type('/to eve\r')
    expect(seat.focus).toBe('Bob')
    expect(seat.rows.slice(-2)).toEqual(['there is no buddy named eve', 'there are: ada, Bob'])
    expect(seat.acts).toEqual([])
  })

  test('without a buddy is not said, and it is said why', () => {
    const seat = new Seat().type('hello\r')
    expect(seat.acts).toEqual([])
    expect(seat.desk.model.lobby.lines.at(-1)).toMatchObject({
      text: 'nothing was sent: you have no buddy yet',
    })
    expect(new Seat().type('/help\r').desk.model.lobby.lines.length).toBeGreaterThan(5)
  })

  test('in a dialogue keeps the buddy: neither Tab, Alt-1 nor Ctrl-R leads away', () => {
    const seat = new Seat('ada', 'bob')
    const event: TalkEvent = { kind: 'secured', path: 'lan', ms: 1, pq: true, buddy: 'ada', ...under }
    seat.desk = informed(seat.desk, { kind: 'told', event }, noon)
    seat.type('/verify Where?\rRome\t')
    seat.press({ kind: 'buddy', which: 1 }, { kind: 'find', to: 'older' })
    expect([seat.focus, seat.prompt]).toEqual(['ada', '****'])
    seat.type('\r')
    expect(seat.acts).toEqual([{ kind: 'verify', buddy: 'ada', question: 'Where?', secret: 'Rome' }])
  })
})

describe('among several', () => {
  test('Tab and Shift-Tab go round, when nothing is written', () => {
    const seat = new Seat('ada', 'bob', 'carol').type('\t')
    expect(seat.focus).toBe('bob')
    expect(seat.type('\t\t').focus).toBe('ada')
    expect(seat.press({ kind: 'tab', by: -1 }).focus).toBe('carol')
  })

  test('Alt-A goes to the next who wrote something new, and nowhere if nobody did', () => {
    const seat = new Seat('ada', 'bob', 'carol', 'dan').hears('dan', 'x').hears('bob', 'y')
    const unread = { kind: 'buddy', which: 'unread' } as const
    expect(seat.press({ kind: 'buddy', which: 2 }, unread).focus).toBe('dan')
    expect(seat.press(unread).focus).toBe('bob')
    expect(seat.press(unread).focus).toBe('bob')
    expect(seat.press({ kind: 'buddy', which: 8 }).focus).toBe('bob')
  })
})

describe('Tab completes', () => {
  test.each([
    ['/f', '/fi', ['files', 'find', 'fingerprint']],
    ['/fin', '/fin', ['find', 'fingerprint']],
    ['/to ', '/to ', ['Anne', 'annika', 'bob']],
    ['/to a', '/to ann', ['Anne', 'annika']],
    ['/to b', '/to bob', []],
    ['/ver', '/verify ', []],
    ['hello b', 'hello bob ', []],
    ['hello ', 'hello ', []],
    ['/xyz', '/xyz', []],
    ['x', 'x', []],
  ])('%j to %j, and shows %j', (begun, whole, choices) => {
    const seat = new Seat('Anne', 'annika', 'bob').type(`${begun}\t`)
    expect(seat.prompt.toLowerCase()).toBe(whole.toLowerCase())
    expect(seat.desk.choices.toSorted()).toEqual(choices)
    expect(seat.type('!').desk.choices).toEqual([])
  })

  test('the word before the caret, and keeps what follows', () => {
    const seat = new Seat('bob', 'ann').type('b, are you there?').press({ kind: 'move', to: 'line start' })
    expect(seat.press({ kind: 'move', to: 'right' }).type('\t').prompt).toBe('bob , are you there?')
  })
})

describe('looking for a text', () => {
  const talked = (): Seat => {
    const seat = new Seat('ada')
    for (let i = 0; i < 50; i++) seat.hears('ada', i % 10 === 3 ? `Number ${i} of them` : `line ${i}`)
    return seat
  }
  const place = ({ desk }: Seat) => placeOf(findOf(desk)!, focused(desk.model)!)

  test('finds the newest at once while it is typed, older ones by Ctrl-R, newer ones by Ctrl-S', () => {
    const seat = talked().type('\x12number')
    expect(seat.rows).toContain('Number 43 of them')
    expect(place(seat)).toEqual({ index: 5, of: 5 })
    expect(seat.type('\x12\x12').rows).toContain('Number 23 of them')
    expect(place(seat)).toEqual({ index: 3, of: 5 })
    expect(seat.type('\x13').rows).toContain('Number 33 of them')
    expect(seat.type(' 33').rows).toContain('Number 33 of them')
    expect(place(seat)).toEqual({ index: 1, of: 1 })
    expect(seat.type('x').desk.search?.seq).toBeUndefined()
    expect(seat.type('\x12\x13').rows).toContain('line 49')
  })

  test('Enter stays there, Escape returns, and neither says what was typed', () => {
    const seat = talked().type('\x12number\x12\x12\r')
    expect(seat.rows).toContain('Number 23 of them')
    const { scroll } = seat.desk
    expect(seat.type('\x12number\x12\x12\x12').rows).not.toContain('Number 23 of them')
    seat.type('\x1b')
    expect(seat.desk).toMatchObject({ search: undefined, scroll })
    expect([seat.prompt, seat.acts]).toEqual(['', []])
  })

  test('goes on with what was looked for last, and /find begins with its text', () => {
    const seat = talked().type('/find NUMBER 2\r')
    expect(seat.rows).toContain('Number 23 of them')
    expect(seat.type('\r\x12\x12').prompt).toBe('NUMBER 2')
  })

  test('the first and the last stand in a full window', () => {
    const seat = talked().hears('ada', 'number last').type('\x12number')
    expect(seat.rows.length).toBe(window.rows)
    expect(seat.type('\x12'.repeat(9)).rows).toContain('Number 3 of them')
    expect(seat.rows.length).toBe(window.rows)
  })

  test('the very first line too, and newer ones from where nothing older has it', () => {
    const seat = talked().hears('ada', 'newest')
    expect(seat.type('\x12line 0').rows.slice(0, 1)).toEqual(['line 0'])
    expect(seat.rows.length).toBe(window.rows)
    expect(seat.type('\r\x12newest').rows).toContain('newest')
  })

  test('shows the row of a long message in which it stands', () => {
    const seat = talked().hears('ada', `${'many words '.repeat(200)}needle ${'and more '.repeat(200)}`)
    expect(seat.rows.join()).not.toContain('needle')
    expect(seat.type('\x12needle').rows.join()).toContain('needle')
  })

  test('takes signs as they are', () => {
    const seat = talked().hears('ada', 'what? (a|b) [c]').type('\x12? (a|b) [')
    expect(place(seat)).toEqual({ index: 1, of: 1 })
  })
})

describe('days', () => {
  const day = 86_400_000

  test('are told between lines of different days, and nowhere else', () => {
    const seat = new Seat('ada')
      .hears('ada', 'a', noon - day)
      .hears('ada', 'b')
      .hears('ada', 'c')
    expect(seat.rows).toEqual(['a', '— Friday, 20 November 2026 —', 'b', 'c'])
    expect(new Seat('ada').hears('ada', 'b').rows).toEqual(['b'])
  })

  test('stand above what is in view when one has scrolled, and no row is lost', () => {
    const seat = new Seat('ada')
    for (let i = 0; i < 30; i++) seat.hears('ada', `${i}`, noon + Math.floor(i / 10) * day)
    const seen = new Set(seat.rows)
    for (let i = 0; i < 40; i++) {
      seat.press({ kind: 'scroll', by: -1, unit: 'row' })
      expect(seat.rows.length).toBe(window.rows)
      if (seat.desk.scroll) expect(seat.rows.slice(0, 2).join()).toMatch(/— \w+, \d+ November 2026 —/)
      for (const row of seat.rows) seen.add(row)
    }
    expect(seat.rows.slice(0, 2)).toEqual(['— Friday, 20 November 2026 —', '0'])
    for (let i = 0; i < 30; i++) expect(seen).toContain(`${i}`)
    for (let i = 0; i < 40; i++) seat.press({ kind: 'scroll', by: 1, unit: 'row' })
    expect(seat.desk.scroll).toBeUndefined()
  })
})

describe('whatever is pressed, comes and is resized', () => {
  const key = fc.oneof(
    fc
      .constantFrom('a', 'line', '/to b', '/find x', '/verify q', '/close', '//', '你', '\n')
      .map((text) => ({ kind: 'insert', text }) as const),
    fc.constantFrom('submit', 'cancel', 'end of input').map((kind) => ({ kind }) as const),
    fc.constantFrom<Key>({ kind: 'tab', by: 1 }, { kind: 'tab', by: -1 }, { kind: 'buddy', which: 'unread' }),
    fc.nat(9).map((which) => ({ kind: 'buddy', which }) as const),
    fc.constantFrom<Key>({ kind: 'find', to: 'older' }, { kind: 'find', to: 'newer' }),
    fc.constantFrom<Key>({ kind: 'vertical', to: 'up' }, { kind: 'erase', to: 'word left' }),
    fc.integer({ min: -9, max: 9 }).map((by) => ({ kind: 'scroll', by, unit: 'row' }) as const),
  )
  const event = fc.record({
    buddy: fc.constantFrom('ada', 'bob', 'carol'),
    text: fc.constantFrom('line', 'x y'.repeat(60), 'a\nb', '你好'.repeat(20)),
    day: fc.nat(2),
  })
  const resized = fc.record({
    columns: fc.integer({ min: 10, max: 150 }),
    rows: fc.integer({ min: 3, max: 40 }),
  })

  test('the window never has more rows than it may, and a line goes to whom the screen shows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 3, arbitrary: key }, event, resized), { maxLength: 60 }),
        (steps) => {
          let size = { columns: 80, rows: 24 }
          let ids = 0
          let desk = newDesk(
            newModel(
              'home',
              ['ada', 'bob', 'carol'].map((alias) => ({ alias, trust: 'by-code' })),
            ),
          )
          const tell = (event: TalkEvent): void => {
            desk = informed(desk, { kind: 'told', event }, noon)
          }
          tell({ kind: 'secured', path: 'lan', ms: 1, pq: true, buddy: 'ada', ...under })
          for (const step of steps) {
            const { focus } = desk.model
            const wasAsked = desk.dialogue !== undefined
            if ('columns' in step) size = step
            else if ('day' in step)
              tell({
                kind: 'message',
                id: '0',
                buddy: step.buddy,
                text: step.text,
                at: noon + step.day * 86_400_000,
                ...under,
              })
            else {
              const around = {
                size,
                now: noon,
                fingerprint: undefined,
                newId: () => `${++ids}`,
                on: 'screen',
              } as const
              const pressed = press(desk, step, around)
              desk = pressed.desk
              for (const command of pressed.commands) {
                expect(command.buddy).toBe(focus)
                if (wasAsked) expect(command.kind).not.toBe('say')
              }
              if (wasAsked) expect(desk.model.focus).toBe(focus)
            }
            const layout = layoutOf({ model: desk.model, draft: written(desk), size })
            if (!layout) continue
            expect(layout.window.rows + layout.prompt + 4).toBe(size.rows)
            const rows = windowOf(focused(desk.model)!, layout.window, desk.scroll)
            expect(rows.length).toBeLessThanOrEqual(layout.window.rows)
            for (const { kind, text, mark } of rows)
              if (kind !== 'day')
                expect(columnsOf(text) + columnsOf(mark)).toBeLessThan(layout.window.columns)
          }
        },
      ),
      { numRuns: 150, seed: 26 },
    )
  })
})

test('Ctrl-C leaves from everywhere, Ctrl-D only where nothing is written', () => {
  expect(new Seat('ada').type('\x12x\x03').does).toBe('leave')
  expect(new Seat('ada').type('x\x04').does).toBeUndefined()
  expect(new Seat('ada').type('\x04').does).toBe('leave')
  expect(new Seat('ada').type('/quit\r').does).toBe('leave')
})

describe('while older lines are in view', () => {
  const scroll = (by: number) => ({ kind: 'scroll', by, unit: 'page' }) as const

  test('what came since is counted, and no more once it was seen', () => {
    const seat = new Seat('ada')
    for (let i = 0; i < 30; i++) seat.hears('ada', `${i}`)
    expect(unseenOf(seat.desk)).toBe(0)
    seat.press(scroll(-1))
    expect(unseenOf(seat.desk)).toBe(0)
    seat.hears('ada', 'one').hears('ada', 'two').press(scroll(-1))
    expect(unseenOf(seat.desk)).toBe(2)
    seat.press(scroll(1), scroll(1), scroll(1))
    expect(unseenOf(seat.desk)).toBe(0)
    seat.press(scroll(-1))
    expect(unseenOf(seat.desk)).toBe(0)
  })
})

test('a page of help says the time once, and names what can be done there', () => {
  const seat = new Seat('ada').type('/help\r')
  const { lines } = focused(seat.desk.model)!
  const rows = lines.flatMap((line) => layOut(focused(seat.desk.model)!, line, size.columns))
  expect(rows.map(({ time }) => time).filter((time) => time !== '')).toEqual(['12:00'])
  expect(rows.map(({ label }) => label).filter((label) => label !== '')).toEqual(['·'])
  const here = { model: seat.desk.model, fingerprint: undefined, now: noon, newId: () => '1' }
  const said = (on: 'screen' | 'lines') =>
    respond({ kind: 'command', name: 'help' }, { ...here, on }).notices.map(({ text }) => text.split(' ')[0])
  expect(said('screen')).toEqual(expect.arrayContaining(['/info', '/find', '/clear', '//text']))
  expect(said('lines')).toEqual(said('screen').filter((word) => /^\/(?!find|clear)/.test(word!)))
})

test('empty lines that were pasted behind a text are not sent', () => {
  const insert = { kind: 'insert', text: 'one\n\ntwo\n\n' } as const
  expect(new Seat('ada').press(insert).type('\r').acts).toMatchObject([{ kind: 'say', text: 'one\n\ntwo' }])
})
