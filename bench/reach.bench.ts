/**
 * The reach matrix: two programs behind every pair of routers of
 * test/lab/cells.ts, 80 ms apart; from when both run until both are secured.
 * Needs root and the lab's tools.
 */

import * as cells from '../test/lab/cells.ts'
import { type Cell, titleOf } from '../test/lab/cells.ts'
import { Internet, type Reached, tools } from '../test/lab/internet.ts'
import { whyNoLab } from '../test/lab/lab.ts'
import type { Bench, Figure, RunOptions } from './bench.ts'
import { percentile } from './percentile.ts'

export const bench: Bench = { name: 'reach', isLong: true, run }

const labs: readonly (readonly Cell[])[] = [
  cells.easy,
  cells.open,
  cells.mixed,
  [...cells.predicted, ...cells.again],
  cells.lossy,
  cells.carrier,
  cells.home,
  cells.v6,
  cells.upnp,
]

async function* run({ runs = 3 }: RunOptions): AsyncIterable<Figure> {
  const missing = whyNoLab(tools)
  if (missing !== undefined) {
    console.error(`skipped: reach: ${missing}`)
    return
  }
  for (const lab of labs) {
    await using internet = await Internet.up(lab[0]!.topology)
    for (const cell of lab) yield await reach(internet, cell, runs)
  }
  for (const cell of cells.hopeless) {
    await using internet = await Internet.up(cell.topology)
    const { code, ms, stderr } = (await internet.giveUp(cell, { patience })).sent
    const said = stderr.split('\n').find((line) => line.startsWith('otrtalk: '))
    yield { name: titleOf(cell), value: ms, unit: 'ms', note: `exit ${code}: ${said}` }
  }
}

/** Median over the runs that reached; the people change places from run to run. */
async function reach(internet: Internet, cell: Cell, runs: number): Promise<Figure> {
  const reached: Reached[] = []
  for (let i = 0; i < runs; i++) {
    const outcome = await internet.meet(cell, { patience, swap: i % 2 === 1 })
    if (outcome.kind === 'reached') reached.push(outcome)
  }
  const times = reached.map(({ ms }) => ms)
  const known = reached.map(({ knownMs }) => knownMs)
  const paths = [...new Set(reached.flatMap(({ paths }) => paths))].join(', ')
  const note = [
    `${reached.length} of ${runs}`,
    `p95 ${shown(times, 0.95)}`,
    `since the address was known ${shown(known, 0.5)}, p95 ${shown(known, 0.95)}`,
    paths,
  ].join('; ')
  return { name: titleOf(cell), value: percentile(times, 0.5), unit: 'ms', note }
}

const shown = (values: readonly number[], part: number): string =>
  `${Math.round(percentile(values, part))} ms`

const patience = 15_000 // ms
