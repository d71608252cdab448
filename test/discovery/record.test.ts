import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomBytes } from '../../src/crypto.ts'
import { epochOf, Place, readEpochs, writeEpochs } from '../../src/discovery/place.ts'
import {
  type Candidate,
  markedPart,
  openRecord,
  type RendezvousRecord,
  type Seal,
  sealRecord,
} from '../../src/discovery/record.ts'
import { Writer } from '../../src/wire/writer.ts'
import { address } from '../support/network.ts'
import { pairOf } from './swarm.ts'

const seal: Seal = { key: randomBytes(32), target: randomBytes(20), seq: 1_700_000_000 }
const record: RendezvousRecord = {
  sessionId: randomBytes(8),
  timestamp: 1_700_000_000_123,
  startAt: 1_700_000_001_000,
  candidates: [
    { kind: 'host', address: address('192.168.1.5:40000') },
    { kind: 'reflexive', address: address('203.0.113.1:65535') },
    { kind: 'mapped', address: address('[2001:db8::5]:1') },
    { kind: 'loopback', address: address('127.0.0.1:9') },
  ],
}

describe('a record', () => {
  test('is always 512 octets, and comes back', () => {
    const v4 = fc
      .tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255))
      .map((ip) => ip.join('.'))
    const kind = fc.constantFrom<Candidate['kind'][]>('host', 'reflexive', 'mapped', 'loopback')
    const candidate = fc.record({
      kind,
      address: fc
        .tuple(v4, fc.integer({ min: 1, max: 65_535 }))
        .map(([ip, port]) => address(`${ip}:${port}`)),
    })
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 16 }), (candidates) => {
        const sealed = sealRecord({ ...record, candidates }, seal, randomBytes)
        expect(sealed).toHaveLength(512)
        expect(openRecord(sealed, seal)).toEqual({ ...record, candidates })
      }),
      { numRuns: 50 },
    )
    expect(openRecord(sealRecord(record, seal, randomBytes), seal)).toEqual(record)
  })

  test('carries the first 16 candidates, and none with a zone', () => {
    const many = Array.from(
      { length: 20 },
      (_, i): Candidate => ({ kind: 'host', address: address(`10.0.0.1:${i + 1}`) }),
    )
    const zoned: Candidate = { kind: 'host', address: address('[fe80::1%eth0]:5') }
    const sealed = sealRecord({ ...record, candidates: [zoned, ...many] }, seal, randomBytes)
    expect(openRecord(sealed, seal)?.candidates).toEqual(many.slice(0, 16))
  })

  test('opens only under its key, target and seq, whole', () => {
    const sealed = sealRecord(record, seal, randomBytes)
    expect(openRecord(sealed, { ...seal, key: randomBytes(32) })).toBeUndefined()
    expect(openRecord(sealed, { ...seal, target: randomBytes(20) })).toBeUndefined()
    expect(openRecord(sealed, { ...seal, seq: seal.seq + 1 })).toBeUndefined()
    expect(openRecord(sealed.slice(0, 511), seal)).toBeUndefined()
    for (const at of [0, 23, 24, 300, 511]) {
      const bent = sealed.slice()
      bent[at]! ^= 1
      expect(openRecord(bent, seal)).toBeUndefined()
    }
  })

  test('carries the mark in its last octets, and no mark as zeros', () => {
    const mark = randomBytes(16)
    const full = Array.from(
      { length: 16 },
      (_, i): Candidate => ({ kind: 'host', address: address(`10.0.0.1:${i + 1}`) }),
    )
    const marked = { ...record, candidates: full, mark }
    const sealed = sealRecord(marked, seal, randomBytes)
    expect(openRecord(sealed, seal)).toEqual(marked)
    const aad = Uint8Array.of(0x76, 0x31, ...seal.target, ...new Writer(8).u64(BigInt(seal.seq)).done())
    const plain = xchacha20poly1305(seal.key, sealed.slice(0, 24), aad).decrypt(sealed.slice(24))
    expect(plain.slice(456)).toEqual(mark)
    expect(openRecord(sealRecord({ ...record, mark: new Uint8Array(16) }, seal, randomBytes), seal)).toEqual(
      record,
    )
  })

  test('has a mark of target, session id, seq and timestamp', () => {
    const part = markedPart(seal, record)
    const numbers = new Writer(16).u64(BigInt(seal.seq)).u64(BigInt(record.timestamp)).done()
    expect(part).toEqual(Uint8Array.of(...seal.target, ...record.sessionId, ...numbers))
  })

  test('no two seal alike', () => {
    expect(sealRecord(record, seal, randomBytes)).not.toEqual(sealRecord(record, seal, randomBytes))
  })
})

describe('the hour', () => {
  const hour = 3_600_000
  test.each([
    [0, [99, 100]],
    [-600_000, [99, 100]],
    [-600_001, [99]],
    [599_999, [99, 100]],
    [600_000, [100]],
  ])('%d ms from a boundary we write %j', (offset, epochs) => {
    expect([...writeEpochs(100 * hour + offset)].sort((a, b) => a - b)).toEqual(epochs)
  })

  test('a reader reads the hour before and after, too', () => {
    expect(readEpochs(100 * hour + 5)).toEqual([100, 99, 101])
    expect(epochOf(100 * hour - 1)).toBe(99)
  })

  test('both ends derive the same places, another for each direction and hour', () => {
    const targets = (own: 0 | 1): string[] =>
      [0, 1].flatMap((direction) =>
        [1, 2].map((epoch) => new Place(pairOf('x', own), direction as 0 | 1, epoch).target.join()),
      )
    expect(targets(0)).toEqual(targets(1))
    expect(new Set(targets(0)).size).toBe(4)
  })
})
