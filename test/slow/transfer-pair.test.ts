import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/crypto.ts'
import { windowSize } from '../../src/transfer/limits.ts'
import { Dice } from '../support/dice.ts'
import { content } from '../transfer/content.ts'
import { listing, Sink, type Tree } from '../transfer/disk.ts'
import { ordeal } from '../transfer/ordeal.ts'
import { Pair, type Way } from '../transfer/pair.ts'

const folder = 'folder' as const
const trees: Record<string, Tree> = {
  'a file': new Map([['a', content(1_300_000)]]),
  'an empty file': new Map([['a', content(0)]]),
  'an empty folder': new Map([['a', folder]]),
  'a file of one octet': new Map([['a', content(1)]]),
  'a file of exactly a piece': new Map([['a', content(256 << 10)]]),
  'a file of zeros': new Map([['a', new Uint8Array(1_000_000)]]),
  'files and folders, empty ones at both ends': new Map<string, Uint8Array | 'folder'>([
    ['0', content(0)],
    ['d', folder],
    ['d/1', content(70_000)],
    ['d/2', content(0)],
    ['d/e', folder],
    ['d/e/3', content(500_000)],
    ['d/4', content(5)],
    ['f', folder],
    ['5', content(0)],
    ['6', content(0)],
  ]),
}

describe.each(Object.entries(trees))('%s', (_, tree) => {
  test('arrives as it was', () => {
    const pair = new Pair(tree)
    pair.connect()
    pair.run()
    expect([pair.outgoing.state, pair.incoming?.state, pair.sink.state]).toEqual([
      { kind: 'done', path: '' },
      { kind: 'done', path: '/downloads' },
      'finished',
    ])
    expect(listing(pair.sink.tree)).toEqual(listing(tree))
    expect(pair.told).toEqual({ us: ['reading', 'offered', 'running', 'done'], them: ['running', 'done'] })
  })

  test('arrives whatever overtakes what, however often the link is lost or the receiver killed', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const pair = ordeal(tree, new Dice(seed))
      expect([seed, pair.outgoing.state.kind, pair.incoming?.state.kind]).toEqual([seed, 'done', 'done'])
      expect(listing(pair.sink.tree)).toEqual(listing(tree))
    }
  })
})

test('zeros are neither sent nor written', () => {
  const octets = new Uint8Array(1_000_000)
  octets[300_000] = 1
  const pair = new Pair(new Map([['a', octets]]))
  pair.connect()
  pair.run()
  expect(listing(pair.sink.tree)).toEqual(listing(new Map([['a', octets]])))
  expect(pair.sink.octets).toBe(65_536)
})

test('a stream of any rhythm arrives whatever happens', () => {
  const octets = content(700_000)
  for (let seed = 1; seed <= 4; seed++) {
    const pair = ordeal(new Map([['-', octets]]), new Dice(seed), 'stream')
    expect([seed, pair.outgoing.state.kind, pair.incoming?.state.kind]).toEqual([seed, 'done', 'done'])
    expect(sha256(pair.sink.stream)).toEqual(sha256(octets))
  }
})

test('a stream of more than the ring holds, a link that is lost in each megabyte, and one that was empty', () => {
  const octets = content(11_000_000)
  const pair = new Pair(new Map([['-', octets]]), { form: 'stream' })
  pair.source.nextSize = () => 524_288
  pair.connect()
  for (let lost = 1; lost <= 11; lost++) {
    pair.run(undefined, () => (pair.incoming?.octets ?? 0) >= lost * 900_000)
    pair.cut()
    pair.connect()
  }
  pair.run()
  expect(pair.outgoing.state.kind).toBe('done')
  expect(sha256(pair.sink.stream)).toEqual(sha256(octets))
  const empty = new Pair(new Map([['-', content(0)]]), { form: 'stream' })
  empty.connect()
  empty.run()
  expect([empty.outgoing.state.kind, empty.incoming?.state.kind]).toEqual(['done', 'done'])
})

