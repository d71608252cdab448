import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hasNatPmpLostState, hasPcpLostState } from '../../src/nat/epoch.ts'
import { readNatPmp, writeNatPmpAddressRequest, writeNatPmpMapRequest } from '../../src/nat/natpmp.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'))
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('requests are those of RFC 6886, sections 3.2 and 3.3', () => {
  expect(text(writeNatPmpAddressRequest())).toBe('0000')
  const request = { internal: 0x1234, external: 0x5678, lifetime: 3_600 }
  expect(text(writeNatPmpMapRequest(request))).toBe('000100001234567800000e10')
})

test('answers are read', () => {
  expect(readNatPmp(hex('0080 0000 00000007 cb007105'))).toEqual({
    kind: 'address',
    epoch: 7,
    address: '203.0.113.5',
  })
  expect(readNatPmp(hex('0081 0000 ffffffff 1234 5678 00000e10'))).toEqual({
    kind: 'mapped',
    epoch: 0xffff_ffff,
    internal: 0x1234,
    external: 0x5678,
    lifetime: 3_600,
  })
  expect(readNatPmp(hex('0081 0002 00000007 1234 0000 00000000'))).toEqual({
    kind: 'refused',
    what: 'mapping',
    reason: 'not authorized',
  })
  expect(readNatPmp(hex('0080 0063'))).toEqual({ kind: 'refused', what: 'address', reason: 'result 99' })
})

test.each([
  ['another version', '0281 0000 00000007 1234 5678 00000e10'],
  ['a request', '0001 0000 1234 5678 00000e10'],
  ['a mapping for TCP', '0082 0000 00000007 1234 5678 00000e10'],
  ['an octet too few', '0080 0000 00000007 cb0071'],
  ['an octet too many', '0080 0000 00000007 cb007105 00'],
  ['nothing', ''],
])('%s is no answer', (_, octets) => expect(readNatPmp(hex(octets))).toBeUndefined())

test('any octets give a value or undefined', () => {
  const head = fc.constantFrom([0, 128, 0, 0], [0, 129, 0, 0], [0, 129, 0, 1], [])
  fc.assert(
    fc.property(head, fc.uint8Array({ maxLength: 20 }), (first, rest) => {
      const bytes = Uint8Array.of(...first, ...rest)
      const answer = readNatPmp(bytes)
      if (answer?.kind === 'mapped') expect(answer.internal).toBe(new DataView(bytes.buffer).getUint16(8))
    }),
  )
})

test('a NAT-PMP gateway has lost its state when its count falls 2 s behind 7/8 of the time that went by', () => {
  const before = { seconds: 100, at: 0 }
  expect(hasNatPmpLostState(before, { seconds: 168, at: 80_000 })).toBe(false) // 100 + 70 - 2
  expect(hasNatPmpLostState(before, { seconds: 167, at: 80_000 })).toBe(true)
  expect(hasNatPmpLostState(before, { seconds: 10_000, at: 80_000 })).toBe(false)
})

test('a PCP gateway has lost its state when the clocks drift by more than 1/16 and 2 s', () => {
  const before = { seconds: 1_000, at: 0 }
  const after = (seconds: number, ms: number): boolean => hasPcpLostState(before, { seconds, at: ms })
  expect([after(999, 0), after(998, 0)]).toEqual([false, true]) // reordered answers differ by 1
  expect([after(1_148, 160_000), after(1_147, 160_000)]).toEqual([false, true]) // 150 - 2
  expect([after(1_172, 160_000), after(1_173, 160_000)]).toEqual([false, true]) // 172 - 10.75 < 162
})
