/**
 * Stories of two links whose datagrams an attacker has in his hand: nobody can make a link send more to an address than came from there, until
 * the address has proven itself: the other side was reached at it, and answered
 * from it. An attacker on the way forges senders, drops, doubles and holds back
 * what he likes, from the handshake on.
 */
import { expect } from 'vitest'
import type { Address, Local } from '../../../src/machine.ts'
import { knock, readKnock } from '../../../src/transport/link/frames.ts'
import { Initiator, Responder } from '../../../src/transport/link/handshake.ts'
import { Knocks } from '../../../src/transport/link/knocks.ts'
import { Link } from '../../../src/transport/link/link.ts'
import { address } from '../../support/network.ts'
import { keysOf, octets, randomOf } from './pair.ts'

type Side = 'initiator' | 'responder'
const other = (side: Side): Side => (side === 'initiator' ? 'responder' : 'initiator')
const keys = keysOf(40)
/** Octets on the wire: with the headers of UDP and IPv6. */
const weigh = (size: number): number => size + 48
const victims = [1, 2, 3].map((n) => address(`198.51.100.${n}:9`))

interface Flying {
  readonly from: Side
  readonly to: Address
  readonly bytes: Uint8Array
  /** How many datagrams had reached its sender when it left. */
  readonly after: number
}

/** What one side owes an address. */
interface Account {
  received: number
  sent: number
  mostOwed: number // sent - received, at its highest before the address was proven
  named: number // octets of probes that it chose to send there by itself
  reached: number | undefined // the count of its other side when that was first reached there
  isProven: boolean
}

/** Two sides, their addresses, and everything that is between them. */
class Scene {
  now = 0
  readonly #random
  readonly #local: Record<Side, Local> = { initiator: { kind: 'udp4' }, responder: { kind: 'udp4' } }
  readonly #at: Record<Side, Address> = { initiator: address('10.0.0.1:1'), responder: address('10.0.0.2:2') }
  readonly #reached: Record<Side, number> = { initiator: 0, responder: 0 }
  readonly #links: Record<Side, Link[]> = { initiator: [], responder: [] }
  readonly #accounts: Record<Side, Map<Address, Account>> = { initiator: new Map(), responder: new Map() }
  readonly #initiator: Initiator
  readonly #responder = new Responder()
  readonly #knocks = new Knocks()
  #inited: readonly Address[]
  readonly #all: Flying[] = []
  #flying: Flying[] = []
  #index = 100

