import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Address, Local } from '../../src/machine.ts'
import { Stun, type StunEvent } from '../../src/nat/stun.ts'
import { readStunAnswer, writeStunRequest } from '../../src/nat/stunmessage.ts'
import { address } from '../support/network.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'))

/** RFC 5769, sections 2.2 and 2.3. */
const transaction = hex('b7e7a701bc34d686fa87dfae')
const v4 = hex(`0101003c 2112a442 b7e7a701bc34d686fa87dfae
  8022000b 7465737420766563746f7220 00200008 0001a147e112a643
  00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004 c07d4c96`)
const v6 = hex(`01010048 2112a442 b7e7a701bc34d686fa87dfae
  8022000b 7465737420766563746f7220 00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
  00080014 a382954e4be67bf11784c97c8292c275bfe3ed41 80280004 c8fb0b4c`)

describe('the octets', () => {
  test('a request is the bare header, without SOFTWARE', () => {
    expect(Buffer.from(writeStunRequest(transaction)).toString('hex')).toBe(
      '000100002112a442b7e7a701bc34d686fa87dfae',
    )
  })

  test.each([
    ['2.2', v4, '192.0.2.1:32853'],
    ['2.3', v6, '[2001:db8:1234:5678:11:2233:4455:6677]:32853'],
  ])('the response of RFC 5769, section %s, is read', (_, bytes, as) => {
    expect(readStunAnswer(bytes)).toEqual({ transaction, as })
  })

  test('with one wrong bit, FINGERPRINT lets no other answer pass', () => {
    let taken = 0
    for (let bit = 0; bit < v4.length * 8; bit++) {
      const wrong = v4.slice()
      wrong[bit >> 3]! ^= 1 << (bit & 7)
      const answer = readStunAnswer(wrong)
      if (answer) expect(answer, `bit ${bit}`).toEqual({ transaction, as: '192.0.2.1:32853' })
      if (answer) taken++
    }
    // Where the bit makes it another attribute, or hides it in the one before.
    expect(taken).toBeLessThan(24)
  })

  test('MAPPED-ADDRESS counts where there is no XOR-MAPPED-ADDRESS, and unknown attributes do not', () => {
    const mapped = '00010008 0001 8055 c0000201'
    const other = '00010008 0001 8055 c0000263'
    const unknown = 'c0010003 aabbcc00'
    expect(readStunAnswer(response('0101', `${unknown} ${mapped}`))?.as).toBe('192.0.2.1:32853')
    expect(readStunAnswer(response('0101', `${mapped} ${other}`))?.as).toBe('192.0.2.1:32853')
    expect(readStunAnswer(response('0101', `${other} 00200008 0001a147e112a643`))?.as).toBe('192.0.2.1:32853')
  })

  test('an error response says nothing but that', () => {
    const error = response('0111', '00090004 00000414')
    expect(readStunAnswer(error)).toEqual({ transaction, as: undefined })
  })

  test.each([
    ['a request', '0001', ''],
    ['an indication', '0011', '00200008 0001a147e112a643'],
    ['a response to another method', '0103', '00200008 0001a147e112a643'],
    ['a success without an address', '0101', ''],
    ['port 0', '0101', '00010008 0001 0000 c0000201'],
    ['an unknown family', '0101', '00010008 0003 8055 c0000201'],
    ['an IPv6 address of 4 octets', '0101', '00010008 0002 8055 c0000201'],
    ['an attribute that ends behind the message', '0101', '00010008 0001 8055 c0000201 c0010004 aabb'],
    ['padding that is missing', '0101', '00010008 0001 8055 c0000201 c0010005 aabbccdd'],
  ])('%s is no answer', (_, type, attributes) => {
    expect(readStunAnswer(response(type, attributes))).toBeUndefined()
  })

  test.each([-1, 1, 4])('a length that is %i octets off is no answer', (off) => {
    const bytes = response('0101', '00010008 0001 8055 c0000201')
    bytes[3]! += off
    expect(readStunAnswer(bytes)).toBeUndefined()
  })

  test('any octets give a value or undefined', () => {
    const attribute = fc
      .tuple(fc.constantFrom(1, 0x20, 0x8028, 0x8022, 9), fc.uint8Array({ maxLength: 24 }))
      .map(([type, value]) => [0, type, 0, value.length, ...value, ...new Array(-value.length & 3).fill(0)])
    const likely = fc
      .array(attribute, { maxLength: 4 })
      .map((all) =>
        response(fc.sample(fc.constantFrom('0101', '0111'), 1)[0]!, Buffer.from(all.flat()).toString('hex')),
      )
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), likely), (bytes) => {
        const answer = readStunAnswer(bytes)
        expect(answer === undefined || answer.transaction.length === 12).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

describe('Stun', () => {
  test('says as whom each server sees an end, and when the question left', () => {
    const stun = make()
    stun.ask(local, 1_000)
    expect(drain(stun, 1_000)).toEqual(servers.map((to) => ({ kind: 'sent', to })))
    expect(drain(stun, 1_500)).toHaveLength(2)
    stun.receive({ local, peer: servers[1], bytes: answer(2) }, 1_600)
    expect(drain(stun, 1_600)).toEqual([
      { kind: 'seen', local, voter: servers[1], as: '192.0.2.1:32853', sentAt: 1_000 },
    ])
    stun.receive({ local, peer: servers[1], bytes: answer(2) }, 1_700) // again
    expect(drain(stun, 1_700)).toEqual([])
  })

  test('asks at 0, 500, 1500, 3500, 7500, 15500 and 31500 ms, and gives up after 39500', () => {
    const stun = make([servers[0]])
    stun.ask(local, 0)
    const times: number[] = []
    while (stun.deadline < Infinity) {
      const now = Math.max(0, stun.deadline)
      times.push(now)
      const [out, ...more] = drain(stun, now)
      expect(more).toEqual([])
      if (times.length <= 7) expect(out).toEqual({ kind: 'sent', to: servers[0] })
      else expect(out).toEqual({ kind: 'silent', local, server: servers[0] })
    }
    expect(times).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500, 31_500, 39_500])
  })

  test('takes an answer only from the server asked, on the end asked from, with the same transaction', () => {
    const stun = make([servers[0]])
    stun.receive({ local, peer: servers[0], bytes: answer(1) }, 0)
    stun.ask(local, 0)
    stun.receive({ local, peer: servers[0], bytes: answer(1) }, 0) // not asked yet
    drain(stun, 0)
    stun.receive({ local, peer: address('198.51.100.1:3479'), bytes: answer(1) }, 1)
    stun.receive({ local: { kind: 'udp4' }, peer: servers[0], bytes: answer(1) }, 1)
    stun.receive({ local, peer: servers[0], bytes: answer(2) }, 1)
    expect(drain(stun, 1)).toEqual([])
    stun.receive({ local, peer: servers[0], bytes: answer(1) }, 1)
    expect(drain(stun, 1)).toMatchObject([{ kind: 'seen' }])
  })

  test('asks a server once at a time from an end, and again when it has answered', () => {
    const stun = make([servers[0]])
    stun.ask(local, 0)
    stun.ask(local, 0)
    expect(drain(stun, 0)).toHaveLength(1)
    stun.receive({ local, peer: servers[0], bytes: answer(1) }, 1)
    drain(stun, 1)
    stun.ask(local, 2)
    expect(drain(stun, 2)).toHaveLength(1)
  })

  test('a refusal is silence, at once', () => {
    const stun = make([servers[0]])
    stun.ask(local, 0)
    drain(stun, 0)
    const refusal = response('0111', '00090004 00000414')
    refusal.set(new Uint8Array(12).fill(1), 8)
    stun.receive({ local, peer: servers[0], bytes: refusal }, 1)
    expect(drain(stun, 1)).toEqual([{ kind: 'silent', local, server: servers[0] }])
    expect(stun.deadline).toBe(Infinity)
  })

  test('waits for nothing on an end that is closed', () => {
    const stun = make()
    const other: Local = { kind: 'udp4' }
    stun.ask(local, 0)
    stun.ask(other, 0)
    stun.notice({ kind: 'closed', local, reason: 'ended' })
    expect(drain(stun, 0)).toHaveLength(2)
    stun.notice({ kind: 'closed', local: other, reason: 'ended' })
    expect(stun.deadline).toBe(Infinity)
  })
})

const local: Local = { kind: 'udp4' }
const servers: readonly [Address, Address] = [address('198.51.100.1:3478'), address('198.51.100.2:3478')]

/** Its n-th transaction is twelve times n. */
function make(asked: readonly Address[] = servers): Stun {
  let transactions = 0
  return new Stun({ servers: asked, random: (size) => new Uint8Array(size).fill(++transactions) })
}

type Done = StunEvent | { readonly kind: 'sent'; readonly to: Address }

const drain = (stun: Stun, now: number): Done[] =>
  [...stun.drain(now)].flatMap((out): Done[] => {
    if (out.kind === 'event') return [out.event]
    return out.kind === 'send' ? [{ kind: 'sent', to: out.datagram.peer }] : []
  })

function response(type: string, attributes: string): Uint8Array {
  const body = hex(attributes)
  const bytes = hex(`${type}0000 2112a442 b7e7a701bc34d686fa87dfae ${attributes}`)
  bytes[2] = body.length >> 8
  bytes[3] = body.length
  return bytes
}

/** 192.0.2.1:32853 under the transaction `make` gave: MAPPED-ADDRESS, which has no mask. */
function answer(n: number): Uint8Array {
  const bytes = response('0101', '00010008 0001 8055 c0000201')
  bytes.set(new Uint8Array(12).fill(n), 8)
  return bytes
}
