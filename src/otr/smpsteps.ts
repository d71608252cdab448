/**
 * The Socialist Millionaires' Protocol as values: each message makes the next
 * state. Alice begins, whoever she is in the DAKE. OTRv4, "SMP Overview".
 * `undefined` where a step is refused: a proof is wrong, or a value degenerate.
 */
import { equal, type Random, wipe } from '../crypto.ts'
import { Writer } from '../wire/writer.ts'
import { generateEcdh, ownPoint, type Point, pointSize, secretScalar } from './ed448.ts'
import type { Fingerprint } from './identity.ts'
import { kdf } from './kdf.ts'
import {
  type Element,
  proveEqualLogs,
  proveLog,
  provePair,
  times,
  verifyEqualLogs,
  verifyLog,
  verifyPair,
} from './proof.ts'
import {
  type Blinded,
  encodeSmp1,
  encodeSmp2,
  encodeSmp3,
  encodeSmp4,
  type Halves,
  type Raised,
  type Smp1,
  type Smp2,
  type Smp3,
} from './smpmessage.ts'

/** x or y: 57 octets, a pruned scalar. */
export type SmpSecret = Uint8Array & { readonly __brand: 'SmpSecret' }

/** SMPSTATE_EXPECT2: Alice after message 1. */
export interface Expect2 {
  readonly kind: 'expect-2'
  readonly x: SmpSecret
  readonly a2: Uint8Array
  readonly a3: Uint8Array
}

/** SMPSTATE_EXPECT3: Bob after message 2. */
export interface Expect3 {
  readonly kind: 'expect-3'
  readonly b3: Uint8Array
  readonly g3a: Point
  readonly g2: Element
  readonly g3: Element
  readonly Pb: Element
  readonly Qb: Element
}

/** SMPSTATE_EXPECT4: Alice after message 3. */
export interface Expect4 {
  readonly kind: 'expect-4'
  readonly a3: Uint8Array
  readonly g3b: Point
  readonly P: Element // Pa - Pb
  readonly Q: Element // Qa - Qb
}

/**
 * x or y = prune(HWC(usage_SMP_secret || version || Initiator fingerprint ||
 * Responder fingerprint || SSID || DATA(User-specified secret), 57)) (D3)
 */
export function smpSecret(
  user: Uint8Array,
  { initiator, responder, ssid }: Record<'initiator' | 'responder', Fingerprint> & { ssid: Uint8Array },
): SmpSecret {
  const input = new Writer(256).u8(smpVersion).bytes(octetsOf(initiator)).bytes(octetsOf(responder))
  const hashed = input.bytes(ssid).data(user).done()
  const secret = kdf('smpSecret', [hashed], pointSize)
  secret[0]! &= 0xfc
  secret[55]! |= 0x80
  secret[56] = 0
  wipe(hashed)
  return secret as SmpSecret
}

interface Step<State> {
  readonly state: State
  readonly message: Uint8Array
}

/** "SMP Message 1": Alice begins. */
export function begin(x: SmpSecret, question: string, random: Random): Step<Expect2> {
  const own = drawHalves(random, marks.alice)
  const message = encodeSmp1({ question, halves: own.halves })
  return { state: { kind: 'expect-2', x, a2: own.secret2, a3: own.secret3 }, message }
}

/** What Bob checks before anybody is asked. */
export const isProven = ({ halves }: Smp1): boolean => verifyHalves(halves, marks.alice)

/** "SMP Message 2": Bob's step, for a message 1 that is proven. Overwrites y. */
export function reply(y: SmpSecret, { halves: theirs }: Smp1, random: Random): Step<Expect3> {
  const own = drawHalves(random, marks.bob)
  const g2 = times(theirs.g2.value, own.secret2)
  const g3 = times(theirs.g3.value, own.secret3)
  const blinded = blind({ g2, g3, y }, marks.bob.pair, random)
  wipe(own.secret2, y)
  const { P, Q } = blinded
  return {
    state: { kind: 'expect-3', b3: own.secret3, g3a: theirs.g3, g2, g3, Pb: P.value, Qb: Q.value },
    message: encodeSmp2({ halves: own.halves, blinded }),
  }
}

/** "SMP Message 3": Alice's step. */
export function compare(
  { x, a2, a3 }: Expect2,
  { halves: theirs, blinded }: Smp2,
  random: Random,
): Step<Expect4> | undefined {
  if (!verifyHalves(theirs, marks.bob)) return undefined
  const g2 = times(theirs.g2.value, a2)
  const g3 = times(theirs.g3.value, a3)
  if (!verifyPair(marks.bob.pair, { g2, g3, ...blinded }, blinded.proof)) return undefined
  const own = blind({ g2, g3, y: x }, marks.alice.pair, random)
  const between = difference(own, { P: blinded.P.value, Q: blinded.Q.value })
  if (!between) return undefined
  const raised = raise(between.Q, a3, marks.alice.equal, random)
  wipe(x, a2)
  return {
    state: { kind: 'expect-4', a3, g3b: theirs.g3, ...between },
    message: encodeSmp3({ blinded: own, raised }),
  }
}

