import { createDecipheriv, createHmac } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomBytes } from '../../src/crypto.ts'
import { beginLog, maxRecord, type ReadLog, readLog } from '../../src/profile/sealedlog.ts'

const recordKey = randomBytes(32)
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const texts = (read: ReadLog): readonly string[] =>
  read.kind === 'read' ? read.records.map((record) => new TextDecoder().decode(record)) : []

/** The header, then each record's octets. */
function partsOf(records: readonly string[], secret = { recordKey, label: 'history' }): Uint8Array[] {
  const { head, chain } = beginLog(secret, randomBytes)
  const parts = [head]
  for (const record of records) {
    const octets = chain.seal(utf8(record), randomBytes)
    chain.follow(octets)
    parts.push(octets)
  }
  return parts
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))
const read = (file: Uint8Array, recordKeys = [recordKey], label = 'history'): ReadLog =>
  readLog(file, { recordKeys, label })
const said = ['one', '', 'three, and some more words', 'four']
const parts = partsOf(said)
const file = joined(parts)

describe('a sealed log', () => {
  test('is read as it was written, and goes on from there', () => {
    const opened = read(file)
    if (opened.kind !== 'read') throw new Error(opened.why)
    expect(opened).toMatchObject({ end: 'whole', size: file.length })
    expect(texts(opened)).toEqual(said)
    const more = joined([file, opened.chain.seal(utf8('five'), randomBytes)])
    expect(texts(read(more))).toEqual([...said, 'five'])
  })

  test('opens with any of the keys it may be of, and says which', () => {
    const other = randomBytes(32)
    expect(read(file, [other, recordKey])).toMatchObject({ kind: 'read', recordKey })
    expect(read(file, [other])).toEqual({ kind: 'refused', why: 'foreign' })
    expect(read(file, [recordKey], 'mail')).toEqual({ kind: 'refused', why: 'foreign' })
  })

  test('has another nonce for a record that is sealed once more, as after a write that failed', () => {
    const { chain } = beginLog({ recordKey, label: 'mail' }, randomBytes)
    const [a, b] = [chain.seal(utf8('x'), randomBytes), chain.seal(utf8('x'), randomBytes)]
    expect(a.slice(8, 20)).not.toEqual(b.slice(8, 20))
  })

  test('takes records of 256 KiB and none of an octet more', () => {
    const { head, chain } = beginLog({ recordKey, label: 'history' }, randomBytes)
    const longest = new Uint8Array(maxRecord).fill(7)
    expect(maxRecord).toBe(262_144)
    const opened = read(joined([head, chain.seal(longest, randomBytes)]))
    expect(opened.kind === 'read' && Buffer.compare(opened.records[0]!, longest)).toBe(0)
    expect(() => chain.seal(new Uint8Array(maxRecord + 1), randomBytes)).toThrow(RangeError)
  })

  test('seals nothing of use once it is wiped', () => {
    const opened = read(file)
    if (opened.kind !== 'read') throw new Error(opened.why)
    opened.chain.wipe()
    const more = joined([file, opened.chain.seal(utf8('five'), randomBytes)])
    expect(read(more)).toMatchObject({ end: 'damaged', size: file.length })
  })
})

describe('of a log that is cut', () => {
  test('at any octet, the records before the cut are read: a torn one is known as such', () => {
    const ends = parts.map((_, i) => joined(parts.slice(0, i + 1)).length)
    for (let size = ends[0]!; size <= file.length; size++) {
      const whole = ends.findLastIndex((end) => end <= size)
      const opened = read(file.subarray(0, size))
      expect(texts(opened)).toEqual(said.slice(0, whole))
      expect(opened).toMatchObject({ size: ends[whole], end: ends.includes(size) ? 'whole' : 'torn' })
    }
  })

  test('in its header, nothing is', () => {
    for (let size = 0; size < parts[0]!.length; size++)
      expect(read(file.subarray(0, size))).toMatchObject({ kind: 'refused' })
  })

  test('by a power failure, zeros stand where nothing was written: they are a torn end', () => {
    const before = joined(parts.slice(0, -1)).length
    for (let size = before; size <= file.length - 16; size++) {
      const zeroed = file.slice()
      zeroed.fill(0, size)
      const longer = joined([zeroed, new Uint8Array(5_000)])
      for (const left of [zeroed, longer])
        expect(read(left), `cut at ${size}`).toMatchObject({ size: before, end: 'torn' })
    }
  })
})

