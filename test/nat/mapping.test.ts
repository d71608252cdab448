import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Address } from '../../src/machine.ts'
import { type Mapping, Mappings } from '../../src/nat/mapping.ts'
import { address } from '../support/network.ts'

const host = '203.0.113.7'
const at = (port: number, ip = host): Address => address(`${ip}:${port}`)
const voter = (n: number): Address => address(`198.51.${n >> 8}.${n & 255}:6881`)

/** Seen as these, by one after the other, asked 50 ms apart. */
function seen(sightings: readonly Address[], mappings = new Mappings()): Mappings {
  for (const [i, as] of sightings.entries())
    mappings.see({ voter: voter(mappings.voters + 1), as, sentAt: i * 50 })
  return mappings
}

const ports = (...numbers: number[]): readonly Address[] => numbers.map((port) => at(port))

function nextOf(mapping: Mapping): readonly number[] {
  expect(mapping.kind).toBe('counting')
  return mapping.kind === 'counting' ? mapping.next.map((next) => Number(next.split(':')[1])) : []
}

describe('what a NAT does', () => {
  test('is unknown until somebody says as whom he sees us', () => {
    const mappings = new Mappings()
    expect([mappings.mapping, mappings.voters]).toEqual([{ kind: 'unknown' }, 0])
  })

  test('is one address for everybody', () => {
    expect(seen(ports(4_000)).mapping).toEqual({ kind: 'same', address: at(4_000) })
    expect(seen(ports(4_000, 4_000, 4_000)).mapping).toEqual({ kind: 'same', address: at(4_000) })
  })

  test('is changing if the ports lie far apart, and the address shown for it stays', () => {
    const mappings = seen(ports(4_000, 52_000))
    expect(mappings.mapping).toEqual({ kind: 'changing', address: at(52_000) })
    for (const [i, port] of [9_000, 33_000, 21_000].entries()) {
      expect(mappings.see({ voter: voter(90 + i), as: at(port), sentAt: 1_000 + i })).toBe(false)
      expect(mappings.mapping).toEqual({ kind: 'changing', address: at(52_000) })
    }
  })

  test('shows another address once the host is another', () => {
    const mappings = seen(ports(4_000, 52_000))
    expect(mappings.mapping).toEqual({ kind: 'changing', address: at(52_000) })
    const elsewhere = [7_000, 41_000, 23_000].map((port) => at(port, '192.0.2.9'))
    for (const [i, as] of elsewhere.entries()) mappings.see({ voter: voter(50 + i), as, sentAt: 900 + i })
    expect(mappings.mapping).toEqual({ kind: 'changing', address: elsewhere[2] })
  })
})

describe('a NAT that counts', () => {
  test.each([
    [
      [4_000, 4_001, 4_002],
      [4_003, 4_004, 4_005, 4_006, 4_007, 4_008],
    ],
    [
      [4_000, 4_002, 4_004],
      [4_006, 4_008, 4_010, 4_012, 4_014, 4_016],
    ],
    [
      [4_002, 4_001, 4_000],
      [3_999, 3_998, 3_997, 3_996, 3_995, 3_994],
    ],
    [
      [4_000, 4_001, 4_009, 4_012],
      [4_013, 4_014, 4_015, 4_016, 4_017, 4_018],
    ], // others' datagrams between ours
  ])('by %j is expected to go on with the six ports %j', (numbers, next) => {
    expect(nextOf(seen(ports(...numbers)).mapping)).toEqual(next)
  })

  test('is told from one that gives ports at random by at most eight between two of three or more', () => {
    expect(seen(ports(4_000, 4_001)).mapping.kind).toBe('changing') // two may lie close by chance
    expect(seen(ports(4_000, 4_012, 4_024)).mapping.kind).toBe('counting')
    expect(seen(ports(4_000, 4_012, 4_025)).mapping.kind).toBe('changing')
  })

  test('names no port that there is not', () => {
    expect(nextOf(seen(ports(65_531, 65_532, 65_533)).mapping)).toEqual([65_534, 65_535])
    expect(nextOf(seen(ports(4, 3, 2)).mapping)).toEqual([1])
  })

  test('counts in the order of the questions, whatever the order of the answers', () => {
    const mappings = new Mappings()
    for (const i of [3, 0, 2, 1]) mappings.see({ voter: voter(i), as: at(4_010 - i), sentAt: i * 50 })
    expect(nextOf(mappings.mapping)[0]).toBe(4_006) // down
  })

  test('counts up if most questions left at the same moment: nobody knows in which order', () => {
    const mappings = new Mappings()
    for (const [i, port] of [4_003, 4_002, 4_001, 4_000].entries())
      mappings.see({ voter: voter(i), as: at(port), sentAt: 100 + i })
    expect(nextOf(mappings.mapping)[0]).toBe(4_004)
  })

  test('does not count down for a few that were overtaken', () => {
    // 3 pairs rise, 3 fall
    expect(nextOf(seen(ports(4_003, 4_000, 4_002, 4_001)).mapping)[0]).toBe(4_004)
  })
})

