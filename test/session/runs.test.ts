import { describe, expect, test } from 'vitest'
import { Runs } from '../../src/session/runs.ts'

const run = (n: number): Uint8Array => new Uint8Array(8).fill(n)
const plain = (name: Uint8Array): Uint8Array => name
const masked = (name: Uint8Array): Uint8Array => name.map((octet) => octet ^ 0x55)

describe('what names a run of the buddy’s program', () => {
  test('casts a doubt if it is another than the one that speaks with us', () => {
    const runs = new Runs()
    expect(runs.casts(run(1), plain, 0)).toBe(true) // nothing was said yet
    runs.ran(run(2))
    expect([runs.casts(run(2), plain, 0), runs.casts(run(3), plain, 0)]).toEqual([false, true])
  })

  test('casts none if it is one of those that he left: they never come back', () => {
    const runs = new Runs()
    for (let n = 1; n <= 18; n++) runs.ran(run(n))
    expect(runs.casts(run(17), plain, 0)).toBe(false)
    expect(runs.casts(run(2), plain, 0)).toBe(false)
    expect(runs.casts(run(1), plain, 0)).toBe(true) // sixteen are remembered
  })

  test('is compared as it is shown where it was read', () => {
    const runs = new Runs()
    runs.ran(run(1))
    runs.ran(run(2))
    for (const n of [1, 2]) expect(runs.casts(masked(run(n)), masked, 0)).toBe(false)
    expect(runs.casts(run(2), masked, 0)).toBe(true)
  })

  test('casts a doubt once a minute', () => {
    const runs = new Runs()
    expect([0, 1, 59_999, 60_000, 60_001].map((now) => runs.casts(run(1), plain, now))).toEqual([
      ...[true, false, false, true, false],
    ])
  })

  test('is one of sixteen that do in a minute', () => {
    const runs = new Runs()
    const doubts = Array.from({ length: 100 }, (_, n) => runs.casts(run(n), plain, n))
    expect(doubts.filter((doubt) => doubt)).toHaveLength(16)
    expect(runs.casts(run(200), plain, 60_000)).toBe(true)
  })

  test('keeps its octets, whatever becomes of those that told it', () => {
    const runs = new Runs()
    const told = run(1)
    runs.ran(told)
    told.fill(9)
    expect(runs.casts(run(1), plain, 0)).toBe(false)
  })
})
