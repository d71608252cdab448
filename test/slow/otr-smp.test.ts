import { ed448 } from '@noble/curves/ed448.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Attempts, ProofLimits, Refusals } from '../../src/otr/attempts.ts'
import type { ConversationEvent } from '../../src/otr/conversation.ts'
import {
  encodeScalar,
  generateEcdh,
  littleEndian,
  mod,
  publicPoint,
  q,
  secretScalar,
} from '../../src/otr/ed448.ts'
import { fingerprintOf } from '../../src/otr/identity.ts'
import { numberedKdf } from '../../src/otr/kdf.ts'
import { provePair, verifyEqualLogs, verifyPair } from '../../src/otr/proof.ts'
import { Smp, type SmpEvent } from '../../src/otr/smp.ts'
import { decodeSmp1, decodeSmp2, decodeSmp3, decodeSmp4 } from '../../src/otr/smpmessage.ts'
import { begin, compare, conclude, finish, isProven, reply, smpSecret } from '../../src/otr/smpsteps.ts'
import { type Tlv, tlvType } from '../../src/otr/tlv.ts'
import { Hostile } from '../otr/hostile.ts'
import { alice, aliceWith, bob, exchange, type Pair, person, securedPair, seeded } from '../otr/pair.ts'

const fingerprints = { alice: fingerprintOf(alice.identity), bob: fingerprintOf(bob.identity) }
const ssid = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)

/** The state machines of two sides of one session, without the session. */
function sides(attempts = { alice: new Attempts(), bob: new Attempts() }) {
  let runs = 0
  const nextRun = () => ++runs
  const side = (own: 'alice' | 'bob', peer: 'alice' | 'bob') =>
    new Smp({
      own: fingerprints[own],
      peer: fingerprints[peer],
      ssid,
      attempts: attempts[own],
      proofs: new ProofLimits(),
      refusals: new Refusals(),
      random: seeded(`smp of ${own}`),
      nextRun,
    })
  return { alice: side('alice', 'bob'), bob: side('bob', 'alice') }
}

const states = (events: readonly (ConversationEvent | undefined)[]): string[] =>
  events.flatMap((event) => {
    if (event?.kind !== 'smp') return []
    return event.state === 'aborted' ? `aborted ${event.why}` : event.state
  })

/** A whole run between conversations, alice first: what each side told. */
function run({ alice, bob }: Pair, secrets: { alice: string; bob: string }, now = 0, question = '') {
  const told = { alice: [] as string[], bob: [] as string[] }
  const asked = bob.receive(alice.startSmp({ secret: secrets.alice, question }, now), now)
    .events[0] as SmpEvent
  told.bob.push(...states([asked]))
  let message: Uint8Array | undefined = bob.answerSmp({ secret: secrets.bob, run: asked.run }, now)
  for (let to: 'alice' | 'bob' = 'alice'; message; to = to === 'alice' ? 'bob' : 'alice') {
    const { replies, events } = (to === 'alice' ? alice : bob).receive(message, now)
    told[to].push(...states(events))
    message = replies[0]
  }
  return { ...told, asked }
}

