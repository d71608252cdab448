/**
 * What our NAT does to outgoing datagrams (RFC 4787, section 4.1), told from as
 * whom several others see one local end. Any of them may lie: what most say,
 * or the two heard last agree on, counts.
 */
import type { Address } from '../machine.ts'
import { formatAddress, splitAddress } from '../wire/address.ts'

export type Mapping =
  | { readonly kind: 'unknown' }
  /** Everybody sees the same address: no NAT, or an endpoint-independent mapping. */
  | { readonly kind: 'same'; readonly address: Address }
  /** Each destination sees another port; those to come are likely these, in order. */
  | { readonly kind: 'counting'; readonly address: Address; readonly next: readonly Address[] }
  /** Each destination sees another port, and nobody can say which. */
  | { readonly kind: 'changing'; readonly address: Address }

export interface Sighting {
  readonly voter: Address
  readonly as: Address
  /** When the question left that this is of. */
  readonly sentAt: number
}

export class Mappings {
  #sightings: Seen[] = [] // the latest of each voter, in the order of their questions
  #shown: Address | undefined // of a mapping that changes: any one, as long as the host stays

  /** How many different ones have said something. */
  get voters(): number {
    return this.#sightings.length
  }

  /** Takes it in; true if the mapping reads otherwise now. */
  see(sighting: Sighting): boolean {
    const before = JSON.stringify(this.mapping)
    const voter = hostOf(sighting.voter)
    const former = this.#sightings.find((other) => hostOf(other.voter) === voter)
    const hasChanged = former !== undefined && (former.as !== sighting.as || former.hasChanged)
    const others = this.#sightings.filter((other) => other !== former)
    const at = others.findIndex(({ sentAt }) => sentAt > sighting.sentAt)
    others.splice(at < 0 ? others.length : at, 0, { ...sighting, hasChanged })
    this.#sightings = others.slice(-remembered)
    return JSON.stringify(this.mapping) !== before
  }

  get mapping(): Mapping {
    const host = mostFrequent(this.#sightings.map(({ as }) => hostOf(as)))
    if (host === undefined) return { kind: 'unknown' }
    const known = this.#sightings.filter(({ as }) => hostOf(as) === host)
    const seen = known.map(({ as }) => portOf(as))
    const usual = mostFrequent(seen)!
    const last = seen.at(-1)!
    const isUsual = seen.filter((port) => port === usual).length * 2 > seen.length
    // A router that was started anew gives another port, to everybody: also to those who had seen the former one.
    const [before, latest] = known.slice(-2)
    const isAnew = before?.hasChanged && latest?.hasChanged && before.as === latest.as
    const agreed = isAnew ? last : isUsual ? usual : undefined
    if (agreed !== undefined) return { kind: 'same', address: at(host, agreed) }
    const next = predict(known.map(({ as, sentAt }) => ({ port: portOf(as), sentAt })))
    if (next.length === 0) {
      if (this.#shown === undefined || hostOf(this.#shown) !== host) this.#shown = at(host, last)
      return { kind: 'changing', address: this.#shown }
    }
    return { kind: 'counting', address: at(host, last), next: next.map((port) => at(host, port)) }
  }
}

/** Ports that a counter gave lie close together, whoever else it serves; which way it counts, the order tells. */
function predict(seen: readonly Asked[]): readonly number[] {
  const ports = [...new Set(seen.map(({ port }) => port))].sort((a, b) => a - b)
  const [lowest, highest] = [ports[0]!, ports.at(-1)!]
  if (ports.length < fewest || highest - lowest > ports.length * widest) return []
  const steps = ports.slice(1).map((port, i) => port - ports[i]!)
  const step = Math.min(...steps)
  const isRising = !isFalling(seen)
  const from = isRising ? highest : lowest
  return Array.from({ length: predicted }, (_, i) => from + (isRising ? 1 : -1) * step * (i + 1)).filter(
    (port) => port > 0 && port <= 65_535,
  )
}

/** Hardly any counter does. Of questions that left at the same moment nobody knows which came first. */
function isFalling(seen: readonly Asked[]): boolean {
  let [rises, falls] = [0, 0]
  for (const [i, later] of seen.entries()) {
    for (const earlier of seen.slice(0, i)) {
      if (later.sentAt - earlier.sentAt < atOnce || later.port === earlier.port) continue
      if (later.port > earlier.port) rises++
      else falls++
    }
  }
  return falls > 2 * rises
}

interface Asked {
  readonly port: number
  readonly sentAt: number // ms
}

interface Seen extends Sighting {
  /** The same voter had seen another address. */
  readonly hasChanged: boolean
}

function mostFrequent<Value>(values: readonly Value[]): Value | undefined {
  const counts = new Map<Value, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  let most: Value | undefined
  for (const [value, count] of counts) if (count > (most === undefined ? 0 : counts.get(most)!)) most = value
  return most
}

const hostOf = (address: Address): string => splitAddress(address).address
const portOf = (address: Address): number => splitAddress(address).port
const at = (host: string, port: number): Address => formatAddress({ address: host, port })!

const remembered = 16 // voters: the network may change while we are up
const fewest = 3 // ports that make a counter; two may lie close by chance
const atOnce = 5 // ms
const widest = 8 // between two ports, on average: other programs' datagrams count too
const predicted = 6 // what is to be probed of each such NAT
