/**
 * What our bulk data does to others on the line: the queue it adds to an idle one of 10 Mbit/s, by how much longer
 * datagrams take beside it, and its share of 100 Mbit/s beside one connection of TCP CUBIC.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench, Figure } from './bench.ts'
import { type Lines, overLines, tcp } from './emulated.ts'
import { measure, type Place, type Program } from './pair.ts'
import { percentile } from './percentile.ts'
import { Samples } from './samples.ts'

export const bench: Bench = {
  name: 'line-queue',
  isLong: true,
  run: ({ runs = 3 }) => overLines('line-queue', (lines) => both(lines, runs)),
}

async function* both(lines: Lines, runs: number): AsyncIterable<Figure> {
  for (const rtt of [20, 100]) {
    const [added, shares, dropped] = [new Samples('RTT'), new Samples('of the line'), new Samples('packets')]
    for (let seed = 1; seed <= runs; seed++) {
      for (const name of ['bare', 'sealed'] as const) {
        const queue = await queued(lines, lines.programs[name], { rtt, seed })
        for (const [key, value] of Object.entries(queue.added)) added.add(`${name} ${key}`, value)
        dropped.add(name, queue.dropped)
        shares.add(
          name,
          await share(lines, (place) => bulk(lines.programs[name], place, shareTime), { rtt, seed }),
        )
      }
      shares.add(
        'tcp bbr',
        await share(lines, async (place) => (await tcp('bbr', place, shareTime)).rate, { rtt, seed }),
      )
    }
    for (const name of ['bare', 'sealed']) {
      const cell = `${name} bulk, ${rtt} ms RTT, 10 Mbit/s`
      yield* added.figure(`${name} median`, { as: `${cell}: queue added`, note: 'target: 1.5 or less' })
      yield* added.figure(`${name} p95`, { as: `${cell}: queue added, 95 %` })
      yield* dropped.figure(name, { as: `${cell}: dropped at the queue` })
      const as = `${name} bulk, ${rtt} ms RTT: share beside tcp cubic`
      yield* shares.figure(name, { as, beside: 'tcp bbr', note: 'target: 0.3 to 0.7' })
    }
    yield* shares.figure('tcp bbr', { as: `tcp bbr, ${rtt} ms RTT: share beside tcp cubic` })
  }
}

interface Cell {
  readonly rtt: number
  readonly seed: number
}

/** In RTTs, once the sender knows the line. */
async function queued(lines: Lines, program: Program, { rtt, seed }: Cell) {
  await using line = await lines.up({ rtt, loss: 0, rate: 10, seed })
  const { dgram } = lines.programs
  const pings = async (count: number): Promise<readonly number[]> => {
    const options = ['--count', `${count}`, '--interval-us', '100000']
    const { rtts_us: times } = await measure(dgram, dgram, { kind: 'ping', options }, line.place)
    return times as readonly number[]
  }
  const base = percentile(await pings(10), 0.5)
  const sending = bulk(program, line.place, queueTime)
  await sleep(settling)
  const times = await pings(40)
  await sending
  const { overflow } = await line.passed()
  const inRtts = (part: number): number => (percentile(times, part) - base) / 1_000 / rtt
  return { added: { median: inRtts(0.5), p95: inRtts(0.95) }, dropped: overflow }
}

async function share(lines: Lines, sender: (place: Place) => Promise<number>, cell: Cell): Promise<number> {
  await using line = await lines.up({ ...cell, loss: 0, rate: 100 })
  const [its, cubic] = await Promise.all([sender(line.place), tcp('cubic', line.place, shareTime)])
  return its / (its + cubic.rate)
}

async function bulk(program: Program, place: Place, seconds: number): Promise<number> {
  const task = { kind: 'bulk', options: ['--for', `${seconds}`] } as const
  return Number((await measure(program, program, task, place))['MBps'])
}

const settling = 3_000 // ms
const queueTime = 14 // s: 40 round trips of up to 0.4 s after that
const shareTime = 20 // s