describe('SMP', () => {
  test('succeeds for equal secrets and fails for unequal ones, on both sides, whoever begins', () => {
    const pair = securedPair()
    let now = 0
    const texts = fc.tuple(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'grapheme' }),
      fc.boolean(),
      fc.boolean(),
    )
    fc.assert(
      fc.property(texts, ([secret, other, isSame, isBobFirst]) => {
        now += 60_000
        pair.alice.allowSmp()
        pair.bob.allowSmp()
        const second = isSame ? secret.normalize('NFD') : other
        const turned = isBobFirst ? { alice: pair.bob, bob: pair.alice } : pair
        const told = run(turned, { alice: secret, bob: second }, now)
        const end = secret.normalize('NFC') === second.normalize('NFC') ? 'succeeded' : 'failed'
        expect([told.alice, told.bob]).toEqual([
          ['running', end],
          ['asked', end],
        ])
      }),
      { numRuns: 5 },
    )
  })

  test('tells the question with the run and the fingerprint, and takes octets as they are', () => {
    const pair = securedPair()
    const { asked } = run(pair, { alice: 'a', bob: 'a' }, 0, 'Wie heißt er?')
    const { alice: peer } = fingerprints
    expect(asked).toEqual({
      kind: 'smp',
      state: 'asked',
      run: asked.run,
      fingerprint: peer,
      question: 'Wie heißt er?',
    })
    const secret = Uint8Array.of(1, 2, 3)
    pair.alice.startSmp({ secret }, 0)
    expect(secret).toEqual(Uint8Array.of(1, 2, 3))
    pair.alice.abortSmp(0)
    expect(() => pair.alice.startSmp({ secret, question: 'ö'.repeat(513) }, 0)).toThrow('too long')
    expect(pair.alice.smpHurdle(0)).toBeUndefined()
  })

  test('proves nothing across sessions: the secret holds both fingerprints, their order, and the ssid', () => {
    const user = Uint8Array.of(7)
    const who = { initiator: fingerprints.alice, responder: fingerprints.bob, ssid }
    const made = [
      who,
      { ...who, initiator: who.responder, responder: who.initiator },
      { ...who, responder: fingerprintOf(person('eve', 0x303).identity) },
      { ...who, ssid: ssid.toReversed() },
    ].map((context) => Buffer.from(smpSecret(user, context)).toString('hex'))
    expect(new Set(made).size).toBe(4)
  })
})

