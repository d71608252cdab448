import { expect, test } from 'vitest'
import { classify } from '../../src/wire/classify.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const stun = (...head: number[]): Uint8Array => {
  const bytes = new Uint8Array(20)
  bytes.set(head)
  bytes.set([0x21, 0x12, 0xa4, 0x42], 4)
  return bytes
}

test.each([
  ['dht', ascii('d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe')],
  ['link', Uint8Array.of(0xf0)],
  ['link', Uint8Array.of(0xf7, 0, 0)],
  ['stun', stun(1, 1)],
  [undefined, stun(0x41, 1)],
  [undefined, stun(1, 1).fill(0, 4, 5)],
  [undefined, stun(1, 1).subarray(0, 19)],
  [undefined, new Uint8Array(0)],
  [undefined, ascii('d-3:')],
  [undefined, ascii('d1:ad2:id20:abcdefghij01234567891')],
  [undefined, Uint8Array.of(0xf8)],
  [undefined, Uint8Array.of(0xef)],
] as const)('%s owns %o', (owner, bytes) => expect(classify(bytes)).toBe(owner))
