/** Two sides that share keys, and randomness that one seed decides. */
import { createHash } from 'node:crypto'
import { aead, nobleAead, type Random } from '../../../src/crypto.ts'
import { type Header, type LinkKeys, writeHeader } from '../../../src/transport/link/frames.ts'
import { Initiator, Responder } from '../../../src/transport/link/handshake.ts'
import { hkdf } from '../../../src/transport/link/noise.ts'
import type { Established, Role } from '../../../src/transport/link/sealed.ts'
import { address } from '../../support/network.ts'

export const octets = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value)

export const keysOf = (seed: number): LinkKeys => ({
  psk: octets(32, seed),
  mac1: octets(32, seed + 1),
  tags: { initiator: octets(8, seed + 2), responder: octets(8, seed + 3) },
})

export function randomOf(seed: number): Random {
  let count = 0
  return (size) => {
    const blocks = Array.from({ length: Math.ceil(size / 32) }, () =>
      createHash('sha256').update(`${seed} ${count++}`).digest(),
    )
    return new Uint8Array(Buffer.concat(blocks).subarray(0, size))
  }
}

/** Both ends of one handshake, made at 10.0.0.1:1. */
export function establish(seed = 1): { initiator: Established; responder: Established } {
  const { keys, random } = { keys: keysOf(40), random: randomOf(seed) }
  const initiator = new Initiator({ keys, index: 0x01020304, random })
  const options = { keys, epoch: 7, index: 0xfffefdfc, random }
  const answer = new Responder().receive(initiator.init, address('10.0.0.1:1'), options, 0)!
  return { initiator: initiator.receive(answer.response)!, responder: answer.established! }
}

/** Every copy of the octets with one bit changed, or every `step`th. */
export function* bitFlips(bytes: Uint8Array, step = 1): Generator<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit += step) {
    const flipped = bytes.slice()
    flipped[bit >> 3]! ^= 1 << (bit & 7)
    yield flipped
  }
}

export function* truncations(bytes: Uint8Array): Generator<Uint8Array> {
  for (let size = 0; size < bytes.length; size++) yield bytes.slice(0, size)
}

/** Says what a data frame holds that a link of `establish(seed)` sent: the octet `kind`. */
export function kindsOf(seed = 1): (frame: Uint8Array, from: Role) => number | undefined {
  const keys: (readonly [Uint8Array, Uint8Array])[] = [] // of each generation
  let { ck } = establish(seed).initiator
  return (frame, from) => {
    for (; keys.length <= frame[1]!; ck = hkdf(ck, new TextEncoder().encode('step'))[0]) keys.push(hkdf(ck))
    const key = keys[frame[1]!]![from === 'initiator' ? 0 : 1]
    const aad = frame.subarray(0, 16)
    return aead(key).open(Uint8Array.of(0, 0, 0, 0, ...aad.subarray(8)), aad, frame.subarray(16))?.[0]
  }
}

/** A data frame that is as it should be, whatever its header says and its key. */
export function frameOf(
  key: Uint8Array,
  { header, kind = 0, content = octets(20, 0x61) }: { header: Header; kind?: number; content?: Uint8Array },
): Uint8Array {
  const aad = writeHeader(header)
  const nonce = Uint8Array.of(0, 0, 0, 0, ...aad.subarray(8))
  return Uint8Array.of(...aad, ...nobleAead(key).seal(nonce, aad, Uint8Array.of(kind, ...content)))
}
