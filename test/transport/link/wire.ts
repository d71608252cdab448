/** Two links and a wire between them that a test holds in its hand. */
import type { Address, Datagram, Local, Path } from '../../../src/machine.ts'
import { Link, type LinkEvent, type LinkOptions } from '../../../src/transport/link/link.ts'
import { address } from '../../support/network.ts'
import { establish, randomOf } from './pair.ts'

export interface Sent extends Datagram {
  readonly from: Side
}

type Side = 'initiator' | 'responder'

export const homes: Record<Side, Address> = {
  initiator: address('10.0.0.1:1'),
  responder: address('10.0.0.2:2'),
}

const other = (side: Side): Side => (side === 'initiator' ? 'responder' : 'initiator')

export class Wire {
  now = 1_000
  readonly links: Record<Side, Link>
  readonly locals: Record<Side, Local> = { initiator: { kind: 'udp4' }, responder: { kind: 'udp4' } }
  readonly events: Record<Side, LinkEvent[]> = { initiator: [], responder: [] }
  /** Everything that was sent, whatever became of it. */
  readonly sent: Sent[] = []
  /** Where each side's datagrams seem to come from. */
  readonly from: Record<Side, Address> = { ...homes }
  /** Whether a datagram arrives. */
  passes: (datagram: Sent) => boolean = () => true

  constructor(seed = 1, { mayMeasure = true, isHere }: Pick<LinkOptions, 'mayMeasure' | 'isHere'> = {}) {
    const both = establish(seed)
    const make = (side: Side): Link =>
      new Link({
        established: both[side],
        path: this.pathTo(side, homes[other(side)]),
        random: randomOf(seed + side.length),
        now: this.now,
        mayMeasure,
        ...(isHere && { isHere }),
      })
    this.links = { initiator: make('initiator'), responder: make('responder') }
  }

  pathTo(side: Side, peer: Address): Path {
    return { local: this.locals[side], peer }
  }

  /** Runs both until nothing is due, datagrams arriving at once. */
  settle(): void {
    for (let turns = 0; turns < 10_000; turns++) {
      const due = (['initiator', 'responder'] as const).filter(
        (side) => this.links[side].deadline <= this.now,
      )
      if (due.length === 0) return
      for (const side of due) for (const sent of this.drain(side)) this.deliver(sent)
    }
    throw new Error('livelock')
  }

  /** Lets time pass, waking each side when it wants to be. */
  run(span: number): void {
    const until = this.now + span
    this.settle()
    for (;;) {
      const next = Math.ceil(Math.min(this.links.initiator.deadline, this.links.responder.deadline))
      if (next > until) break
      this.now = Math.max(this.now, next)
      this.settle()
    }
    this.now = until
  }

  drain(side: Side): Sent[] {
    const sent: Sent[] = []
    for (const out of this.links[side].drain(this.now)) {
      if (out.kind === 'send') sent.push({ ...out.datagram, from: side })
      if (out.kind === 'event') this.events[side].push(out.event)
    }
    this.sent.push(...sent)
    return sent
  }

  deliver(sent: Sent): void {
    const to = other(sent.from)
    if (sent.peer !== this.from[to] || !this.passes(sent)) return
    this.receive(to, sent.bytes)
  }

  /** Hands octets to a side, by default as if its other side had sent them. */
  receive(to: Side, bytes: Uint8Array, from = this.from[other(to)]): void {
    this.links[to].receive({ ...this.pathTo(to, from), bytes }, this.now)
  }

  kinds(side: Side): string[] {
    return this.events[side].map(({ kind }) => kind)
  }

  texts(side: Side): string[] {
    return this.events[side].flatMap((event) =>
      event.kind === 'message' ? [`${event.channel} ${new TextDecoder().decode(event.bytes)}`] : [],
    )
  }

  say(side: Side, text: string, channel = 0): void {
    this.links[side].send(new TextEncoder().encode(text), { channel })
  }

  /** Up on both sides, and unlocked. */
  static open(...options: ConstructorParameters<typeof Wire>): Wire {
    const wire = new Wire(...options)
    wire.run(100)
    wire.links.initiator.unlock()
    wire.links.responder.unlock()
    return wire
  }
}
