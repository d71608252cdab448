/** Notices that the network is another one: by looking, as no system tells a program without rights. */
import type { NetworkFacts } from './network.ts'

/** `links`: only link-local addresses came or went; `slept`: the machine, and nobody knows what holds after that. */
export type Wake = 'addresses' | 'links' | 'slept'

export interface Clocks {
  readonly wall: () => number
  readonly steady: () => number
}

const system: Clocks = { wall: Date.now, steady: () => performance.now() }

/** Looks every 2 s (0.05 ms of work), and tells what changed until disposal. */
export function watchNetwork(
  look: () => NetworkFacts,
  onChange: (facts: NetworkFacts, why: Wake) => void,
  clocks: Clocks = system,
): Disposable {
  let before = look()
  let [wall, steady] = [clocks.wall(), clocks.steady()]
  const timer = setInterval(() => {
    const facts = look()
    // Some systems stop the steady clock while they sleep; the other may be set back.
    const late = Math.max(clocks.wall() - wall, clocks.steady() - steady) - interval
    const why = late > tolerance ? 'slept' : changed(before, facts)
    before = facts
    wall = clocks.wall()
    steady = clocks.steady()
    if (why !== undefined) onChange(facts, why)
  }, interval)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** The order of addresses says nothing. */
function changed(a: NetworkFacts, b: NetworkFacts): Wake | undefined {
  const isSame = (which: 'hosts4' | 'hosts6' | 'links6'): boolean =>
    [...a[which]].sort().join() === [...b[which]].sort().join()
  if (!isSame('hosts4') || !isSame('hosts6')) return 'addresses'
  return isSame('links6') ? undefined : 'links'
}

const interval = 2_000 // ms
const tolerance = 5_000 // ms; the event loop of a busy machine is never that late
