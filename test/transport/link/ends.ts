/** Two links on the virtual network: each end with as many sockets as a test wants. */
import type { Address, Datagram, Local, Machine, Output } from '../../../src/machine.ts'
import { Link, type LinkEvent } from '../../../src/transport/link/link.ts'
import { type Host, type NatType, Network, type NetworkOptions } from '../../support/network.ts'
import { establish, randomOf } from './pair.ts'

export type Ends = { readonly network: Network<LinkEvent>; readonly one: End; readonly two: End }

/** A link, its sockets, and what it heard. */
export class End implements Machine<LinkEvent> {
  readonly host: Host<LinkEvent>
  readonly locals: readonly Local[]
  readonly network: Network<LinkEvent>
  link: Link | undefined
  /** When each message came. */
  readonly heard: { readonly text: string; readonly at: number }[] = []
  #isOpen = false
  readonly #addresses = new Map<Local, Address>()

  constructor(network: Network<LinkEvent>, nat: NatType, sockets: number) {
    this.network = network
    this.locals = Array.from({ length: sockets }, () => ({ kind: 'udp4' }))
    this.host = network.attach(nat)
    this.host.machine = this
  }

  get deadline(): number {
    return this.#isOpen ? (this.link?.deadline ?? Infinity) : -Infinity
  }

  /** Where a socket is seen from outside, or was when it was open. */
  at(socket: number): Address {
    const local = this.locals[socket]!
    const address = this.#addresses.get(local) ?? this.host.reflexive(local)
    this.#addresses.set(local, address)
    return address
  }

  receive(datagram: Datagram, now: number): void {
    this.link?.receive(datagram, now)
  }

  *drain(now: number): Generator<Output<LinkEvent>> {
    if (!this.#isOpen) for (const local of this.locals) yield { kind: 'open', local }
    this.#isOpen = true
    for (const out of this.link?.drain(now) ?? []) {
      if (out.kind === 'event' && out.event.kind === 'message')
        this.heard.push({ text: new TextDecoder().decode(out.event.bytes), at: now })
      yield out
    }
  }

  say(text: string): void {
    this.link!.send(new TextEncoder().encode(text), { channel: 0 })
  }

  get texts(): string[] {
    return this.heard.map(({ text }) => text)
  }

  kinds(): string[] {
    return this.host.events.map(({ kind }) => kind)
  }
}

export interface EndsOptions extends NetworkOptions {
  readonly nats: readonly [NatType, NatType]
  readonly sockets?: number
  readonly mayMeasure?: readonly [boolean, boolean]
}

/** Up, unlocked, on the first socket of each; `one` is the initiator. */
export function connect({ nats, sockets = 1, mayMeasure = [true, true], ...options }: EndsOptions): Ends {
  const network = new Network<LinkEvent>(options)
  const [one, two] = [new End(network, nats[0], sockets), new End(network, nats[1], sockets)]
  network.run(1)
  const { initiator, responder } = establish(options.seed)
  const { now } = network
  const begin = (end: End, other: End, i: 0 | 1): void => {
    const path = { local: end.locals[0]!, peer: other.at(0) }
    end.host.egress(path) // the handshake has opened the way
    const established = i === 0 ? initiator : responder
    end.link = new Link({
      established,
      path,
      random: randomOf(options.seed * 2 + i),
      now,
      mayMeasure: mayMeasure[i],
    })
  }
  begin(one, two, 0)
  begin(two, one, 1)
  while ([one, two].some((end) => !end.kinds().includes('up'))) network.run(1_000)
  for (const { link } of [one, two]) link!.unlock()
  return { network, one, two }
}

export const openNat: NatType = { mapping: 'endpoint-independent', filtering: 'endpoint-independent' }
export const portRestricted: NatType = {
  mapping: 'endpoint-independent',
  filtering: 'address-and-port-dependent',
}
