/**
 * What a transfer costs its two ends in one process: reading, offering, sending
 * and receiving without a disk or a link. Hashes are said apart, as each octet
 * is hashed once on either side whatever the rest does.
 */
import { performance } from 'node:perf_hooks'
import { randomBytes, sha256 } from '../src/crypto.ts'
import { Incoming } from '../src/transfer/incoming.ts'
import { transferId } from '../src/transfer/offer.ts'
import { Outgoing } from '../src/transfer/outgoing.ts'
import type { TransferOutput } from '../src/transfer/transfer.ts'
import type { SourceEntry, Work, WorkResult } from '../src/transfer/work.ts'
import type { Bench, Figure } from './bench.ts'

export const bench: Bench = { name: 'transfer', run }

function* run(): Iterable<Figure> {
  const large = Array.from({ length: 4 }, (_, i) => file(`large${i}`, 64 << 20))
  const small = Array.from({ length: 10_000 }, (_, i) => file(`small${i}`, 1_024))
  send(small) // warms up
  const hash = median(Array.from({ length: rounds }, () => timed(() => sha256(block))))
  yield { name: 'sha-256', value: hash, unit: 'ms/MiB' }
  for (const [name, files] of [
    ['256 MiB in 4 files', large],
    ['10,000 files of 1 KiB', small],
  ] as const) {
    const runs = Array.from({ length: rounds }, () => send(files))
    const octets = files.reduce((sum, { size }) => sum + size, 0) / 2 ** 20
    const [reading, moving] = [median(runs.map((r) => r.reading)), median(runs.map((r) => r.moving))]
    yield { name: `${name}, read and hashed`, value: octets / (reading / 1_000), unit: 'MiB/s' }
    yield { name: `${name}, both ends`, value: octets / (moving / 1_000), unit: 'MiB/s' }
    const each = moving / octets / 2
    const note = `of them ${(hash / 2).toFixed(2)} hashing; ${runs[0]!.works} works of the disk`
    yield { name: `${name}, each end`, value: each, unit: 'ms/MiB', note }
  }
}

interface Cost {
  readonly reading: number // ms
  readonly moving: number // ms, from the offer to `done`
  readonly works: number
}

function send(files: readonly Source[]): Cost {
  const transfer = transferId(randomBytes(16))
  const outgoing = new Outgoing({ transfer, name: 'bench', form: 'files' })
  let incoming: Incoming | undefined
  let surveyed = 0
  let works = 0
  const started = performance.now()
  let offered = started

  const work = (asked: Work): WorkResult | undefined => {
    works++
    switch (asked.kind) {
      case 'survey':
        surveyed += 1_000
        return { kind: 'surveyed', transfer, entries: files.slice(surveyed - 1_000, surveyed) }
      case 'read':
        return { kind: 'read', transfer, octets: asked.ranges.map(({ size }) => block.subarray(0, size)) }
      case 'place':
        return { kind: 'placed', transfer }
      case 'write':
        return { kind: 'written', transfer }
      case 'keep':
        return { kind: 'kept', transfer }
      case 'finish':
        return { kind: 'finished', transfer, path: '/' }
      case 'abandon':
        return undefined
      default:
        return asked satisfies never
    }
  }
  const out = (output: TransferOutput): void => {
    if (output.kind === 'frame') incoming?.receive(output.bytes)
    if (output.kind === 'answer') incoming?.answered(output.answer)
    if (output.kind === 'offer') {
      offered = performance.now()
      outgoing.secured(new Uint8Array(64))
      incoming = new Incoming(output.offer, new Uint8Array(64))
      incoming.accept()
    }
    if (output.kind !== 'work') return
    const result = work(output.work)
    if (result) outgoing.worked(result)
  }
  const back = (output: TransferOutput): void => {
    if (output.kind === 'frame') outgoing.receive(output.bytes)
    if (output.kind === 'answer') outgoing.answered(output.answer)
    if (output.kind !== 'work') return
    const result = work(output.work)
    if (result) incoming?.worked(result, 0)
  }

  outgoing.connect(1)
  while (outgoing.state.kind !== 'done') {
    for (const output of outgoing.drain(0, 256 << 10)) out(output)
    for (const output of incoming?.drain(0) ?? []) back(output)
    if (incoming?.state.kind === 'failed' || outgoing.state.kind === 'failed') throw new Error('failed')
  }
  return { reading: offered - started, moving: performance.now() - offered, works }
}

type Source = SourceEntry & { readonly kind: 'file' }
const file = (path: string, size: number): Source => ({ kind: 'file', path, mode: 0o644, size })

function timed(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const block = randomBytes(1 << 20)
const rounds = 5
