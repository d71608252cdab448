/** Two on one LAN without internet: nothing but multicast finds the other. Needs root and the lab's tools. */
import { whyNoLab } from '../test/lab/lab.ts'
import { Neighbours } from '../test/lab/neighbours.ts'
import type { Bench, Figure, RunOptions } from './bench.ts'
import { percentile } from './percentile.ts'

export const bench: Bench = { name: 'lan', isLong: true, run }

async function* run({ runs = 20 }: RunOptions): AsyncIterable<Figure> {
  const missing = whyNoLab()
  if (missing !== undefined) {
    console.error(`skipped: lan: ${missing}`)
    return
  }
  await using neighbours = await Neighbours.up()
  for (const options of [[], ['--lan']]) {
    const times: number[] = []
    for (let i = 0; i < runs; i++) {
      const ms = await neighbours.meet(options, patience)
      if (ms !== undefined) times.push(ms)
    }
    yield {
      name: `both start on a LAN without internet${options.map((option) => `, ${option}`).join('')}`,
      value: percentile(times, 0.5),
      unit: 'ms',
      note: `${times.length} of ${runs}; p95 ${Math.round(percentile(times, 0.95))} ms`,
    }
  }
}

const patience = 15_000 // ms
