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

test('is told of at 16 new addresses at once, and at 16 more in each minute after that', () => {
  const neighbour = new Neighbour('bob', pairOf(1)[0])
  const told: number[] = []
  for (let i = 0; i < 2_400; i++) if (neighbour.tell(address(`10.0.0.7:${i + 1}`), i * 50)) told.push(i * 50)
  expect(told.slice(0, 16)).toEqual(Array.from({ length: 16 }, (_, i) => i * 50))
  expect([told[16], told[17]]).toEqual([3_750, 7_500])
  expect(told).toHaveLength(16 + 31)
})

test('who is announced every 37.5 s stays known, however many other addresses are shown', () => {
  const neighbour = new Neighbour('bob', pairOf(1)[0])
  const turns: boolean[] = []
  for (let i = 0; i < 60_000; i++) {
    if (i % 3_750 === 0) turns.push(neighbour.tell(at(1), i * 10))
    neighbour.tell(address(`10.0.0.7:${i + 1}`), i * 10)
  }
  expect(turns).toEqual(turns.map(() => true))
})

test('16 others who are shown all the time do not keep the true address from its turn for a minute', () => {
  const neighbour = new Neighbour('bob', pairOf(1)[0])
  const turns: number[] = []
  const others: number[] = []
  for (let now = 0; now < 600_000; now += 10) {
    for (let i = 1; i <= 16; i++) if (neighbour.tell(at(i), now)) others.push(now)
    if (now % 30_000 === 1_000 && neighbour.tell(at(17), now)) turns.push(now)
  }
  for (const [i, turn] of turns.entries()) expect(turn - (turns[i - 1] ?? 0)).toBeLessThanOrEqual(60_000)
  expect(turns.length).toBeGreaterThanOrEqual(10)
  expect(others.length).toBeLessThanOrEqual(16 * 600)
})

test('of 32 addresses the one that was told of longest ago makes room', () => {
  const neighbour = new Neighbour('bob', pairOf(1)[0])
  for (let i = 1; i <= 16; i++) neighbour.tell(at(i), 0)
  for (let i = 17; i <= 32; i++) neighbour.tell(at(i), 60_000)
  expect(neighbour.tell(at(1), 60_000)).toBe(true)
  expect(neighbour.tell(at(33), 63_750)).toBe(true)
  expect([1, 3, 32, 2].map((i) => neighbour.tell(at(i), 63_750))).toEqual([true, true, true, false])
})

test('is told of at an address once a second, and at once on another network', () => {
  const neighbour = new Neighbour('bob', pairOf(1)[0])
  expect([0, 999, 1_000].map((now) => neighbour.tell(at(1), now))).toEqual([true, false, true])
  neighbour.forget()
  expect(neighbour.tell(at(1), 1_001)).toBe(true)
  for (let i = 2; i <= 16; i++) expect(neighbour.tell(at(i), 1_001)).toBe(true)
})
