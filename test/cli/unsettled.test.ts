import { expect, test } from 'vitest'
import { Unsettled } from '../../src/cli/unsettled.ts'

const say = (id: string, text: string) => ({ kind: 'say', buddy: 'bob', id, text }) as const
const about = (kind: 'sent' | 'written', id: string) => ({ kind, buddy: 'bob', id }) as const

test('what was not confirmed is told, by what is known of it', () => {
  const unsettled = new Unsettled()
  for (const id of ['1', '2', '3', '4', '5', '6']) unsettled.acted(say(id, `text ${id}`))
  for (const id of ['2', '6']) unsettled.hear(about('written', id))
  for (const id of ['2', '3']) unsettled.hear(about('sent', id))
  unsettled.hear({ kind: 'delivered', buddy: 'bob', id: '3', ms: 1 })
  unsettled.hear({ kind: 'undelivered', buddy: 'bob', id: '4', why: 'too-long' }) // told already
  unsettled.hear({ kind: 'undelivered', buddy: 'bob', id: '5', why: 'closed' })
  expect(unsettled.lines).toEqual([
    'not delivered to bob: “text 1”',
    'not confirmed by bob yet, and sent again when both of you are there: “text 2”',
    'not delivered to bob: “text 5”',
    'waits for bob, and goes out when both of you are there: “text 6”',
  ])
})

test('an edit is told as one', () => {
  const unsettled = new Unsettled()
  unsettled.acted({ ...say('1', 'new text'), about: { as: 'edit', id: '0' } })
  expect(unsettled.lines).toEqual(['not delivered to bob: “edited: new text”'])
})

test('files that wait and are remembered are told, and nothing of what has ended or is not', () => {
  const unsettled = new Unsettled()
  const told = {
    kind: 'transfer',
    buddy: 'bob',
    name: 'a\u001b',
    direction: 'out',
    state: 'waiting',
  } as const
  for (const transfer of ['1', '2', '3']) unsettled.hear({ ...told, transfer, since: 1 })
  unsettled.hear({ ...told, transfer: '2', direction: 'in', since: 1 })
  unsettled.hear({ ...told, transfer: '3', state: 'cancelled' })
  unsettled.hear({ ...told, transfer: '4' })
  expect(unsettled.lines).toEqual([
    'not all there yet, and goes on when both of you are there: a␛ to bob',
    'not all there yet, and goes on when both of you are there: a␛ from bob',
  ])
})

test('ten lines at the most, and what a terminal would obey is shown as it is', () => {
  const unsettled = new Unsettled()
  for (let i = 0; i < 12; i++) unsettled.acted(say(`${i}`, '\u001b[2J'))
  expect(unsettled.lines).toHaveLength(11)
  expect(unsettled.lines.at(-1)).toBe('and 2 more')
  expect(unsettled.lines.join('')).not.toContain('\u001b')
})
