import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { phi, signedForm, transcript } from '../../src/otr/dake.ts'
import { generateDh } from '../../src/otr/dh.ts'
import { generateEcdh, ownPoint } from '../../src/otr/ed448.ts'
import {
  ctSize,
  decapsulate,
  ekSize,
  encapsulate,
  generateKem,
  isEncapsulationKey,
} from '../../src/otr/kem.ts'
import {
  type AuthR,
  decodeMessage,
  encodeAuthR,
  encodeData,
  encodeIdentity,
  type Identity,
} from '../../src/otr/message.ts'
import { createClientProfile } from '../../src/otr/profile.ts'
import { type Ring, sign } from '../../src/otr/ring.ts'
import { alice, aliceWith, bob, bobWith, exchange, seeded, textsOf, wallTime } from './pair.ts'

const expires = wallTime / 1_000 + 86_400
const hybrid = (who: typeof alice) => {
  const profile = createClientProfile({ ...who, expires, versions: '4q' })
  return { profile: () => profile }
}
const [hybridAlice, hybridBob] = [hybrid(alice), hybrid(bob)]
const none = new Uint8Array(0)

function identityOf(bytes: Uint8Array): Identity {
  const message = decodeMessage(bytes)
  if (message.kind !== 'identity') throw new Error('no Identity')
  return message
}

function authROf(bytes: Uint8Array): AuthR {
  const message = decodeMessage(bytes)
  if (message.kind !== 'auth-r') throw new Error('no Auth-R')
  return message
}

describe('ML-KEM-768', () => {
  test('gives both sides one secret, and another for a ciphertext with a changed bit, without a sign', () => {
    const keys = generateKem(seeded('kem'))
    expect([keys.public.length, ekSize, ctSize]).toEqual([1_184, 1_184, 1_088])
    const { ct, shared } = encapsulate(keys.public, seeded('m'))
    expect([ct.length, shared.length]).toEqual([1_088, 32])
    expect(decapsulate(keys, ct)).toEqual({ ek: keys.public, ct, shared })
    const changed = ct.slice()
    changed[500]! ^= 1
    const rejected = decapsulate(keys, changed).shared
    expect(rejected).toHaveLength(32)
    expect(rejected).not.toEqual(shared)
  })

  test('refuses as a key exactly what noble refuses, which looks at each coefficient', () => {
    const good = generateKem(seeded('kem')).public
    const coefficient = fc.record({
      at: fc.nat({ max: 1_151 }),
      value: fc.constantFrom(0x00, 0x0c, 0x0d, 0xd0, 0xff),
    })
    fc.assert(
      fc.property(fc.array(coefficient, { maxLength: 3 }), (changes) => {
        const ek = good.slice()
        for (const { at, value } of changes) ek[at] = value
        expect(isEncapsulationKey(ek)).toBe(isTaken(() => ml_kem768.encapsulate(ek, new Uint8Array(32))))
      }),
      { numRuns: 60 },
    )
    const atModulus = good.slice()
    atModulus.set([0x01, 0xfd & 0x0f], 0) // 0xd01 = 3329
    expect(isEncapsulationKey(atModulus)).toBe(false)
    atModulus[0] = 0x00
    expect(isEncapsulationKey(atModulus)).toBe(true)
    expect(isEncapsulationKey(good.subarray(1))).toBe(false)
  })
})

