/**
 * What ENet's logic costs, without sockets: two hosts in memory, 64 KiB
 * messages one way. The goal is 1 µs per datagram and side.
 */
import type { Address, Machine } from '../src/machine.ts'
import { Host } from '../src/transport/enet/host.ts'
import type { HostEvent, Peer } from '../src/transport/enet/peer.ts'
import { parseAddress } from '../src/wire/address.ts'
import type { Bench, Figure } from './bench.ts'

const udp = { kind: 'udp4' } as const

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === undefined) throw new TypeError(text)
  return parsed
}

class End {
  readonly host: Host
  readonly at: Address
  peer: Peer | undefined
  octets = 0
  datagrams = 0
  busy = 0 // ms

  constructor(acceptsConnects: boolean, at: Address) {
    const random = (size: number) => new Uint8Array(size).fill(7)
    const limits = { maximumPacketSize: 1 << 20, maximumWaitingData: 1 << 22 }
    this.host = new Host({ local: udp, random, peerCount: 4, channelLimit: 2, acceptsConnects, limits })
    this.at = at
  }

  /** Drains until nothing is due, and hands everything over. */
  pump(to: End, now: number): void {
    const machine: Machine<HostEvent> = this.host
    do {
      let begin = performance.now()
      const sent: Uint8Array[] = []
      for (const out of machine.drain(now)) {
        if (out.kind === 'send') sent.push(out.datagram.bytes)
        else if (out.kind === 'event') this.#hear(out.event)
      }
      this.busy += performance.now() - begin
      this.datagrams += sent.length
      // The system's part, which does not count: what is received has a buffer of its own.
      const received = sent.map((bytes) => bytes.slice())
      begin = performance.now()
      for (const bytes of received) to.host.receive({ local: udp, peer: this.at, bytes }, now)
      to.busy += performance.now() - begin
    } while (machine.deadline <= now)
  }

  #hear(event: HostEvent): void {
    if (event.kind === 'connected') this.peer = event.peer
    if (event.kind === 'message') this.octets += event.bytes.length
  }
}

/** µs per datagram and side, of `megabytes` that one end sends. */
function bulk(megabytes: number): { perDatagram: number; megabytesPerSecond: number } {
  const [a, b] = [new End(false, address('192.0.2.1:1')), new End(true, address('192.0.2.2:2'))]
  a.host.connect(b.at, { channels: 1 })
  let now = 0
  while (!a.peer || !b.peer) {
    a.pump(b, ++now)
    b.pump(a, now)
  }
  const message = new Uint8Array(65_536)
  const total = megabytes * 1_000_000
  a.datagrams = b.datagrams = a.busy = b.busy = 0
  for (let sent = 0; b.octets < total; ) {
    while (sent < total && a.peer.room > 0) {
      a.peer.send(message, { channel: 0 })
      sent += message.length
    }
    now += 0.1
    a.pump(b, now)
    b.pump(a, now)
  }
  const ms = a.busy + b.busy
  // Each datagram is written by one side and read by the other.
  return {
    perDatagram: (ms * 1_000) / (a.datagrams + b.datagrams) / 2,
    megabytesPerSecond: total / 1_000 / ms,
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

export const bench: Bench = {
  name: 'enet',
  *run(): Generator<Figure> {
    bulk(20)
    const runs = Array.from({ length: 7 }, () => bulk(40))
    yield {
      name: 'logic per datagram and side',
      value: median(runs.map((run) => run.perDatagram)),
      unit: 'µs',
    }
    yield { name: 'bulk in memory', value: median(runs.map((run) => run.megabytesPerSecond)), unit: 'MB/s' }
  },
}
