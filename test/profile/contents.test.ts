import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Address } from '../../src/machine.ts'
import { touchBuddy } from '../../src/profile/buddies.ts'
import {
  type Contents,
  decodeContents,
  encodeContents,
  maxNodes,
  readContents,
} from '../../src/profile/contents.ts'
import { selfWith } from '../../src/profile/identity.ts'
import { Writer } from '../../src/wire/writer.ts'
import { aliceAddress, other, own, withBuddy } from './people.ts'

const nodes = ['1.2.3.4:6881', '[2001:db8::1]:6881'] as Address[]
const buddies = withBuddy(withBuddy([], 'Žofie', other.address), 'alice', aliceAddress)
const contents: Contents = {
  identity: own,
  createdAt: 1_700_000_000_000,
  buddies: touchBuddy(buddies, 'žofie', { fingerprint: other.fingerprint, at: 1_700_000_000_001 }),
  nodes,
  former: [],
  invites: [],
  recordKeys: [],
}
const octets = encodeContents(contents)
const identitySize = 150

const all: Contents = {
  ...contents,
  buddies: contents.buddies.map((buddy, i) => ({
    ...buddy,
    ...{ isBlocked: i === 0, isStrange: i === 1, hints: i === 1 ? nodes : [] },
    habits: i === 0 ? {} : { typing: true, read: false, keep: 30 },
  })),
  former: [selfWith(own, new Uint8Array(32).fill(5)), selfWith(own, new Uint8Array(32).fill(6))],
  recordKeys: [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)],
}

test('what is written is read again', () => {
  expect(decodeContents(octets)).toEqual(contents)
  const empty = { ...contents, buddies: [], nodes: [] }
  expect(decodeContents(encodeContents(empty))).toEqual(empty)
})

test('so is who is blocked, who does not know the new address, which keys came before, where he may be, his habits, and the keys of logs', () => {
  expect(decodeContents(encodeContents(all))).toEqual(all)
})

test('what was written before there were such fields is read: nobody is blocked, no key was replaced', () => {
  const last = new TextEncoder().encode('[2001:db8::1]:6881')
  expect(octets.subarray(-last.length)).toEqual(last)
  expect(decodeContents(octets)).toMatchObject({ former: [], buddies: [{ isBlocked: false, hints: [] }, {}] })
})

test('a field that is unknown, empty, too long, twice or out of order is refused', () => {
  const withFields = (...fields: readonly (readonly [number, Uint8Array])[]) => {
    const writer = new Writer().bytes(octets)
    for (const [type, field] of fields) writer.u8(type).data(field)
    return decodeContents(writer.done())
  }
  const marks = [1, Uint8Array.of(1, 0)] as const
  const keys = (count: number) => [2, new Uint8Array(32 * count).fill(7)] as const
  const recordKeys = (size: number) => [5, new Uint8Array(size).fill(7)] as const
  const hints = (...lists: readonly (readonly string[])[]) => {
    const field = new Writer()
    for (const list of lists) {
      field.u16(list.length)
      for (const text of list) field.data(new TextEncoder().encode(text))
    }
    return [4, field.done()] as const
  }
  const habits = (...lists: readonly (readonly [bits: number, days: number])[]) => {
    const field = new Writer()
    for (const [bits, days] of lists) field.u8(bits).u16(days)
    return [6, field.done()] as const
  }
  expect(withFields(habits([0x26, 0], [0, 36_500]))?.buddies.map((buddy) => buddy.habits)).toEqual([
    { typing: true, read: false, history: true },
    { keep: 36_500 },
  ])
  expect(withFields(marks, keys(4))?.former).toHaveLength(4)
  expect(withFields(recordKeys(32))?.recordKeys).toHaveLength(1)
  expect(withFields(hints([], ['1.2.3.4:5']))?.buddies[1]?.hints).toEqual(['1.2.3.4:5'])
  for (const fields of [
    [[9, Uint8Array.of(1)]],
    [[0, Uint8Array.of(1)]],
    [[1, new Uint8Array(0)]],
    [[1, Uint8Array.of(0, 0)]],
    [[1, Uint8Array.of(1)]],
    [[1, Uint8Array.of(4, 0)]],
    [marks, marks],
    [keys(1), marks],
    [recordKeys(32), marks],
    [recordKeys(0)],
    [recordKeys(31)],
    [recordKeys(96)],
    [keys(0)],
    [keys(5)],
    [[2, new Uint8Array(33)]],
    [hints([]), marks],
    [habits([0, 0], [0, 0])],
    [habits([3, 0], [0, 0])],
    [habits([0x30, 0], [0, 0])],
    [habits([0x40, 0], [0, 0])],
    [habits([0, 36_501], [0, 0])],
    [habits([1, 0])],
    [habits([1, 0], [0, 0], [0, 0])],
    [habits([1, 0], [0, 0]), hints([], ['1.2.3.4:5'])],
    [hints([], [])],
    [hints(['1.2.3.4:5'])],
    [hints(['1.2.3.4:5'], [], [])],
    [hints(['1.2.3.4:5', '1.2.3.4:5'], [])],
    [hints(['224.0.0.1:5'], [])],
    [hints(['[::1.2.3.4]:5'], [])],
    [
      hints(
        Array.from({ length: 9 }, (_, i) => `1.2.3.4:${i + 1}`),
        [],
      ),
    ],
  ] as const)
    expect(withFields(...fields)).toBeUndefined()
})

