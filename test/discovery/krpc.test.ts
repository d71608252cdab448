import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage, type Message } from '../../src/discovery/krpc.ts'
import { decodeBencode, fromKey, isDictionary, toKey } from '../../src/wire/bencode.ts'
import { address } from '../support/network.ts'
import { hostile, realMessages } from './hostile.ts'
import { seeded } from './swarm.ts'

describe('decodeMessage', () => {
  // The examples of BEP 5 are in the order of their keys, so they are canonical.
  test.each<[string, string, Message['kind']]>([
    ['ping', 'd1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe', 'query'],
    ['its answer', 'd1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re', 'answer'],
    [
      'find_node',
      'd1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:qe',
      'query',
    ],
    [
      'get_peers',
      'd1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe',
      'query',
    ],
    [
      'peers',
      'd1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re',
      'answer',
    ],
    [
      'announce_peer',
      'd1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe',
      'query',
    ],
    ['an error', 'd1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee', 'failure'],
  ])("reads BEP 5's %s", (_, text, kind) => {
    const message = decodeMessage(fromKey(text))!
    expect(message).toMatchObject({ kind, transaction: fromKey('aa') })
    if (message.kind !== 'failure') {
      // What we write is what the BEP writes.
      const nodes = message.kind === 'answer' && !text.includes('nodes') ? { nodes: undefined } : {}
      const values = message.kind === 'answer' && !text.includes('values') ? { values: undefined } : {}
      expect(toKey(encodeMessage({ ...message, ...nodes, ...values }))).toBe(text)
    }
  })

  test('every message of ours comes back', () => {
    for (const message of realMessages) expect(decodeMessage(encodeMessage(message))).toMatchObject(message)
  })

  test('ro and ip stand at the top, and v is never sent', () => {
    const ping = { kind: 'query', transaction: fromKey('aaaa'), id: new Uint8Array(20) } as const
    const text = toKey(encodeMessage({ ...ping, isReadOnly: true, question: { kind: 'ping' } }))
    expect(text).toContain('1:q4:ping2:roi1e1:t4:aaaa1:y1:qe')
    const answer = { kind: 'answer', transaction: fromKey('aaaa'), id: new Uint8Array(20) } as const
    const seen = encodeMessage({ ...answer, ip: address('1.2.3.4:258') })
    expect(toKey(seen).startsWith(`d2:ip6:${toKey(Uint8Array.of(1, 2, 3, 4, 1, 2))}1:r`)).toBe(true)
    for (const message of realMessages) {
      const top = decodeBencode(encodeMessage(message))
      expect(isDictionary(top) && top.has('v')).toBe(false)
    }
  })

  test.each(hostile)('a hostile datagram is nothing: %s', (_, octets, reading = undefined) => {
    expect(decodeMessage(octets)?.kind).toBe(reading)
  })

  test('a message cut anywhere is nothing', () => {
    for (const message of realMessages) {
      const octets = encodeMessage(message)
      for (let size = 0; size < octets.length; size++)
        expect(decodeMessage(octets.slice(0, size))).toBeUndefined()
    }
  })

  test('5,000 mutations of real messages give a message or undefined, never a throw', () => {
    const random = seeded(7)
    const originals = realMessages.map(encodeMessage)
    let read = 0
    for (let i = 0; i < 5_000; i++) {
      const octets = originals[i % originals.length]!.slice()
      for (let n = random(1)[0]! & 3; n >= 0; n--) {
        const [at, byte] = [(random(1)[0]! << 8) | random(1)[0]!, random(1)[0]!]
        octets[at % octets.length] = byte
      }
      const message = decodeMessage(octets)
      if (!message) continue
      read++
      if (message.kind !== 'query' || message.question.kind !== 'unknown') encodeMessage(message)
    }
    expect(read).toBeGreaterThan(500) // the mutations reach what lies behind bencode, too
  })

  test('any dictionary of known keys gives a message or undefined', () => {
    const word = fc.constantFrom('q', 'r', 'e', 'y', 't', 'a', 'ping', 'get', 'put', 'id', 'x'.repeat(20), '')
    const value = fc.oneof(
      word.map((w) => `${w.length}:${w}`),
      fc.integer().map((n) => `i${n}e`),
      fc.constant('le'),
      fc.constant('de'),
    )
    fc.assert(
      fc.property(
        fc.uniqueArray(word, { maxLength: 6 }),
        fc.array(value, { minLength: 6, maxLength: 6 }),
        (keys, values) => {
          const members = [...keys].sort().map((key, i) => `${key.length}:${key}${values[i]}`)
          decodeMessage(fromKey(`d${members.join('')}e`))
        },
      ),
      { numRuns: 500 },
    )
  })
})
