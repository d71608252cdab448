import { createHmac } from 'node:crypto'
import { hex } from '@scure/base'
import { describe, expect, test } from 'vitest'
import { type ProfileAddress, parseProfileAddress } from '../../src/profile/address.ts'
import { epochOf, type Label, Pair } from '../../src/profile/pair.ts'
import vectors from '../vectors/profile/rendezvous.json' with { type: 'json' }

const { epoch } = vectors
const self = (known: typeof vectors.alice) => ({
  discoverySecret: hex.decode(known.discoverySecret),
  address: addressIn(known.address),
})
const [alice, bob] = [self(vectors.alice), self(vectors.bob)]
const labels: readonly Label[] = ['ed25519', 'aead', 'ih', 'psk', 'mac1', 'lan']

function addressIn(text: string): ProfileAddress {
  const parsed = parseProfileAddress(text)
  if (parsed.kind !== 'address') throw new Error(parsed.why)
  return parsed.address
}

describe.each([
  ['alice', alice, bob, { role: 'initiator', direction: 0 }],
  ['bob', bob, alice, { role: 'responder', direction: 1 }],
])('%s’s side of a pair', (_, own, other, expected) => {
  const pair = Pair.of(own, other.address)!

  test('knows who initiates: the holder of the smaller discovery key', () => {
    expect(pair).toMatchObject(expected)
  })

  test.each(vectors.keys as [Label, 0 | 1, string][])(
    'makes the key %s of direction %i as another program does',
    (label, direction, key) => {
      expect(hex.encode(pair.key(label, direction, epoch))).toBe(key)
    },
  )

  test('makes the tags of both roles as another program does', () => {
    expect(hex.encode(pair.tag('initiator', epoch))).toBe(vectors.tags.initiator)
    expect(hex.encode(pair.tag('responder', epoch))).toBe(vectors.tags.responder)
  })
})

test('every label, direction and epoch has its own key', () => {
  const pair = Pair.of(alice, bob.address)!
  const keys = labels.flatMap((label) =>
    ([0, 1] as const).flatMap((direction) =>
      [epoch, epoch + 1, epoch + 2 ** 32].map((e) => hex.encode(pair.key(label, direction, e))),
    ),
  )
  expect(new Set(keys).size).toBe(36)
})

test('another fingerprint beside the same discovery key makes other keys', () => {
  const stranger = bob.address.slice() as ProfileAddress
  stranger[64]! ^= 1
  const [pair, other] = [Pair.of(alice, bob.address)!, Pair.of(alice, stranger)!]
  expect(other.key('psk', 0, epoch)).not.toEqual(pair.key('psk', 0, epoch))
})

test('there is no pair with one’s own discovery key, nor with one that gives an all-zero S', () => {
  expect(Pair.of(alice, alice.address)).toBeUndefined()
  const zero = bob.address.slice().fill(0, 1, 33) as ProfileAddress
  expect(Pair.of(alice, zero)).toBeUndefined()
})

test('a wiped pair makes other keys than before', () => {
  const pair = Pair.of(alice, bob.address)!
  pair.wipe()
  expect(hex.encode(pair.key('ed25519', 0, epoch))).not.toBe(vectors.keys[0]![2])
})

describe('the mark of our own records', () => {
  const octets = Uint8Array.of(1, 2, 3)
  const hmac = (key: Uint8Array, ...parts: Uint8Array[]) =>
    parts.reduce((mac, part) => mac.update(part), createHmac('sha256', key)).digest()

  test('is 16 octets of our discovery secret, the same on every machine of the profile, whoever the buddy is', () => {
    const label = new TextEncoder().encode('otrtalk own record')
    const key = hmac(alice.discoverySecret, label, Uint8Array.of(1))
    const expected = new Uint8Array(hmac(key, octets).subarray(0, 16))
    expect(Pair.of(alice, bob.address)!.mark!(octets)).toEqual(expected)
    expect(Pair.of(alice, bob.address)!.mark!(octets)).toEqual(expected)
    expect(Pair.of(alice, bob.address)!.mark!(Uint8Array.of(1, 2, 4))).not.toEqual(expected)
  })

  test('is not the buddy’s, who has every other key of the pair', () => {
    const [ours, theirs] = [Pair.of(alice, bob.address)!, Pair.of(bob, alice.address)!]
    expect(ours.key('aead', 0, epoch)).toEqual(theirs.key('aead', 0, epoch))
    expect(ours.mark!(octets)).not.toEqual(theirs.mark!(octets))
  })

  test('is gone with the pair, and an invite has none', () => {
    const pair = Pair.of(alice, bob.address)!
    const before = pair.mark!(octets)
    pair.wipe()
    expect(pair.mark!(octets)).not.toEqual(before)
    expect(pair.mark!(octets)).toEqual(new Uint8Array(hmac(new Uint8Array(32), octets).subarray(0, 16)))
    for (const side of ['inviter', 'accepter'] as const)
      expect(Pair.ofInvite(new Uint8Array(32), side).mark).toBeUndefined()
  })
})

test('an epoch is an hour of unix time', () => {
  expect(epochOf(495_000 * 3_600_000 - 1)).toBe(494_999)
  expect(epochOf(495_000 * 3_600_000)).toBe(495_000)
})
