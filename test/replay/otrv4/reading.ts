/** Reads vector files: what is not as the README says throws, and the file has failed. */

import { writeMpi } from '../../../src/otr/dh.ts'
import { decodePoint, type Point } from '../../../src/otr/ed448.ts'
import { Reader } from '../../../src/wire/reader.ts'
import { Writer } from '../../../src/wire/writer.ts'
import type { Outcome } from '../outcome.ts'

export type Json = Readonly<Record<string, unknown>>

export function object(value: unknown, name: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${name}: no object`)
  return value as Json
}

export const part = (item: Json, name: string): Json => object(item[name], name)

export const field = (item: Json, name: string): unknown => item[name]

export function array(item: Json, name: string): readonly unknown[] {
  const value = item[name]
  if (!Array.isArray(value)) throw new Error(`${name}: no list`)
  return value
}

export const list = (item: Json, name: string): readonly Json[] =>
  array(item, name).map((value) => object(value, name))

export function text(item: Json, name: string): string {
  const value = item[name]
  if (typeof value !== 'string') throw new Error(`${name}: no text`)
  return value
}

export function number(item: Json, name: string): number {
  const value = item[name]
  if (typeof value !== 'number') throw new Error(`${name}: no number`)
  return value
}

export function flag(item: Json, name: string): boolean {
  const value = item[name]
  if (typeof value !== 'boolean') throw new Error(`${name}: neither true nor false`)
  return value
}

export const octets = (item: Json, name: string): Uint8Array => hex(item[name], name)

export function hex(value: unknown, name: string): Uint8Array {
  if (typeof value !== 'string' || !/^(?:[\da-f]{2})*$/.test(value)) throw new Error(`${name}: no hex`)
  return new Uint8Array(Buffer.from(value, 'hex'))
}

/** Four octets in hex, or a number. */
export const tag = (value: unknown): number =>
  typeof value === 'number' ? value : new Reader(hex(value, 'tag')).u32()

export const point = (item: Json, name: string): Point => pointOf(octets(item, name))

export function pointOf(bytes: Uint8Array): Point {
  const decoded = decodePoint(bytes)
  if (!decoded) throw new Error('no point of prime order')
  return decoded
}

export const mpi = (value: Uint8Array): Uint8Array => writeMpi(new Writer(), value).done()

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Counts what was compared; the first difference ends the replay. */
export class Check {
  #checks = 0
  readonly #skipped: string[] = []

  true(label: string, value: boolean): void {
    if (!value) throw new Error(label)
    this.#checks++
  }

  equal(label: string, actual: unknown, expected: unknown): void {
    this.true(`${label}: ${String(actual)}, expected ${String(expected)}`, actual === expected)
  }

  same(label: string, actual: Uint8Array, expected: Uint8Array): void {
    this.equal(label, toHex(actual), toHex(expected))
  }

  skip(label: string): void {
    this.#skipped.push(label)
  }

  outcome(): Outcome {
    if (this.#skipped.length > 0) return { kind: 'not-run', why: `not built: ${this.#skipped.join(', ')}` }
    if (this.#checks === 0) return { kind: 'failed', why: 'nothing to check' }
    return { kind: 'passed', checks: this.#checks }
  }
}

/** The file is sound, but not all it needs is here. */
export class NotRun extends Error {}
