/**
 * The ring signature of the DAKEs: one of three keys signed, and nobody can
 * tell which. OTRv4, "Ring Signature Authentication".
 */
import { ed448 } from '@noble/curves/ed448.js'
import { equal, type Random } from '../crypto.ts'
import { Writer } from '../wire/writer.ts'
import {
  decodeScalar,
  encodeScalar,
  generator,
  littleEndian,
  mod,
  type Point,
  pointSize,
  publicPoint,
  q,
  secretScalar,
} from './ed448.ts'
import { kdf } from './kdf.ts'

/** {A1, A2, A3}, all of prime order. Its order must not depend on who signs. */
export type Ring = readonly [Point, Point, Point]

/** Who signs; `publicKey` is G times the secret made from `symmetricKey` (57 octets). */
export interface Signer {
  readonly symmetricKey: Uint8Array
  readonly publicKey: Uint8Array
}

/** Octets of a RING-SIG: c1 r1 c2 r2 c3 r3. */
export const signatureSize = 6 * pointSize

/**
 * RSig(Ai, ai, {A1, A2, A3}, m), the general form of the appendix.
 *
 * Every branch costs the same work whichever key signs. c_i and r_i of the two
 * others become public, and those drawn for the signer are thrown away: only t
 * and the last two lines handle a secret.
 *
 * @throws RangeError if the signer's key is none of the three
 */
export function sign(ring: Ring, signer: Signer, message: Uint8Array, random: Random): Uint8Array {
  const isOwn = ring.map((key) => equal(signer.publicKey, key.bytes))
  if (!isOwn.includes(true)) throw new RangeError('ring: the signer is not in it')

  const tRandom = random(pointSize)
  const drawn = ring.map(() => ({ c: drawScalar(random), r: drawScalar(random) }))
  const committed = publicPoint(tRandom)
  const others = ring.map((key, i) => combine(drawn[i]!.r, drawn[i]!.c, key))
  const T = others.map((other, i) => (isOwn[i] ? committed : other))

  const c = challenge(ring, T, message)
  const rest = drawn.reduce((sum, { c }, i) => (isOwn[i] ? sum : mod(sum - c)), c)
  const t = littleEndian(secretScalar(tRandom))
  const r = mod(t - rest * littleEndian(secretScalar(signer.symmetricKey)))
  tRandom.fill(0)
  const sigma = new Writer(signatureSize)
  for (const [i, scalars] of drawn.entries()) {
    sigma.bytes(encodeScalar(isOwn[i] ? rest : scalars.c)).bytes(encodeScalar(isOwn[i] ? r : scalars.r))
  }
  return sigma.done()
}

/** RVrf({A1, A2, A3}, sigma, m): c = c1 + c2 + c3 (mod q), all scalars below q (D9). */
export function verify(ring: Ring, sigma: Uint8Array, message: Uint8Array): boolean {
  if (sigma.length !== signatureSize) return false
  const scalars: bigint[] = []
  for (let at = 0; at < signatureSize; at += pointSize) {
    const scalar = decodeScalar(sigma.subarray(at, at + pointSize))
    if (scalar === undefined) return false
    scalars.push(scalar)
  }
  const T = ring.map((key, i) => combine(scalars[2 * i + 1]!, scalars[2 * i]!, key))
  const sum = scalars[0]! + scalars[2]! + scalars[4]!
  return challenge(ring, T, message) === mod(sum)
}

/** HashToScalar(0x1A || G || q || A1 || A2 || A3 || T1 || T2 || T3 || m) */
function challenge(ring: Ring, T: readonly Uint8Array[], message: Uint8Array): bigint {
  const keys = ring.map((key) => key.bytes)
  return mod(littleEndian(kdf('auth', [generator, order, ...keys, ...T, message], pointSize)))
}

/** G * r + A * c, encoded, of public scalars. */
function combine(r: bigint, c: bigint, { value }: Point): Uint8Array {
  return ed448.Point.BASE.multiplyUnsafe(r).add(value.multiplyUnsafe(c)).toBytes()
}

function drawScalar(random: Random): bigint {
  return mod(littleEndian(secretScalar(random(pointSize))))
}

const order = encodeScalar(q)
