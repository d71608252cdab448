/**
 * The double ratchet as values: a step takes a state and gives another, which
 * its owner commits by `retire`. OTRv4, "Key Management" and "Data Message".
 *
 * Ratchet ids: the responder's first is 0 and the initiator's first is 0, then
 * they alternate, 1, 2, 3 ..., and are never reset (D6).
 *
 * With the post-quantum extension the DH keys of a ratchet have ML-KEM-768 keys
 * beside them, and the same life: who begins a ratchet with id % 3 = 0 sends a
 * new ek, and a ct for the peer's ek of the last such ratchet.
 */
import { chacha20 } from '@noble/ciphers/chacha.js'
import { equal, type Random, wipe } from '../crypto.ts'
import { Writer } from '../wire/writer.ts'
import { type DhKeys, dh, generateDh, isInGroup } from './dh.ts'
import { decodePoint, type EcdhKeys, ecdh, generateEcdh, type Point } from './ed448.ts'
import {
  ctSize,
  decapsulate,
  type Encapsulation,
  ekSize,
  encapsulate,
  generateKem,
  isEncapsulationKey,
  type KemKeys,
} from './kem.ts'
import {
  authenticator,
  type BraceKey,
  type ChainKey,
  firstRootKey,
  type MessageKeys,
  type MixedSecret,
  macKey,
  messageKeys,
  mixedSecret,
  nextBraceKey,
  nextChainKey,
  type RootKey,
  ratchetKeys,
  thirdBraceKey,
} from './keys.ts'
import { type DataHeader, type DataMessage, encodeData, type Tags } from './message.ts'
import { type Gap, maxSkipped, Skipped } from './skipped.ts'

export interface Ratchet {
  readonly rootKey: RootKey
  readonly braceKey: BraceKey
  readonly nextId: number // of the next step, whoever makes it
  readonly dh: DhKeys | undefined // until the peer has answered it with one of theirs
  readonly theirEcdh: Point
  readonly theirDh: Uint8Array
  readonly kem: KemState | undefined // with the extension
  readonly sending: Sending
  readonly receiving: Receiving | undefined // none: nothing has come yet
  readonly skipped: Skipped
  readonly macKeys: readonly Uint8Array[] // to be revealed
}

/** As `dh` and `theirDh`, but that the DAKE leaves none: the initiator's ratchet 0 brings the first ek, and no ct. */
export interface KemState {
  readonly own: KemKeys | undefined
  readonly theirs: Uint8Array | undefined // ek
}

/** `pn` is the number of messages in the ratchet before. `due`: the next message begins one of ours. */
export type Sending =
  | { readonly kind: 'due'; readonly pn: number }
  | {
      readonly kind: 'ready'
      readonly pn: number
      readonly ratchetId: number
      readonly chainKey: ChainKey
      readonly next: number // j
      readonly ecdh: EcdhKeys
      readonly dhPublic: Uint8Array // empty unless ratchetId % 3 = 0
      readonly kem: Uint8Array // what each message carries: empty, ek, or ek || ct
    }

export interface Receiving {
  readonly ratchetId: number
  readonly chainKey: ChainKey
  readonly next: number // k
}

/** What a DAKE hands over: K, our two `first` key pairs and the peer's public ones, checked. */
export interface Agreed {
  readonly secret: MixedSecret
  readonly ecdh: EcdhKeys
  readonly dh: DhKeys
  readonly theirEcdh: Point
  readonly theirDh: Uint8Array
  readonly isPostQuantum: boolean // the DAKE used the extension
}

/** "Initializes the double-ratchet algorithm" for Alice, who sends in ratchet 0. */
export function responderRatchet(agreed: Agreed): Ratchet {
  const { chainKey, ...step } = ratchetZero(agreed)
  const { ecdh, dh } = agreed
  const ready = { pn: 0, ratchetId: 0, chainKey, next: 0, ecdh, dhPublic: dh.public, kem: none }
  return { ...step, nextId: 0, dh, sending: { kind: 'ready', ...ready }, receiving: undefined }
}

/** The same for Bob, who receives in it and at once makes his own. */
export function initiatorRatchet(agreed: Agreed, random: Random): Ratchet {
  const { chainKey, ...step } = ratchetZero(agreed)
  const receiving = { ratchetId: 0, chainKey, next: 0 }
  const received: Ratchet = { ...step, nextId: 0, dh: undefined, sending: { kind: 'due', pn: 0 }, receiving }
  const ratchet = beginSending(received, random)
  retire(received, ratchet)
  wipe(agreed.ecdh.secret, agreed.dh.secret)
  return ratchet
}