describe('the post-quantum extension', () => {
  test('is used by two who announce it: 1,184 octets in Identity, 1,088 in Auth-R', () => {
    const [plain, pair] = [
      { alice: aliceWith(), bob: bobWith() },
      { alice: aliceWith(hybridAlice), bob: bobWith(hybridBob) },
    ]
    const sizes = [plain, pair].map(({ alice, bob }) => {
      const identity = bob.start(0)
      const authR = alice.receive(identity, 0).replies[0]!
      const authI = bob.receive(authR, 0).replies[0]!
      alice.receive(authI, 0)
      return [identity.length, authR.length, authI.length]
    })
    expect(sizes).toEqual([
      [1_164, 1_506, 353],
      [1_164 + 1 + 1_184, 1_506 + 1 + 1_088, 353],
    ])
    expect([pair.alice.isPostQuantum, pair.bob.isPostQuantum]).toEqual([true, true])
    expect([plain.alice.isPostQuantum, plain.bob.isPostQuantum]).toEqual([false, false])
    expect(pair.alice.ssid).toEqual(pair.bob.ssid)
    expect(pair.alice.ssid).not.toEqual(plain.alice.ssid)
    expect(bobWith(hybridBob).isPostQuantum).toBeUndefined()
  })

  test.each([
    ['the initiator', {}, hybridBob],
    ['the responder', hybridAlice, {}],
  ])('is not used when only %s announces it', (_, ofAlice, ofBob) => {
    const pair = { alice: aliceWith(ofAlice), bob: bobWith(ofBob) }
    exchange(pair)
    expect([pair.alice.isPostQuantum, pair.bob.isPostQuantum]).toEqual([false, false])
    expect(textsOf(pair.bob.receive(pair.alice.encrypt({ text: 'hello' }, 0), 0).events)).toEqual(['hello'])
  })

  test('cannot be stripped from Identity: neither the key, nor key and letter', () => {
    const identity = identityOf(bobWith(hybridBob).start(0))
    const refuses = (changed: Identity) =>
      expect(aliceWith(hybridAlice).receive(encodeIdentity(changed), 0)).toEqual({
        replies: [],
        events: [{ kind: 'refused', why: 'failed' }],
      })
    refuses({ ...identity, kem: none })
    const profile = identity.profile.slice()
    profile[profile.indexOf(0x71)] = 0x34 // q
    refuses({ ...identity, profile, kem: none })
    refuses({ ...identity, profile: bob.profile }) // an older profile of his, and the key
    refuses({ ...identity, profile: bob.profile, kem: new Uint8Array(ekSize).fill(0xff) }) // and what is no key
    refuses({ ...identity, kem: identity.kem.map((octet, at) => (at === 1 ? 0xff : octet)) }) // a coefficient >= 3329
  })

  test('cannot be stripped by an older profile of either, which was signed before there was the letter', () => {
    const [alice1, bob1] = [aliceWith(hybridAlice), bobWith(hybridBob)]
    const identity = identityOf(bob1.start(0))
    const answer = alice1.receive(encodeIdentity({ ...identity, profile: bob.profile, kem: none }), 0)
      .replies[0]!
    expect(authROf(answer).kem).toHaveLength(0)
    expect(bob1.receive(answer, 0)).toEqual({ replies: [], events: [{ kind: 'refused', why: 'failed' }] })

    const honest = authROf(alice1.receive(encodeIdentity(identity), 0).replies[0]!)
    const stripped = encodeAuthR({ ...honest, profile: alice.profile, kem: none })
    expect(bob1.receive(stripped, 0).events).toEqual([{ kind: 'refused', why: 'failed' }])
  })

  test('fails when ek or ct is another: both are signed', () => {
    const [alice1, bob1] = [aliceWith(hybridAlice), bobWith(hybridBob)]
    const identity = identityOf(bob1.start(0))
    const foreign = generateKem(seeded('mallory')).public
    const forForeign = alice1.receive(encodeIdentity({ ...identity, kem: foreign }), 0).replies[0]!
    expect(bob1.receive(forForeign, 0).events).toEqual([{ kind: 'refused', why: 'failed' }])

    const authR = authROf(alice1.receive(encodeIdentity(identity), 0).replies[0]!)
    const other = encapsulate(identity.kem, seeded('mallory')).ct
    for (const kem of [other, none]) {
      expect(bob1.receive(encodeAuthR({ ...authR, kem }), 0).events).toEqual([
        { kind: 'refused', why: 'failed' },
      ])
    }
    expect(bob1.receive(encodeAuthR(authR), 0).events).toMatchObject([{ kind: 'secured' }])
  })

  test('fails without a throw when the responder itself signs that there is no ct', () => {
    const initiator = bobWith(hybridBob)
    const identity = identityOf(initiator.start(0))
    const random = seeded('hostile')
    const [ecdh, dh] = [generateEcdh(random).public, generateDh(random).public]
    const keys = { ecdh, dh, firstEcdh: ecdh, firstDh: dh }
    const profile = hybridAlice.profile()
    const tags = { senderTag: alice.instanceTag, receiverTag: bob.instanceTag }
    const [ownId, theirId] = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)]
    const shared = phi({ ...tags, own: keys, theirs: identity.keys, ownId, theirId })
    for (const ct of [none, new Uint8Array(1_087)]) {
      const sides = { bob: identity, alice: { profile, keys } }
      const t = transcript('auth-r', sides, shared, { ek: identity.kem, ct })
      const ring = [bob.identity.forgingKey, alice.identity.publicKey, identity.keys.ecdh].map(ownPoint)
      const sigma = sign(ring as unknown as Ring, alice.identity, signedForm(t), random)
      const authR = encodeAuthR({ ...tags, profile, keys, sigma, kem: ct })
      expect(initiator.receive(authR, 0).events).toEqual([{ kind: 'refused', why: 'failed' }])
    }
  })

  test('has new keys in the ratchets 0 of the initiator, 3, 6 ..., with flag 02, and nowhere else', () => {
    const pair = { alice: aliceWith(hybridAlice), bob: bobWith(hybridBob) }
    exchange(pair)
    const carried = ['alice', 'bob', 'alice', 'bob', 'alice', 'bob', 'alice', 'bob'].map((from) => {
      const [sender, receiver] = from === 'alice' ? [pair.alice, pair.bob] : [pair.bob, pair.alice]
      const message = sender.encrypt({ text: from }, 0)
      expect(textsOf(receiver.receive(message, 0).events)).toEqual([from])
      const decoded = decodeMessage(message)
      return decoded.kind === 'data'
        ? `${from} ${decoded.ratchetId}: ${decoded.kem.length}, ${decoded.flags}`
        : ''
    })
    expect(carried).toEqual([
      'alice 0: 0, 0',
      'bob 0: 1184, 2',
      'alice 1: 0, 0',
      'bob 2: 0, 0',
      'alice 3: 2272, 2',
      'bob 4: 0, 0',
      'alice 5: 0, 0',
      'bob 6: 2272, 2',
    ])
  })

  test('has no field in a message without a DH key, and one of a fixed length with it', () => {
    const header = {
      senderTag: 0x100,
      receiverTag: 0x101,
      flags: 0,
      pn: 0,
      messageId: 0,
      ecdh: new Uint8Array(57),
    }
    const kindOf = (ratchetId: number, size: number) => {
      const dh = ratchetId % 3 === 0 ? Uint8Array.of(2) : none
      const sections = encodeData({ ...header, ratchetId, dh, kem: new Uint8Array(size) }, none)
      return decodeMessage(Uint8Array.from([...sections, ...new Uint8Array(64 + 4)])).kind
    }
    expect([kindOf(0, 1_184), kindOf(3, 2_272), kindOf(4, 0)]).toEqual(['data', 'data', 'data'])
    for (const kind of [kindOf(0, 2_272), kindOf(3, 1_184), kindOf(4, 2_272), kindOf(3, 2_271)])
      expect(kind).toBe('malformed')
  })
})

function isTaken(work: () => unknown): boolean {
  try {
    work()
    return true
  } catch {
    return false
  }
}
