/**
 * What sealing costs: the handshake, one frame, and bulk data through two real
 * UDP sockets of one process, sealed and bare in turns.
 */
import { performance } from 'node:perf_hooks'
import { aead, randomBytes } from '../src/crypto.ts'
import { run as runMachine } from '../src/edge/run.ts'
import type { Address, Datagram, Local, Machine, Notice, Output } from '../src/machine.ts'
import { Host } from '../src/transport/enet/host.ts'
import type { Peer } from '../src/transport/enet/peer.ts'
import { Initiator, Responder } from '../src/transport/link/handshake.ts'
import { Link } from '../src/transport/link/link.ts'
import { content, type Established, Sealed } from '../src/transport/link/sealed.ts'
import { parseAddress } from '../src/wire/address.ts'
import type { Bench, Figure } from './bench.ts'

export const bench: Bench = { name: 'link', run }

async function* run(): AsyncIterable<Figure> {
  yield { name: 'link handshake, both sides', value: median(times(20, establish)), unit: 'ms' }
  yield sealing()
  const sealed: number[] = []
  const bare: number[] = []
  for (let i = 0; i < rounds; i++) {
    sealed.push(await bulk(sealedEnds()))
    bare.push(await bulk(bareEnds()))
  }
  const [value, counterpart] = [median(sealed), median(bare)]
  const against = 'bare ENet, the same way'
  yield {
    name: 'bulk, sealed, loopback, one process',
    value,
    unit: 'MB/s',
    against,
    ratio: value / counterpart,
  }
  yield { name: 'bulk, bare, loopback, one process', value: counterpart, unit: 'MB/s' }
}

/** µs for one frame of full size, sealed and opened, beside the cipher alone. */
function sealing(): Figure {
  const { initiator, responder } = establish()
  const [from, to] = [new Sealed(initiator, 0), new Sealed(responder, 0)]
  const octets = new Uint8Array(1_199)
  const cipher = aead(randomBytes(32))
  const [nonce, aad] = [new Uint8Array(12), new Uint8Array(16)]
  const frame = (): unknown => to.open(from.seal(content.enet, octets, 0), 0)
  const alone = (): unknown => cipher.open(nonce, aad, cipher.seal(nonce, aad, octets))
  for (const each of [frame, alone]) times(2_000, each)
  const [ours, bare]: [number[], number[]] = [[], []]
  for (let i = 0; i < 20; i++) {
    ours.push(median(times(500, frame)))
    bare.push(median(times(500, alone)))
  }
  const [value, counterpart] = [median(ours) * 1_000, median(bare) * 1_000]
  const against = 'the cipher alone'
  return { name: 'seal + open, 1,199 octets', value, unit: 'µs', against, ratio: value / counterpart }
}

function establish(): { initiator: Established; responder: Established } {
  const tags = { initiator: new Uint8Array(8), responder: new Uint8Array(8).fill(1) }
  const keys = { psk: new Uint8Array(32), mac1: new Uint8Array(32), tags }
  const initiator = new Initiator({ keys, index: 1, random: randomBytes })
  const options = { keys, epoch: 0, index: 2, random: randomBytes }
  const answer = new Responder().receive(initiator.init, nowhere, options, 0)
  const established = answer && initiator.receive(answer.response)
  if (!established || !answer.established) throw new Error('the handshake fails')
  return { initiator: established, responder: answer.established }
}

/** What sends and what receives. */
interface Ends {
  readonly sender: Opened
  readonly receiver: Opened
  /** Both sockets have an address: begin. */
  begin(sender: Address, receiver: Address): void
  send(message: Uint8Array): void
  room(): number
}