test('a stream whose receiver was killed fails with words: what he had is nowhere', () => {
  const pair = new Pair(new Map([['-', content(3_000_000)]]), { form: 'stream' })
  pair.connect()
  pair.run(undefined, () => pair.outgoing.octets > 1_000_000)
  pair.crash()
  pair.sink = new Sink()
  pair.connect()
  pair.run()
  expect(pair.outgoing.state).toEqual({ kind: 'failed', by: 'us', why: 'broken' })
  expect(pair.incoming?.state).toEqual({ kind: 'failed', by: 'them', why: 'broken' })
})

test('a file that is other octets when it is read again fails on both sides, by its name', () => {
  const tree: Tree = new Map([
    ['a', content(300_000)],
    ['b', content(300_000, 2)],
    ['c', content(300_000, 3)],
  ])
  const pair = new Pair(tree, { accepts: 'when told' })
  pair.connect()
  pair.run()
  pair.source.change(1, content(300_000, 4))
  pair.incoming?.accept()
  pair.run()
  expect(pair.incoming?.state).toEqual({ kind: 'failed', by: 'us', why: 'damaged', path: 'a' })
  expect(pair.outgoing.state).toEqual({ kind: 'failed', by: 'them', why: 'damaged', path: 'a' })
  expect(pair.sink.state).toBe('removed')
})

describe('either side', () => {
  const sides = ['outgoing', 'incoming'] as const
  const halfway = (): Pair => {
    const pair = new Pair(big)
    pair.connect()
    pair.run(undefined, () => (pair.incoming?.octets ?? 0) > 1_000_000)
    return pair
  }

  test.each(sides)('may cancel it: %s', (side) => {
    const pair = halfway()
    pair[side]?.cancel()
    pair.run()
    const [us, them] = side === 'outgoing' ? (['us', 'them'] as const) : (['them', 'us'] as const)
    expect(pair.outgoing.state).toEqual({ kind: 'cancelled', by: us })
    expect(pair.incoming?.state).toEqual({ kind: 'cancelled', by: them })
    expect(pair.sink.state).toBe('removed')
  })

  test.each(sides)('may pause it, through a loss of the link too: %s', (side) => {
    const pair = halfway()
    pair[side]?.pause()
    pair.run()
    const before = pair.seen.frames
    pair.cut()
    pair.connect()
    pair.run()
    expect([pair.outgoing.state.kind, pair.incoming?.state.kind]).toEqual(['paused', 'paused'])
    expect(pair.seen.frames - before).toBeLessThanOrEqual(4) // those that left before the word came
    pair[side]?.go()
    pair.run()
    expect(pair.outgoing.state.kind).toBe('done')
    expect(listing(pair.sink.tree)).toEqual(listing(big))
  })

  test.each(sides)('may end it by a fault of its own, and the part stays: %s', (side) => {
    const pair = halfway()
    pair[side]?.fail('gone')
    pair.run()
    expect(pair.outgoing.state).toMatchObject({ kind: 'failed', why: 'gone' })
    expect(pair.incoming?.state).toMatchObject({ kind: 'failed', why: 'gone' })
    expect(pair.sink.state).toBe('left')
  })
})

test('who rejects it is heard, and nothing was written', () => {
  const pair = new Pair(big, { accepts: 'when told' })
  pair.connect()
  pair.run()
  pair.incoming?.reject('large')
  pair.run()
  expect(pair.outgoing.state).toEqual({ kind: 'rejected', by: 'them', why: 'large' })
  expect(pair.sink.works).toEqual([])
})

const big: Tree = new Map([
  ['x', content(9_000_000)],
  ['y', content(1_000_000)],
])

test('nothing is sent beyond 8 MiB that are not written', () => {
  const pair = new Pair(big)
  pair.room = Number.POSITIVE_INFINITY
  pair.connect()
  const all: Way[] = ['frames to them', 'frames to us', 'words to them', 'words to us', 'source']
  expect(() => pair.run((ways) => ways.find((way) => all.includes(way)) ?? stop())).toThrow('stopped')
  expect(pair.incoming?.octets).toBe(0)
  expect(pair.seen.frames * 65_536).toBeLessThanOrEqual(windowSize + 65_536)
})

const stop = (): never => {
  throw new Error('stopped')
}
