/** What is told of who sits before the screen: that something is typed, and what stood there. */
import { describe, expect, test } from 'vitest'
import { newModel } from '../../../src/cli/model.ts'
import { type Desk, informed, newDesk, press } from '../../../src/cli/screen/desk.ts'
import { type Key, keysOf } from '../../../src/cli/screen/keys.ts'
import { seenInline, seenOn } from '../../../src/cli/screen/seen.ts'
import type { Command } from '../../../src/session/command.ts'

const size = { columns: 60, rows: 12 }
const noon = new Date(2026, 10, 20, 12).getTime()
const under = { session: 1, fingerprint: 'ab'.repeat(56), trust: 'by-code' } as const

class Seat {
  desk: Desk = newDesk(
    newModel('home', [
      { alias: 'ada', trust: 'by-code' },
      { alias: 'bob', trust: 'by-code' },
    ]),
  )
  now = noon
  readonly acts: Command[] = []
  #ids = 0

  press(...keys: readonly Key[]): this {
    for (const key of keys) {
      const newId = () => `${++this.#ids}`
      const around = {
        size,
        now: this.now,
        fingerprint: undefined,
        newId,
        on: 'screen',
        hints: true,
      } as const
      const { desk, commands } = press(this.desk, key, around)
      this.desk = desk
      this.acts.push(...commands)
    }
    return this
  }

  /** A second for each key; `\\r` is Enter. */
  type(text: string): this {
    for (const char of text) {
      this.now += 1_000
      this.press(
        ...(char === '\r' ? keysOf('', { return: true }) : [{ kind: 'insert', text: char } as const]),
      )
    }
    return this
  }

  /** What was told meanwhile. */
  get told(): string[] {
    return this.acts.splice(0).map((act) => (act.kind === 'typing' ? `${act.buddy} ${act.state}` : act.kind))
  }

  hears(n: number, text: string, buddy = 'ada'): this {
    const event = { kind: 'message', id: `${n}`, text, at: noon, buddy, ...under } as const
    this.desk = informed(this.desk, { kind: 'told', event }, noon)
    return this
  }
}

describe('typing', () => {
  test('is told when it begins, again every two seconds, and not when the line is sent', () => {
    expect(new Seat().type('abcde').told).toEqual(['ada begun', 'ada begun', 'ada begun'])
    expect(new Seat().type('a\r').told).toEqual(['ada begun', 'say'])
    expect(new Seat().type('a\rb').told).toEqual(['ada begun', 'say', 'ada begun'])
  })

  test('has ended when nothing is left of it', () => {
    const seat = new Seat().type('ab')
    seat.press({ kind: 'erase', to: 'line start' })
    expect(seat.told).toEqual(['ada begun', 'ada ended'])
    seat.type('c').press({ kind: 'erase', to: 'left' }, { kind: 'erase', to: 'left' })
    expect(seat.told).toEqual(['ada begun', 'ada ended'])
  })

  test('of a command is nobody’s business, but of what is to be said', () => {
    expect(new Seat().type('/why\r').told).toEqual(['why'])
    expect(new Seat().type('//x').told).toEqual(['ada begun'])
    expect(new Seat().hears(1, 'hi').type('/reply y\r').told).toEqual(['ada begun', 'say'])
  })

  test('of an answer that nobody may see, of what is looked for and of spaces says nothing', () => {
    const seat = new Seat()
    const secured = { kind: 'secured', buddy: 'ada', path: 'lan', ms: 1, pq: true, ...under } as const
    seat.desk = informed(seat.desk, { kind: 'told', event: secured }, noon)
    expect(seat.type('/verify who?\rsecret').told).toEqual([])
    const finding = new Seat().hears(1, 'hi')
    finding.press({ kind: 'find', to: 'older' })
    expect(finding.type('hi').told).toEqual([])
    expect(new Seat().type('   ').told).toEqual([])
  })

  test('goes to whom it is typed, and what was brought back from before is not typed', () => {
    const seat = new Seat().type('for ada')
    seat.press({ kind: 'buddy', which: 1 })
    seat.type('b')
    expect(seat.told.at(-1)).toBe('bob begun')
    const again = new Seat().type('a\r')
    again.told
    again.press({ kind: 'vertical', to: 'up' })
    expect(again.told).toEqual([])
  })
})

describe('what stood on the screen', () => {
  const ids = (seat: Seat): readonly string[] => seenOn(seat.desk, size)

  test('are the messages in view, of the buddy who is shown, to their ends', () => {
    const seat = new Seat().hears(1, 'one').hears(2, 'two').hears(3, 'elsewhere', 'bob')
    expect(ids(seat)).toEqual(['1', '2'])
    seat.press({ kind: 'buddy', which: 1 })
    expect(ids(seat)).toEqual(['3'])
  })

  test('are none that are above, or below where one has scrolled', () => {
    const seat = new Seat()
    for (let n = 0; n < 30; n++) seat.hears(n, `line ${n}`)
    const low = ids(seat)
    expect(low.at(-1)).toBe('29')
    expect(low.length).toBeLessThan(9)
    seat.press({ kind: 'scroll', by: -1, unit: 'page' })
    expect(
      ids(seat)
        .map(Number)
        .every((n) => n < 29 && n > 10),
    ).toBe(true)
    expect(seenInline(seat.desk)).toHaveLength(30)
  })

  test('is an edit by its own id, and nothing of what was deleted', () => {
    const seat = new Seat().hears(1, 'one').hears(2, 'two')
    const about = { buddy: 'ada', at: noon, ...under }
    for (const event of [
      { kind: 'edited', id: '3', of: '1', text: 'uno', ...about },
      { kind: 'deleted', id: '4', of: '2', ...about },
    ] as const)
      seat.desk = informed(seat.desk, { kind: 'told', event }, noon)
    expect(ids(seat)).toEqual(['3'])
  })

  test('is nothing on a screen too small', () => {
    expect(seenOn(new Seat().hears(1, 'one').desk, { columns: 10, rows: 3 })).toEqual([])
  })
})