describe('a message of SMP', () => {
  const who = { initiator: fingerprints.alice, responder: fingerprints.bob, ssid }
  const secret = () => smpSecret(Uint8Array.of(7), who)
  const random = seeded('steps')
  const first = begin(secret(), '?', random)
  const drawn: Uint8Array[] = []
  const recording = (size: number) => {
    const octets = random(size)
    drawn.push(octets.slice())
    return octets
  }
  const second = reply(secret(), decodeSmp1(first.message)!, recording)
  const spare3a = first.state.a3.slice()
  const spare = { ...first.state, x: secret(), a2: first.state.a2.slice() } // `compare` overwrites them
  const third = compare(first.state, decodeSmp2(second.message)!, random)!
  const spare3 = { ...second.state, b3: second.state.b3.slice() }
  const fourth = conclude(second.state, decodeSmp3(third.message)!, random)!

  const takes = {
    smp1: (bytes: Uint8Array) => {
      const message = decodeSmp1(bytes)
      return message !== undefined && isProven(message)
    },
    smp2: (bytes: Uint8Array) => {
      const message = decodeSmp2(bytes)
      return (
        message !== undefined &&
        compare({ ...spare, x: secret(), a2: spare.a2.slice() }, message, random) !== undefined
      )
    },
    smp3: (bytes: Uint8Array) => {
      const message = decodeSmp3(bytes)
      return (
        message !== undefined && conclude({ ...spare3, b3: spare3.b3.slice() }, message, random) !== undefined
      )
    },
    smp4: (bytes: Uint8Array) => {
      const message = decodeSmp4(bytes)
      return (
        message !== undefined && finish({ ...third.state, a3: third.state.a3.slice() }, message) !== undefined
      )
    },
  }
  // P: a point, s: a scalar, each of 57 octets
  const layouts = { smp1: 'PssPss', smp2: 'PssPssPPsss', smp3: 'PPsssPss', smp4: 'Pss' } as const
  const messages = { smp1: first.message, smp2: second.message, smp3: third.message, smp4: fourth.message }
  const start = { smp1: 5, smp2: 0, smp3: 0, smp4: 0 }

  test.each(['smp1', 'smp2', 'smp3', 'smp4'] as const)(
    '%s is refused when any field of it is another',
    (name) => {
      const honest = messages[name]
      const layout = layouts[name]
      expect(honest.length).toBe(start[name] + 57 * layout.length)
      for (const [i, kind] of [...layout].entries()) {
        const at = start[name] + 57 * i
        const field = honest.slice(at, at + 57)
        const others = kind === 'P' ? otherPoints(field) : otherScalars(field)
        for (const [why, value] of Object.entries(others)) {
          const changed = honest.slice()
          changed.set(value, at)
          expect(takes[name](changed), `field ${i}, ${why}`).toBe(false)
        }
      }
      expect(takes[name](honest.subarray(0, -1))).toBe(false)
      expect(takes[name](Uint8Array.from([...honest, 0]))).toBe(false)
      expect(takes[name](honest)).toBe(true)
    },
  )

  test('is not accepted as one of the other side: the proofs are marked', () => {
    const halves = first.message.subarray(5)
    const reflected = Uint8Array.from([...halves, ...second.message.subarray(halves.length)])
    expect(takes.smp2(reflected)).toBe(false)
    const pair = third.message.subarray(0, 285)
    expect(takes.smp2(Uint8Array.from([...second.message.subarray(0, 342), ...pair]))).toBe(false)
    expect(takes.smp4(third.message.subarray(285))).toBe(false)
  })

  test('of equal logarithms with our own P and Q is degenerate, and refused', () => {
    const { P, Q } = decodeSmp2(second.message)!.blinded
    const { g2, g3 } = spare3
    const r4 = secretScalar(drawn[4]!) // only we know it; should anybody get it, this is left
    const own = { r5: generateEcdh(random), r6: secretScalar(random(57)) }
    const proof = provePair(6, { g2, g3, r4, y: secret() }, own)
    const r7 = generateEcdh(random)
    const T2 = ed448.Point.fromBytes(publicPoint(random(57)))
    const c = mod(littleEndian(numberedKdf(7, [r7.public, T2.toBytes()], 57)))
    const value = T2.multiply(ed448.Point.Fn.inv(c))
    const R = { bytes: value.toBytes(), value }
    const d = mod(littleEndian(r7.secret) - littleEndian(spare3a) * c)
    expect(verifyPair(6, { g2, g3, P, Q }, proof)).toBe(true)
    expect(verifyEqualLogs(7, { A: spare3.g3a, D: ed448.Point.ZERO, R }, { c, d })).toBe(true)
    const state = { ...spare3, b3: spare3.b3.slice() }
    expect(
      conclude(state, { blinded: { P, Q, proof }, raised: { R, proof: { c, d } } }, random),
    ).toBeUndefined()
  })

  test('with a question that is not UTF-8, or too long, is refused', () => {
    const halves = first.message.subarray(5)
    const question = (octets: readonly number[]) =>
      decodeSmp1(Uint8Array.from([0, 0, octets.length >> 8, octets.length & 255, ...octets, ...halves]))
    expect(question([0x61])?.question).toBe('a')
    expect(question([0xff])).toBeUndefined()
    expect(question(new Array(1_024).fill(0x61))).toBeDefined()
    expect(question(new Array(1_025).fill(0x61))).toBeUndefined()
  })

  const order4 = ed448.Point.fromAffine({ x: 1n, y: 0n })
  const otherPoints = (field: Uint8Array) => ({
    flipped: field.with(3, field[3]! ^ 1),
    'another of the group': publicPoint(seeded('other')(57)),
    identity: ed448.Point.ZERO.toBytes(),
    'of the wrong order': ed448.Point.fromBytes(field).add(order4).toBytes(),
  })
  const otherScalars = (field: Uint8Array) => ({
    'plus 1': encodeScalar((littleEndian(field) + 1n) % q),
    'plus q': encodeScalar(littleEndian(field) + q),
    zero: new Uint8Array(57),
  })
})

