/** What an idle peer costs: ends that have carried 200 kB and a talk each way, and then say nothing. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { Address, Local, Machine } from '../../src/machine.ts'
import { Host } from '../../src/transport/enet/host.ts'
import type { HostEvent, Peer } from '../../src/transport/enet/peer.ts'
import { Link, type LinkEvent } from '../../src/transport/link/link.ts'
import { address } from '../support/network.ts'
import { establish, randomOf } from '../transport/link/pair.ts'

const local: Local = { kind: 'udp4' }
const homes: readonly [Address, Address] = [address('192.0.2.1:1'), address('192.0.2.2:2')]

test.each([
  ['of 1,000 ENet peers', 1_000, enetPair],
  ['of 200 sealed links', 200, linkPair],
])('each end %s takes less than 16 kB when it is idle', async (what, count, pair) => {
  for (let i = 1; i <= 20; i++) pair(-i) // what is compiled for it stays
  const kept: unknown[] = []
  const before = await used()
  for (let i = 1; i <= count / 2; i++) kept.push(pair(i))
  const each = ((await used()) - before) / count
  console.log(`an end ${what}: ${Math.round(each)} octets`)
  expect(kept.length).toBe(count / 2)
  expect(each).toBeLessThan(16_384)
})

/** Octets in use after what is unreachable has gone. */
async function used(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  for (let i = 0; i < 4; i++) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function enetPair(): readonly Host[] {
  const host = (acceptsConnects: boolean): Host =>
    new Host({
      local,
      random: randomOf(1),
      peerCount: 1,
      channelLimit: 2,
      acceptsConnects,
      pingInterval: 1e9,
    })
  const both = [host(false), host(true)] as const
  const peers: Peer[] = []
  const talk = new Talk<HostEvent>(both, ({ event }) => {
    if (event.kind === 'connected') peers.push(event.peer)
    return event.kind === 'message'
  })
  both[0].connect(homes[1], { channels: 2 })
  talk.run(20)
  carry(talk, peers)
  return both
}

function linkPair(seed: number): readonly Link[] {
  const { initiator, responder } = establish(seed)
  const link = (established: typeof initiator, peer: Address): Link =>
    new Link({ established, path: { local, peer }, random: randomOf(seed), now: 0 })
  const both = [link(initiator, homes[1]), link(responder, homes[0])] as const
  const talk = new Talk<LinkEvent>(both, ({ event, from }) => {
    if (event.kind === 'up') both[from].unlock()
    return event.kind === 'message'
  })
  talk.run(20)
  carry(talk, both)
  return both
}

/** 200 kB at once and 40 lines each way, then 6 s of nothing. */
function carry(
  talk: { readonly messages: number; run(turns: number, step?: number): void },
  ends: readonly { send(message: Uint8Array, options: { channel: number }): void }[],
): void {
  for (let i = 0; i < 40; i++) {
    for (const end of ends) end.send(new Uint8Array(i === 5 ? 200_000 : 100), { channel: i & 1 })
    talk.run(3)
  }
  talk.run(20, 300)
  expect([ends.length, talk.messages]).toEqual([2, 80])
}

interface Heard<Event> {
  readonly event: Event
  readonly from: 0 | 1
}

/** Two machines, and what one sends arrives at the other within the same millisecond. */
class Talk<Event> {
  messages = 0
  readonly #both: readonly [Machine<Event>, Machine<Event>]
  readonly #hear: (heard: Heard<Event>) => boolean
  #now = 0

  constructor(both: readonly [Machine<Event>, Machine<Event>], hear: (heard: Heard<Event>) => boolean) {
    this.#both = both
    this.#hear = hear
  }

  run(turns: number, step = 1): void {
    for (let i = 0; i < turns; i++) {
      this.#now += step
      for (let isDue = true, left = 1_000; isDue && left > 0; left--) {
        const due = ([0, 1] as const).filter((end) => this.#both[end].deadline <= this.#now)
        for (const end of due) this.#drain(end)
        isDue = due.length > 0
      }
    }
  }

  #drain(from: 0 | 1): void {
    const to = this.#both[from === 0 ? 1 : 0]
    for (const out of this.#both[from].drain(this.#now)) {
      if (out.kind === 'send') to.receive({ local, peer: homes[from], bytes: out.datagram.bytes }, this.#now)
      if (out.kind === 'event' && this.#hear({ event: out.event, from })) this.messages++
    }
  }
}
