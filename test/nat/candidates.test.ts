import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mayProbe, ownCandidates, pathKind } from '../../src/nat/candidates.ts'
import { address } from '../support/network.ts'

describe('ownCandidates', () => {
  test('names every interface with the port, then what others see', () => {
    const reflexive = address('203.0.113.9:40000')
    const found = ownCandidates({ hosts: ['192.168.1.2', '10.8.0.2'], port: 7, reflexive, loopback: false })
    expect(found).toEqual([
      { kind: 'host', address: '192.168.1.2:7' },
      { kind: 'host', address: '10.8.0.2:7' },
      { kind: 'reflexive', address: '203.0.113.9:40000' },
    ])
  })

  test('names an address once that is on an interface and seen by others', () => {
    const reflexive = address('203.0.113.9:7')
    expect(ownCandidates({ hosts: ['203.0.113.9'], port: 7, reflexive, loopback: false })).toHaveLength(1)
  })

  test('names loopback only in a private network on this machine', () => {
    const own = { hosts: ['127.0.0.1'], port: 7 }
    expect(ownCandidates({ ...own, loopback: false })).toEqual([])
    expect(ownCandidates({ ...own, loopback: true })).toEqual([{ kind: 'host', address: '127.0.0.1:7' }])
  })

  test('names 16 at most, and the reflexive one is among them', () => {
    const hosts = Array.from({ length: 40 }, (_, i) => `10.0.0.${i + 1}`)
    const reflexive = address('203.0.113.9:7')
    const found = ownCandidates({ hosts, port: 7, reflexive, loopback: false })
    expect(found).toHaveLength(16)
    expect(found.at(-1)?.address).toBe(reflexive)
  })
})

describe('mayProbe', () => {
  test.each([
    '0.0.0.0:1',
    '0.1.2.3:1',
    '224.0.0.1:1',
    '239.255.255.250:1900',
    '255.255.255.255:7',
    '240.0.0.1:7',
    '[::1]:7',
  ])('never %s, whatever a record says', (text) =>
    expect(mayProbe(address(text), { loopback: true })).toBe(false),
  )

  test('loopback only where it is allowed', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), fc.nat(255), (b, c, d) => {
        const somewhere = address(`127.${b}.${c}.${d}:7`)
        expect(mayProbe(somewhere, { loopback: false })).toBe(false)
        expect(mayProbe(somewhere, { loopback: true })).toBe(true)
      }),
    )
  })

  test.each(['1.2.3.4:1', '10.0.0.1:1', '192.168.1.255:9', '223.255.255.255:1'])('%s', (text) =>
    expect(mayProbe(address(text), { loopback: false })).toBe(true),
  )
})

test.each([
  ['127.3.2.1:1', 'loopback'],
  ['10.1.2.3:1', 'lan'],
  ['172.16.0.1:1', 'lan'],
  ['172.32.0.1:1', 'direct'],
  ['192.168.0.1:1', 'lan'],
  ['169.254.0.1:1', 'lan'],
  ['203.0.113.1:1', 'direct'],
] as const)('a path to %s is %s', (text, kind) => expect(pathKind(address(text))).toBe(kind))
