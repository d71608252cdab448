import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Lines } from '../../../src/edge/control/lines.ts'
import {
  lineOf,
  type Request,
  readHello,
  readReply,
  readVersion,
} from '../../../src/edge/control/protocol.ts'
import { readRequest } from '../../../src/edge/control/request.ts'

const key = 'ab'.repeat(56)
const id = '0123456789abcdef'
const transfer = id + id
const json = JSON.stringify

describe('a request', () => {
  test.each<[Request]>([
    [{ kind: 'attach' }],
    [{ kind: 'attach', buddy: 'bob' }],
    [{ kind: 'attach', confirms: true }],
    [{ kind: 'attach', buddy: 'bob', confirms: true }],
    [{ kind: 'shown', fingerprint: key, id: '00000000000000aa' }],
    [{ kind: 'attach', buddy: 'bob', fingerprint: key }],
    [{ kind: 'view' }],
    [{ kind: 'change', change: { kind: 'block', alias: 'bob' } }],
    [{ kind: 'forget', fingerprint: key }],
    [{ kind: 'forget', fingerprint: key, before: 5 }],
    [{ kind: 'unlock', passphrase: '' }],
    [{ kind: 'rekey', passphrase: '' }],
    [{ kind: 'export', passphrase: 'x' }],
    [{ kind: 'open', buddy: 'bob' }],
    [{ kind: 'close', buddy: 'bob' }],
    [{ kind: 'cancel', buddy: 'bob' }],
    [{ kind: 'why', buddy: 'bob' }],
    [{ kind: 'say', buddy: 'bob', id, text: 'x\n\u001b' }],
    [{ kind: 'say', buddy: 'bob', id, text: 'x', fingerprint: key }],
    [{ kind: 'say', buddy: 'bob', id, text: 'x', about: { as: 'reply', id } }],
    [{ kind: 'say', buddy: 'bob', id, text: 'x', about: { as: 'edit', id }, fingerprint: key }],
    [{ kind: 'say', buddy: 'bob', id, text: '', about: { as: 'delete', id } }],
    [{ kind: 'typing', buddy: 'bob', state: 'begun' }],
    [{ kind: 'typing', buddy: 'bob', state: 'ended' }],
    [{ kind: 'read', buddy: 'bob', ids: [id, id] }],
    [{ kind: 'verify', buddy: 'bob', secret: 's', question: 'q?' }],
    [{ kind: 'answer', buddy: 'bob', secret: 's' }],
    [{ kind: 'send', buddy: 'bob', transfer, name: 'n', form: 'files', paths: ['/a', '/b'] }],
    [{ kind: 'send', buddy: 'bob', transfer, name: 'n', form: 'stream', paths: ['/a'], once: true }],
    [{ kind: 'accept', buddy: 'bob', transfer, into: '/in' }],
    [{ kind: 'accept', buddy: 'bob', transfer, into: '/in', once: true }],
    [{ kind: 'reject', buddy: 'bob', transfer, why: 'large' }],
    [{ kind: 'withdraw', buddy: 'bob', transfer }],
  ])('%j is read as it was written', (request) => {
    expect(readRequest(json({ ...request, more: 1 }))).toEqual(request)
  })

  test.each([
    ['no object', '[]'],
    ['null', 'null'],
    ['no JSON', '{"kind":"view"'],
    ['no kind', '{"buddy":"bob"}'],
    ['an event', json({ kind: 'secured', buddy: 'bob', fingerprint: key })],
    ['no buddy', json({ kind: 'open' })],
    ['a buddy who is no text', json({ kind: 'open', buddy: {} })],
    ['an id that is none', json({ kind: 'say', buddy: 'bob', id: 'ABCDEF0123456789', text: 'x' })],
    ['no text', json({ kind: 'say', buddy: 'bob', id, text: '' })],
    ['an edit to nothing', json({ kind: 'say', buddy: 'bob', id, text: '', about: { as: 'edit', id } })],
    ['what is about nothing', json({ kind: 'say', buddy: 'bob', id, text: 'x', about: null })],
    [
      'what is about no id',
      json({ kind: 'say', buddy: 'bob', id, text: 'x', about: { as: 'reply', id: 'x' } }),
    ],
    ['what nobody can do', json({ kind: 'say', buddy: 'bob', id, text: 'x', about: { as: 'forge', id } })],
    ['another state of typing', json({ kind: 'typing', buddy: 'bob', state: true })],
    ['what was read by no id', json({ kind: 'read', buddy: 'bob', ids: ['x'] })],
    ['what was read of 1025', json({ kind: 'read', buddy: 'bob', ids: Array(1_025).fill(id) })],
    ['what is shown without whose it is', json({ kind: 'shown', id: '00000000000000aa' })],
    ['half a fingerprint', json({ kind: 'attach', buddy: 'bob', fingerprint: key.slice(1) })],
    ['a fingerprint of everybody', json({ kind: 'attach', fingerprint: key })],
    ['nobody to forget', json({ kind: 'forget' })],
    ['a time that is none', json({ kind: 'forget', fingerprint: key, before: '5' })],
    ['no secret', json({ kind: 'verify', buddy: 'bob' })],
    ['a question that is no text', json({ kind: 'verify', buddy: 'bob', secret: 's', question: 1 })],
    ['an export that anybody could open', json({ kind: 'export', passphrase: '' })],
    ['a passphrase of 1025 characters', json({ kind: 'unlock', passphrase: 'x'.repeat(1_025) })],
    ['a change that is none', json({ kind: 'change', change: { kind: 'block' } })],
  ])('%s is none', (_, line) => {
    expect(readRequest(line)).toBeUndefined()
  })

  test('half a surrogate pair becomes a character of its own', () => {
    const line = '{"kind":"say","buddy":"bob","id":"0123456789abcdef","text":"a\\ud800"}'
    expect(readRequest(line)).toMatchObject({ text: 'a\ufffd' })
  })
})

