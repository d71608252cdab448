/**
 * Two hosts exchange messages over a bad line; one seed decides what they say
 * and what becomes of it. Everything reliable has to arrive once and in order,
 * within a bound that the line's settings give.
 */
import { classic } from '../../../src/transport/enet/classic.ts'
import type { Sending } from '../../../src/transport/enet/congestion.ts'
import { Host } from '../../../src/transport/enet/host.ts'
import { Dice } from '../dice.ts'
import { Exchange } from './exchange.ts'
import { Line } from './line.ts'
import { type Severity, type Weather, type Worst, weatherOf, worstOf } from './weather.ts'

interface Trial {
  readonly severity: Severity
  readonly sending?: () => Sending // the host's default
  /** ms in which so many octets, of both sides, have to be there. */
  readonly bound: (worst: Worst, octets: number) => number
}

export const trials = {
  /**
   * As long as they are written; three times the outage, as probes come ever less often in it; four probes;
   * and then at half of the line's rate, or with 8 datagrams in a round trip.
   */
  bbr: {
    severity: 'foul',
    bound: ({ rtt, queued, silence, rate }, octets) =>
      written + 3 * silence + 4 * probe(rtt + queued) + octets / Math.min(rate / 2, (8 * datagram) / rtt),
  },
  /**
   * ENet's own doubles its patience each time, and may go down to one datagram in a round trip; so many are
   * lost one after the other that of a thousand datagrams one is.
   */
  classic: {
    severity: 'fair',
    sending: classic,
    bound: ({ rtt, queued, silence, loss }, octets) =>
      written +
      (silence + probe(rtt + queued)) * 2 ** Math.ceil(loss === 0 ? 1 : Math.log(1_000) / -Math.log(loss)) +
      (octets / datagram) * (rtt + queued),
  },
} as const satisfies Record<string, Trial>

/** The timeout before anything is known, and the most it may be when it is. */
const probe = (rtt: number): number => 500 + 3 * rtt

const written = 5_000 // ms in which all is written
const datagram = 1_400 // octets

export interface Outcome {
  /** What went wrong, with all it takes to see it again; `undefined`: nothing. */
  readonly fault: string | undefined
  readonly took: number // ms
  readonly bound: number // ms
}

export function ordeal(seed: number, trial: Trial): Outcome {
  const weather = weatherOf(seed, trial.severity)
  const line = new Line(weather)
  const exchange = new Exchange({
    seed,
    channels,
    messages: 30,
    largest: 200_000,
    within: written,
    unreliable: ['unreliable', 'unsequenced', 'unreliable-fragments'],
  })
  const dice = new Dice(-seed)
  const [a, b] = line.ends()
  for (const end of [b, a]) {
    const { sending } = trial
    const host = new Host({
      local: end.local,
      random: (size) => dice.bytes(size),
      peerCount: 1,
      channelLimit: channels,
      acceptsConnects: end === b,
      timeout: { limit: 32, minimum: 90_000, maximum: 90_000 }, // as a link's: an outage is no end
      ...(sending && { sending }),
    })
    line.attach(end, host, (event) => {
      if (event.kind === 'message') exchange.heard(end.side === 'left' ? 'right' : 'left', event)
      else if (event.kind === 'connected')
        exchange.begin(line, end.side, (bytes, options) => event.peer.send(bytes, options))
      else if (event.kind !== 'room') exchange.fails(`${event.kind} at the ${end.side}`)
    })
    if (end === a) host.connect(b.address, { channels })
  }
  return judge(line, { exchange, weather, bound: trial.bound(worstOf(weather), exchange.octets) })
}

export interface Case {
  readonly exchange: Exchange
  readonly weather: Weather
  readonly bound: number
}

/** Lets them talk until all is there, and then some time for what should not come. */
export function judge(line: Line, { exchange, weather, bound }: Case): Outcome {
  const told = ` (SEED=${weather.seed}) ${JSON.stringify(weather)}`
  const isOver = (): boolean => exchange.isDone || exchange.fault !== undefined
  try {
    if (!line.run(bound, isOver)) exchange.fails(`${exchange.missing} missing after ${bound} ms`)
    const took = line.elapsed
    line.run(afterwards)
    const { fault } = exchange
    return { fault: fault === undefined ? undefined : `${fault}${told}`, took, bound }
  } catch (cause) {
    throw new Error(`${cause}${told}`, { cause })
  }
}

const channels = 4
const afterwards = 10_000 // ms
