import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Answer,
  decodeAnswer,
  decodeOffer,
  encodeAnswer,
  encodeOffer,
  type Offer,
  transferId,
} from '../../src/transfer/offer.ts'

const transfer = transferId(Uint8Array.from({ length: 16 }, (_, i) => i))
const files: Offer = {
  ...{ transfer, stream: 7, name: 'holiday', form: 'files' },
  ...{ root: new Uint8Array(32).fill(9), manifestSize: 100, octets: 5_000_000_000, files: 3, folders: 2 },
}
const stream: Offer = { transfer, stream: 0x7fff_ffff, name: 'tar', form: 'stream' }

/** Where the fields of an offer stand. */
const at = {
  version: 0,
  stream: 17,
  form: 21,
  root: 22,
  manifest: 54,
  octets: 58,
  files: 66,
  folders: 70,
  name: 74,
}

describe('an offer', () => {
  test.each([files, stream])('of $form comes out as it went in', (offer) => {
    expect(decodeOffer(encodeOffer(offer))).toEqual(offer)
  })

  test('has the octets of docs/Protocol.md', () => {
    const text = Buffer.from(encodeOffer(files)).toString('hex')
    expect(text).toBe(
      `01000102030405060708090a0b0c0d0e0f0000000700${'09'.repeat(32)}00000064000000012a05f200` +
        '000000030000000200000007686f6c69646179',
    )
  })

  test.each<[string, number, number[]]>([
    ['another version', at.version, [2]],
    ['a stream number with the bit of the answering side', at.stream, [0x80]],
    ['a form that is none', at.form, [2]],
    ['files that are said to be a stream', at.form, [1]],
    ['no manifest', at.manifest, [0, 0, 0, 0]],
    ['a manifest of 64 MiB and an octet', at.manifest, [4, 0, 0, 1]],
    ['2^53 octets', at.octets, [0, 0x20, 0, 0, 0, 0, 0, 0]],
    ['2^64 - 1 octets', at.octets, Array<number>(8).fill(255)],
    ['1,000,001 files', at.files, [0, 0x0f, 0x42, 0x41]],
    ['999,999 files and folders, and two more', at.folders, [0, 0x0f, 0x42, 0x3e]],
    ['a name longer than the rest', at.name, [0, 0, 0, 8]],
    ['a name shorter than the rest', at.name, [0, 0, 0, 6]],
    ['a name of 4 GiB', at.name, [255, 255, 255, 255]],
    ['a name that is no UTF-8', at.name + 4, [0xff]],
  ])('with %s is none', (_, offset, octets) => {
    const bytes = encodeOffer(files)
    bytes.set(octets, offset)
    expect(decodeOffer(bytes)).toBeUndefined()
  })

  test('is none with an empty name, or one of 256 octets, and is one with 255', () => {
    expect(decodeOffer(encodeOffer({ ...files, name: '' }))).toBeUndefined()
    expect(decodeOffer(encodeOffer({ ...files, name: 'é'.repeat(128) }))).toBeUndefined()
    expect(decodeOffer(encodeOffer({ ...files, name: `x${'é'.repeat(127)}` }))).toBeDefined()
  })

  test('of a stream has no root, size or number of files and folders', () => {
    for (const offset of [at.root, at.manifest + 3, at.octets + 7, at.files + 3, at.folders + 3]) {
      const bytes = encodeOffer(stream)
      bytes[offset] = 1
      expect(decodeOffer(bytes)).toBeUndefined()
    }
  })

  test('is none when it is cut anywhere, or something follows', () => {
    const bytes = encodeOffer(files)
    for (let size = 0; size < bytes.length; size++)
      expect(decodeOffer(bytes.subarray(0, size))).toBeUndefined()
    expect(decodeOffer(Uint8Array.from([...bytes, 0]))).toBeUndefined()
  })
})

describe('an answer', () => {
  test.each<Omit<Answer, 'transfer'>>([
    { verb: 'accept', why: undefined, file: undefined },
    { verb: 'reject', why: 'declined', file: undefined },
    { verb: 'pause', why: undefined, file: undefined },
    { verb: 'go', why: undefined, file: undefined },
    { verb: 'cancel', why: undefined, file: undefined },
    { verb: 'done', why: undefined, file: undefined },
    { verb: 'failed', why: 'gone', file: 0 },
    { verb: 'failed', why: 'changed', file: 999_999 },
  ])('$verb comes out as it went in', (answer) => {
    expect(decodeAnswer(encodeAnswer({ transfer, ...answer }))).toEqual({ transfer, ...answer })
  })

  test('has the octets of docs/Protocol.md', () => {
    const bytes = encodeAnswer({ transfer, verb: 'failed', why: 'changed', file: 2 })
    expect(Buffer.from(bytes).toString('hex')).toBe('000102030405060708090a0b0c0d0e0f070500000002')
  })

  test('with a verb that is none is none; a why that is none says nothing', () => {
    const bytes = encodeAnswer({ transfer, verb: 'failed', why: 'full', file: undefined })
    expect(decodeAnswer(bytes.with(17, 200))?.why).toBeUndefined()
    expect(decodeAnswer(bytes.with(16, 0))).toBeUndefined()
    expect(decodeAnswer(bytes.with(16, 8))).toBeUndefined()
    expect(decodeAnswer(bytes.subarray(1))).toBeUndefined()
    expect(decodeAnswer(Uint8Array.from([...bytes, 0]))).toBeUndefined()
  })
})

test('any octets give a value or undefined', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (octets, isNear) => {
      const value = isNear ? Uint8Array.from([...encodeOffer(files).subarray(0, 22), ...octets]) : octets
      const offer = decodeOffer(value)
      if (offer) expect(decodeOffer(encodeOffer(offer))).toEqual(offer)
      const answer = decodeAnswer(value.subarray(0, 22))
      if (answer) expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer)
    }),
  )
})
