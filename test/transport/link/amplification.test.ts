import { expect, test } from 'vitest'
import { tell } from './scene.ts'

test('in 40 random stories an address gets no more octets than came from it before it has proven itself', () => {
  const { worst, up, sentToVictims } = tell({ from: 1, until: 40 })
  expect(worst).toEqual([])
  expect(up).toBeGreaterThan(12) // they are stories of links that live
  expect(sentToVictims).toBeGreaterThan(40 * 100) // and of victims who are asked
})
