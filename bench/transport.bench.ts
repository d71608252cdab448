/**
 * The transport on loopback, two processes a pair, beside what else there is: C ENet, udx-native, the encrypted stream
 * that hyperdht makes of it, and bare sockets; and one cell of `line` beside TCP BBR, where a line can be had. Runs of
 * all take turns; medians, and ratios within this run.
 */
import type { Bench, Figure, RunOptions } from './bench.ts'
import { cell } from './cell.ts'
import { type Contenders, contenders } from './contenders.ts'
import { Compiled } from './counterparts.ts'
import { overLines } from './emulated.ts'
import { measure, type Program } from './pair.ts'
import { percentile } from './percentile.ts'
import { Samples } from './samples.ts'

export const bench: Bench = { name: 'transport', isLong: true, run }

async function* run({ runs = 5 }: RunOptions): AsyncIterable<Figure> {
  using compiled = new Compiled()
  const programs = contenders('transport', compiled)
  const [rates, rounds] = [new Samples('MB/s'), new Samples('µs')]
  for (let i = 0; i < runs; i++) {
    for (const [name, client, server] of bulks(programs)) rates.add(name, await rate(client, server))
    for (const [name, program] of pings(programs)) {
      const times = await roundTrips(program)
      for (const [part, at] of parts) rounds.add(`${name} ${part}`, percentile(times, at))
    }
  }
  for (const [name, beside, note] of goals) yield* rates.figure(name, { beside, note })
  for (const name of ['c enet', 'udx', 'hyperdht']) yield* rates.figure(name)
  for (const [part] of parts) {
    for (const name of ['ping', 'sealed ping'])
      for (const against of ['c enet', 'node dgram'])
        yield* rounds.figure(`${name} ${part}`, {
          as: called(name, part),
          beside: `${against} ${part}`,
          against,
          note: part === 'p50' ? (pingGoals.get(`${name} ${against}`) ?? 'p50') : undefined,
        })
    for (const name of ['c enet', 'node dgram'])
      yield* rounds.figure(`${name} ${part}`, { as: called(`${name} ping`, part) })
  }
  yield* overLines('transport', (lines) => cell(lines, { rtt: 100, loss: 1 }, { runs, names: overTheLine }))
}

/** Who sends to whom. */
function bulks({ bare, classic, sealed, cenet, udx, hyperdht }: Contenders): [string, Program, Program][] {
  const all: [string, Program | undefined, Program | undefined][] = [
    ['bare bulk', bare, bare],
    ['c enet', cenet, cenet],
    ['bare bulk, classic', classic, classic],
    ['bare bulk to c', bare, cenet],
    ['bare bulk from c', cenet, bare],
    ['udx', udx, udx],
    ['sealed bulk', sealed, sealed],
    ['hyperdht', hyperdht, hyperdht],
  ]
  return all.filter(
    (each): each is [string, Program, Program] => each[1] !== undefined && each[2] !== undefined,
  )
}

function pings({ bare, sealed, dgram, cenet }: Contenders): [string, Program][] {
  const ours: [string, Program][] = [
    ['ping', bare],
    ['sealed ping', sealed],
    ['node dgram', dgram],
  ]
  return cenet ? [...ours, ['c enet', cenet]] : ours
}

/** MB/s of 64 KiB messages. */
async function rate(client: Program, server: Program): Promise<number> {
  const { MBps } = await measure(client, server, { kind: 'bulk', options: ['--for', '2'] })
  return Number(MBps)
}

/** µs each, when both are warm. */
async function roundTrips(program: Program): Promise<readonly number[]> {
  const options = ['--count', `${warmup + roundCount}`, '--size', '64']
  const { rtts_us: times } = await measure(program, program, { kind: 'ping', options })
  return (times as readonly number[]).slice(warmup)
}

const called = (name: string, part: string): string => (part === 'p50' ? name : `${name} ${part}`)

const parts = [
  ['p50', 0.5],
  ['p99', 0.99],
] as const
const warmup = 2_000
const roundCount = 10_000

const goals = [
  ['bare bulk', 'c enet', 'target: 0.6 or more'],
  ['bare bulk', 'udx', 'target: 1.2 or more'],
  ['bare bulk, classic', 'c enet', undefined],
  ['bare bulk to c', 'c enet', 'target: 0.65 or more'],
  ['bare bulk from c', 'c enet', 'target: 0.65 or more'],
  ['sealed bulk', 'c enet', 'target: 0.25 or more'],
  ['sealed bulk', 'hyperdht', 'target: 1 or more'],
  ['sealed bulk', 'udx', undefined],
] as const

const pingGoals = new Map([
  ['ping c enet', 'p50; target: 1.3 or less'],
  ['ping node dgram', 'p50; target: 1.5 or less'],
  ['sealed ping c enet', 'p50; target: 15 µs over `ping`'],
])

const overTheLine = ['bare bulk', 'sealed bulk', 'tcp bbr']
