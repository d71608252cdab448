import { expect, test } from 'vitest'
import { sha256 } from '../../src/crypto.ts'
import { Incoming } from '../../src/transfer/incoming.ts'
import { transferId } from '../../src/transfer/offer.ts'
import { Outgoing } from '../../src/transfer/outgoing.ts'
import type { TransferOutput } from '../../src/transfer/transfer.ts'
import type { Work, WorkResult } from '../../src/transfer/work.ts'
import { Dice } from '../support/dice.ts'
import { content } from '../transfer/content.ts'
import { listing, type Tree } from '../transfer/disk.ts'
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
  const transfer = transferId(new Uint8Array(16))
  const block = content(1 << 20)
  const size = 2 ** 30
  const outgoing = new Outgoing({ transfer, name: 'large', form: 'files' })
  let incoming: Incoming | undefined
  let surveyed = 0
  let most = 0
  let written = 0

  const work = (asked: Work): WorkResult | undefined => {
    switch (asked.kind) {
      case 'survey': {
        const entries = surveyed++ === 0 ? [{ kind: 'file' as const, path: 'a', mode: 0o644, size }] : []
        return { kind: 'surveyed', transfer, entries }
      }
      case 'read':
        return { kind: 'read', transfer, octets: asked.ranges.map((range) => block.slice(0, range.size)) }
      case 'place':
        return { kind: 'placed', transfer }
      case 'write':
        for (const { octets } of asked.parts) written += octets.length
        return { kind: 'written', transfer }
      case 'keep':
        most = Math.max(most, process.memoryUsage().arrayBuffers)
        return { kind: 'kept', transfer }
      case 'finish':
        return { kind: 'finished', transfer, path: '/' }
      case 'abandon':
        return undefined
      default:
        return asked satisfies never
    }
  }
  const pass = (
    output: TransferOutput,
    to: Outgoing | Incoming | undefined,
    from: Outgoing | Incoming,
  ): void => {
    if (output.kind === 'frame') to?.receive(output.bytes)
    if (output.kind === 'answer') to?.answered(output.answer)
    const result = output.kind === 'work' ? work(output.work) : undefined
    if (result) from.worked(result, 0)
    if (output.kind !== 'offer') return
    outgoing.secured(new Uint8Array(64))
    incoming = new Incoming(output.offer, new Uint8Array(64))
    incoming.accept()
  }

  const before = process.memoryUsage().arrayBuffers
  outgoing.connect(1)
  while (outgoing.state.kind !== 'done') {
    for (const output of outgoing.drain(0, 262_144)) pass(output, incoming, outgoing)
    for (const output of incoming?.drain(0) ?? []) pass(output, outgoing, incoming!)
    expect(outgoing.state.kind).not.toBe('failed')
  }
  expect(written).toBe(size)
  expect(most - before).toBeLessThan(64 << 20)
})