function ratchetZero({ secret, ecdh: own, dh: ownDh, theirEcdh, theirDh, isPostQuantum }: Agreed) {
  const braceKey = thirdBraceKey(dh(ownDh.secret, theirDh))
  const first = firstRootKey(secret)
  const keys = ratchetKeys(first, mixedSecret(ecdh(own.secret, theirEcdh), braceKey))
  wipe(first, secret)
  const kem = isPostQuantum ? { own: undefined, theirs: undefined } : undefined
  return { ...keys, braceKey, theirEcdh, theirDh, kem, skipped: Skipped.none, macKeys: [] }
}

/** "Rotating ECDH Keys and Brace Key as sender", if it is due; about 5 ms, so it is better done ahead. */
export function beginSending(ratchet: Ratchet, random: Random): Ratchet {
  const { sending, nextId, theirEcdh, theirDh } = ratchet
  if (sending.kind === 'ready') return ratchet
  const own = generateEcdh(random)
  const ownDh = nextId % 3 === 0 ? generateDh(random) : undefined
  const kem = ownDh && ratchet.kem ? beginKem(ratchet.kem, random) : undefined
  const braceKey = ownDh
    ? thirdBraceKey(dh(ownDh.secret, theirDh), kem?.encapsulation)
    : nextBraceKey(ratchet.braceKey)
  const { rootKey, chainKey } = ratchetKeys(
    ratchet.rootKey,
    mixedSecret(ecdh(own.secret, theirEcdh), braceKey),
  )
  const keys = { ecdh: own, dhPublic: ownDh?.public ?? none, kem: kem?.carried ?? none }
  return {
    ...ratchet,
    rootKey,
    braceKey,
    nextId: nextId + 1,
    dh: ownDh ?? ratchet.dh,
    kem: kem?.state ?? ratchet.kem,
    sending: { kind: 'ready', pn: sending.pn, ratchetId: nextId, chainKey, next: 0, ...keys },
  }
}

/** Our new ek, and a ct for theirs if there is one. */
function beginKem({ theirs }: KemState, random: Random) {
  const own = generateKem(random)
  const encapsulation = theirs && encapsulate(theirs, random)
  const carried = new Writer(ekSize + ctSize)
    .bytes(own.public)
    .bytes(encapsulation?.ct ?? none)
    .done()
  return { state: { own, theirs }, encapsulation, carried }
}

export interface Sealing extends Tags {
  readonly flags: number
  readonly plaintext: Uint8Array
  /** `turn`: MAC keys go out with the first message of a ratchet. `all`: the last message takes every one. */
  readonly reveal: 'turn' | 'all'
}

export interface Sealed {
  readonly ratchet: Ratchet
  readonly message: Uint8Array
  readonly extraKey: Uint8Array
}

/** "When you send a Data Message"; the ratchet must have begun sending. */
export function seal(ratchet: Ratchet, { plaintext, reveal, ...head }: Sealing): Sealed {
  const { sending } = ratchet
  if (sending.kind === 'due') throw new Error('ratchet: not begun')
  const { chainKey, ratchetId, next: messageId, pn, dhPublic, kem } = sending
  const ecdh = sending.ecdh.public
  const header: DataHeader = { ...head, pn, ratchetId, messageId, ecdh, dh: dhPublic, kem }
  const { mkEnc, extraKey } = messageKeys(chainKey)
  const mkMac = macKey(mkEnc)
  const sections = encodeData(header, cipher(mkEnc, plaintext))

  // The two ratchets 0 have no ratchet before them whose keys they could reveal.
  const isFirst = messageId === 0 && ratchetId > 0
  const isRevealing = reveal === 'all' || isFirst
  const revealed = isRevealing ? [...ratchet.macKeys] : []
  if (reveal === 'all') revealed.push(...ratchet.skipped.macKeys())
  const message = new Writer(sections.length + 68 + 64 * revealed.length)
    .bytes(sections)
    .bytes(authenticator(mkMac, sections))
    .u32(64 * revealed.length)
  for (const key of revealed) message.bytes(key)
  wipe(mkEnc, mkMac)
  return {
    ratchet: {
      ...ratchet,
      sending: { ...sending, chainKey: nextChainKey(chainKey), next: messageId + 1 },
      macKeys: isRevealing ? [] : ratchet.macKeys,
    },
    message: message.done(),
    extraKey,
  }
}

