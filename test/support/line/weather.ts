/** A bad line by a seed: loss, overtaking, duplicates, delays that jump, outages; and what it can do at its worst. */
import { Dice } from '../dice.ts'
import type { Change, LineOptions } from './line.ts'
import type { Conditions } from './way.ts'

export interface Weather extends LineOptions {
  readonly seed: number
  readonly left: Way
  readonly right: Way
  readonly changes: readonly Change[]
  readonly outages: readonly (readonly [from: number, until: number])[]
}

type Way = Omit<Conditions, 'isDown'>

/**
 * `fair`: ENet's own controller gets along, which minds no loss and waits twice as long each time.
 * `brief`: outages end before a link takes the other side for gone.
 */
export type Severity = 'fair' | 'foul' | 'brief'

export function weatherOf(seed: number, severity: Severity = 'foul'): Weather {
  const dice = new Dice(seed)
  const changes = Array.from({ length: dice.pick([0, 0, 1, 3]) }, (_, i) => ({
    at: dice.below(4_000),
    from: dice.pick(['left', 'right'] as const),
    delay: delayOf(dice),
    jitter: i === 0 ? 0 : dice.below(30),
  }))
  const begins = dice.below(4_000)
  const outage = Math.min(dice.pick([0, 0, 0, 300, 2_000, 10_000]), severity === 'brief' ? 3_000 : Infinity) // ms
  const limits = severity !== 'fair' ? foul : outage === 0 ? fair : { ...fair, loss: 0.01 }
  return {
    seed,
    left: wayOf(dice, limits),
    right: wayOf(dice, limits),
    changes,
    outages: outage === 0 ? [] : [[begins, begins + outage]],
    turn: dice.pick([1, 1, 0.1]),
  }
}

interface Limits {
  readonly queue: number // at least
  readonly loss: number // at most
}

const foul: Limits = { queue: 8, loss: 0.1 }
const fair: Limits = { queue: 64, loss: 0.05 }

function wayOf(dice: Dice, limits: Limits): Way {
  return {
    delay: delayOf(dice),
    jitter: dice.pick([0, 0, 5, 40]),
    rate: dice.pick([0, 0, 1, 10, 100]),
    queue: Math.max(dice.pick([8, 64, 256]), limits.queue),
    loss: Math.min(dice.pick([0, 0, 0.01, 0.05, 0.1]), limits.loss),
    reorder: dice.pick([0, 0, 0.02, 0.2]),
    late: dice.pick([2, 20, 100]),
    duplication: dice.pick([0, 0, 0.02, 0.2]),
  }
}

const delayOf = (dice: Dice): number => dice.pick([0, 1, 5, 20, 50, 100, 250])

/** What the line does at its worst. */
export interface Worst {
  readonly rtt: number // ms, without queues
  readonly queued: number // ms, in both queues when they are full
  readonly loss: number // 0..1: that a datagram or its acknowledgement is lost
  readonly silence: number // ms in which nothing gets through
  readonly rate: number // octets per ms; Infinity without a limit
}

export function worstOf({ left, right, changes, outages }: Weather): Worst {
  const most = (values: readonly number[]): number => Math.max(0, ...values)
  const oneWay = (way: Way): number =>
    most([way.delay, ...changes.map(({ delay = 0 }) => delay)]) +
    most([way.jitter, ...changes.map(({ jitter = 0 }) => jitter)]) +
    (way.reorder > 0 ? way.late : 0) +
    1
  const queued = ({ rate, queue }: Way): number => (rate === 0 ? 0 : (queue * 1_500) / (rate * 125))
  return {
    rtt: oneWay(left) + oneWay(right),
    queued: queued(left) + queued(right),
    loss: 1 - (1 - left.loss) * (1 - right.loss),
    silence: most(outages.map(([from, until]) => until - from)),
    rate: Math.min(...[left, right].map(({ rate }) => (rate === 0 ? Infinity : rate * 125))),
  }
}
