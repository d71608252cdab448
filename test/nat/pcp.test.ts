import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readPcp, writePcpMapRequest } from '../../src/nat/pcp.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'))

const nonce = hex('0102030405060708090a0b0c')
const header = '02 81 00 00 00000e10 00000007 000000000000000000000000'
const map = '0102030405060708090a0b0c 11 000000 1234 5678 00000000000000000000ffff cb007105'

test('a request is the 60 octets of RFC 6887, sections 7.1 and 11.1', () => {
  const external = { address: '203.0.113.5', port: 0x5678 }
  const request = { nonce, client: '192.168.1.10', internal: 0x1234, external, lifetime: 3_600 }
  expect(Buffer.from(writePcpMapRequest(request))).toEqual(
    Buffer.from(hex(`02 01 0000 00000e10 00000000000000000000ffff c0a8010a ${map}`)),
  )
})

test('a mapping is read, with or without options after it', () => {
  const mapped = {
    kind: 'mapped',
    epoch: 7,
    nonce,
    internal: 0x1234,
    external: { address: '203.0.113.5', port: 0x5678 },
    lifetime: 3_600,
  }
  expect(readPcp(hex(`${header} ${map}`))).toEqual(mapped)
  expect(readPcp(hex(`${header} ${map} 80000000`))).toEqual(mapped)
})

test.each([
  [2, 'not authorized'],
  [12, 'address mismatch'],
  [200, 'result 200'],
])('result %i is a refusal: %s', (result, reason) => {
  const bytes = hex(`${header} ${map}`)
  bytes[3] = result
  expect(readPcp(bytes)).toEqual({ kind: 'refused', nonce, reason, lifetime: 3_600 })
})

test('a gateway that speaks NAT-PMP only says so, in four octets or more', () => {
  expect(readPcp(hex('0081 0001'))).toEqual({ kind: 'other version', version: 0 })
  expect(readPcp(hex('0081 0001 00000007'))).toEqual({ kind: 'other version', version: 0 })
  expect(readPcp(hex(`01${header.slice(2)} ${map}`).fill(1, 3, 4))).toEqual({
    kind: 'other version',
    version: 1,
  })
})

test('an announcement is read', () => {
  expect(readPcp(hex(header.replace('81', '80')))).toEqual({ kind: 'announced', epoch: 7 })
})

test.each([
  ['a request', `${header.replace('81', '01')} ${map}`],
  ['a PEER answer', `${header.replace('81', '82')} ${map}`],
  ['a mapping of TCP', `${header} ${map.replace(' 11 ', ' 06 ')}`],
  ['an external IPv6 address', `${header} ${map.replace('ffff', '0001')}`],
  ['a header alone', header],
  ['an octet too few', `${header} ${map.slice(0, -2)}`],
  ['NAT-PMP, but no refusal', '0081 0000 00000007 1234 5678 00000e10'],
  ['nothing', ''],
])('%s is no answer', (_, octets) => expect(readPcp(hex(octets))).toBeUndefined())

test('any octets give a value or undefined', () => {
  const head = fc.constantFrom(hex(header), hex(header.replace('81', '80')), hex('0281'), hex(''))
  fc.assert(
    fc.property(head, fc.uint8Array({ maxLength: 64 }), (first, rest) => {
      const answer = readPcp(Uint8Array.of(...first, ...rest))
      if (answer?.kind === 'mapped') expect(answer.external.address).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
    }),
  )
})