export interface Opened {
  readonly ratchet: Ratchet
  readonly plaintext: Uint8Array
  readonly extraKey: Uint8Array
}

/**
 * "When you receive a Data Message": a stored key, or the ratchet that is
 * under way, or a new one. Nothing derived is kept unless the MAC verifies.
 */
export function open(ratchet: Ratchet, message: DataMessage, now: number): Opened | undefined {
  const stored = ratchet.skipped.find(message.ecdh, message.messageId)
  if (stored) return openStored(ratchet, message, stored)
  const isCurrent = equal(message.ecdh, ratchet.theirEcdh.bytes)
  return isCurrent ? openCurrent(ratchet, message, now) : openNew(ratchet, message, now)
}

function openStored(
  ratchet: Ratchet,
  message: DataMessage,
  { mkEnc, extraKey }: MessageKeys,
): Opened | undefined {
  const mkMac = verify(mkEnc, message)
  if (!mkMac) return undefined
  const skipped = ratchet.skipped.without(message.ecdh, message.messageId)
  const next = { ...ratchet, skipped, macKeys: toReveal(ratchet, mkMac) }
  return { ratchet: next, plaintext: cipher(mkEnc, message.ciphertext), extraKey: extraKey.slice() }
}

function openCurrent(ratchet: Ratchet, message: DataMessage, now: number): Opened | undefined {
  const { receiving, theirDh } = ratchet
  if (!receiving || message.ratchetId !== receiving.ratchetId) return undefined
  if (message.dh.length > 0 && !equal(message.dh, theirDh)) return undefined
  if (message.kem.length > 0 && !isOf(ratchet.kem, message.kem)) return undefined
  const ahead = message.messageId - receiving.next
  if (ahead < 0 || ahead > maxSkipped) return undefined // a duplicate, or too far
  return advance(ratchet, receiving, message, { gaps: [], now })
}

/** "Rotating ECDH Keys and Brace Key as receiver": only in turn, only the next id, its keys checked first. */
function openNew(ratchet: Ratchet, message: DataMessage, now: number): Opened | undefined {
  const { sending, receiving, nextId } = ratchet
  if (sending.kind === 'due' || message.ratchetId !== nextId) return undefined
  const missed = receiving ? Math.max(0, message.pn - receiving.next) : 0
  if (missed + message.messageId > maxSkipped) return undefined
  const theirEcdh = decodePoint(message.ecdh)
  if (!theirEcdh) return undefined
  const hasDh = nextId % 3 === 0
  if (hasDh && (!ratchet.dh || !isInGroup(message.dh))) return undefined
  const kem: TakenKem | undefined =
    hasDh && ratchet.kem ? takeKem(ratchet.kem, message.kem) : { state: ratchet.kem }
  if (!kem || (message.kem.length > 0 && !ratchet.kem)) return undefined

  const braceKey =
    hasDh && ratchet.dh
      ? thirdBraceKey(dh(ratchet.dh.secret, message.dh), kem.encapsulation)
      : nextBraceKey(ratchet.braceKey)
  const secret = mixedSecret(ecdh(sending.ecdh.secret, theirEcdh), braceKey)
  const { rootKey, chainKey } = ratchetKeys(ratchet.rootKey, secret)
  const gap = receiving && {
    ecdh: ratchet.theirEcdh.bytes,
    first: receiving.next,
    ...chain(receiving.chainKey, missed),
  }
  const rotated: Ratchet = {
    ...ratchet,
    rootKey,
    braceKey,
    nextId: nextId + 1,
    dh: hasDh ? undefined : ratchet.dh,
    theirEcdh,
    theirDh: hasDh ? message.dh.slice() : ratchet.theirDh,
    kem: kem.state,
    sending: { kind: 'due', pn: sending.next },
  }
  const first = { ratchetId: nextId, chainKey, next: 0 }
  const opened = advance(rotated, first, message, { gaps: gap ? [gap] : [], now })
  if (gap) wipe(...[...gap.chainKeys, gap.end].slice(1)) // the first is the old state's own
  if (opened) wipe(chainKey)
  else wipe(rootKey, braceKey, chainKey)
  return opened
}

interface TakenKem {
  readonly state: KemState | undefined
  readonly encapsulation?: Encapsulation
}

