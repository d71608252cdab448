/**
 * DAKEs through somebody in the middle: two runs at once between the same two
 * people, a third person with keys of her own, and a recorded handshake of
 * earlier. She relays, keeps back, repeats, answers in her own name, and puts
 * messages together from the fields of others.
 */
import fc from 'fast-check'
import type { Conversation, ConversationEvent } from '../../src/otr/conversation.ts'
import { fingerprintOf } from '../../src/otr/identity.ts'
import {
  type AuthI,
  type AuthR,
  type DakeKeys,
  decodeMessage,
  encodeAuthI,
  encodeAuthR,
  encodeIdentity,
  type Identity,
} from '../../src/otr/message.ts'
import { alice, aliceWith, bob, bobWith, dakeOptions, type Person, person, seeded } from './pair.ts'

type Handshake = Identity | AuthR | AuthI
type Name = 'alice' | 'bob' | 'mallory'
type Secured = ConversationEvent & { readonly kind: 'secured' }

interface Side {
  readonly name: Name
  readonly isInitiator: boolean
  readonly conversation: Conversation
  readonly secured: string[] // the sessions it was in
}

/** One thing that she does: gives `to` a message that it waits for, or one mixed from two of them. */
export const deed = fc.record({
  to: fc.nat({ max: 5 }),
  pick: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 20 }) }),
  mixed: fc.oneof(
    { weight: 2, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.record({ pick: fc.nat({ max: 20 }), field: fc.nat({ max: 255 }) }) },
  ),
})
export type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never

type Versions = '4' | '4q'

const mallory = person('mallory', 0x303, '4q')
const people: Record<Versions, Record<Name, Person>> = {
  '4': { alice, bob, mallory },
  '4q': { alice: person('alice', 0x101, '4q'), bob: person('bob', 0x202, '4q'), mallory },
}

const side = (name: Name, role: 'initiator' | 'responder', versions: Versions, run = ''): Side => ({
  name,
  isInitiator: role === 'initiator',
  secured: [],
  conversation: (role === 'initiator' ? bobWith : aliceWith)({
    ...dakeOptions(people[versions][name]),
    random: seeded(`${name} ${role} ${run}`),
  }),
})

const pair = (versions: Versions, run: string) =>
  [side('bob', 'initiator', versions, run), side('alice', 'responder', versions, run)] as const

/** A handshake of earlier, by two who are gone. */
function recorded(versions: Versions): { readonly bytes: Uint8Array; readonly maker: Side }[] {
  const [initiator, responder] = pair(versions, 'earlier')
  const identity = initiator.conversation.start(0)
  const authR = responder.conversation.receive(identity, 0).replies[0]!
  const authI = initiator.conversation.receive(authR, 0).replies[0]!
  return [
    { bytes: identity, maker: initiator },
    { bytes: authR, maker: responder },
    { bytes: authI, maker: initiator },
  ]
}

export class Middle {
  readonly #people: Record<Name, Person>
  readonly #everybody: readonly Side[]
  readonly #sides: readonly Side[] // those that are still there
  readonly #heard: Handshake[] = []
  readonly #makers = new Map<string, Side>() // by the octets
  #secured = 0

  constructor(versions: Versions) {
    this.#people = people[versions]
    const herself = [side('mallory', 'initiator', versions), side('mallory', 'responder', versions)]
    this.#sides = [...herself, ...pair(versions, 'one'), ...pair(versions, 'two')]
    const earlier = recorded(versions)
    this.#everybody = [...earlier.map(({ maker }) => maker), ...this.#sides]
    for (const { bytes, maker } of earlier) this.#record(bytes, maker)
    for (const side of this.#sides) if (side.isInitiator) this.#record(side.conversation.start(0), side)
  }

  /** How often somebody was secured. */
  get secured(): number {
    return this.#secured
  }

  do({ to, pick, mixed }: Deed): void {
    const side = this.#sides[to % this.#sides.length]!
    const waited = this.#heard.filter(({ kind }) => side.isInitiator === (kind === 'auth-r'))
    // The newest first: a deed of all zeros relays.
    const one = waited.at(-1 - (pick % Math.max(1, waited.length)))
    if (!one) return
    const alike = this.#heard.filter(({ kind }) => kind === one.kind)
    this.#hear(side, mixed ? mix(one, alike[mixed.pick % alike.length]!, mixed.field) : one)
  }

  #hear(to: Side, message: Handshake): void {
    const bytes = encode(message)
    const { replies, events } = to.conversation.receive(bytes, 0)
    for (const event of events)
      if (event.kind === 'secured') this.#judge(to, event, this.#makers.get(hex(bytes)))
    for (const reply of replies) this.#record(reply, to)
  }

  /**
   * What must hold whatever was done: the last message was made, as it came, by
   * whoever has the key that is named, and for us; and where that side is
   * secured, too, both have one session, and nobody else is in it.
   */
  #judge({ name, secured }: Side, { fingerprint, ssid }: Secured, maker: Side | undefined): void {
    const session = hex(ssid)
    if (!maker) throw new Error(`${name} is secured by what nobody made`)
    if (fingerprint !== fingerprintOf(this.#people[maker.name].identity))
      throw new Error(`${name} takes ${maker.name} for another`)
    const inIt = this.#everybody.filter((side) => side.secured.includes(session))
    if (inIt.some((side) => side !== maker)) throw new Error(`${name} is in a session of others`)
    const peer = maker.conversation.fingerprint
    if (inIt.length > 0 && peer !== fingerprintOf(this.#people[name].identity))
      throw new Error(`${maker.name} takes ${name} for another`)
    if (maker.isInitiator && inIt.length === 0)
      throw new Error(`${name} is in a session that its peer is not in`)
    secured.push(session)
    this.#secured++
  }

  #record(bytes: Uint8Array, maker: Side): void {
    this.#makers.set(hex(bytes), maker)
    const message = decodeMessage(bytes)
    if (message.kind !== 'identity' && message.kind !== 'auth-r' && message.kind !== 'auth-i')
      throw new Error('no message of a DAKE')
    this.#heard.push(message)
  }
}

/** One with a field of the other: the closest that there is to a message that somebody made. */
function mix(one: Handshake, other: Handshake, field: number): Handshake {
  const names = (Object.keys(one) as (keyof Handshake)[]).filter((name) => name !== 'kind')
  if (!('keys' in one && 'keys' in other)) return { ...one, ...part(other, names[field % names.length]!) }
  const inKeys = Object.keys(one.keys) as (keyof DakeKeys)[]
  const at = field % (names.length + inKeys.length)
  if (at < names.length) return { ...one, ...part(other, names[at]!) }
  return { ...one, keys: { ...one.keys, ...part(other.keys, inKeys[at - names.length]!) } }
}

const part = <T extends object, K extends keyof T>(whole: T, name: K): Record<K, T[K]> =>
  ({ [name]: whole[name] }) as Record<K, T[K]>

function encode(message: Handshake): Uint8Array {
  switch (message.kind) {
    case 'identity':
      return encodeIdentity(message)
    case 'auth-r':
      return encodeAuthR(message)
    case 'auth-i':
      return encodeAuthI(message)
    default:
      return message satisfies never
  }
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex')
