import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mayProbe, ownCandidates } from '../../src/nat/candidates.ts'
import { address } from '../support/network.ts'

describe('ownCandidates', () => {
  const nothing = { hosts: [], ports: { udp4: 7, udp6: 8 }, mappings: [], loopback: false } as const
  const seen = (text: string) => ({ kind: 'same', address: address(text) }) as const

  test('names what others see, then mapped ports, then every interface with its port', () => {
    const found = ownCandidates({
      ...nothing,
      hosts: ['192.168.1.2', '10.8.0.2', '2001:db8::2'],
      mappings: [seen('203.0.113.9:40000')],
      mapped: [address('203.0.113.9:7')],
    })
    expect(found).toEqual([
      { kind: 'mapped', address: '203.0.113.9:7' },
      { kind: 'reflexive', address: '203.0.113.9:40000' },
      { kind: 'host', address: '192.168.1.2:7' },
      { kind: 'host', address: '10.8.0.2:7' },
      { kind: 'host', address: '[2001:db8::2]:8' },
    ])
  })

  test('names an address once that is on an interface and seen by others', () => {
    const found = ownCandidates({
      ...nothing,
      hosts: ['203.0.113.9', '2001:db8::2'],
      mappings: [seen('203.0.113.9:7'), seen('[2001:db8::2]:8')],
    })
    expect(found.map(({ kind }) => kind)).toEqual(['host', 'host'])
  })

  test('names what a NAT that counts should give next, and one of a NAT that changes', () => {
    const counting = {
      kind: 'counting',
      address: address('203.0.113.9:50'),
      next: [address('203.0.113.9:51'), address('203.0.113.9:52')],
    } as const
    expect(ownCandidates({ ...nothing, mappings: [counting] })).toEqual([
      { kind: 'predicted', address: '203.0.113.9:51' },
      { kind: 'predicted', address: '203.0.113.9:52' },
      { kind: 'changing', address: '203.0.113.9:50' },
    ])
    const changing = { kind: 'changing', address: address('203.0.113.9:50') } as const
    expect(ownCandidates({ ...nothing, mappings: [changing] })).toEqual([
      { kind: 'changing', address: '203.0.113.9:50' },
    ])
  })

  test('names nothing of a family without a socket, nor what means nothing elsewhere', () => {
    const ports = { udp4: undefined, udp6: 8 }
    expect(ownCandidates({ ...nothing, ports, hosts: ['192.168.1.2', 'fe80::1%eth0'] })).toEqual([])
    expect(ownCandidates({ ...nothing, mapped: [address('0.0.0.0:7')] })).toEqual([])
  })

  test('names loopback only in a private network on this machine', () => {
    const own = { ...nothing, hosts: ['127.0.0.1'] }
    expect(ownCandidates(own)).toEqual([])
    expect(ownCandidates({ ...own, loopback: true })).toEqual([{ kind: 'host', address: '127.0.0.1:7' }])
  })

  test('names 16 at most, and the reflexive one is among them', () => {
    const hosts = Array.from({ length: 40 }, (_, i) => `10.0.0.${i + 1}`)
    const found = ownCandidates({ ...nothing, hosts, mappings: [seen('203.0.113.9:7')] })
    expect(found).toHaveLength(16)
    expect(found[0]?.address).toBe('203.0.113.9:7')
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
    '[::]:7',
    '[ff02::1]:7',
    '[fe80::1]:7',
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