/** Their new ek, and what their ct holds for ours; `undefined` if either is missing, or no key. */
function takeKem({ own }: KemState, carried: Uint8Array): TakenKem | undefined {
  const [theirs, ct] = [carried.slice(0, ekSize), carried.subarray(ekSize)]
  if (!isEncapsulationKey(theirs) || ct.length !== (own ? ctSize : 0)) return undefined
  const state = { own: undefined, theirs }
  return own ? { state, encapsulation: decapsulate(own, ct) } : { state }
}

const isOf = (kem: KemState | undefined, carried: Uint8Array): boolean =>
  kem?.theirs !== undefined && equal(kem.theirs, carried.subarray(0, ekSize))

/** Up to the message's key, past those that are missing: keys for them are made after the MAC was verified. */
function advance(
  ratchet: Ratchet,
  receiving: Receiving,
  message: DataMessage,
  { gaps, now }: { readonly gaps: readonly Gap[]; readonly now: number },
): Opened | undefined {
  const { chainKeys, end } = chain(receiving.chainKey, message.messageId - receiving.next)
  const { mkEnc, extraKey } = messageKeys(end)
  const mkMac = verify(mkEnc, message)
  if (!mkMac) {
    wipe(mkEnc, extraKey, ...[...chainKeys, end].slice(1))
    return undefined
  }
  const gap = { ecdh: ratchet.theirEcdh.bytes, first: receiving.next, chainKeys }
  const { skipped, dropped } = ratchet.skipped.with([...gaps, gap], now)
  const chainKey = nextChainKey(end)
  const plaintext = cipher(mkEnc, message.ciphertext)
  wipe(mkEnc, ...[...chainKeys, end].slice(1))
  return {
    ratchet: {
      ...ratchet,
      receiving: { ratchetId: message.ratchetId, chainKey, next: message.messageId + 1 },
      skipped,
      macKeys: toReveal(ratchet, ...dropped, mkMac),
    },
    plaintext,
    extraKey,
  }
}

/** The chain keys of the next `count` messages, and the one after them. The first is the caller's own. */
function chain(from: ChainKey, count: number): { readonly chainKeys: ChainKey[]; readonly end: ChainKey } {
  const chainKeys: ChainKey[] = []
  let end = from
  for (let i = 0; i < count; i++) {
    chainKeys.push(end)
    end = nextChainKey(end)
  }
  return { chainKeys, end }
}

const toReveal = ({ macKeys }: Ratchet, ...keys: readonly Uint8Array[]): readonly Uint8Array[] =>
  [...macKeys, ...keys].slice(-maxRevealed)

/** MKmac if it made the message's authenticator. */
function verify(mkEnc: Uint8Array, message: DataMessage): Uint8Array | undefined {
  const mkMac = macKey(mkEnc)
  if (equal(authenticator(mkMac, message.authenticated), message.authenticator)) return mkMac
  wipe(mkMac)
  return undefined
}

/** ChaCha20 (RFC 8439) with the first 32 octets, nonce 0, counter from 0, and no tag: malleable on purpose. */
const cipher = (mkEnc: Uint8Array, octets: Uint8Array): Uint8Array =>
  chacha20(mkEnc.subarray(0, 32), nonce, octets)

/** Overwrites what `next` no longer holds of a state; without `next`, all of it. */
export function retire(old: Ratchet, next?: Ratchet): void {
  if (old === next) return
  const kept = new Set(next ? secretsOf(next, old) : [])
  for (const secret of secretsOf(old, next)) if (!kept.has(secret)) wipe(secret)
}

/** Of the store only if the other state has another one. */
function* secretsOf(ratchet: Ratchet, other?: Ratchet): Generator<Uint8Array> {
  const { rootKey, braceKey, dh, kem, sending, receiving, skipped } = ratchet
  yield rootKey
  yield braceKey
  if (dh) yield dh.secret
  if (kem?.own) yield kem.own.secret
  if (sending.kind === 'ready') {
    yield sending.chainKey
    yield sending.ecdh.secret
  }
  if (receiving) yield receiving.chainKey
  if (skipped !== other?.skipped) yield* skipped.secrets()
}

const nonce = new Uint8Array(12)
const none = new Uint8Array(0)
// 64 kB: a peer who talks much and hears nothing does not make one huge reply; older keys stay unrevealed.
const maxRevealed = 1_000
