import { expect, test } from 'vitest'
import { sha256 } from '../../src/crypto.ts'
import { Dice } from '../support/dice.ts'
import { content } from '../transfer/content.ts'
import { listing, type Tree } from '../transfer/disk.ts'
import { pass } from '../transfer/hollow.ts'
import { ordeal } from '../transfer/ordeal.ts'

const seeds = process.env['SEED']
  ? [Number(process.env['SEED'])]
  : Array.from({ length: 150 }, (_, i) => i + 1)

/** Up to 400 files of every size, some of them empty or zeros, in folders. */
function grown(dice: Dice): Tree {
  const tree = new Map<string, Uint8Array | 'folder'>()
  const folders = ['']
  for (let i = dice.below(dice.pick([3, 20, 400])); i >= 0; i--) {
    const path = `${dice.pick(folders)}${i}`
    if (dice.below(8) === 0) {
      tree.set(path, 'folder')
      folders.push(`${path}/`)
    } else {
      const size = dice.below(dice.pick([1, 10, 5_000, 70_000, 300_000]) + 1)
      tree.set(path, dice.below(6) === 0 ? new Uint8Array(size) : content(size, i + 1))
    }
  }
  return tree
}

test('150 trees arrive as they were through losses, kills, pauses and every disorder', () => {
  for (const seed of seeds) {
    const dice = new Dice(seed)
    const tree = grown(dice)
    const pair = ordeal(tree, dice)
    const { outgoing, incoming, sink } = pair
    expect([seed, outgoing.state.kind, incoming?.state.kind]).toEqual([seed, 'done', 'done'])
    expect([seed, listing(sink.tree)]).toEqual([seed, listing(tree)])
  }
})

test('150 streams arrive as they were', () => {
  for (const seed of seeds) {
    const dice = new Dice(seed)
    const octets = content(dice.below(1_000_000), seed)
    const { outgoing, sink } = ordeal(new Map([['-', octets]]), dice, 'stream')
    expect([seed, outgoing.state.kind]).toEqual([seed, 'done'])
    expect([seed, sha256(sink.stream)]).toEqual([seed, sha256(octets)])
  }
})

test('1 GiB takes both ends less than 64 MiB of memory', () => {
  const block = content(1 << 20)
  const size = 2 ** 30
  let most = 0
  const before = process.memoryUsage().arrayBuffers
  const written = pass({
    files: [{ kind: 'file', path: 'a', mode: 0o644, size }],
    octets: (length) => block.slice(0, length),
    onStep: (step) => {
      if (step === 'keep') most = Math.max(most, process.memoryUsage().arrayBuffers)
    },
  })
  expect(written).toBe(size)
  expect(most - before).toBeLessThan(64 << 20)
  expect(most).toBeGreaterThan(0) // it was looked at
})
