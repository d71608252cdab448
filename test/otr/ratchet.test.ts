import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { generateKem } from '../../src/otr/kem.ts'
import { open, type Ratchet, retire, seal } from '../../src/otr/ratchet.ts'
import { maxSkipped } from '../../src/otr/skipped.ts'
import { changed, decode, disturb, ends, octets, ratchets, step } from './ends.ts'
import { seeded } from './pair.ts'

/** Messages one after the other, each answered by the other side. */
const turns = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ kind: 'turn' as const, from: i % 2 === 0 }))

describe('two ratchets', () => {
  test.each([false, true])(
    'open every message once, whatever is lost, late, repeated or changed on the way, post-quantum: %s',
    (isPostQuantum) => {
      let farthest = 0
      fc.assert(
        fc.property(fc.array(step, { maxLength: 20, size: 'max' }), (steps) => {
          farthest = Math.max(farthest, disturb(steps, isPostQuantum))
        }),
        { numRuns: 12, examples: [[turns(7)]] },
      )
      expect(farthest).toBeGreaterThanOrEqual(5) // a ratchet with new DH keys is among them
    },
    30_000,
  )

  test('pass over 1,000 messages, and not over 1,001', () => {
    const { alice, bob } = ends()
    const messages = Array.from({ length: maxSkipped + 2 }, (_, i) => alice.send(octets(i)))
    expect(maxSkipped).toBe(1_000)
    expect(bob.receive(messages[1_001]!)).toBeUndefined()
    expect(bob.ratchet.skipped.size).toBe(0)
    expect(bob.receive(messages[1_000]!)).toEqual(octets(1_000))
    expect(bob.ratchet.skipped.size).toBe(1_000)
    expect(bob.receive(messages[0]!)).toEqual(octets(0))
    expect(bob.receive(messages[0]!)).toBeUndefined()
  })

  test('keep at most 1,000 stored keys: the oldest go first, and their MAC keys are to be revealed', () => {
    const { alice, bob } = ends()
    const messages = Array.from({ length: 1_010 }, (_, i) => alice.send(octets(i)))
    bob.receive(messages[999]!)
    bob.receive(messages[1_009]!)
    expect(bob.ratchet.skipped.size).toBe(1_000)
    expect(bob.ratchet.macKeys).toHaveLength(10) // two verified, eight dropped
    expect(bob.receive(messages[7]!)).toBeUndefined()
    expect(bob.receive(messages[8]!)).toEqual(octets(8))
  })

  test('drop a stored key after an hour', () => {
    const { alice, bob } = ends()
    const messages = Array.from({ length: 4 }, (_, i) => alice.send(octets(i)))
    bob.receive(messages[1]!, 0)
    bob.receive(messages[2]!, 3_599_999)
    expect(bob.ratchet.skipped.size).toBe(1)
    bob.receive(messages[3]!, 3_600_000)
    expect(bob.ratchet.skipped.size).toBe(0)
  })

  test('do not work for a message that claims a huge id, an id out of turn or a ratchet to come', () => {
    const { alice, bob } = ends()
    const message = alice.send(octets(1))
    const started = performance.now()
    for (let i = 0; i < 2_000; i++) {
      expect(open(bob.ratchet, { ...message, messageId: 0xffff_ffff }, 0)).toBeUndefined()
      expect(open(bob.ratchet, { ...message, ratchetId: 3, ecdh: new Uint8Array(57) }, 0)).toBeUndefined()
      const huge = { ratchetId: 1, ecdh: new Uint8Array(57), pn: 0xffff_ffff, dh: new Uint8Array(0) }
      expect(open(bob.ratchet, { ...message, ...huge }, 0)).toBeUndefined()
    }
    expect(performance.now() - started).toBeLessThan(2_000) // one derived chain would take 5 ms and more
  })

  test('reveal the MAC key of each verified message with the first message of the next turn, once', () => {
    const { alice, bob } = ends()
    bob.receive(alice.send(octets(0)))
    bob.receive(alice.send(octets(1)))
    expect(bob.send(octets(2)).revealed).toHaveLength(0) // made before anything had been received
    const reply = bob.send(octets(3))
    alice.receive(reply)
    expect(alice.send(octets(4)).revealed).toHaveLength(64)
    const next = alice.send(octets(5))
    expect(next.revealed).toHaveLength(0)
    bob.receive(next)
    expect(bob.send(octets(6)).revealed).toHaveLength(3 * 64)
  })

  test('keep the old ratchet when the first message of a new one was changed on the way', () => {
    const { alice, bob } = ends()
    const [m0, m1] = [alice.send(octets(0)), alice.send(octets(1))]
    bob.receive(m0)
    alice.receive(bob.send(octets(2)))
    const next = alice.send(octets(3))
    const { ciphertext, authenticated } = next
    const length = 8 * (authenticated.length - ciphertext.length)
    expect(bob.receive(changed(next, length)!)).toBeUndefined()
    expect(bob.receive(m1)).toEqual(octets(1))
    expect(bob.receive(next)).toEqual(octets(3))
  })

  test('refuse keys of ML-KEM where none belong, none where they belong, and what is no key', () => {
    const sealed = (ratchet: Ratchet, kem: Uint8Array) => {
      if (ratchet.sending.kind !== 'ready') throw new Error('not begun')
      const changed = { ...ratchet, sending: { ...ratchet.sending, kem } }
      const tags = { senderTag: 1, receiverTag: 2, flags: 0 }
      return seal(changed, { ...tags, plaintext: octets(1), reveal: 'turn' })
    }
    const [{ alice, bob }, classic] = [ratchets(true), ratchets()]
    const ek = generateKem(seeded('one')).public
    const noKey = ek.map((octet, i) => (i < 3 ? 0xff : octet))
    for (const kem of [noKey, new Uint8Array(0)])
      expect(open(alice, decode(sealed(bob, kem).message), 0)).toBeUndefined()
    expect(open(classic.alice, decode(sealed(classic.bob, ek).message), 0)).toBeUndefined()
    expect(open(bob, decode(sealed(alice, ek).message), 0)).toBeUndefined()

    const first = sealed(bob, ek)
    const opened = open(alice, decode(first.message), 0)!
    const other = generateKem(seeded('two')).public
    expect(open(opened.ratchet, decode(sealed(first.ratchet, other).message), 0)).toBeUndefined()
    expect(open(opened.ratchet, decode(sealed(first.ratchet, ek).message), 0)).toBeDefined()
  })

  test('overwrite what a state leaves behind', () => {
    const { alice, bob } = ratchets()
    const { rootKey, receiving } = bob
    const message = decode(
      seal(alice, { senderTag: 1, receiverTag: 2, flags: 0, plaintext: octets(1), reveal: 'turn' }).message,
    )
    const opened = open(bob, message, 0)!
    retire(bob, opened.ratchet)
    expect(receiving!.chainKey.every((octet) => octet === 0)).toBe(true)
    expect(rootKey.some((octet) => octet !== 0)).toBe(true) // the new state has it too
    retire(opened.ratchet)
    expect(rootKey.every((octet) => octet === 0)).toBe(true)
  })
})
