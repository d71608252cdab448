import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shake256 } from '../../src/crypto.ts'
import { generateDh } from '../../src/otr/dh.ts'
import { generateEcdh, ownPoint } from '../../src/otr/ed448.ts'
import type { MixedSecret } from '../../src/otr/keys.ts'
import { type DataMessage, decodeMessage } from '../../src/otr/message.ts'
import {
  beginSending,
  initiatorRatchet,
  open,
  type Ratchet,
  responderRatchet,
  retire,
  seal,
} from '../../src/otr/ratchet.ts'
import { maxSkipped } from '../../src/otr/skipped.ts'
import { seeded } from './pair.ts'

const first = (name: string) => ({
  ecdh: generateEcdh(seeded(`${name} e`)),
  dh: generateDh(seeded(`${name} d`)),
})

/** Both ratchets as a DAKE leaves them. */
function ratchets(isPostQuantum = false): { alice: Ratchet; bob: Ratchet } {
  const [a, b] = [first('alice'), first('bob')]
  const secret = () => shake256(64) as MixedSecret
  const theirs = (pair: typeof a) => ({
    theirEcdh: ownPoint(pair.ecdh.public),
    theirDh: pair.dh.public,
    isPostQuantum,
  })
  return {
    alice: responderRatchet({ secret: secret(), ...a, ...theirs(b) }),
    bob: initiatorRatchet({ secret: secret(), ...b, ...theirs(a) }, seeded('bob')),
  }
}

/** One end, as a conversation keeps it. */
class End {
  #ratchet: Ratchet
  readonly #random

  constructor(ratchet: Ratchet, name: string) {
    this.#ratchet = ratchet
    this.#random = seeded(name)
  }

  get ratchet(): Ratchet {
    return this.#ratchet
  }

  send(plaintext: Uint8Array): DataMessage {
    this.#commit(beginSending(this.#ratchet, this.#random))
    const tags = { senderTag: 0x100, receiverTag: 0x200, flags: 0 }
    const sealed = seal(this.#ratchet, { ...tags, plaintext, reveal: 'turn' })
    this.#commit(sealed.ratchet)
    return decode(sealed.message)
  }

  receive(message: DataMessage, now = 0): Uint8Array | undefined {
    const opened = open(this.#ratchet, message, now)
    if (opened) this.#commit(opened.ratchet)
    return opened?.plaintext
  }

  #commit(next: Ratchet): void {
    retire(this.#ratchet, next)
    this.#ratchet = next
  }
}

function decode(bytes: Uint8Array): DataMessage {
  const message = decodeMessage(bytes)
  if (message.kind !== 'data') throw new Error('no data message')
  return message
}

function ends(): { alice: End; bob: End } {
  const { alice, bob } = ratchets()
  return { alice: new End(alice, 'alice'), bob: new End(bob, 'bob, later') }
}

const octets = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255)

/** A copy with one bit of the octets that the authenticator covers, or of itself, changed. */
function changed(message: DataMessage, bit: number): DataMessage | undefined {
  const bytes = new Uint8Array([...message.authenticated, ...message.authenticator, 0, 0, 0, 0])
  const at = bit % (8 * (message.authenticated.length + 64))
  bytes[at >> 3]! ^= 1 << (at & 7)
  const decoded = decodeMessage(bytes)
  return decoded.kind === 'data' ? decoded : undefined
}

describe('two ratchets', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('send' as const), from: fc.boolean() }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('deliver' as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('repeat' as const), pick: fc.nat() }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('change' as const), pick: fc.nat(), bit: fc.nat() }),
    },
  )

  test('open every message once, whatever is lost, late, repeated or changed on the way', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 28 }), (steps) => {
        const { alice, bob } = ends()
        const waiting: { to: End; message: DataMessage; plaintext: Uint8Array }[] = []
        const opened: typeof waiting = []
        let count = 0
        for (const step of steps) {
          if (step.kind === 'send') {
            const [from, to] = step.from ? [alice, bob] : [bob, alice]
            const plaintext = octets(count++)
            waiting.push({ to, plaintext, message: from.send(plaintext) })
            continue
          }
          const list = step.kind === 'repeat' ? opened : waiting
          const item = list[step.pick % Math.max(1, list.length)]
          if (!item) continue
          const before = item.to.ratchet
          if (step.kind === 'deliver') {
            expect(item.to.receive(item.message)).toEqual(item.plaintext)
            opened.push(...waiting.splice(waiting.indexOf(item), 1))
            continue
          }
          const message = step.kind === 'change' ? changed(item.message, step.bit) : item.message
          if (message) expect(item.to.receive(message)).toBeUndefined()
          expect(item.to.ratchet).toBe(before)
        }
        // What a refused message derived was overwritten, but nothing that is still needed.
        for (const { to, message, plaintext } of waiting) expect(to.receive(message)).toEqual(plaintext)
      }),
      { numRuns: 25 },
    )
  })

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