  constructor(seed: number) {
    this.#random = randomOf(seed)
    this.#initiator = new Initiator({ keys, index: 1, random: this.#random })
    this.#inited = [this.#at.responder, ...(this.below(2) === 0 ? [victims[0]!] : [])]
    for (const to of this.#inited) this.#name('initiator', to, this.#initiator.init)
  }

  below(limit: number): number {
    return this.#random(1)[0]! % limit
  }

  /** One thing that may happen. */
  step(): void {
    const [pick, side] = [this.below(20), this.below(2) === 0 ? 'initiator' : 'responder'] as const
    if (pick < 8) this.#deliver()
    else if (pick < 11) this.#forge()
    else if (pick < 13) this.now += this.below(256)
    else if (pick < 14) this.now += this.below(10) * 1_000
    else if (pick < 16) this.#say(side)
    else if (pick < 17) this.#at[side] = address(`10.1.${this.below(250)}.1:${1 + this.below(250)}`)
    else if (pick < 18) this.#offer(side)
    else if (pick < 19) this.#name('responder', this.#at.initiator, knock(keys, octets(8, 1), this.#random))
    else this.#name('initiator', this.#at.responder, this.#initiator.init)
    this.#drain()
  }

  /** The most that was sent to an address beyond what came from it and what was its sender's own choice. */
  get worst(): number {
    const all = [...this.#accounts.initiator.values(), ...this.#accounts.responder.values()]
    return Math.max(...all.map(({ mostOwed }) => mostOwed))
  }

  get sentToVictims(): number {
    const sums = (['initiator', 'responder'] as const).flatMap((side) =>
      victims.map((victim) => this.#accounts[side].get(victim)?.sent ?? 0),
    )
    return sums.reduce((sum, each) => sum + each, 0)
  }

  get isUp(): boolean {
    return this.#links.initiator.some((link) => link.rtt !== undefined)
  }

  /** The next one arrives, at whoever is there. */
  #deliver(): void {
    const [next] = this.#flying.splice(this.below(Math.max(1, Math.min(3, this.#flying.length))), 1)
    if (next && this.#at[other(next.from)] === next.to) this.#receive(next, this.#at[next.from])
  }

  /** Whatever was ever sent, from wherever he likes; what was meant may arrive as well, or not. */
  #forge(): void {
    const fresh = this.#flying.length > 0 && this.below(2) === 0
    const from = fresh ? this.#flying : this.#all
    const chosen = from[from.length - 1 - this.below(Math.min(255, Math.max(1, from.length)))]
    if (!chosen) return
    if (this.below(2) === 0) this.#flying = this.#flying.filter((each) => each !== chosen)
    this.#receive(chosen, victims[this.below(victims.length)]!)
  }

  #receive({ from, to, bytes, after }: Flying, peer: Address): void {
    const side = other(from)
    const account = this.#account(side, peer)
    account.received += weigh(bytes.length)
    if (account.reached !== undefined && after >= account.reached && peer === this.#at[from])
      account.isProven = true
    this.#reached[side]++
    const theirs = this.#account(from, to)
    if (to === this.#at[side]) theirs.reached ??= this.#reached[side]
    this.#take(side, peer, bytes)
  }

  #take(side: Side, peer: Address, bytes: Uint8Array): void {
    const local = this.#local[side]
    if (bytes[0] === 0xf3)
      for (const link of this.#links[side]) link.receive({ local, peer, bytes }, this.now)
    else if (side === 'responder') this.#answer(peer, bytes)
    else if (readKnock(keys, bytes) && this.#knocks.mayAnswer(peer, { isKnown: false }, this.now))
      this.#send('initiator', peer, this.#initiator.init)
    else this.#begin(peer, bytes)
  }

  #answer(peer: Address, bytes: Uint8Array): void {
    const options = { keys, epoch: 7, index: ++this.#index, random: this.#random }
    const answer = this.#responder.receive(bytes, peer, options, this.now)
    if (!answer) return
    this.#send('responder', peer, answer.response)
    const { established } = answer
    if (established) this.#add('responder', { established, path: { local: this.#local.responder, peer } })
  }

  #begin(peer: Address, bytes: Uint8Array): void {
    const established = this.#initiator.receive(bytes)
    const isAsked = this.#inited.includes(peer)
    const path = { local: this.#local.initiator, peer }
    if (established) this.#add('initiator', { established, path, isAsked })
    // With what the response brought it pays for two challenges and one CONNECT.
    if (established && isAsked)
      this.#account('initiator', peer).named += 2 * weigh(41) + weigh(85) - weigh(bytes.length)
  }

  #add(side: Side, options: Pick<ConstructorParameters<typeof Link>[0], 'established' | 'path' | 'isAsked'>) {
    this.#links[side].push(new Link({ ...options, random: this.#random, now: this.now }))
  }

  #say(side: Side): void {
    for (const link of this.#links[side]) {
      link.unlock()
      if (link.rtt !== undefined) link.send(octets(1 + this.below(256) * 8, 7), { channel: 0 })
    }
  }

  /** What a record names, or what a change of network leaves. */
  #offer(side: Side): void {
    const peer = this.below(2) === 0 ? this.#at[other(side)] : victims[this.below(victims.length)]!
    const path = { local: this.#local[side], peer }
    const isMove = this.below(3) === 0
    for (const link of this.#links[side]) {
      this.#account(side, peer).named += (isMove ? 8 : 4) * weigh(41)
      if (isMove) link.moved([path], this.now)
      else link.offerPaths([path], this.now)
    }
  }

  #drain(): void {
    for (const side of ['initiator', 'responder'] as const) {
      for (const link of this.#links[side])
        for (let turns = 0; link.deadline <= this.now; turns++) {
          expect(turns).toBeLessThan(1_000)
          for (const out of link.drain(this.now))
            if (out.kind === 'send') this.#send(side, out.datagram.peer, out.datagram.bytes)
        }
    }
  }

  /** A probe that nobody asked for. */
  #name(side: Side, to: Address, bytes: Uint8Array): void {
    this.#account(side, to).named += weigh(bytes.length)
    if (side === 'initiator') this.#inited = [...this.#inited, to]
    this.#send(side, to, bytes)
  }

  #send(from: Side, to: Address, bytes: Uint8Array): void {
    const account = this.#account(from, to)
    account.sent += weigh(bytes.length)
    if (!account.isProven)
      account.mostOwed = Math.max(account.mostOwed, account.sent - account.received - account.named)
    if (victims.includes(to)) return // who sees that as well is on a path, and no victim
    const flying = { from, to, bytes, after: this.#reached[from] }
    this.#all.push(flying)
    this.#flying.push(flying)
  }

  #account(side: Side, peer: Address): Account {
    const known = this.#accounts[side].get(peer)
    const account = known ?? {
      ...{ received: 0, sent: 0, mostOwed: 0, named: 0, reached: undefined, isProven: false },
    }
    this.#accounts[side].set(peer, account)
    return account
  }
}

/** Runs the stories of these seeds. `worst`: the seeds of those in which somebody got too much, and how much. */
export function tell({ from, until }: { readonly from: number; readonly until: number }) {
  const told = { worst: [] as [seed: number, octets: number][], up: 0, sentToVictims: 0 }
  for (let seed = from; seed <= until; seed++) {
    const scene = new Scene(seed)
    for (let i = 0; i < 150; i++) scene.step()
    if (scene.worst > 0) told.worst.push([seed, scene.worst])
    if (scene.isUp) told.up++
    told.sentToVictims += scene.sentToVictims
  }
  return told
}