describe('a log that somebody changed', () => {
  test('is damaged from there on: every bit of it', () => {
    const ends = parts.map((_, i) => joined(parts.slice(0, i + 1)).length)
    for (let bit = ends[0]! * 8; bit < file.length * 8; bit++) {
      const copy = file.slice()
      copy[bit >> 3]! ^= 1 << (bit & 7)
      const sound = ends.filter((end) => end <= bit >> 3).length - 1
      const opened = read(copy)
      if (opened.kind !== 'read' || opened.end !== 'damaged') expect.fail(`bit ${bit}`)
      expect(texts(opened)).toEqual(said.slice(0, sound))
    }
  })

  test('in its header is of another key, or of a newer program', () => {
    for (let bit = 0; bit < parts[0]!.length * 8; bit++) {
      const copy = file.slice()
      copy[bit >> 3]! ^= 1 << (bit & 7)
      expect(read(copy)).toEqual({ kind: 'refused', why: bit >> 3 === 13 ? 'newer' : 'foreign' })
    }
  })

  test('is read to where records were exchanged, dropped, doubled, or come from another log', () => {
    const [head, one, two, three, four] = parts as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const foreign = partsOf(said)[2]!
    const end = (...order: readonly Uint8Array[]) => {
      const opened = read(joined([head, ...order]))
      return [texts(opened).length, opened.kind === 'read' && opened.end]
    }
    expect(end(one, three, two, four)).toEqual([1, 'damaged'])
    expect(end(two, three, four)).toEqual([0, 'damaged'])
    expect(end(one, one, two)).toEqual([1, 'damaged'])
    expect(end(one, foreign, three)).toEqual([1, 'damaged'])
    expect(end(one, two, three, four, one)).toEqual([4, 'damaged'])
  })

  test('does not get a record back that a rewritten log of the same key left out', () => {
    const again = partsOf(['one'])
    expect(read(joined([...again, parts[2]!]))).toMatchObject({ end: 'damaged' })
  })

  test('promises no longer records than there may be', () => {
    const length = new Uint8Array([0, 4, 0, 17]) // 256 KiB, the tag and one octet
    const head = new Uint8Array(8)
    head.set(length)
    new DataView(head.buffer).setUint32(4, crc32(length))
    expect(read(joined([parts[0]!, head, Uint8Array.of(1)]))).toMatchObject({ end: 'damaged' })
    expect(read(joined([parts[0]!, new Uint8Array(9).fill(0xff)]))).toMatchObject({ end: 'damaged' })
  })

  test('is a value, whatever its octets are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (any) => {
        expect(read(any)).toMatchObject({ kind: 'refused' })
        expect(read(joined([parts[0]!, any]))).toMatchObject({ kind: 'read', records: [] })
        const behind = read(joined([file, any]))
        expect(texts(behind)).toEqual(said)
      }),
    )
  })
})

/** docs/Protocol.md, "Sealed logs", without any of our code. */
test('a log is, octet for octet, what the page says', () => {
  const at = (from: number, size: number): Uint8Array => file.subarray(from, from + size)
  expect(new TextDecoder().decode(at(0, 13))).toBe('otrtalk log\n\0')
  expect(file[13]).toBe(1)
  const key = createHmac('sha256', recordKey)
    .update('otrtalk log')
    .update(at(14, 16))
    .update('history')
    .digest()
  expect(createHmac('sha256', key).update(at(0, 30)).digest().subarray(0, 16)).toEqual(
    Buffer.from(at(30, 16)),
  )
  const opened: string[] = []
  for (let from = 46, before = at(0, 46); from < file.length; ) {
    const length = new DataView(file.buffer, file.byteOffset + from, 8)
    expect(length.getUint32(4)).toBe(crc32(at(from, 4)))
    const size = length.getUint32(0) - 16
    const cipher = createDecipheriv('chacha20-poly1305', key, at(from + 8, 12), { authTagLength: 16 })
    cipher.setAAD(before, { plaintextLength: size })
    before = at(from + 20 + size, 16)
    cipher.setAuthTag(before)
    opened.push(Buffer.concat([cipher.update(at(from + 20, size)), cipher.final()]).toString())
    from += 20 + size + 16
  }
  expect(opened).toEqual(said)
})
