import { expect, test } from 'vitest'
import { windowSize, workSize } from '../../src/transfer/limits.ts'
import { FileSupply, StreamSupply, type Supply } from '../../src/transfer/supply.ts'
import type { Range } from '../../src/transfer/work.ts'
import { content } from './content.ts'

const octets = content(3_000_000)
const file = { path: 'a', mode: 0o644, size: octets.length, start: 0 }
const read = (ranges: readonly Range[]): Uint8Array[] =>
  ranges.map(({ offset, size }) => octets.slice(offset, offset + size))

/** The next octets, all that were asked for having come. */
function taken(supply: Supply, limit: number): Uint8Array {
  while (supply.isHungry) supply.filled(read(supply.ask()))
  return Buffer.concat(supply.take(limit))
}

test('what was asked for before it goes on elsewhere is not given out', () => {
  const supply = new FileSupply([file], octets.length)
  const asked = [supply.ask(), supply.ask()]
  expect([supply.isHungry, supply.seek(100), supply.seek(2_000_001)]).toEqual([false, true, true])
  for (const ranges of asked) expect(supply.filled(read(ranges))).toBeUndefined()
  expect(supply.isReady).toBe(false)
  expect(taken(supply, 1_000)).toEqual(Buffer.from(octets.subarray(2_000_001, 2_001_001)))
  expect([supply.position, supply.seek(octets.length + 1)]).toEqual([2_001_001, false])
})

test('a file is read half a megabyte at a time, and a megabyte ahead at most', () => {
  const supply = new FileSupply([file], octets.length)
  let held = 0
  while (supply.isHungry) {
    const ranges = supply.ask()
    held += ranges[0]!.size
    supply.filled(read(ranges))
  }
  expect(held).toBe(2 * workSize)
  supply.take(1)
  expect(supply.isHungry).toBe(true)
})

test('an answer that is not what was asked for names its file', () => {
  const files = [0, 1, 2].map((i) => ({ path: `${i}`, mode: 0, size: 1_000, start: i * 1_000 }))
  const answers = (octets: readonly number[]): number | undefined => {
    const supply = new FileSupply(files, 3_000)
    supply.ask()
    return supply.filled(octets.map((size) => new Uint8Array(size)))
  }
  expect(answers([1_000, 1_000, 1_000])).toBeUndefined()
  expect([answers([1_000, 999, 1_000]), answers([1_001]), answers([1_000, 1_000])]).toEqual([1, 0, 2])
})

test('a stream gives again what is not forgotten, and nothing else', () => {
  const supply = new StreamSupply()
  const first = taken(supply, 400_000)
  supply.forget(100_000)
  expect([supply.seek(99_999), supply.seek(first.length + 1_000_000), supply.seek(100_000)]).toEqual([
    false,
    false,
    true,
  ])
  expect(Buffer.compare(taken(supply, 300_000), first.subarray(100_000))).toBe(0)
})

test('a stream holds the window and a megabyte, then waits', () => {
  const supply = new StreamSupply()
  const block = content(workSize)
  let read = 0
  while (supply.isHungry) {
    supply.ask()
    supply.filled([block])
    read += block.length
    while (supply.isReady) supply.take(65_536)
  }
  expect(read).toBe(windowSize + 2 * workSize)
  supply.forget(workSize)
  expect(supply.isHungry).toBe(true)
})
