import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Command,
  commandSize,
  decodeCommand,
  encodeCommand,
} from '../../../src/transport/enet/command.ts'
import { decodeDatagram, decodeHeader, encodeDatagram, noPeer } from '../../../src/transport/enet/datagram.ts'

const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))

describe('what protocol.h says, octet for octet', () => {
  const payload = octets('aabb')
  const head = { flags: 0x80, channel: 1, sequence: 0x0203 }
  const terms = {
    outgoingPeer: 0x0102,
    incomingSession: 0xff,
    outgoingSession: 3,
    mtu: 1_400,
    windowSize: 65_536,
    channels: 2,
    incomingBandwidth: 5,
    outgoingBandwidth: 6,
    throttleInterval: 5_000,
    throttleAcceleration: 2,
    throttleDeceleration: 3,
    connectId: 0xfedcba98,
  }
  const termsHex =
    '0102 ff 03 00000578 00010000 00000002 00000005 00000006 00001388 00000002 00000003 fedcba98'
  const piece = { start: 0x0202, count: 3, number: 1, total: 6, offset: 2, payload }
  const pieceHex = '0202 0002 00000003 00000001 00000006 00000002 aabb'
  const table: [string, Command][] = [
    [
      '01 01 0203 0203 fffe',
      { kind: 'acknowledge', ...head, flags: 0, receivedSequence: 0x0203, receivedSentTime: 0xfffe },
    ],
    [`82 01 0203 ${termsHex} 11223344`, { kind: 'connect', ...head, ...terms, data: 0x11223344 }],
    [`83 01 0203 ${termsHex}`, { kind: 'verify-connect', ...head, ...terms }],
    ['44 01 0203 00000007', { kind: 'disconnect', ...head, flags: 0x40, data: 7 }],
    ['85 01 0203', { kind: 'ping', ...head }],
    ['86 01 0203 0002 aabb', { kind: 'send-reliable', ...head, payload }],
    [
      '07 01 0203 0009 0002 aabb',
      { kind: 'send-unreliable', ...head, flags: 0, unreliableSequence: 9, payload },
    ],
    [`88 01 0203 ${pieceHex}`, { kind: 'send-fragment', ...head, ...piece }],
    ['49 01 0203 0008 0002 aabb', { kind: 'send-unsequenced', ...head, flags: 0x40, group: 8, payload }],
    ['8a 01 0203 00000001 80000000', { kind: 'bandwidth-limit', ...head, incoming: 1, outgoing: 0x80000000 }],
    [
      '8b 01 0203 00000bb8 00000004 00000001',
      { kind: 'throttle-configure', ...head, interval: 3_000, acceleration: 4, deceleration: 1 },
    ],
    [`0c 01 0203 ${pieceHex}`, { kind: 'send-unreliable-fragment', ...head, flags: 0, ...piece }],
  ]

  test.each(table)('%s', (text, command) => {
    const bytes = octets(text)
    expect(decodeCommand(bytes, 0)).toEqual(command)
    expect(commandSize(command)).toBe(bytes.length)
    const into = new Uint8Array(bytes.length)
    expect(encodeCommand(command, into, 0)).toBe(bytes.length)
    expect(into).toEqual(bytes)
    for (let size = 0; size < bytes.length; size++)
      expect(decodeCommand(bytes.subarray(0, size), 0)).toBeUndefined()
  })

  test.each(['80 01 0203', '8d 01 0203 00000000', '8e', '8f 01 0203 0000'])(
    'no command begins with %s',
    (text) => {
      expect(decodeCommand(octets(text), 0)).toBeUndefined()
    },
  )
})

describe('the header', () => {
  test.each([
    ['8fff 03e8', 'plain', { peer: noPeer, session: 0, sentTime: 0x3e8, checksum: undefined }],
    ['3002', 'plain', { peer: 2, session: 3, sentTime: undefined, checksum: undefined }],
    ['9001 0001 89abcdef', 'checksummed', { peer: 1, session: 1, sentTime: 1, checksum: 0x89abcdef }],
    ['0001 89abcdef', 'checksummed', { peer: 1, session: 0, sentTime: undefined, checksum: 0x89abcdef }],
  ] as const)('%s', (text, checksums, header) => {
    expect(decodeHeader(octets(text), checksums)).toEqual(header)
    expect(encodeDatagram({ header, commands: [] })).toEqual(octets(text))
  })

  test.each([
    ['', 'plain'],
    ['8f', 'plain'],
    ['8000 00', 'plain'],
    ['8000 0000 000000', 'checksummed'],
  ] as const)('is not there in %j', (text, checksums) => {
    expect(decodeHeader(octets(text), checksums)).toBeUndefined()
  })

  test('is refused when the datagram is compressed', () => {
    expect(decodeHeader(octets('c000 0000'))).toBeUndefined()
  })
})

test('whatever decodes is encoded to the same octets', () => {
  let decoded = 0
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 80 }),
      fc.array(fc.constantFrom(...commandHeads)),
      (tail, heads) => {
        const bytes = new Uint8Array([0x80, 0, 0, 1, ...heads.flat(), ...tail])
        const parsed = decodeDatagram(bytes)
        if (!parsed) return
        decoded++
        expect(encodeDatagram(parsed)).toEqual(bytes)
      },
    ),
    { numRuns: 2_000 },
  )
  expect(decoded).toBeGreaterThan(20)
})

const commandHeads = [
  [0x85, 0xff, 0, 1],
  [0x86, 0, 0, 1, 0, 1, 5],
  [1, 2, 3, 4, 5, 6, 7, 8],
  [0xf4, 0xff, 0, 2, 0, 0, 0, 9],
]
