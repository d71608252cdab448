import { expect, test } from 'vitest'
import { Neighbour } from '../../src/discovery/neighbour.ts'
import { address } from '../support/network.ts'
import { counting, pairOf } from './lanpeople.ts'

const at = (i: number) => address(`10.0.0.${i}:1`)

test('keeps the keys of 6 hours, and wipes those it gives up', () => {
  const pair = counting(pairOf(1)[0])
  const neighbour = new Neighbour('bob', pair)
  const keys = Array.from({ length: 7 }, (_, epoch) => neighbour.theirKey(epoch))
  for (let epoch = 1; epoch < 7; epoch++) expect(neighbour.theirKey(epoch)).toBe(keys[epoch])
  expect(pair.looks).toBe(7)
  expect(keys[0]).toEqual(new Uint8Array(32))
  expect(neighbour.theirKey(0)).toEqual(pairOf(1)[1].key('lan', 1, 0))
  expect(pair.looks).toBe(8)
})

test('has a key for each direction, and wipes all at the end', () => {
  const neighbour = new Neighbour('bob', pairOf(1)[0])
  const keys = [neighbour.ownKey(5), neighbour.theirKey(5)]
  expect(keys).toEqual([pairOf(1)[1].key('lan', 0, 5), pairOf(1)[1].key('lan', 1, 5)])
  neighbour[Symbol.dispose]()
  expect(keys).toEqual([new Uint8Array(32), new Uint8Array(32)])
})

test('is told of at 16 addresses; at another when one was not heard from for a minute', () => {
  const neighbour = new Neighbour('bob', pairOf(1)[0])
  for (let i = 1; i <= 16; i++) expect(neighbour.tell(at(i), i)).toBe(true)
  expect(neighbour.tell(at(17), 60_000)).toBe(false)
  expect(neighbour.tell(at(17), 60_001)).toBe(true)
  expect(neighbour.tell(at(18), 60_001)).toBe(false)
})

test('is told of at an address once a second, and at once on another network', () => {
  const neighbour = new Neighbour('bob', pairOf(1)[0])
  expect([0, 999, 1_000].map((now) => neighbour.tell(at(1), now))).toEqual([true, false, true])
  neighbour.forget()
  expect(neighbour.tell(at(1), 1_001)).toBe(true)
})
