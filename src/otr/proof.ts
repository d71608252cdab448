/**
 * The zero-knowledge proofs of SMP: who makes a point knows what it was made
 * from. OTRv4, "SMP Overview" and "SMP Hash Function". `mark` is the integer
 * that keeps one side's proofs from serving as the other's.
 */
import { ed448 } from '@noble/curves/ed448.js'
import { type EcdhKeys, littleEndian, mod, type Point, pointSize } from './ed448.ts'
import { numberedKdf } from './kdf.ts'

export type Element = Point['value']

/** (c, d): a challenge and the answer to it. */
export interface Proof {
  readonly c: bigint
  readonly d: bigint
}

/** (cp, d5, d6) */
export interface PairProof {
  readonly c: bigint
  readonly d5: bigint
  readonly d6: bigint
}

/**
 * c = HashToScalar(mark || G * r), d = r - a * c: knows a of A = G * a.
 *
 * @param r - a fresh key pair: r and G * r
 */
export function proveLog(mark: number, a: Uint8Array, r: EcdhKeys): Proof {
  const c = hashToScalar(mark, r.public)
  return { c, d: mod(littleEndian(r.secret) - littleEndian(a) * c) }
}

/** c == HashToScalar(mark || G * d + A * c) */
export const verifyLog = (mark: number, A: Point, { c, d }: Proof): boolean =>
  c === hashToScalar(mark, combine(d, c, A.value).toBytes())

/** What P and Q are made with: the generators G2 and G3, r4, and the secret y. */
export interface Pair {
  readonly g2: Element
  readonly g3: Element
  readonly r4: Uint8Array
  readonly y: Uint8Array
}

/**
 * cp = HashToScalar(mark || G3 * r5 || G * r5 + G2 * r6), d5 = r5 - r4 * cp,
 * d6 = r6 - y * cp: knows r4 and y of P = G3 * r4 and Q = G * r4 + G2 * y.
 *
 * @param r5 - a fresh key pair
 * @param r6 - a fresh scalar
 */
export function provePair(
  mark: number,
  { g2, g3, r4, y }: Pair,
  { r5, r6 }: { readonly r5: EcdhKeys; readonly r6: Uint8Array },
): PairProof {
  const T1 = times(g3, r5.secret)
  const T2 = ed448.Point.fromBytes(r5.public).add(times(g2, r6))
  const c = hashToScalar(mark, T1.toBytes(), T2.toBytes())
  return {
    c,
    d5: mod(littleEndian(r5.secret) - littleEndian(r4) * c),
    d6: mod(littleEndian(r6) - littleEndian(y) * c),
  }
}

/** cp == HashToScalar(mark || G3 * d5 + P * cp || G * d5 + G2 * d6 + Q * cp) */
export function verifyPair(
  mark: number,
  { g2, g3, P, Q }: { readonly g2: Element; readonly g3: Element; readonly P: Point; readonly Q: Point },
  { c, d5, d6 }: PairProof,
): boolean {
  const T1 = g3.multiplyUnsafe(d5).add(P.value.multiplyUnsafe(c))
  const T2 = combine(d5, c, Q.value).add(g2.multiplyUnsafe(d6))
  return c === hashToScalar(mark, T1.toBytes(), T2.toBytes())
}

/**
 * cr = HashToScalar(mark || G * r7 || D * r7), d7 = r7 - a * cr: knows the one a
 * of both A = G * a and R = D * a.
 *
 * @param r7 - a fresh key pair
 */
export function proveEqualLogs(mark: number, D: Element, a: Uint8Array, r7: EcdhKeys): Proof {
  const c = hashToScalar(mark, r7.public, times(D, r7.secret).toBytes())
  return { c, d: mod(littleEndian(r7.secret) - littleEndian(a) * c) }
}

/** cr == HashToScalar(mark || G * d7 + A * cr || D * d7 + R * cr) */
export function verifyEqualLogs(
  mark: number,
  { A, D, R }: { readonly A: Point; readonly D: Element; readonly R: Point },
  { c, d }: Proof,
): boolean {
  const T2 = D.multiplyUnsafe(d).add(R.value.multiplyUnsafe(c))
  return c === hashToScalar(mark, combine(d, c, A.value).toBytes(), T2.toBytes())
}

/**
 * point * secret: BigInt arithmetic, as far as it goes in constant time (docs/Security.md).
 *
 * @param secret - a scalar's octets, no multiple of q
 */
export const times = (point: Element, secret: Uint8Array): Element =>
  point.multiply(mod(littleEndian(secret)))

/** G * r + A * c, of public scalars. */
const combine = (r: bigint, c: bigint, A: Element): Element =>
  ed448.Point.BASE.multiplyUnsafe(r).add(A.multiplyUnsafe(c))

const hashToScalar = (mark: number, ...values: readonly Uint8Array[]): bigint =>
  mod(littleEndian(numberedKdf(mark, values, pointSize)))