function sealedEnds(): Ends {
  const [sender, receiver] = [new Opened(), new Opened()]
  const { initiator, responder } = establish()
  let link: Link
  return {
    sender,
    receiver,
    begin(from, to) {
      const [random, now] = [randomBytes, performance.now()]
      link = new Link({ established: initiator, path: { local: sender.local, peer: to }, random, now })
      const path = { local: receiver.local, peer: from }
      const other = new Link({ established: responder, path, random, now })
      for (const [end, each] of [
        [sender, link],
        [receiver, other],
      ] as const) {
        end.inner = each
        end.onEvent = ({ kind }) => {
          if (kind === 'up') each.unlock()
        }
      }
    },
    send: (message) => link.send(message, { channel: 1 }),
    room: () => link.room,
  }
}

function bareEnds(): Ends {
  const [sender, receiver] = [new Opened(), new Opened()]
  let peer: Peer
  const host = (local: Local): Host =>
    new Host({ local, random: randomBytes, peerCount: 1, channelLimit: 2, acceptsConnects: true, mtu: 1_232 })
  return {
    sender,
    receiver,
    begin(_, to) {
      receiver.inner = host(receiver.local)
      const sending = host(sender.local)
      sender.inner = sending
      peer = sending.connect(to, { channels: 2 })
    },
    send: (message) => peer.send(message, { channel: 1 }),
    room: () => peer.room,
  }
}

/** MB/s from the first message sent to the last received. */
async function bulk({ sender, receiver, begin, send, room }: Ends): Promise<number> {
  const bind = { udp4: '127.0.0.1' }
  let [start, left, missing] = [0, messages, messages]
  const fill = (): void => {
    start ||= performance.now()
    for (; left > 0 && room() > 0; left--) send(new Uint8Array(messageSize))
  }
  const { promise, resolve, reject } = withResolvers()
  const hear = ({ kind }: Told): void => {
    if (kind === 'lost') reject(new Error('a side lost the other'))
    if (kind === 'message' && --missing === 0) resolve()
  }
  using sending = runMachine(sender, {
    bind,
    onEvent: (event) => {
      hear(event)
      if (begins.has(event.kind)) sending.act(fill)
    },
  })
  using receiving = runMachine(receiver, { bind, onEvent: hear })
  await Promise.all([sender.opened, receiver.opened])
  begin(sender.at!, receiver.at!)
  for (const each of [sending, receiving]) each.act(() => {})
  await promise
  return (messages * messageSize) / 1_000 / (performance.now() - start)
}

const begins = new Set(['up', 'connected', 'room'])

/** `Promise.withResolvers`, which node 20 has not. */
function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let [resolve, reject] = [(): void => {}, (_: Error): void => {}]
  const promise = new Promise<void>((...both) => {
    ;[resolve, reject] = both
  })
  return { promise, resolve, reject }
}

/** As much of an event as both kinds of machine share. */
interface Told {
  readonly kind: string
}

/** A machine inside, once its socket is open. */
class Opened implements Machine<Told> {
  readonly local: Local = { kind: 'udp4' }
  inner: Machine<Told> | undefined
  at: Address | undefined
  readonly opened: Promise<void>
  onEvent: (event: Told) => void = () => {}
  #isAsked = false
  #onOpened = (): void => {}

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#onOpened = resolve
    })
  }

  get deadline(): number {
    return this.#isAsked ? (this.inner?.deadline ?? Infinity) : -Infinity
  }

  receive(datagram: Datagram, now: number): void {
    this.inner?.receive(datagram, now)
  }

  notice(notice: Notice): void {
    if (notice.kind !== 'opened') return
    this.at = notice.at
    this.#onOpened()
  }

  *drain(now: number): Generator<Output<Told>> {
    if (!this.#isAsked) yield { kind: 'open', local: this.local }
    this.#isAsked = true
    for (const out of this.inner?.drain(now) ?? []) {
      if (out.kind === 'event') this.onEvent(out.event)
      yield out
    }
  }
}

/** ms of each call. */
function times(count: number, call: () => unknown): number[] {
  return Array.from({ length: count }, () => {
    const start = performance.now()
    call()
    return performance.now() - start
  })
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const rounds = 5
const messageSize = 65_536
const messages = 512 // 32 MiB
const nowhere = parseAddress('192.0.2.1:1')!