/** "SMP Message 4": Bob's step, and what he knows then. Overwrites b3. */
export function conclude(
  { b3, g3a, g2, g3, Pb, Qb }: Expect3,
  { blinded, raised }: Smp3,
  random: Random,
): { readonly message: Uint8Array; readonly isEqual: boolean } | undefined {
  if (!verifyPair(marks.alice.pair, { g2, g3, ...blinded }, blinded.proof)) return undefined
  const between = difference(blinded, { P: Pb, Q: Qb })
  if (!between) return undefined
  const { R, proof } = raised
  if (!verifyEqualLogs(marks.alice.equal, { A: g3a, D: between.Q, R }, proof)) return undefined
  const message = encodeSmp4(raise(between.Q, b3, marks.bob.equal, random))
  const isEqual = isSame(times(R.value, b3), between.P)
  wipe(b3)
  return { message, isEqual }
}

/** Alice's last step: whether both secrets are equal. Overwrites a3. */
export function finish({ a3, g3b, P, Q }: Expect4, { R, proof }: Raised): boolean | undefined {
  if (!verifyEqualLogs(marks.bob.equal, { A: g3b, D: Q, R }, proof)) return undefined
  const isEqual = isSame(times(R.value, a3), P)
  wipe(a3)
  return isEqual
}

/** Overwrites the secrets of a run that leads nowhere. */
export function forget(state: Expect2 | Expect3 | Expect4): void {
  if (state.kind === 'expect-2') wipe(state.x, state.a2, state.a3)
  else wipe(state.kind === 'expect-3' ? state.b3 : state.a3)
}

interface Marks {
  readonly log2: number
  readonly log3: number
  readonly pair: number
  readonly equal: number
}

/** Draws a2 and a3, then r2 and r3. */
function drawHalves(random: Random, { log2, log3 }: Marks) {
  const [a2, a3, r2, r3] = [
    generateEcdh(random),
    generateEcdh(random),
    generateEcdh(random),
    generateEcdh(random),
  ]
  const halves: Halves = {
    g2: ownPoint(a2.public),
    proof2: proveLog(log2, a2.secret, r2),
    g3: ownPoint(a3.public),
    proof3: proveLog(log3, a3.secret, r3),
  }
  wipe(r2.secret, r3.secret)
  return { halves, secret2: a2.secret, secret3: a3.secret }
}

const verifyHalves = ({ g2, proof2, g3, proof3 }: Halves, { log2, log3 }: Marks): boolean =>
  verifyLog(log2, g2, proof2) && verifyLog(log3, g3, proof3)

/** P = G3 * r4, Q = G * r4 + G2 * y; draws r4, r5 and r6. */
function blind(
  { g2, g3, y }: { readonly g2: Element; readonly g3: Element; readonly y: SmpSecret },
  mark: number,
  random: Random,
): Blinded {
  const [r4, r5, drawn] = [generateEcdh(random), generateEcdh(random), random(pointSize)]
  const r6 = secretScalar(drawn)
  const P = pointOf(times(g3, r4.secret))
  const Q = pointOf(ownPoint(r4.public).value.add(times(g2, y)))
  const proof = provePair(mark, { g2, g3, r4: r4.secret, y }, { r5, r6 })
  wipe(r4.secret, r5.secret, r6, drawn)
  return { P, Q, proof }
}

/** R = (Qa - Qb) * a3; draws r7. */
function raise(Q: Element, a3: Uint8Array, mark: number, random: Random): Raised {
  const r7 = generateEcdh(random)
  const raised = { R: pointOf(times(Q, a3)), proof: proveEqualLogs(mark, Q, a3, r7) }
  wipe(r7.secret)
  return raised
}

/** Pa - Pb and Qa - Qb, neither of them the identity ("do not degenerate"; OTRv3 says it of these). */
function difference(
  a: Blinded,
  b: { readonly P: Element; readonly Q: Element },
): { readonly P: Element; readonly Q: Element } | undefined {
  const [P, Q] = [a.P.value.subtract(b.P), a.Q.value.subtract(b.Q)]
  return P.is0() || Q.is0() ? undefined : { P, Q }
}

const pointOf = (value: Element): Point => ({ bytes: value.toBytes(), value })
const isSame = (a: Element, b: Element): boolean => equal(a.toBytes(), b.toBytes())
const octetsOf = (fingerprint: Fingerprint): Uint8Array =>
  Uint8Array.from({ length: fingerprint.length / 2 }, (_, i) =>
    Number.parseInt(fingerprint.slice(2 * i, 2 * i + 2), 16),
  )

const smpVersion = 1
const marks = {
  alice: { log2: 1, log3: 2, pair: 6, equal: 7 },
  bob: { log2: 3, log3: 4, pair: 5, equal: 8 },
} as const satisfies Record<string, Marks>
