/** A Discovery whose only network is the test, which answers as it likes. */
import { randomBytes } from '../../src/crypto.ts'
import { Discovery, type DiscoveryEvent, type DiscoveryOptions } from '../../src/discovery/discovery.ts'
import { signedPart } from '../../src/discovery/item.ts'
import {
  type Answer,
  decodeMessage,
  encodeMessage,
  type Message,
  type MutableItem,
  type Query,
} from '../../src/discovery/krpc.ts'
import type { Place, Spot } from '../../src/discovery/place.ts'
import { type RendezvousRecord, sealRecord } from '../../src/discovery/record.ts'
import type { Address, Datagram, Local, Output } from '../../src/machine.ts'
import { address } from '../support/network.ts'
import { randomOf } from '../transport/link/pair.ts'
import { wallStart } from './swarm.ts'

export const local: Local = { kind: 'udp4' }
export const somebody = address('45.1.1.1:6881')
export const stranger = address('45.66.6.6:6881')

export type Asked = Query & { readonly to: Address; readonly from: Local }

export class Solo {
  readonly discovery: Discovery
  readonly events: DiscoveryEvent[] = []
  readonly #local: Local
  now = 0

  constructor(options: Partial<DiscoveryOptions> = {}) {
    this.#local = options.local ?? local
    this.discovery = new Discovery({
      local,
      random: randomOf(1), // which nodes are kept depends on it
      wall: (now) => wallStart + now,
      mode: 'client',
      bootstrap: [somebody],
      now: 0,
      ...options,
    })
  }

  /** What leaves now. */
  drain(): Datagram[] {
    const out: Output<DiscoveryEvent>[] = [...this.discovery.drain(this.now)]
    for (const one of out) if (one.kind === 'event') this.events.push(one.event)
    return out.flatMap((one) => (one.kind === 'send' ? [one.datagram] : []))
  }

  queries(): Asked[] {
    return this.drain().flatMap(({ local, peer, bytes }) => {
      const message = decodeMessage(bytes)
      return message?.kind === 'query' ? [{ ...message, to: peer, from: local }] : []
    })
  }

  hear(message: Message, from: Address = somebody, at: Local = this.#local): void {
    this.discovery.receive({ local: at, peer: from, bytes: encodeMessage(message) }, this.now)
  }

  answer(
    { transaction }: Query,
    more: Partial<Answer> = {},
    from: Address = somebody,
    at: Local = this.#local,
  ): void {
    this.hear({ kind: 'answer', transaction, id: idOf(from), token: Uint8Array.of(1), ...more }, from, at)
  }

  /** Time passes, and everything asked of those who live is answered. */
  serve(span: number, answer: (query: Asked) => Partial<Answer> | number | undefined): void {
    const until = this.now + span
    for (;;) {
      for (const query of this.queries()) {
        const found = answer(query)
        if (typeof found === 'number')
          this.hear({ kind: 'failure', transaction: query.transaction, code: found }, query.to, query.from)
        else if (found) this.answer(query, found, query.to, query.from)
      }
      const { deadline } = this.discovery
      if (deadline > until) break
      this.now = Math.max(this.now, Math.ceil(deadline))
    }
    this.now = until
  }
}

export const idOf = (at: Address): Uint8Array =>
  Uint8Array.from({ length: 20 }, (_, i) => at.charCodeAt(i % at.length) ^ (i * 7))

/** What the owner of a place would put there. */
export function itemAt(
  place: Place,
  seq: number,
  {
    sessionId = new Uint8Array(8),
    timestamp = wallStart,
    candidates = told,
    mark,
  }: Partial<RendezvousRecord> = {},
): MutableItem {
  const value = sealRecord(
    { sessionId, timestamp, startAt: 0, candidates, ...(mark && { mark }) },
    { key: place.aead, target: place.target, seq },
    randomBytes,
  )
  return signed(place, seq, value)
}

export function signed(place: Place, seq: number, value: Uint8Array): MutableItem {
  const unsigned = { kind: 'mutable', key: place.publicKey, salt: new Uint8Array(0), seq, value } as const
  return { ...unsigned, signature: place.sign(signedPart(unsigned)) }
}

export const isAt = ({ question }: Query, { target }: Spot): boolean =>
  'target' in question && question.target.join() === target.join()

export const told = [{ kind: 'host', address: address('10.0.0.9:1') }] as const
export const seqNow = Math.floor(wallStart / 1_000)
