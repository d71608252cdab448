import { describe, expect, test } from 'vitest'
import { Attention } from '../../../src/cli/notes/attention.ts'

const s = 1_000 // ms

describe('on the screen', () => {
  const watched = (): Attention => new Attention({ front: 'bob', isWatched: true })

  test('the conversation in front calls nobody while the terminal has the focus; every other one does', () => {
    const attention = watched()
    attention.focus(true)
    expect([attention.message('bob', 0), attention.message('eve', 0)]).toEqual([false, true])
    expect(attention.unread).toBe(1)
    attention.focus(false)
    expect(attention.message('bob', 60 * s)).toBe(true)
    expect(attention.unread).toBe(2)
  })

  test('who comes back, or turns to a conversation, has seen what is in it', () => {
    const attention = watched()
    attention.focus(false)
    for (const buddy of ['bob', 'bob', 'eve']) attention.message(buddy, 0)
    expect(attention.unread).toBe(3)
    attention.turned('eve', s) // by a command, not by him
    expect(attention.unread).toBe(3)
    attention.turned('bob', s)
    attention.focus(true)
    expect(attention.unread).toBe(1)
    attention.turned('eve', 2 * s)
    expect(attention.unread).toBe(0)
    expect([attention.message('eve', 5 * s), attention.message('bob', 5 * s)]).toEqual([false, true])
  })

  test('a terminal that does not tell its focus: who typed within 30 s is there', () => {
    const attention = watched()
    expect(attention.message('bob', 0)).toBe(true)
    attention.typed(10 * s)
    expect(attention.unread).toBe(0)
    expect([attention.message('bob', 39 * s), attention.message('bob', 40 * s)]).toEqual([false, true])
  })

  test('who types is there, though the terminal has said otherwise', () => {
    const attention = watched()
    attention.focus(false)
    attention.typed(0)
    expect(attention.message('bob', 100 * s)).toBe(false)
  })
})

test('one buddy calls once in 2 s, and another has calls of his own', () => {
  const attention = new Attention({ front: undefined, isWatched: false })
  const calls = [0, 1, 1_999, 2_000, 3_999, 4_000].map((now) => attention.message('bob', now))
  expect(calls).toEqual([true, false, false, true, false, true])
  expect([attention.message('eve', 4_001), attention.message('eve', 4_002)]).toEqual([true, false])
  expect(attention.unread).toBe(8)
})

test('who is gone, or has another alias, is not counted any more', () => {
  const attention = new Attention({ front: undefined, isWatched: false })
  attention.message('bob', 0)
  attention.message('eve', 0)
  attention.forget('bob')
  expect(attention.unread).toBe(1)
  expect([attention.message('eve', 1), attention.message('bob', 1)]).toEqual([false, true])
})

test('on plain lines every message calls, and who says something has seen all', () => {
  const attention = new Attention({ front: 'bob', isWatched: false })
  attention.typed(0)
  expect([attention.message('bob', 0), attention.message('eve', 0)]).toEqual([true, true])
  attention.typed(1)
  expect(attention.unread).toBe(0)
})
