import { expect, test } from 'vitest'
import { Guesses } from '../../src/session/guesses.ts'

/** How many of so many a host gets. */
const taken = (guesses: Guesses, host: string, alias: string, now: number, tries = 10_000): number =>
  Array.from({ length: tries }, () => guesses.take(host, alias, now)).filter(Boolean).length

test('a host gets 2,048 at once and 17 a second from there, whoever names it', () => {
  const guesses = new Guesses()
  expect(taken(guesses, '192.0.2.1', 'bob', 0)).toBe(2_048)
  expect(taken(guesses, '192.0.2.1', 'eve', 0)).toBe(0)
  expect(taken(guesses, '192.0.2.1', 'eve', 10_000)).toBe(170)
})

test('a buddy who names ever new hosts uses up his own, and leaves the others theirs', () => {
  const guesses = new Guesses()
  let sent = 0
  for (let n = 0; n < 100; n++) sent += taken(guesses, `192.0.2.${n}`, 'eve', 0, 100)
  expect(sent).toBe(2_048)
  expect(taken(guesses, '198.51.100.1', 'bob', 0)).toBe(2_048)
})

test('all together get 8,192 at once', () => {
  const guesses = new Guesses()
  const each = Array.from({ length: 6 }, (_, n) => taken(guesses, `192.0.2.${n}`, `buddy ${n}`, 0))
  expect(each.reduce((sum, n) => sum + n, 0)).toBe(8_192)
})
