/** Two ratchets without conversations around them, and a channel that does to messages what it likes. */
import fc from 'fast-check'
import { expect } from 'vitest'
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
import { seeded } from './pair.ts'

const first = (name: string) => ({
  ecdh: generateEcdh(seeded(`${name} e`)),
  dh: generateDh(seeded(`${name} d`)),
})

/** Both ratchets as a DAKE leaves them. */
export function ratchets(isPostQuantum = false): { alice: Ratchet; bob: Ratchet } {
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
export class End {
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

export function decode(bytes: Uint8Array): DataMessage {
  const message = decodeMessage(bytes)
  if (message.kind !== 'data') throw new Error('no data message')
  return message
}

export function ends(isPostQuantum = false): { alice: End; bob: End } {
  const { alice, bob } = ratchets(isPostQuantum)
  return { alice: new End(alice, 'alice'), bob: new End(bob, 'bob, later') }
}

export const octets = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255)

/** A copy with one bit of the octets that the authenticator covers, or of itself, changed. */
export function changed(message: DataMessage, bit: number): DataMessage | undefined {
  const bytes = new Uint8Array([...message.authenticated, ...message.authenticator, 0, 0, 0, 0])
  const at = bit % (8 * (message.authenticated.length + 64))
  bytes[at >> 3]! ^= 1 << (at & 7)
  const decoded = decodeMessage(bytes)
  return decoded.kind === 'data' ? decoded : undefined
}

export const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('send' as const), from: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('turn' as const), from: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('deliver' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('repeat' as const), pick: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('change' as const), pick: fc.nat(), bit: fc.nat() }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/**
 * Each message is opened once, whatever is lost, late, repeated or changed on
 * the way, and what is refused changes nothing. What is never delivered is
 * lost. Gives the last ratchet id.
 */
export function disturb(steps: readonly Step[], isPostQuantum: boolean): number {
  const { alice, bob } = ends(isPostQuantum)
  const waiting: { to: End; message: DataMessage; plaintext: Uint8Array }[] = []
  const opened: typeof waiting = []
  const deliver = (item: (typeof waiting)[number]) => {
    expect(item.to.receive(item.message)).toEqual(item.plaintext)
    opened.push(...waiting.splice(waiting.indexOf(item), 1))
  }
  let count = 0
  for (const step of steps) {
    if (step.kind === 'send' || step.kind === 'turn') {
      const [from, to] = step.from ? [alice, bob] : [bob, alice]
      const plaintext = octets(count++)
      const item = { to, plaintext, message: from.send(plaintext) }
      waiting.push(item)
      if (step.kind === 'turn') deliver(item)
      continue
    }
    const list = step.kind === 'repeat' ? opened : waiting
    const item = list[step.pick % Math.max(1, list.length)]
    if (!item) continue
    if (step.kind === 'deliver') {
      deliver(item)
      continue
    }
    const before = item.to.ratchet
    const message = step.kind === 'change' ? changed(item.message, step.bit) : item.message
    if (message) expect(item.to.receive(message)).toBeUndefined()
    expect(item.to.ratchet).toBe(before)
  }
  // What a refused message derived was overwritten, but nothing that is still needed.
  for (const item of [...waiting]) deliver(item)
  return Math.max(alice.ratchet.nextId, bob.ratchet.nextId) - 1
}
