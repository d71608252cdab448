/**
 * The octets of a LAN announcement: "I am here", for buddies only. Whoever has
 * no key of a pair in it sees our ports among random octets, and cannot tell
 * whose they are, nor how many buddies we have. Spec: "LAN" in docs/Protocol.md.
 *
 *     announcement = head (38) | 16, 32 or 64 slots
 *     head         = 0xE0 | version (1) | e (8) | nonce (16) | port4 (2) | port6 (2) | seal (8)
 *     seal         = first 8 of SHA-256(nonce | session id)
 *     H            = HMAC-SHA-256(key "lan" of the direction and e, head)
 *     slot         = first 8 of H: the tag | session id XOR the next 8 of H
 */
import { equal, hmacSha256, type Random, sha256 } from '../crypto.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'

/** The UDP ports of our main ends; 0: none of that family. */
export interface LanPorts {
  readonly port4: number
  readonly port6: number
}

export interface Told extends LanPorts {
  readonly epoch: number
  /** 8 octets, drawn whenever the program starts. */
  readonly sessionId: Uint8Array
}

export interface Announced extends LanPorts {
  /** Of the sender's clock: his keys are those of this hour, whatever ours says. */
  readonly epoch: number
  /** The session id of the sender if `key` (32 octets) is one of his pairs' in this hour. */
  opens(key: Uint8Array): Uint8Array | undefined
}

/**
 * Announcements for all of these keys, each in one datagram of a size that
 * tells nothing but the power of two that the number of keys is below.
 *
 * @param keys - "lan" of our direction in this epoch, 32 octets each
 */
export function writeAnnouncements(told: Told, keys: readonly Uint8Array[], random: Random): Uint8Array[] {
  const count = 2 ** Math.ceil(Math.log2(Math.max(keys.length, minSlots)))
  const places = shuffled([...keys, ...new Array<undefined>(count - keys.length)], random)
  const datagrams: Uint8Array[] = []
  for (let at = 0; at < count; at += maxSlots)
    datagrams.push(write(told, places.slice(at, at + maxSlots), random))
  return datagrams
}

function write(
  { epoch, port4, port6, sessionId }: Told,
  places: readonly (Uint8Array | undefined)[],
  random: Random,
): Uint8Array {
  const nonce = random(nonceSize)
  const head = new Writer(headSize)
    .u8(type)
    .u8(version)
    .u64(BigInt(epoch))
    .bytes(nonce)
    .u16(port4)
    .u16(port6)
    .bytes(sealOf(nonce, sessionId))
    .done()
  const whole = new Writer(headSize + places.length * slotSize).bytes(head)
  for (const key of places) {
    if (key) whole.bytes(masked(hmacSha256(key, head).subarray(0, slotSize), sessionId))
    else whole.bytes(random(slotSize))
  }
  return whole.done()
}

export function readAnnouncement(bytes: Uint8Array): Announced | undefined {
  if (!sizes.has(bytes.length) || bytes[0] !== type || bytes[1] !== version) return undefined
  const head = bytes.subarray(0, headSize)
  const reader = new Reader(head.subarray(2))
  const epoch = Number(reader.u64())
  const nonce = reader.bytes(nonceSize)
  const [port4, port6, seal] = [reader.u16(), reader.u16(), reader.rest()]
  if (epoch > maxEpoch) return undefined
  const slots = new Map<string, Uint8Array>()
  for (let at = headSize; at < bytes.length; at += slotSize)
    slots.set(nameOf(bytes.subarray(at, at + tagSize)), bytes.subarray(at, at + slotSize))
  const opens = (key: Uint8Array): Uint8Array | undefined => {
    const mask = hmacSha256(key, head).subarray(0, slotSize)
    const slot = slots.get(nameOf(mask.subarray(0, tagSize)))
    const sessionId = slot && masked(mask, slot.subarray(tagSize)).slice(tagSize)
    return sessionId && equal(sealOf(nonce, sessionId), seal) ? sessionId : undefined
  }
  return { epoch, port4, port6, opens }
}

/** Its second half hides the session id, or shows it again. */
function masked(mask: Uint8Array, sessionId: Uint8Array): Uint8Array {
  return mask.map((octet, i) => (i < tagSize ? octet : octet ^ sessionId[i - tagSize]!))
}

const sealOf = (nonce: Uint8Array, sessionId: Uint8Array): Uint8Array =>
  sha256(nonce, sessionId).subarray(0, sealSize)

const nameOf = (tag: Uint8Array): string => String.fromCharCode(...tag)

/** Fisher and Yates; 32 random bits for at most some thousands: the bias is below one in a million. */
function shuffled<T>(list: T[], random: Random): T[] {
  for (let left = list.length; left > 1; left--) {
    const other = new Reader(random(4)).u32() % left
    const last = list[left - 1]!
    list[left - 1] = list[other]!
    list[other] = last
  }
  return list
}

/** Neither the DHT's `d`, nor STUN's 00, nor the link's F0 to F7. */
const type = 0xe0
const version = 1
const nonceSize = 16
const sealSize = 8
const tagSize = 8
const slotSize = 16
const headSize = 38
const minSlots = 16
const maxSlots = 64 // 1,062 octets: no link that carries IPv6 (MTU 1,280) splits it
const sizes = new Set([16, 32, 64].map((slots) => headSize + slots * slotSize))
const maxEpoch = 2 ** 32 // in 490,000 years
