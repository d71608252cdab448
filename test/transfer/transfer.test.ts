import { describe, expect, test } from 'vitest'
import { windowSize } from '../../src/transfer/limits.ts'
import { Dice } from '../support/dice.ts'
import { content } from './content.ts'
import { listing, type Tree } from './disk.ts'
import { Pair, type Way } from './pair.ts'

const folder = 'folder' as const
const trees: Record<string, Tree> = {
  'a file': new Map([['a', content(3_000_000)]]),
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

  test('arrives whatever overtakes what, and however often the link is lost', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const dice = new Dice(seed)
      const pair = new Pair(tree)
      pair.connect()
      for (let losses = 0; losses < 5; losses++) {
        let left = dice.below(60)
        pair.run(
          (ways) => dice.pick(ways),
          () => left-- <= 0 || pair.busy.length === 0,
        )
        pair.cut()
        pair.connect()
      }
      pair.run((ways) => dice.pick(ways))
      expect([seed, pair.outgoing.state.kind, pair.incoming?.state.kind]).toEqual([seed, 'done', 'done'])
      expect(listing(pair.sink.tree)).toEqual(listing(tree))
    }
  })
})

const big: Tree = new Map([
  ['x', content(20_000_000)],
  ['y', content(3_000_000)],
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