test('any octets, in whatever pieces, are lines of which each is a request or none', () => {
  const near = fc.constantFrom(
    '{"kind":"view"}\n',
    '{"otrtalk":1}\n',
    '{"kind":',
    '\n',
    '"',
    '\\ud800',
    '{}\n',
  )
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    near.map((text) => new TextEncoder().encode(text)),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const reader = new Lines(64)
      for (const each of pieces) {
        const { lines, fault } = reader.push(each)
        for (const line of lines) {
          readRequest(line)
          readVersion(line)
          readHello(line)
          readReply(line)
        }
        if (fault) return
      }
    }),
    { numRuns: 500, seed: 3 },
  )
})

describe('lines', () => {
  const octets = (text: string): Uint8Array => new TextEncoder().encode(text)

  test('are the same in whatever pieces they come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' })),
        fc.array(fc.integer({ min: 1, max: 9 })),
        (texts, cuts) => {
          const whole = texts.map((text) => text.replaceAll('\n', ''))
          const rest = octets(whole.map((text) => `${text}\n`).join(''))
          const [reader, read] = [new Lines(10_000), [] as string[]]
          for (let from = 0, i = 0; from < rest.length; i++) {
            const size = cuts[i % cuts.length] ?? 5
            read.push(...reader.push(rest.subarray(from, from + size)).lines)
            from += size
          }
          expect(read).toEqual(whole)
        },
      ),
      { numRuns: 200, seed: 5 },
    )
  })

  test('of 64 octets are taken, of 65 not, with an end or without', () => {
    expect(new Lines(64).push(octets(`${'x'.repeat(64)}\n`))).toEqual({ lines: ['x'.repeat(64)] })
    expect(new Lines(64).push(octets(`${'x'.repeat(65)}\n`))).toEqual({ lines: [], fault: 'too-long' })
    const pieces = new Lines(64)
    expect(pieces.push(octets('x'.repeat(64)))).toEqual({ lines: [] })
    expect(pieces.push(octets('x'))).toEqual({ lines: [], fault: 'too-long' })
  })

  test('before what is wrong are taken', () => {
    expect(new Lines(64).push(Uint8Array.of(0x61, 0x0a, 0xff, 0x0a))).toEqual({
      lines: ['a'],
      fault: 'no-text',
    })
  })
})

describe('what is told', () => {
  test('has no control and no bidi character of anybody’s, and is the same JSON', () => {
    const text = '\u001b[2J\u007f\u009b\u0085\u061c\u200e\u202e\u2028\u2066\ufeff ü 字'
    const line = lineOf({ text })
    expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u)
    expect(JSON.parse(line)).toEqual({ text })
    expect(line).toContain('ü 字')
  })

  test('is read, but for kinds that a newer owner may have', () => {
    expect(readReply('{"kind":"said","buddy":"bob","id":"1","text":"x"}')).toMatchObject({ kind: 'said' })
    for (const kind of ['sneezing', 'constructor', '__proto__', 7, null])
      expect(readReply(json({ kind }))).toBeUndefined()
  })

  test('begins with a hello', () => {
    const network = { bootstrap: ['h:1'], dht: true, lan: 'also', portmap: false, stun: [] } as const
    const hello = { otrtalk: 1, process: 7, command: 'chat', profile: 'home', network }
    expect(readHello(lineOf(hello))).toEqual(hello)
    expect(readHello(lineOf({ ...hello, network: { ...network, lan: 'maybe' } }))).toBeUndefined()
    expect([readVersion('{"otrtalk":2}'), readVersion('{"otrtalk":"1"}'), readVersion('1')]).toEqual([
      ...[2, undefined, undefined],
    ])
  })
})
