/** What a person waits for: the program's start, and the first paint of its screen. */
import { spawnSync } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { entry, environment } from '../test/support/program.ts'
import type { Bench, Figure } from './bench.ts'

/** Enough for a median that moves by less than 1 ms from run to run on a busy machine. */
const runs = 41

export const bench: Bench = { name: 'program', run }

function* run(): Iterable<Figure> {
  const bare: number[] = []
  const version: number[] = []
  for (let i = 0; i < runs; i++) {
    bare.push(start(['-e', '0']))
    version.push(start([entry, '--version']))
  }
  const [value, counterpart] = [median(version), median(bare)]
  yield { name: 'otrtalk --version', value, unit: 'ms', against: 'node -e 0', ratio: value / counterpart }
  yield { name: 'node -e 0', value: counterpart, unit: 'ms' }
  yield { name: '--version over bare node', value: value - counterpart, unit: 'ms' }
}

/** Ms from spawn to exit. */
function start(args: readonly string[]): number {
  const before = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { env: environment({}) })
  const ms = performance.now() - before
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`)
  return ms
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