describe('the states of SMP', () => {
  const abort = { type: tlvType.smpAbort, value: new Uint8Array(0) }
  const input = { secret: 'a' }

  /** Both sides after so many messages, and the last one, not yet received. */
  function upTo(count: number) {
    const { alice, bob } = sides()
    const sent: Tlv[] = [alice.start(input, 0)]
    if (count > 1) {
      const event = bob.receive(sent[0]!, 0).event as SmpEvent
      sent.push(bob.answer({ ...input, run: event.run })!)
    }
    if (count > 2) sent.push(alice.receive(sent[1]!, 0).reply!)
    if (count > 3) sent.push(bob.receive(sent[2]!, 0).reply!)
    return { alice, bob, sent, last: sent.at(-1)! }
  }

  /** By name: whoever is in that state. */
  const at = {
    idle: () => sides().bob,
    asked: () => {
      const { bob, last } = upTo(1)
      bob.receive(last, 0)
      return bob
    },
    'expect-2': () => upTo(1).alice,
    'expect-3': () => upTo(2).bob,
    'expect-4': () => upTo(3).alice,
  }
  const honest = upTo(4).sent
  const expected = { idle: 2, asked: 0, 'expect-2': 3, 'expect-3': 4, 'expect-4': 5 }

  test.each(Object.keys(at) as (keyof typeof at)[])(
    '%s: every message out of turn is answered by an abort',
    (name) => {
      for (const message of honest.filter(({ type }) => type !== expected[name])) {
        const side = at[name]()
        const heard = side.receive(message, 0)
        expect(heard.reply).toEqual(abort)
        expect(states([heard.event])).toEqual(name === 'idle' ? [] : ['aborted out-of-turn'])
        expect(side.hurdle(60_000)).toBeUndefined()
      }
    },
  )

  test.each(Object.keys(at) as (keyof typeof at)[])(
    '%s: an abort by either side ends the run, and has no answer',
    (name) => {
      const side = at[name]()
      expect(side.receive(abort, 0)).toEqual(
        name === 'idle' ? {} : { event: expect.objectContaining({ state: 'aborted', why: 'by-peer' }) },
      )
      expect(side.hurdle(60_000)).toBeUndefined()
      const own = at[name]()
      expect(own.abort()).toEqual(name === 'idle' ? undefined : abort)
      expect(own.abort()).toBeUndefined()
      expect(states([at[name]().leave()])).toEqual(name === 'idle' ? [] : ['aborted session'])
    },
  )

  test('both who begin at once abort', () => {
    const { alice, bob } = sides()
    const [fromAlice, fromBob] = [alice.start(input, 0), bob.start(input, 0)]
    expect(states([alice.receive(fromBob, 0).event, bob.receive(fromAlice, 0).event])).toEqual([
      'aborted out-of-turn',
      'aborted out-of-turn',
    ])
  })

  test('one run at a time: a second cannot be begun, nor a question answered twice', () => {
    const { bob, last } = upTo(1)
    const asked = bob.receive(last, 0).event as SmpEvent
    expect(bob.hurdle(0)).toBe('running')
    expect(() => bob.start(input, 0)).toThrow('running')
    expect(bob.answer({ ...input, run: asked.run + 1 })).toBeUndefined()
    expect(bob.answer({ ...input, run: asked.run })).toBeDefined()
    expect(bob.answer({ ...input, run: asked.run })).toBeUndefined()
  })

  test('messages of an earlier run are refused in the next', () => {
    const pair = upTo(2)
    const third = pair.alice.receive(pair.last, 0).reply!
    const fourth = pair.bob.receive(third, 0).reply!
    expect(states([pair.alice.receive(fourth, 0).event])).toEqual(['succeeded'])

    const asked = pair.bob.receive(pair.alice.start(input, 1), 1).event as SmpEvent
    const second = pair.bob.answer({ ...input, run: asked.run })!
    expect(states([pair.bob.receive(third, 1).event])).toEqual(['aborted invalid'])
    pair.alice.receive(second, 1)
    expect(states([pair.alice.receive(fourth, 1).event])).toEqual(['aborted invalid'])
  })
})

