/**
 * What a transfer costs its two ends in one process: reading, offering, sending
 * and receiving without a disk or a link. Hashes are said apart, as each octet
 * is hashed once on either side whatever the rest does.
 */
import { performance } from 'node:perf_hooks'
import { randomBytes, sha256 } from '../src/crypto.ts'
import type { SourceEntry } from '../src/transfer/work.ts'
import { pass } from '../test/transfer/hollow.ts'
import type { Bench, Figure } from './bench.ts'
import { percentile } from './percentile.ts'

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

function send(files: readonly SourceEntry[]): Cost {
  const started = performance.now()
  let offered = started
  let works = 0
  pass({
    files,
    octets: (size) => block.subarray(0, size),
    onStep: (step) => {
      if (step === 'offer') offered = performance.now()
      else works++
    },
  })
  return { reading: offered - started, moving: performance.now() - offered, works }
}

const file = (path: string, size: number) => ({ kind: 'file', path, mode: 0o644, size }) as const

function timed(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

const median = (values: readonly number[]): number => percentile(values, 0.5)

const block = randomBytes(1 << 20)
const rounds = 5
