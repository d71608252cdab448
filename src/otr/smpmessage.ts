/**
 * The octets of the four SMP messages, the values of TLVs 2 to 5. OTRv4, "SMP
 * Message 1" to "SMP Message 4". Every point is decoded with its group, every
 * scalar is below q (D9); what the proofs prove is not looked at here.
 */
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import {
  decodePoint,
  decodeScalar,
  encodeScalar,
  generator,
  ownPoint,
  type Point,
  pointSize,
} from './ed448.ts'
import type { PairProof, Proof } from './proof.ts'

/** One side's part of the two generators: G2a, c2, d2, G3a, c3, d3. */
export interface Halves {
  readonly g2: Point
  readonly proof2: Proof
  readonly g3: Point
  readonly proof3: Proof
}

/** P, Q, cp, d5, d6 */
export interface Blinded {
  readonly P: Point
  readonly Q: Point
  readonly proof: PairProof
}

/** R, cr, d7 */
export interface Raised {
  readonly R: Point
  readonly proof: Proof
}

export interface Smp1 {
  readonly question: string
  readonly halves: Halves
}

export interface Smp2 {
  readonly halves: Halves
  readonly blinded: Blinded
}

export interface Smp3 {
  readonly blinded: Blinded
  readonly raised: Raised
}

/** @throws RangeError if the question is longer than `maxQuestion` */
export function encodeSmp1({ question, halves }: Smp1): Uint8Array {
  const octets = new TextEncoder().encode(question)
  if (octets.length > maxQuestion) throw new RangeError('smp: the question is too long')
  return writeHalves(new Writer(400).data(octets), halves).done()
}

export const encodeSmp2 = ({ halves, blinded }: Smp2): Uint8Array =>
  writeBlinded(writeHalves(new Writer(700), halves), blinded).done()

export const encodeSmp3 = ({ blinded, raised }: Smp3): Uint8Array =>
  writeRaised(writeBlinded(new Writer(500), blinded), raised).done()

export const encodeSmp4 = (raised: Raised): Uint8Array => writeRaised(new Writer(200), raised).done()

export function decodeSmp1(bytes: Uint8Array): Smp1 | undefined {
  const reader = new Reader(bytes)
  const octets = reader.data()
  const question = octets.length <= maxQuestion ? decodeUtf8(octets) : undefined
  if (question === undefined) return undefined
  return whole(reader, { question, halves: readHalves(reader) })
}

export function decodeSmp2(bytes: Uint8Array): Smp2 | undefined {
  const reader = new Reader(bytes)
  const halves = readHalves(reader)
  return whole(reader, { halves, blinded: readBlinded(reader) })
}

export function decodeSmp3(bytes: Uint8Array): Smp3 | undefined {
  const reader = new Reader(bytes)
  const blinded = readBlinded(reader)
  return whole(reader, { blinded, raised: readRaised(reader) })
}

export function decodeSmp4(bytes: Uint8Array): Raised | undefined {
  const reader = new Reader(bytes)
  return whole(reader, readRaised(reader))
}

const whole = <T>(reader: Reader, message: T): T | undefined => (reader.isComplete ? message : undefined)

function writeHalves(writer: Writer, { g2, proof2, g3, proof3 }: Halves): Writer {
  writeProof(writer.bytes(g2.bytes), proof2)
  return writeProof(writer.bytes(g3.bytes), proof3)
}

function writeBlinded(writer: Writer, { P, Q, proof }: Blinded): Writer {
  writer.bytes(P.bytes).bytes(Q.bytes)
  for (const scalar of [proof.c, proof.d5, proof.d6]) writer.bytes(encodeScalar(scalar))
  return writer
}

const writeRaised = (writer: Writer, { R, proof }: Raised): Writer => writeProof(writer.bytes(R.bytes), proof)

const writeProof = (writer: Writer, { c, d }: Proof): Writer =>
  writer.bytes(encodeScalar(c)).bytes(encodeScalar(d))

function readHalves(reader: Reader): Halves {
  const [g2, proof2] = [readPoint(reader), readProof(reader)]
  return { g2, proof2, g3: readPoint(reader), proof3: readProof(reader) }
}

function readBlinded(reader: Reader): Blinded {
  const [P, Q] = [readPoint(reader), readPoint(reader)]
  const proof = { c: readScalar(reader), d5: readScalar(reader), d6: readScalar(reader) }
  return { P, Q, proof }
}

const readRaised = (reader: Reader): Raised => ({ R: readPoint(reader), proof: readProof(reader) })

const readProof = (reader: Reader): Proof => ({ c: readScalar(reader), d: readScalar(reader) })

/** After the reader has failed all further points are G, which nobody gets to see. */
function readPoint(reader: Reader): Point {
  const point = decodePoint(reader.bytes(pointSize))
  if (!point) reader.fail()
  return point ?? G
}

function readScalar(reader: Reader): bigint {
  const scalar = decodeScalar(reader.bytes(pointSize))
  if (scalar === undefined) reader.fail()
  return scalar ?? 0n
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined // its only way to say that it is not UTF-8
  }
}

/** Octets; a question is a line that somebody types and another reads. */
export const maxQuestion = 1_024
const G = ownPoint(generator)