describe('voters', () => {
  test('who lie about the host are outvoted', () => {
    const lies = [at(1, '192.0.2.1'), at(2, '192.0.2.2')]
    expect(seen([...ports(4_000, 4_000, 4_000), ...lies]).mapping).toEqual({
      kind: 'same',
      address: at(4_000),
    })
  })

  test('who lie about the port are outvoted, as long as no two in a row tell the same lie', () => {
    expect(seen(ports(4_000, 9, 4_000, 4_000, 10)).mapping).toEqual({ kind: 'same', address: at(4_000) })
  })

  test('who agree at last, and had seen another port, are believed: the router was started anew', () => {
    const mappings = seen(ports(4_000, 4_000, 4_000, 4_000, 4_000))
    expect(mappings.see({ voter: voter(1), as: at(9_000), sentAt: 1_000 })).toBe(false)
    expect(mappings.see({ voter: voter(2), as: at(9_000), sentAt: 1_050 })).toBe(true)
    expect(mappings.mapping).toEqual({ kind: 'same', address: at(9_000) })
  })

  test('who are new and agree do not outvote the others, however late they speak', () => {
    const mappings = seen(ports(...Array.from({ length: 14 }, () => 4_000)))
    for (let i = 0; i < 20; i++)
      mappings.see({ voter: voter(70 + (i % 2)), as: at(9_000), sentAt: 1_000 + i })
    expect(mappings.mapping).toEqual({ kind: 'same', address: at(4_000) })
  })

  test('who see another address than before are believed if they were two, and agree', () => {
    const again = (...sightings: readonly (readonly [voter: number, port: number])[]): Mapping => {
      const mappings = seen(ports(4_000, 4_000, 4_000, 4_000, 4_000))
      for (const [i, [n, port]] of sightings.entries())
        mappings.see({ voter: voter(n), as: at(port), sentAt: 1_000 + i })
      return mappings.mapping
    }
    const [former, other] = [4_000, 9_000].map((port) => ({ kind: 'same', address: at(port) }))
    expect(again([1, 9_000], [2, 9_000])).toEqual(other)
    expect(again([1, 9_000], [2, 9_000], [1, 9_000], [2, 9_000])).toEqual(other)
    expect(again([1, 9_000], [2, 9_001])).toEqual(former)
    expect(again([70, 9_000], [1, 9_000])).toEqual(former) // one of the two never saw another
  })

  test('who were asked earlier and answer late do not take that back', () => {
    const mappings = seen(ports(4_000, 4_000, 4_000, 4_000))
    for (const n of [1, 2]) mappings.see({ voter: voter(n), as: at(9_000), sentAt: 1_000 + n })
    expect(mappings.see({ voter: voter(72), as: at(4_000), sentAt: 500 })).toBe(false)
    expect(mappings.mapping).toEqual({ kind: 'same', address: at(9_000) })
  })

  test('count once each, by host, with what they said last', () => {
    const mappings = new Mappings()
    const liar = (port: number): Address => address(`198.51.100.66:${port}`)
    for (let i = 0; i < 20; i++) mappings.see({ voter: liar(1_000 + i), as: at(666), sentAt: i })
    expect(mappings.voters).toBe(1)
    seen(ports(4_000, 4_000), mappings)
    expect(mappings.mapping).toEqual({ kind: 'same', address: at(4_000) })
    mappings.see({ voter: liar(1), as: at(4_000), sentAt: 500 })
    expect(mappings.voters).toBe(3)
  })

  test('beyond sixteen are forgotten, the first ones asked first', () => {
    const mappings = seen(ports(...Array.from({ length: 16 }, () => 4_000)))
    for (let i = 0; i < 1_000; i++)
      mappings.see({ voter: voter(1_000 + i), as: at(5_000), sentAt: 2_000 + i })
    expect(mappings.voters).toBe(16)
    expect(mappings.mapping).toEqual({ kind: 'same', address: at(5_000) })
    // What was asked before all of these is too old to be kept.
    expect(mappings.see({ voter: voter(7), as: at(4_000), sentAt: 0 })).toBe(false)
    expect(mappings.voters).toBe(16)
  })

  test('of IPv6 too: no NAT is one address for everybody', () => {
    const own = address('[2001:db8::5]:4000')
    const mappings = new Mappings()
    for (const n of [1, 2, 3]) mappings.see({ voter: address(`[2001:db8:${n}::1]:6881`), as: own, sentAt: n })
    expect(mappings.mapping).toEqual({ kind: 'same', address: own })
  })
})

test('whatever is said by whomever, in any order, there is one reading of it, and no port that there is not', () => {
  const sighting = fc.record({
    voter: fc.nat(30).map(voter),
    as: fc
      .tuple(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom(host, '192.0.2.1'))
      .map((as) => at(...as)),
    sentAt: fc.nat(10_000),
  })
  fc.assert(
    fc.property(fc.array(sighting, { maxLength: 40 }), (sightings) => {
      const mappings = new Mappings()
      for (const each of sightings) {
        const before = mappings.mapping
        const isNew = mappings.see(each)
        expect(isNew).toBe(JSON.stringify(before) !== JSON.stringify(mappings.mapping))
      }
      const { mapping } = mappings
      expect(mappings.mapping).toEqual(mapping)
      if (mapping.kind === 'counting')
        for (const port of nextOf(mapping))
          expect(port).toSatisfy((port: number) => port > 0 && port < 65_536)
    }),
    { numRuns: 60 },
  )
})
