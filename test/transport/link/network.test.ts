import { expect, test } from 'vitest'
import { equal } from '../../../src/crypto.ts'
import type { Datagram, Local, Machine, Notice, Output, Path } from '../../../src/machine.ts'
import { Link, type LinkEvent } from '../../../src/transport/link/link.ts'
import type { Established } from '../../../src/transport/link/sealed.ts'
import { type Host, Network } from '../../support/network.ts'
import { establish, randomOf } from './pair.ts'

const nat = { mapping: 'endpoint-independent', filtering: 'endpoint-independent' } as const

/** A link and its socket; every datagram leaves `copies` times. */
class End implements Machine<LinkEvent> {
  link: Link | undefined
  readonly local: Local = { kind: 'udp4' }
  /** What it sent, and a copy made when it was handed out. */
  readonly sent: [frame: Uint8Array, copy: Uint8Array][] = []
  readonly #copies: number
  #isOpen = false

  constructor(copies: number) {
    this.#copies = copies
  }

  get deadline(): number {
    return this.#isOpen ? (this.link?.deadline ?? Infinity) : -Infinity
  }

  begin(
    established: Established,
    { peer, seed, now }: Pick<Path, 'peer'> & { seed: number; now: number },
  ): Link {
    const path = { local: this.local, peer }
    this.link = new Link({ established, path, random: randomOf(seed), now })
    return this.link
  }

  receive(datagram: Datagram, now: number): void {
    this.link?.receive(datagram, now)
  }

  notice(_: Notice): void {}

  *drain(now: number): Generator<Output<LinkEvent>> {
    if (!this.#isOpen) yield { kind: 'open', local: this.local }
    this.#isOpen = true
    for (const out of this.link?.drain(now) ?? []) {
      if (out.kind === 'send') this.sent.push([out.datagram.bytes, out.datagram.bytes.slice()])
      for (let i = 0; i < (out.kind === 'send' ? this.#copies : 1); i++) yield out
    }
  }
}

const texts = (host: Host<LinkEvent>): string[] =>
  host.events.flatMap((event) => (event.kind === 'message' ? [new TextDecoder().decode(event.bytes)] : []))

test.each([
  [1, 0, 1],
  [2, 0.05, 1],
  [3, 0.05, 2],
  [4, 0.25, 1],
])(
  'two links deliver 200 messages each way in order: seed %i, loss %f, %i copies of each datagram',
  (seed, loss, copies) => {
    const network = new Network<LinkEvent>({ seed, loss, latency: [5, 150] })
    const both = establish(seed)
    const [a, b] = [new End(copies), new End(copies)]
    const [hostA, hostB] = [network.attach(nat), network.attach(nat)]
    hostA.machine = a
    hostB.machine = b
    network.run(1)
    const now = network.now
    const one = a.begin(both.initiator, { peer: hostB.reflexive(b.local), seed, now })
    const two = b.begin(both.responder, { peer: hostA.reflexive(a.local), seed: -seed, now })
    network.run(10_000)
    for (const link of [one, two]) link.unlock()
    const expected = Array.from({ length: 200 }, (_, i) => `${i} ${'x'.repeat(i % 100 === 0 ? 5_000 : i)}`)
    for (const text of expected) {
      for (const link of [one, two]) link.send(new TextEncoder().encode(text), { channel: 0 })
      network.run(20)
    }
    network.run(30_000)
    expect(texts(hostA)).toEqual(expected)
    expect(texts(hostB)).toEqual(expected)
    one.disconnect(network.now)
    network.run(10_000)
    expect(hostA.events.at(-1)?.kind).toBe('ended')
    const sent = [...a.sent, ...b.sent]
    expect(sent.length).toBeGreaterThan(400)
    // A socket may read a frame long after it was given it.
    expect(sent.filter(([frame, copy]) => !equal(frame, copy))).toEqual([])
  },
)
