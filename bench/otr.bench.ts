/**
 * What OTRv4 costs: each side of a DAKEZ and a turn of the ratchet, with and
 * without the post-quantum extension, a message within a ratchet, and each side
 * of a run of SMP, on one core.
 */
import { performance } from 'node:perf_hooks'
import { randomBytes } from '../src/crypto.ts'
import { Conversation } from '../src/otr/conversation.ts'
import { generateIdentity } from '../src/otr/identity.ts'
import { createClientProfile } from '../src/otr/profile.ts'
import type { Bench, Figure } from './bench.ts'

export const bench: Bench = { name: 'otr', run }

function* run(): Iterable<Figure> {
  // In turns, so that both see the same machine.
  const people = Array.from({ length: warmUp + rounds }, () => [meet('4'), meet('4q')] as const)
  const counted = people.slice(warmUp)
  for (const [i, suffix] of [
    [0, ''],
    [1, ', post-quantum'],
  ] as const) {
    const sides = counted.map((pairs) => pairs[i].sides)
    const [initiator, responder] = [sides.map((s) => s.initiator), sides.map((s) => s.responder)]
    yield { name: `DAKEZ, initiator${suffix}`, value: median(initiator), unit: 'ms' }
    yield { name: `DAKEZ, responder${suffix}`, value: median(responder), unit: 'ms' }
    yield* ratchet(people[0]![i], suffix)
  }

  const within = Array.from({ length: 50 * rounds }, () => message(people[0]![0]))
  yield { name: 'within a ratchet, sent', value: 1_000 * median(within.map((m) => m.send)), unit: 'µs' }
  yield {
    name: 'within a ratchet, received',
    value: 1_000 * median(within.map((m) => m.receive)),
    unit: 'µs',
  }
  const runs = Array.from({ length: rounds }, (_, i) => compare(people[0]![0], 60_000 * i))
  yield { name: 'SMP, initiator', value: median(runs.map(({ initiator }) => initiator)), unit: 'ms' }
  yield { name: 'SMP, responder', value: median(runs.map(({ responder }) => responder)), unit: 'ms' }
}

/** Means, not medians: of three turns one has new DH keys, and those of the extension with them. */
function* ratchet(met: Met, suffix: string): Iterable<Figure> {
  const turns = Array.from({ length: 3 * rounds }, () => turn(met))
  yield { name: `a turn, received${suffix}`, value: mean(turns.map((t) => t.receive)), unit: 'ms' }
  yield { name: `a turn, prepared${suffix}`, value: mean(turns.map((t) => t.prepare)), unit: 'ms' }
  yield { name: `a turn, sent after${suffix}`, value: mean(turns.map((t) => t.send)), unit: 'ms' }
  const thousands = Array.from({ length: 9 }, () => thousand(met))
  yield { name: `1,000 messages one way${suffix}`, value: mean(thousands), unit: 'ms' }
}

interface Met {
  readonly bob: Conversation
  readonly alice: Conversation
  readonly sides: { readonly initiator: number; readonly responder: number }
}

/** A DAKE between strangers: the time that each side computes, ms. */
function meet(versions: '4' | '4q'): Met {
  const [bob, alice] = [converse('initiator', 0x202, versions), converse('responder', 0x101, versions)]
  const [identity, a] = timed(() => bob.start(0))
  const [authR, b] = timed(() => alice.receive(identity, 0).replies[0]!)
  const [authI, c] = timed(() => bob.receive(authR, 0).replies[0]!)
  const [, d] = timed(() => alice.receive(authI, 0))
  if (!alice.isSecured) throw new Error('not secured')
  return { bob, alice, sides: { initiator: a + c, responder: b + d } }
}

/** One line each way: what the second one's ratchet costs on both ends. */
function turn({ bob, alice }: Met): Record<'receive' | 'prepare' | 'send', number> {
  alice.receive(bob.encrypt({ text: line }, 0), 0)
  const [, prepare] = timed(() => alice.prepare(0))
  const [sent, send] = timed(() => alice.encrypt({ text: line }, 0))
  const [, receive] = timed(() => bob.receive(sent, 0))
  return { receive, prepare, send }
}

/** Both ends of a thousand lines in one ratchet, which the other side's line before them began. */
function thousand({ bob, alice }: Met): number {
  bob.receive(alice.encrypt({ text: line }, 0), 0)
  const [, ms] = timed(() => {
    for (let i = 0; i < 1_000; i++) alice.receive(bob.encrypt({ text: line }, 0), 0)
  })
  return ms
}

function message({ bob, alice }: Met): Record<'receive' | 'send', number> {
  const [sent, send] = timed(() => bob.encrypt({ text: line }, 0))
  const [, receive] = timed(() => alice.receive(sent, 0))
  return { receive, send }
}

/** A run of SMP: what each side computes, with the ratchet that each of its messages begins, ms. */
function compare({ bob, alice }: Met, now: number): Record<'initiator' | 'responder', number> {
  const secret = 'what both of them know'
  const [first, a] = timed(() => bob.startSmp({ secret }, now))
  const [asked, b] = timed(() => alice.receive(first, now).events[0])
  const run = asked?.kind === 'smp' ? asked.run : 0
  const [second, c] = timed(() => alice.answerSmp({ secret, run }, now)!)
  const [third, d] = timed(() => bob.receive(second, now).replies[0]!)
  const [fourth, e] = timed(() => alice.receive(third, now).replies[0]!)
  const [last, f] = timed(() => bob.receive(fourth, now).events[0])
  if (last?.kind !== 'smp' || last.state !== 'succeeded') throw new Error('not the same secret')
  return { initiator: a + d + f, responder: b + c + e }
}

function converse(role: 'initiator' | 'responder', instanceTag: number, versions: '4' | '4q'): Conversation {
  const identity = generateIdentity(randomBytes)
  const profile = createClientProfile({ identity, instanceTag, expires: 86_400, versions })
  const ids = { own: new Uint8Array(0), peer: new Uint8Array(0) }
  const fixed = { accepts: () => true, random: randomBytes, wall: () => 0 }
  return new Conversation({ role, identity, instanceTag, profile: () => profile, ids, ...fixed })
}

function timed<T>(work: () => T): [T, number] {
  const start = performance.now()
  const result = work()
  return [result, performance.now() - start]
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

const line = 'a line of a conversation, as long as people write them'
const warmUp = 5
const rounds = 30
