/** Keys that are over are overwritten where they were, and nothing that is left of a link holds them. */
import { expect, test } from 'vitest'
import { aead } from '../../../src/crypto.ts'
import type { Address } from '../../../src/machine.ts'
import { Initiator, Responder } from '../../../src/transport/link/handshake.ts'
import { Link } from '../../../src/transport/link/link.ts'
import { hkdf } from '../../../src/transport/link/noise.ts'
import { content, Sealed } from '../../../src/transport/link/sealed.ts'
import { address } from '../../support/network.ts'
import { reachableOctets } from '../../support/reachable.ts'
import { establish, keysOf, octets, randomOf } from './pair.ts'

const step = new TextEncoder().encode('step')

/** The secrets of a generation, by who has the sending key. */
interface Secrets {
  readonly ck: Uint8Array
  readonly initiator: Uint8Array
  readonly responder: Uint8Array
}

function secretsOf(ck: Uint8Array, generation: number): Secrets {
  let current: Uint8Array = ck.slice()
  for (let i = 0; i < generation; i++) current = hkdf(current, step)[0]
  const [initiator, responder] = hkdf(current)
  return { ck: current, initiator, responder }
}

const holds = (array: Uint8Array, secret: Uint8Array): boolean =>
  Buffer.from(array).includes(Buffer.from(secret))

/** Which of these secrets can be reached from there. */
const heldBy = (holder: object, secrets: Secrets): (keyof Secrets)[] => {
  const arrays = reachableOctets(holder)
  return (['ck', 'initiator', 'responder'] as const).filter((name) =>
    arrays.some((array) => holds(array, secrets[name])),
  )
}

/** The arrays in which a secret stands. */
const placesOf = (holder: object, secret: Uint8Array): Uint8Array[] =>
  reachableOctets(holder).filter((array) => holds(array, secret))

function start() {
  const both = establish()
  const secrets = [0, 1, 2].map((generation) => secretsOf(both.initiator.ck, generation)) as [
    Secrets,
    Secrets,
    Secrets,
  ]
  return { secrets, initiator: new Sealed(both.initiator, 0), responder: new Sealed(both.responder, 0) }
}

const all = ['ck', 'initiator', 'responder']
const frame = (from: Sealed, now: number): Uint8Array => from.seal(content.keepAlive, octets(8, 1), now)

test('secrets are found where they are: in private fields, in closures, in what these hold', () => {
  const { secrets, initiator, responder } = start()
  for (const side of [initiator, responder]) expect(heldBy(side, secrets[0])).toEqual(all)
  const secret = octets(32, 7)
  expect(placesOf({ cipher: aead(secret) }, secret)).toEqual([secret])
})

test('a step overwrites chaining and sending key at once, the receiving key 10 s after the other side followed', () => {
  const { secrets, initiator, responder } = start()
  const places = (side: Sealed) =>
    [secrets[0].ck, secrets[0].initiator, secrets[0].responder].map((each) => placesOf(side, each))
  const [ours, theirs] = [places(initiator), places(responder)]
  const isZero = (arrays: Uint8Array[] | undefined): boolean =>
    arrays!.length > 0 && arrays!.every((array) => array.every((octet) => octet === 0))
  const stepped = frame(initiator, 120_000)
  expect(ours.map(isZero)).toEqual([true, true, false])
  expect(heldBy(initiator, secrets[0])).toEqual(['responder'])
  responder.open(stepped, 121_000)
  expect(theirs.map(isZero)).toEqual([true, false, true])
  expect(heldBy(responder, secrets[0])).toEqual(['initiator'])
  initiator.open(frame(responder, 121_000), 122_000)
  for (const [side, until] of [
    [responder, 131_000],
    [initiator, 132_000],
  ] as const) {
    side.expire(until - 1)
    expect(heldBy(side, secrets[0])).toHaveLength(1)
    side.expire(until)
    expect(heldBy(side, secrets[0])).toEqual([])
    expect(heldBy(side, secrets[1])).toEqual(all)
  }
  expect([...ours, ...theirs].map(isZero)).toEqual(Array(6).fill(true))
})

test('a key that is replaced before its 10 s are over is overwritten then', () => {
  const { secrets, initiator, responder } = start()
  const old = placesOf(responder, secrets[0].initiator)
  responder.open(frame(initiator, 120_000), 120_000)
  initiator.open(frame(responder, 120_000), 120_000)
  const next = frame(initiator, 240_000)
  responder.open(next, 120_001)
  expect(heldBy(responder, secrets[0])).toEqual([])
  expect(old.every((array) => array.every((octet) => octet === 0))).toBe(true)
})

test('at the end nothing of any generation is left: those in use, the one before, the one that was only tried', () => {
  const { secrets, initiator, responder } = start()
  responder.open(frame(initiator, 120_000), 120_000)
  initiator.open(frame(responder, 120_000), 120_000)
  const forged = frame(initiator, 240_000)
  forged[40]! ^= 1
  responder.open(forged, 120_001)
  expect(heldBy(responder, secrets[2])).toEqual(all)
  const places = [initiator, responder].flatMap((side) =>
    secrets.flatMap(({ ck, initiator: one, responder: two }) =>
      [ck, one, two].flatMap((each) => placesOf(side, each)),
    ),
  )
  for (const side of [initiator, responder]) side.wipe()
  for (const each of secrets)
    for (const side of [initiator, responder]) expect(heldBy(side, each)).toEqual([])
  expect(places.length).toBeGreaterThanOrEqual(3 + 1 + 3 + 3)
  expect(places.every((array) => array.every((octet) => octet === 0))).toBe(true)
})

test('a link that is over holds no key, and its handshake no ephemeral secret', () => {
  const keys = keysOf(40)
  const drawn: Uint8Array[] = []
  const random = (size: number): Uint8Array => {
    const bytes = randomOf(drawn.length + 1)(size)
    drawn.push(bytes)
    return bytes
  }
  const initiator = new Initiator({ keys, index: 1, random })
  const peer: Address = address('10.0.0.1:1')
  const responder = new Responder()
  const secretsDrawn = (): string[] =>
    drawn.filter(({ length }) => length === 32).map((each) => Buffer.from(each).toString('hex'))
  const before = secretsDrawn()
  const answer = responder.receive(initiator.init, peer, { keys, epoch: 7, index: 2, random }, 0)!
  const established = initiator.receive(answer.response)!
  const secrets = secretsOf(established.ck, 0)
  const path = { local: { kind: 'udp4' }, peer } as const
  for (const side of [established, answer.established!]) {
    const link = new Link({ established: side, path, random: randomOf(3), now: 0 })
    expect(heldBy(link, secrets)).toEqual(all)
    link.disconnect(0)
    expect(heldBy(link, secrets)).toEqual([])
  }
  expect(before).toHaveLength(1)
  expect(secretsDrawn()).toEqual(
    [octets(32, 0), octets(32, 0)].map((each) => Buffer.from(each).toString('hex')),
  )
  for (const holder of [initiator, responder]) expect(heldBy(holder, secrets)).toEqual([])
})
