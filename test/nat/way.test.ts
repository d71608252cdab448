import { describe, expect, test } from 'vitest'
import type { Candidate } from '../../src/nat/candidates.ts'
import { type Goal, pathKind, rankOf, type Way, wayTo } from '../../src/nat/way.ts'
import { address } from '../support/network.ts'

const goal = (at: string, way: Way): Goal => ({ address: address(at), way })

describe('the way to a candidate', () => {
  test.each([
    ['host', '203.0.113.1:1', 'host'],
    ['host', '[2001:db8::1]:1', 'ipv6'],
    ['loopback', '127.0.0.1:1', 'host'],
    ['reflexive', '203.0.113.1:1', 'punched'],
    ['reflexive', '[2001:db8::1]:1', 'ipv6'],
    ['mapped', '203.0.113.1:1', 'mapped'],
    ['predicted', '203.0.113.1:1', 'predicted'],
    ['changing', '203.0.113.1:1', 'punched'],
  ] as const)('%s at %s is %s', (kind, at, way) => {
    expect(wayTo({ kind, address: address(at) } satisfies Candidate)).toBe(way)
  })
})

describe('of two ways the better one', () => {
  const best = [
    [goal('127.0.0.1:1', 'host')],
    [
      goal('10.0.0.1:1', 'host'),
      goal('192.168.1.1:1', 'lan'),
      goal('203.0.113.1:1', 'lan'),
      goal('10.0.0.1:1', 'learnt'),
    ],
    [goal('100.64.0.1:1', 'mesh'), goal('10.0.0.1:1', 'hint')],
    [goal('[2001:db8::1]:1', 'ipv6'), goal('[2001:db8::1]:1', 'learnt'), goal('[2001:db8::1]:1', 'hint')],
    [
      goal('203.0.113.1:1', 'host'),
      goal('203.0.113.1:1', 'hint'),
      goal('203.0.113.1:1', 'mapped'),
      goal('10.0.0.1:1', 'mapped'),
    ],
    (['punched', 'predicted', 'guessed', 'learnt', 'rumour'] as const).map((way) =>
      goal('203.0.113.1:1', way),
    ),
  ]

  test('is the machine itself, then the link, then a VPN, then IPv6, then an open port, then a punched one', () => {
    expect(best.map((goals) => [...new Set(goals.map(rankOf))])).toEqual([[0], [1], [2], [3], [4], [5]])
  })
})

describe('a path reads to a person as', () => {
  test.each([
    ['loopback', '127.0.0.1:1', 'learnt'],
    ['loopback', '[::1]:1', 'host'],
    ['lan', '192.168.1.1:1', 'punched'],
    ['lan', '203.0.113.1:1', 'lan'],
    ['lan', '[fe80::1%eth0]:1', 'learnt'],
    ['lan', '100.64.0.1:1', 'mesh'],
    ['mapped', '10.0.0.1:1', 'mapped'],
    ['ipv6', '[2001:db8::1]:1', 'punched'],
    ['direct', '203.0.113.1:1', 'host'],
    ['direct', '203.0.113.1:1', 'hint'],
    ['mapped', '203.0.113.1:1', 'mapped'],
    ['predicted', '203.0.113.1:1', 'predicted'],
    ['guessed', '203.0.113.1:1', 'guessed'],
    ['punched', '203.0.113.1:1', 'punched'],
    ['punched', '203.0.113.1:1', 'learnt'],
    ['punched', '203.0.113.1:1', 'rumour'],
  ] as const)('%s: %s, %s', (kind, at, way) => {
    expect(pathKind(goal(at, way))).toBe(kind)
  })
})
