import { expect, test } from 'vitest'
import { Awaited } from '../../../src/edge/control/awaited.ts'

const message = (n: number) => ({ buddy: 'bob', fingerprint: 'ab'.repeat(56), id: `${n}` })

test('a message is awaited until one who was told of it has shown it, once', () => {
  const awaited = new Awaited<string>()
  awaited.tell(message(1), ['a', 'b'])
  expect([awaited.has(message(1)), awaited.has(message(2))]).toEqual([true, false])
  expect(awaited.shown(message(1), 'c')).toBe(false)
  expect(awaited.shown(message(1), 'b')).toBe(true)
  expect(awaited.shown(message(1), 'a')).toBe(false)
  expect([awaited.has(message(1)), awaited.leave('a')]).toEqual([false, []])
})

test('it is nobody’s when the last one who was told has left, whatever his buddy is called by then', () => {
  const awaited = new Awaited<string>()
  awaited.tell(message(1), ['a', 'b'])
  awaited.tell(message(2), ['b'])
  awaited.tell(message(3), [])
  awaited.rename('bob', 'rob')
  expect(awaited.leave('a')).toEqual([])
  expect(awaited.leave('b')).toEqual([message(1), message(2)].map((told) => ({ ...told, buddy: 'rob' })))
  expect([1, 2, 3].map((n) => awaited.has(message(n)))).toEqual([false, false, false])
})

test('of more than 1,024 none is awaited: whoever says nothing fills no memory', () => {
  const awaited = new Awaited<string>()
  for (let n = 0; n <= 1_024; n++) awaited.tell(message(n), ['a'])
  expect([awaited.has(message(1_023)), awaited.has(message(1_024))]).toEqual([true, false])
})
