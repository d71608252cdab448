/** The ordeal of two sealed links, one of which changes its network in the middle of it. */
import { Link } from '../../../src/transport/link/link.ts'
import { establish, randomOf } from '../../transport/link/pair.ts'
import { Dice } from '../dice.ts'
import { Exchange } from './exchange.ts'
import { type End, Line, type Side } from './line.ts'
import { judge, type Outcome, trials } from './ordeal.ts'
import { weatherOf, worstOf } from './weather.ts'

export function linkOrdeal(seed: number): Outcome {
  const weather = weatherOf(seed, 'brief')
  const line = new Line(weather)
  const exchange = new Exchange({ seed, channels: 2, messages: 20, largest: 200_000, within: 5_000 })
  const ends = {
    left: [line.end('left'), line.end('left')],
    right: [line.end('right'), line.end('right')],
  } as const
  const dice = new Dice(-seed)
  const mover = dice.pick(['left', 'right'] as const)
  const dark = dice.pick([0, 100, 2_000]) // ms without any end
  const [before, after] = ends[mover]
  const move = (): void => {
    line.close(before)
    links[mover].localGone(before.local, line.now)
    line.in(dark, () => {
      const { peer } = links[mover].path
      links[mover].moved([{ local: after.local, peer }], line.now)
    })
  }
  const links = join(line, ends, { seed, exchange, onUp: () => line.in(dice.below(4_000), move) })
  const bound = trials.bbr.bound(worstOf(weather), exchange.octets) + 3 * dark + moving
  const outcome = judge(line, { exchange, weather, bound })
  const isMoved = links[mover].path.local === after.local
  return isMoved ? outcome : { ...outcome, fault: outcome.fault ?? `never moved (SEED=${seed})` }
}

interface Joined {
  readonly seed: number
  readonly exchange: Exchange
  readonly onUp: () => void
}

type Ends = Readonly<Record<Side, readonly [End, End]>>

/** Both links; when both are up they are unlocked, and the exchange begins. */
function join(line: Line, ends: Ends, { seed, exchange, onUp }: Joined) {
  const { initiator, responder } = establish(seed)
  const link = (side: Side, other: Side): Link =>
    new Link({
      established: side === 'left' ? initiator : responder,
      path: { local: ends[side][0].local, peer: ends[other][0].address },
      random: randomOf(side === 'left' ? seed : -seed),
      now: line.now,
    })
  const links = { left: link('left', 'right'), right: link('right', 'left') }
  let up = 0
  const begin = (): void => {
    onUp()
    for (const side of ['left', 'right'] as const) {
      links[side].unlock()
      exchange.begin(line, side, (bytes, { channel }) => links[side].send(bytes, { channel }))
    }
  }
  for (const side of ['left', 'right'] as const) {
    line.attach(ends[side], links[side], (event) => {
      if (event.kind === 'message') exchange.heard(side === 'left' ? 'right' : 'left', event)
      else if (event.kind === 'up') {
        if (++up === 2) begin()
      } else if (event.kind !== 'room' && event.kind !== 'path')
        exchange.fails(`${event.kind} at the ${side}`)
    })
  }
  return links
}

const moving = 5_000 // ms: challenges to the new path go out again after 250 to 1,000 ms
