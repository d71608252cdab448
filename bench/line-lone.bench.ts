/**
 * How late a lone message is when the line is bad: 64 octets there and back, one under way at a time, by 100 ms RTT and
 * 5 % loss each way; several pairs at once. Beside C ENet's, measured the same way.
 */
import type { Bench, Figure } from './bench.ts'
import { type Lines, overLines } from './emulated.ts'
import { measure, type Program } from './pair.ts'
import { percentile } from './percentile.ts'

export const bench: Bench = {
  name: 'line-lone',
  isLong: true,
  run: ({ runs = 3 }) => overLines('line-lone', (lines) => lone(lines, runs)),
}

async function* lone(lines: Lines, runs: number): AsyncIterable<Figure> {
  const { bare, sealed, cenet } = lines.programs
  const all: readonly [string, Program | undefined][] = [
    ['lone message', bare],
    ['sealed lone message', sealed],
    ['c enet', cenet],
  ]
  const times = new Map<string, number[]>(all.map(([name]) => [name, []]))
  for (let seed = 1; seed <= runs; seed++)
    for (const [name, program] of all)
      if (program) times.get(name)!.push(...(await roundTrips(lines, program, seed)))
  const beside = times.get('c enet')!
  for (const [name, values] of times)
    for (const [part, at] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      if (values.length === 0) continue
      const value = percentile(values, at) / 1_000
      const counterpart = percentile(beside, at) / 1_000
      const isOurs = name !== 'c enet'
      yield {
        name: `${name}, ${cell} ${part}`,
        value,
        unit: 'ms',
        ...(isOurs && beside.length > 0 && { against: 'c enet', ratio: value / counterpart }),
        note: `of ${values.length}${isOurs && part === 'p99' ? '; target: 301 ms, better 220' : ''}`,
      }
    }
}

/** µs of each. */
async function roundTrips(lines: Lines, program: Program, seed: number): Promise<number[]> {
  await using line = await lines.up({ rtt: 100, loss: 5, rate: 100, seed })
  const options = ['--count', `${count}`, '--size', '64', '--interval-us', `${interval}`, '--seconds', '300']
  const pair = async (): Promise<readonly number[]> => {
    const { rtts_us: times } = await measure(program, program, { kind: 'ping', options }, line.place)
    return (times as readonly number[]).slice(settling)
  }
  return (await Promise.all(Array.from({ length: pairs }, pair))).flat()
}

const cell = '100 ms RTT, 5 % loss'
const pairs = 6
const settling = 5 // the first know no round trip time
const count = 105
const interval = 400_000 // µs: nothing else is under way
