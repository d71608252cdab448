/** One cell of an emulated line of 100 Mbit/s: what each contender brings over it, in turns, and what of it is sent again. */
import type { Figure } from './bench.ts'
import type { Contenders } from './contenders.ts'
import { type LineOptions, type Lines, type Passed, tcp } from './emulated.ts'
import { measure, type Place, type Program } from './pair.ts'
import { Samples } from './samples.ts'

export interface Cell {
  readonly rtt: number // ms
  readonly loss: number // percent, each way
}

/** @param names - who takes part: all by default */
export async function* cell(
  lines: Lines,
  { rtt, loss }: Cell,
  { runs, names }: { readonly runs: number; readonly names?: readonly string[] },
): AsyncIterable<Figure> {
  const all = everybody(lines.programs).filter(({ name }) => names?.includes(name) ?? true)
  const [rates, again] = [new Samples('MB/s'), new Samples('%')]
  for (let seed = 1; seed <= runs; seed++)
    for (const contender of all) {
      const outcome = await one(contender, lines, { rtt, loss, rate: 100, seed })
      rates.add(contender.name, outcome.rate)
      if (outcome.again !== undefined) again.add(contender.name, outcome.again * 100)
    }
  yield* rows(rates, again, { rtt, loss })
}

interface Contender {
  readonly name: string
  run(place: Place): Promise<Outcome>
  /** Octets of a full packet that are no payload: headers of all layers. */
  readonly overhead?: number
}

interface Outcome {
  readonly rate: number // MB/s
  readonly bytes?: number // delivered
  readonly again?: number // the part of it that was sent again, where it is told
}

function everybody({ bare, sealed, udx, cenet }: Contenders): Contender[] {
  const enet = 28 + 4 + 24 // IP and UDP, the header, that of a fragment
  const programs: [string, Program | undefined, number?][] = [
    ['bare bulk', bare, enet],
    ['sealed bulk', sealed, enet + 33],
    ['udx', udx],
    ['c enet', cenet, enet],
  ]
  return [
    ...programs.flatMap(([name, program, overhead]) => (program ? [ours(name, program, overhead)] : [])),
    { name: 'tcp bbr', run: (place) => tcp('bbr', place, seconds) },
    { name: 'tcp cubic', run: (place) => tcp('cubic', place, seconds) },
  ]
}

function ours(name: string, program: Program, overhead: number | undefined): Contender {
  return {
    name,
    async run(place) {
      const task = { kind: 'bulk', options: ['--for', `${seconds}`] } as const
      const { MBps, bytes } = await measure(program, program, task, place)
      return { rate: Number(MBps), bytes: Number(bytes) }
    },
    ...(overhead !== undefined && { overhead }),
  }
}

async function one({ run, overhead }: Contender, lines: Lines, options: LineOptions): Promise<Outcome> {
  await using line = await lines.up(options)
  const outcome = await run(line.place)
  if (overhead === undefined || outcome.bytes === undefined) return outcome
  return { ...outcome, again: sentAgain(await line.passed(), outcome.bytes, overhead) }
}

/** The payload that left beyond what was to be sent, as a part of that: nearly every packet is a full one. */
function sentAgain({ in: packets, offered }: Passed, bytes: number, overhead: number): number {
  return Math.max(0, (offered - packets * overhead) / bytes - 1) // a few small ones have less of a header
}

function* rows(rates: Samples, again: Samples, { rtt, loss }: Cell): Iterable<Figure> {
  const where = `${rtt} ms RTT, ${loss} % loss`
  for (const name of ['bare bulk', 'sealed bulk'])
    for (const [against, least] of goals(rtt)) {
      if (rates.median(against) === undefined) continue
      const note = least === undefined ? undefined : `target: ${least} or more`
      yield* rates.figure(name, { as: `${name}, ${where}`, beside: against, note })
    }
  for (const name of counterparts) yield* rates.figure(name, { as: `${name}, ${where}` })
  for (const name of ['bare bulk', 'sealed bulk', ...counterparts]) {
    const note = name.endsWith('bulk') ? `target: ${loss + 2} or less` : undefined
    yield* again.figure(name, { as: `${name}, ${where}: sent again`, note })
  }
}

function goals(rtt: number): [string, number | undefined][] {
  const [tcpLeast, udxLeast, cLeast] = rtt === 100 ? [0.8, 1, 10] : [0.8, undefined, undefined]
  return [
    ['tcp bbr', tcpLeast],
    ['tcp cubic', undefined],
    ['udx', udxLeast],
    ['c enet', cLeast],
  ]
}

const counterparts = ['tcp bbr', 'tcp cubic', 'udx', 'c enet']
const seconds = 8
