/**
 * Bulk data over an emulated line of 100 Mbit/s with a queue of 256 packets, beside TCP, udx and C ENet; and what part
 * of the octets is sent again. Takes some six minutes a run.
 */
import type { Bench, Figure } from './bench.ts'
import { cell } from './cell.ts'
import { type Lines, overLines } from './emulated.ts'

export const bench: Bench = {
  name: 'line',
  isLong: true,
  run: ({ runs = 3 }) => overLines('line', (lines) => cells(lines, runs)),
}

async function* cells(lines: Lines, runs: number): AsyncIterable<Figure> {
  for (const rtt of [20, 100]) for (const loss of [0, 1, 5]) yield* cell(lines, { rtt, loss }, { runs })
}