describe('the limits of SMP', () => {
  test('three runs a minute, whoever begins them; what is refused is answered by an abort', () => {
    const { alice, bob } = sides()
    const begun = () => {
      const message = alice.start({ secret: 'a' }, 0)
      alice.abort()
      return message
    }
    const messages = [begun(), begun(), begun()]
    expect(alice.hurdle(59_999)).toBe('too-often')
    expect(() => alice.start({ secret: 'a' }, 59_999)).toThrow('too-often')
    expect(alice.hurdle(60_000)).toBeUndefined()
    const abort = { type: tlvType.smpAbort, value: new Uint8Array(0) }
    const forged = { type: tlvType.smp1, value: new Uint8Array(346) }
    expect(states([bob.receive(forged, 0).event])).toEqual(['aborted invalid']) // counts, too
    for (const message of messages.slice(0, 2)) {
      expect(states([bob.receive(message, 0).event, bob.receive(abort, 0).event])).toEqual([
        'asked',
        'aborted by-peer',
      ])
    }
    const { reply, event } = bob.receive(messages[2]!, 0)
    expect([reply, ...states([event])]).toEqual([abort, 'aborted too-often'])
    expect(states([bob.receive(messages[2]!, 60_000).event])).toEqual(['asked'])
  })

  test('after three failures nothing runs until the user allows it; a success forgets them', () => {
    const attempts = new Attempts()
    const pair = securedPair({ alice: { attempts } })
    const later = (minutes: number) => minutes * 60_000
    const fail = (minutes: number) => run(pair, { alice: 'a', bob: 'b' }, later(minutes))
    fail(1)
    expect(attempts.failures(fingerprints.bob)).toBe(1)
    expect(run(pair, { alice: 'a', bob: 'a' }, later(3)).alice).toEqual(['running', 'succeeded'])
    expect(attempts.failures(fingerprints.bob)).toBe(0)
    attempts.fail(fingerprints.bob)
    attempts.fail(fingerprints.bob)
    expect(pair.alice.smpHurdle(later(4))).toBeUndefined()
    fail(4)
    expect(pair.alice.smpHurdle(later(99))).toBe('too-many-failures')
    expect(() => pair.alice.startSmp({ secret: 'a' }, later(99))).toThrow('too-many-failures')
    pair.bob.allowSmp()
    const asked = pair.alice.receive(pair.bob.startSmp({ secret: 'a' }, later(99)), later(99))
    expect(states(asked.events)).toEqual(['aborted too-many-failures'])
    pair.bob.receive(asked.replies[0]!, later(99))
    pair.alice.allowSmp()
    expect(run(pair, { alice: 'a', bob: 'a' }, later(100)).bob).toEqual(['asked', 'succeeded'])
    expect(new Attempts([[fingerprints.bob, 3]]).hurdle(fingerprints.bob, 0)).toBe('too-many-failures')
  })

  test('runs beyond them are told once a minute and answered once a second', () => {
    const { alice, bob } = sides()
    const { bob: spent } = sides()
    const message = alice.start({ secret: 'a' }, 0)
    for (let i = 0; i < 3; i++) {
      spent.receive(message, 0)
      spent.abort()
    }
    const heard = [0, 999, 1_000, 1_001, 59_999].map((now) => spent.receive(message, now))
    expect(heard.map(({ reply }) => reply !== undefined)).toEqual([true, false, true, false, true])
    expect(heard.map(({ event }) => event !== undefined)).toEqual([true, false, false, false, false])
    expect(states([bob.receive(message, 0).event])).toEqual(['asked'])
    const attempts = { alice: new Attempts(), bob: new Attempts([[fingerprints.alice, 3]]) }
    const { bob: failed } = sides(attempts)
    const told = [0, 59_999, 60_000].map((now) => states([failed.receive(message, now).event]))
    expect(told).toEqual([['aborted too-many-failures'], [], ['aborted too-many-failures']])
  })

  /** Both sides prove a code: what alice, who begins, and bob, who was asked, told at the end. */
  function prove({ alice, bob }: ReturnType<typeof sides>, secrets: { alice: string; bob: string }, now = 0) {
    const first = bob.receive(alice.start({ secret: secrets.alice, isProof: true }, now), now)
    if (first.event?.state !== 'asked') return states([first.event])
    const second = bob.answer({ secret: secrets.bob, run: first.event.run, isProof: true })!
    const last = bob.receive(alice.receive(second, now).reply!, now)
    return states([last.event, alice.receive(last.reply!, now).event])
  }

  test('a proof neither counts nor is counted, nor does its success forget what failed', () => {
    const attempts = { alice: new Attempts(), bob: new Attempts() }
    const pair = sides(attempts)
    const failures = () => [
      attempts.alice.failures(fingerprints.bob),
      attempts.bob.failures(fingerprints.alice),
    ]
    for (let i = 0; i < 2; i++) expect(prove(pair, { alice: 'a', bob: 'b' })).toEqual(['failed', 'failed'])
    expect(failures()).toEqual([0, 0])
    attempts.alice.fail(fingerprints.bob)
    attempts.bob.fail(fingerprints.alice)
    for (let i = 0; i < 2; i++)
      expect(prove(pair, { alice: 'a', bob: 'a' })).toEqual(['succeeded', 'succeeded'])
    expect(failures()).toEqual([1, 1])
    expect([pair.alice.hurdle(0), pair.bob.hurdle(0)]).toEqual([undefined, undefined])
  })

  test('a proof that is expected runs when the user’s attempts are used up; the next run is his again', () => {
    const attempts = {
      alice: new Attempts([[fingerprints.bob, 3]]),
      bob: new Attempts([[fingerprints.alice, 3]]),
    }
    const pair = sides(attempts)
    pair.bob.expectProof()
    expect(prove(pair, { alice: 'a', bob: 'a' })).toEqual(['succeeded', 'succeeded'])
    expect(prove(pair, { alice: 'a', bob: 'a' })).toEqual(['aborted too-many-failures'])
  })

  test('six proofs a minute, expected or not, and one at a time', () => {
    const pair = sides()
    for (let i = 0; i < 6; i++) {
      if (i % 2 === 0) pair.bob.expectProof()
      expect(prove(pair, { alice: 'a', bob: 'a' })).toEqual(['succeeded', 'succeeded'])
    }
    expect(pair.alice.hurdle(59_999, { isProof: true })).toBe('too-often')
    expect(pair.alice.hurdle(60_000, { isProof: true })).toBeUndefined()
    const seventh = (): Tlv => sides().alice.start({ secret: 'a', isProof: true }, 0)
    const { run } = pair.bob.receive(seventh(), 59_998).event!
    expect(pair.bob.answer({ secret: 'a', run, isProof: true })?.type).toBe(tlvType.smpAbort)
    pair.bob.expectProof()
    const { event } = pair.bob.receive(seventh(), 59_999)
    expect(states([event])).toEqual(['aborted too-often'])
    expect(pair.bob.hurdle(59_999)).toBeUndefined()
    pair.alice.start({ secret: 'a', isProof: true }, 60_000)
    expect(pair.alice.hurdle(60_000, { isProof: true })).toBe('running')
  })

  test('only who answered a question of the other’s is told that it was one', () => {
    for (const question of ['', 'where?']) {
      const { alice, bob } = sides()
      const asked = bob.receive(alice.start({ secret: 'a', question }, 0), 0).event as SmpEvent
      const third = alice.receive(bob.answer({ secret: 'a', run: asked.run })!, 0).reply!
      const last = bob.receive(third, 0)
      expect(last.event).toMatchObject({ state: 'succeeded', byQuestion: question !== '' })
      expect(alice.receive(last.reply!, 0).event).toMatchObject({ state: 'succeeded', byQuestion: false })
      bob.receive(alice.start({ secret: 'a', question }, 0), 0)
      bob.abort()
      alice.abort()
      const turned = alice.receive(bob.start({ secret: 'a' }, 0), 0).event as SmpEvent
      const fourth = alice.receive(bob.receive(alice.answer({ secret: 'a', run: turned.run })!, 0).reply!, 0)
      expect(bob.receive(fourth.reply!, 0).event).toMatchObject({ state: 'succeeded', byQuestion: false })
    }
  })

  test('a peer who goes silent, aborts or leaves after message 3 has had its guess', () => {
    const ends: ((side: Smp) => void)[] = [
      (side) => side.receive({ type: tlvType.smpAbort, value: new Uint8Array(0) }, 0),
      (side) => side.receive({ type: tlvType.smp4, value: new Uint8Array(171) }, 0),
      (side) => side.leave(),
      (side) => side.abort(),
    ]
    for (const end of ends) {
      const attempts = { alice: new Attempts(), bob: new Attempts() }
      const { alice, bob } = sides(attempts)
      const asked = bob.receive(alice.start({ secret: 'a' }, 0), 0).event as SmpEvent
      alice.receive(bob.answer({ secret: 'b', run: asked.run })!, 0)
      end(alice)
      expect(attempts.alice.failures(fingerprints.bob)).toBe(1)
    }
  })
})