test('a field beyond the last known is of a newer program; a damaged one is not', () => {
  const withField = (type: number, field: Uint8Array) =>
    readContents(new Writer().bytes(octets).u8(type).data(field).done())
  expect([7, 255].map((type) => withField(type, Uint8Array.of(1)))).toEqual(['newer', 'newer'])
  expect(withField(2, Uint8Array.of(1))).toBeUndefined()
  expect(readContents(Uint8Array.of(...octets, 7, 0, 0, 0, 9, 1))).toBeUndefined() // cut off
})

test('of a list of nodes the first 200 are kept', () => {
  const many = Array.from({ length: maxNodes + 1 }, (_, i) => `1.2.3.4:${i + 1}` as Address)
  expect(decodeContents(encodeContents({ ...contents, nodes: many }))?.nodes).toEqual(many.slice(0, 200))
})

test('whatever is cut off or attached is refused', () => {
  for (let size = 0; size < octets.length; size += size < identitySize ? 1 : 7)
    expect(decodeContents(octets.subarray(0, size))).toBeUndefined()
  expect(decodeContents(octets.subarray(0, -1))).toBeUndefined()
  expect(decodeContents(Uint8Array.of(...octets, 0))).toBeUndefined()
})

test.each([
  ['a list of buddies that is not sound', { buddies: [...contents.buddies, contents.buddies[0]!] }],
  ['a node that is no address', { nodes: ['1.2.3.4:0' as Address] }],
  ['a node that is not written as addresses are', { nodes: ['[2001:DB8::1]:1' as Address] }],
  ['a date after the year 9999', { createdAt: 253_402_300_800_000 }],
])('%s is refused', (_, change) => {
  expect(decodeContents(encodeContents({ ...contents, ...change }))).toBeUndefined()
})

test('a trust, an alias or a fingerprint that is none is refused', () => {
  const buddy = (alias: Uint8Array, trust: number, pinned: Uint8Array): Uint8Array =>
    new Writer()
      .bytes(octets.subarray(0, identitySize + 8))
      .u16(1)
      .data(alias)
      .bytes(aliceAddress)
      .u8(trust)
      .data(pinned)
      .u64(1n)
      .u64(0n)
      .u16(0)
      .done()
  const alias = new TextEncoder().encode('alice')
  expect(decodeContents(buddy(alias, 2, new Uint8Array(0)))?.buddies[0]?.trust).toBe('verified')
  expect(decodeContents(buddy(alias, 3, new Uint8Array(0)))).toBeUndefined()
  expect(decodeContents(buddy(Uint8Array.of(0xff), 0, new Uint8Array(0)))).toBeUndefined()
  expect(decodeContents(buddy(alias, 0, new Uint8Array(55)))).toBeUndefined()
})

test('a count above the most is refused before anything is read', () => {
  const head = octets.slice(0, identitySize + 8)
  const endless = new Writer().bytes(head).u16(1_001).zeros(300_000).done()
  expect(decodeContents(endless)).toBeUndefined()
})

test('any octets yield contents or undefined', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (any) => decodeContents(any) === undefined),
    { numRuns: 30 },
  )
  const written = encodeContents(all)
  const at = fc.integer({ min: identitySize, max: written.length - 1 })
  fc.assert(
    fc.property(at, fc.integer({ min: 0, max: 255 }), (i, value) => {
      const copy = written.slice()
      copy[i] = value
      const decoded = decodeContents(copy)
      if (decoded) expect(encodeContents(decoded)).toEqual(copy) // one form only
    }),
    { numRuns: 60 },
  )
})
