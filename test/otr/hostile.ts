/** A peer who has the keys of a session, as bob, and keeps to no rule beyond them. */
import type { Conversation } from '../../src/otr/conversation.ts'
import { finish, start, validate } from '../../src/otr/dake.ts'
import { decodeMessage } from '../../src/otr/message.ts'
import { beginSending, open, type Ratchet, seal } from '../../src/otr/ratchet.ts'
import { decodePlaintext, encodePlaintext, type Tlv } from '../../src/otr/tlv.ts'
import { alice, bob, seeded, wallTime } from './pair.ts'

export class Hostile {
  readonly ssid: Uint8Array
  readonly #random = seeded('hostile')
  #ratchet: Ratchet

  /** Secures the conversation, which is of `aliceWith`, with bob's identity. */
  constructor(victim: Conversation, now = 0) {
    const { identity, instanceTag: tag, profile } = bob
    const ids = { id: Uint8Array.of(4, 5), peerId: Uint8Array.of(1, 2, 3) }
    const self = { identity, tag, profile, isPostQuantum: false, ...ids, random: this.#random }
    const { state, message } = start(self)
    const authR = decodeMessage(victim.receive(message, now).replies[0]!)
    const party =
      authR.kind === 'auth-r' ? validate(authR, { own: identity.publicKey, wall: wallTime }) : undefined
    if (!party || 'kind' in party) throw new Error('hostile: no Auth-R')
    const { established, message: authI } = finish(state, party)
    victim.receive(authI, now)
    this.#ratchet = established.ratchet
    this.ssid = established.ssid
  }

  /** A data message of any records, of those too that a conversation sends by itself only. */
  message(tlvs: readonly Tlv[], text = ''): Uint8Array {
    return this.plain(encodePlaintext({ text, tlvs }))
  }

  /** A data message of any octets. */
  plain(plaintext: Uint8Array): Uint8Array {
    const tags = { senderTag: bob.instanceTag, receiverTag: alice.instanceTag }
    const ratchet = beginSending(this.#ratchet, this.#random)
    const sealed = seal(ratchet, { ...tags, flags: 0, plaintext, reveal: 'turn' })
    this.#ratchet = sealed.ratchet
    return sealed.message
  }

  /** The records of a message of the victim's. */
  read(bytes: Uint8Array): readonly Tlv[] {
    const message = decodeMessage(bytes)
    const opened = message.kind === 'data' ? open(this.#ratchet, message, 0) : undefined
    if (!opened) throw new Error('hostile: cannot read this')
    this.#ratchet = opened.ratchet
    return decodePlaintext(opened.plaintext)?.tlvs ?? []
  }
}