describe('SMP and its session', () => {
  test('a question of former keys is over when keys are renewed, and its answer reaches nobody', () => {
    const pair = securedPair()
    const question = pair.alice.startSmp({ secret: 'a', question: 'old?' }, 0)
    const asked = pair.bob.receive(question, 0).events[0] as SmpEvent
    expect(states(exchange(pair))).toEqual(['aborted session', 'aborted session'])
    expect(pair.bob.answerSmp({ secret: 'a', run: asked.run }, 0)).toBeUndefined()
    const again = pair.bob.receive(pair.alice.startSmp({ secret: 'b', question: 'new?' }, 0), 0)
      .events[0] as SmpEvent
    expect(again.run).toBeGreaterThan(asked.run)
    expect(pair.bob.answerSmp({ secret: 'a', run: asked.run }, 0)).toBeUndefined()
    expect(pair.bob.answerSmp({ secret: 'b', run: again.run }, 0)).toBeDefined()
  })

  test('a question that arrives late, under former keys, is not asked', () => {
    const { alice, bob } = securedPair()
    const authR = alice.receive(bob.start(0), 0).replies[0]!
    const late = alice.startSmp({ secret: 'a', question: 'late?' }, 0)
    bob.receive(authR, 0)
    expect(bob.receive(late, 0)).toEqual({ replies: [], events: [] })
    expect(bob.smpHurdle(0)).toBeUndefined()
  })

  test('ends with it: by either side', () => {
    const { alice, bob } = securedPair()
    bob.receive(alice.startSmp({ secret: 'a' }, 0), 0)
    const { events } = bob.receive(alice.close(0)!, 0)
    expect([...states(events), events.at(-1)?.kind]).toEqual(['aborted session', 'finished'])
    expect(alice.smpHurdle(0)).toBe('not-secured')
    expect(() => alice.startSmp({ secret: 'a' }, 0)).toThrow('not secured')
    expect([alice.abortSmp(0), bob.abortSmp(0)]).toEqual([undefined, undefined])
    expect(bob.answerSmp({ secret: 'a', run: 1 }, 0)).toBeUndefined()
  })

  test('its records are never told as records, nor sent as such', () => {
    const { alice, bob } = securedPair()
    const record = { type: tlvType.smpAbort, value: new Uint8Array(0) }
    expect(() => alice.encrypt({ text: '', tlvs: [record] }, 0)).toThrow('not to be sent')
    expect(bob.receive(alice.startSmp({ secret: 'a' }, 0), 0).events.map(({ kind }) => kind)).toEqual(['smp'])
  })

  test('two hundred records out of turn in one message make one abort', () => {
    const victim = aliceWith()
    const hostile = new Hostile(victim)
    const tlvs = Array.from({ length: 200 }, () => ({ type: tlvType.smp3, value: new Uint8Array(456) }))
    const { replies, events } = victim.receive(hostile.message(tlvs, 'hello'), 0)
    expect(events.map(({ kind }) => kind)).toEqual(['message'])
    expect(replies).toHaveLength(1)
    expect(hostile.read(replies[0]!)).toEqual([{ type: tlvType.smpAbort, value: new Uint8Array(0) }])
  })
})
