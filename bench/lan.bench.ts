/** Two on one LAN without internet: nothing but multicast finds the other. Needs root and the lab's tools. */

import { Lab, whyNoLab } from '../test/lab/lab.ts'
import { introduce } from '../test/support/people.ts'
import { entry, freshHome, Program } from '../test/support/program.ts'
import type { Bench, Figure, RunOptions } from './bench.ts'
import { percentile } from './percentile.ts'

export const bench: Bench = { name: 'lan', isLong: true, run }

async function* run({ runs = 20 }: RunOptions): AsyncIterable<Figure> {
  const missing = whyNoLab()
  if (missing !== undefined) {
    console.error(`skipped: lan: ${missing}`)
    return
  }
  using lab = new Lab('lan')
  await using alicesHome = await freshHome()
  await using bobsHome = await freshHome()
  const on = (host: string): string[] => [...lab.on(host), process.execPath, entry]
  const alice = { name: 'alice', at: { home: alicesHome.path, command: on('alice') } }
  const bob = { name: 'bob', at: { home: bobsHome.path, command: on('bob') } }
  await introduce(alice, bob)
  for (const options of [[], ['--lan']]) {
    const times: number[] = []
    for (let i = 0; i < runs; i++) {
      await using first = new Program(['chat', 'bob', '--json', ...options], alice.at)
      await using second = new Program(['chat', 'alice', '--json', ...options], bob.at)
      const both = [first, second]
      await Promise.all(both.map((program) => program.event('listening')))
      const before = performance.now()
      const secured = Promise.all(both.map((program) => program.event('secured', patience)))
      if (await secured.catch(() => undefined)) times.push(performance.now() - before)
      for (const program of both) program.signal('SIGTERM')
      await Promise.all(both.map((program) => program.ended()))
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
