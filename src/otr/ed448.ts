/**
 * Points and scalars of Ed448-Goldilocks. OTRv4, "Elliptic Curve Parameters",
 * "Encoding and Decoding" and "Generating ECDH and DH keys".
 *
 * Multiples of the base point by a secret are OpenSSL's, in constant time;
 * multiples of other points are noble's BigInt arithmetic, which is not (see
 * docs/Security.md).
 */
import { ed448 } from '@noble/curves/ed448.js'
import { ed448PublicKey, type Random, shake256 } from '../crypto.ts'
import { jacobi } from './jacobi.ts'

/** A point of prime order: its encoding (POINT, 57 octets) and the point itself. */
export interface Point {
  readonly bytes: Uint8Array
  readonly value: InstanceType<typeof ed448.Point>
}

/** Octets of a POINT, of a SCALAR, and of the random value a secret is made from. */
export const pointSize = 57

/** The order of the base point: 2^446 - 0x8335dc163bb124b65129c96fde933d8d723a70aadc873d6d54a7bb0d. */
export const q = ed448.Point.Fn.ORDER

const { Fp } = ed448.Point
const { d } = ed448.Point.CURVE()

/** The base point, encoded. */
export const generator: Uint8Array = ed448.Point.BASE.toBytes()

/**
 * Decodes a POINT and verifies that it is on the curve: canonical, not the
 * identity, and q * X = I ("Verifying that a point is on the curve").
 */
export function decodePoint(bytes: Uint8Array): Point | undefined {
  if (bytes.length !== pointSize) return undefined
  try {
    const value = ed448.Point.fromBytes(bytes)
    return value.is0() || !isInSubgroup(value.toAffine()) ? undefined : { bytes: bytes.slice(), value }
  } catch {
    return undefined // noble's only way to say that it is no point, or a root no root
  }
}

/**
 * q * X = I for a point of the curve, by halving it instead: a quarter of the
 * time, and on public values only (T. Pornin, "Point-Halving and Subgroup
 * Membership in Twisted Edwards Curves", 2022).
 *
 * The group is cyclic of order 4q, so that X has order q if X = 2Y and Y is a
 * double, too. X is a double if (1 - d)(1 - y^2) is a square. Then Y has
 * s = x_Y^2 + y_Y^2 = 2 / (1 +- sqrt(1 - d x^2)) and y_Y^2 = (s + y(2 - s)) / 2,
 * with the sign for which that is a square. X's other half, Y + (0, -1), has the
 * same y_Y^2.
 */
function isInSubgroup({ x, y }: { readonly x: bigint; readonly y: bigint }): boolean {
  if (!isDouble(Fp.sqr(y))) return false
  const root = Fp.sqrt(Fp.sub(1n, Fp.mul(d, Fp.sqr(x))))
  const halves = [root, Fp.neg(root)].map((sign) => {
    const s = Fp.div(2n, Fp.add(1n, sign))
    return Fp.div(Fp.add(s, Fp.mul(y, Fp.sub(2n, s))), 2n)
  })
  const half = halves.find(isSquare)
  return half !== undefined && isDouble(half)
}

const isDouble = (ySquared: bigint): boolean => isSquare(Fp.mul(Fp.sub(1n, d), Fp.sub(1n, ySquared)))
const isSquare = (value: bigint): boolean => jacobi(value, Fp.ORDER) === 1

/** Decodes a POINT that was made or verified here. */
export const ownPoint = (bytes: Uint8Array): Point => ({ bytes, value: ed448.Point.fromBytes(bytes) })

/** A SCALAR below q; the text reduces larger ones, which would make signatures malleable (D9). */
export function decodeScalar(bytes: Uint8Array): bigint | undefined {
  if (bytes.length !== pointSize) return undefined
  const scalar = littleEndian(bytes)
  return scalar < q ? scalar : undefined
}

export function encodeScalar(scalar: bigint): Uint8Array {
  const hex = scalar.toString(16).padStart(2 * pointSize, '0')
  return Uint8Array.from({ length: pointSize }, (_, i) =>
    Number.parseInt(hex.slice(2 * (pointSize - 1 - i), 2 * (pointSize - i)), 16),
  )
}

export function littleEndian(bytes: Uint8Array): bigint {
  let hex = ''
  for (const octet of bytes) hex = octet.toString(16).padStart(2, '0') + hex
  return BigInt(`0x${hex}`)
}

export const mod = (scalar: bigint): bigint => ((scalar % q) + q) % q

/**
 * prune(SHAKE-256(r, 114)[0..57]): the octets of a secret scalar, little-endian.
 *
 * @param random - 57 octets: a `sym_key`, or what an ephemeral key or a scalar of a proof is made from
 */
export function secretScalar(random: Uint8Array): Uint8Array {
  const scalar = shake256(pointSize, random)
  scalar[0]! &= 0xfc
  scalar[55]! |= 0x80
  scalar[56] = 0
  return scalar
}

/** G * secretScalar(random), encoded: RFC 8032 makes its public keys in the same way. */
export const publicPoint = (random: Uint8Array): Uint8Array => ed448PublicKey(random)

/** An ephemeral key pair; `secret` is the scalar's octets, to be overwritten by its owner. */
export interface EcdhKeys {
  readonly secret: Uint8Array
  readonly public: Uint8Array
}

/** generateECDH() */
export function generateEcdh(random: Random): EcdhKeys {
  const r = random(pointSize)
  const keys = { secret: secretScalar(r), public: publicPoint(r) }
  r.fill(0)
  return keys
}

/**
 * K_ecdh = a * B, encoded.
 *
 * It is never the identity: a secret scalar is no multiple of q (it is 4x with
 * 2^447 <= 4x < 4q), and B has order q.
 */
export const ecdh = (secret: Uint8Array, theirs: Point): Uint8Array =>
  theirs.value.multiply(mod(littleEndian(secret))).toBytes()
