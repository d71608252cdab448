/** Two people who talk: a conversation each, with randomness that repeats from run to run. */
import { type Random, shake256 } from '../../src/crypto.ts'
import { Conversation, type ConversationEvent, type ConversationOptions } from '../../src/otr/conversation.ts'
import { generateIdentity, type IdentityKeys } from '../../src/otr/identity.ts'
import { createClientProfile } from '../../src/otr/profile.ts'

/** Octets that follow from a name: another name, other octets. */
export function seeded(name: string): Random {
  let count = 0
  return (size) => shake256(size, new TextEncoder().encode(`${name} ${count++}`))
}

export const wallTime = Date.UTC(2026, 4, 1) // ms
const week = 7 * 86_400 // s

export interface Person {
  readonly identity: IdentityKeys
  readonly instanceTag: number
  readonly profile: Uint8Array
}

export function person(name: string, instanceTag: number, versions: '4' | '4q' = '4'): Person {
  const identity = generateIdentity(seeded(`${name}'s identity`))
  const profile = createClientProfile({ identity, instanceTag, expires: wallTime / 1000 + week, versions })
  return { identity, instanceTag, profile }
}

export const alice: Person = person('alice', 0x101)
export const bob: Person = person('bob', 0x202)

export const dakeOptions = ({ identity, instanceTag, profile }: Person) => ({
  identity,
  instanceTag,
  profile: () => profile,
})

const ids = { alice: Uint8Array.of(1, 2, 3), bob: Uint8Array.of(4, 5) }

export const aliceWith = (options: Partial<ConversationOptions> = {}): Conversation =>
  new Conversation({
    role: 'responder',
    ...dakeOptions(alice),
    ids: { own: ids.alice, peer: ids.bob },
    accepts: () => true,
    random: seeded('alice'),
    wall: () => wallTime,
    ...options,
  })

export const bobWith = (options: Partial<ConversationOptions> = {}): Conversation =>
  new Conversation({
    role: 'initiator',
    ...dakeOptions(bob),
    ids: { own: ids.bob, peer: ids.alice },
    accepts: () => true,
    random: seeded('bob'),
    wall: () => wallTime,
    ...options,
  })

export interface Pair {
  readonly alice: Conversation
  readonly bob: Conversation
}

/** Runs a DAKE, and gives what both sides told of it. */
export function exchange({ alice, bob }: Pair, now = 0): ConversationEvent[] {
  const authR = alice.receive(bob.start(now), now)
  const authI = bob.receive(authR.replies[0]!, now)
  const last = alice.receive(authI.replies[0]!, now)
  return [...authR.events, ...authI.events, ...last.events]
}

/** Two conversations, secured. */
export function securedPair(
  options: Partial<Record<'alice' | 'bob', Partial<ConversationOptions>>> = {},
): Pair {
  const pair = { alice: aliceWith(options.alice), bob: bobWith(options.bob) }
  exchange(pair)
  return pair
}

/** The texts that were shown. */
export const textsOf = (events: readonly ConversationEvent[]): string[] =>
  events.flatMap((event) => (event.kind === 'message' ? [event.text] : []))
