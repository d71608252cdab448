import { expect, test } from 'vitest'
import { DakeBudget } from '../../src/otr/budget.ts'
import { Handshake, type HandshakeOptions, patience } from '../../src/otr/handshake.ts'
import { fingerprintOf } from '../../src/otr/identity.ts'
import { type AuthI, type AuthR, decodeMessage, type Identity } from '../../src/otr/message.ts'
import { alice, bob, dakeOptions, type Person, seeded, wallTime } from './pair.ts'

const ids = { alice: Uint8Array.of(1, 2, 3), bob: Uint8Array.of(4, 5) }
const of = (who: Person, options: Pick<HandshakeOptions, 'role' | 'ids'> & Partial<HandshakeOptions>) =>
  new Handshake({
    ...dakeOptions(who),
    ...{ accepts: () => true, dakes: new DakeBudget(), random: seeded('handshake'), wall: () => wallTime },
    ...options,
  })
const responder = (options: Partial<HandshakeOptions> = {}): Handshake =>
  of(alice, { role: 'responder', ids: { own: ids.alice, peer: ids.bob }, ...options })
const initiator = (options: Partial<HandshakeOptions> = {}): Handshake =>
  of(bob, { role: 'initiator', ids: { own: ids.bob, peer: ids.alice }, ...options })

function read(octets: Uint8Array): Identity | AuthR | AuthI {
  const message = decodeMessage(octets)
  if (message.kind === 'identity' || message.kind === 'auth-r' || message.kind === 'auth-i') return message
  throw new Error(`no message of a DAKE: ${message.kind}`)
}
const replyOf = (step: ReturnType<Handshake['receive']>): Uint8Array => {
  if (step?.kind !== 'reply' && step?.kind !== 'established') throw new Error(`no reply: ${step?.kind}`)
  return step.reply!
}

test('three messages establish the same on both sides, and nothing is under way after them', () => {
  const [alices, bobs] = [responder(), initiator()]
  const authR = replyOf(alices.receive(read(bobs.start(0)), 0))
  expect([alices.isUnderWay, bobs.isUnderWay, alices.deadline]).toEqual([true, true, patience])
  const atBob = bobs.receive(read(authR), 0)
  const atAlice = alices.receive(read(replyOf(atBob)), 0)
  expect(atBob).toMatchObject({ kind: 'established', established: { ssid: expect.any(Uint8Array) } })
  if (atBob?.kind !== 'established' || atAlice?.kind !== 'established') throw new Error('not established')
  expect(atAlice.established.ssid).toEqual(atBob.established.ssid)
  expect(atAlice.established.peer.fingerprint).toBe(fingerprintOf(bob.identity))
  expect([alices.isUnderWay, bobs.isUnderWay, bobs.deadline]).toEqual([false, false, Infinity])
})

test('it ends after 30 s, and what answers it then is not heeded', () => {
  const [alices, bobs] = [responder(), initiator()]
  const identity = read(bobs.start(0))
  bobs.expire(patience - 1)
  expect(bobs.isUnderWay).toBe(true)
  bobs.expire(patience)
  expect([bobs.isUnderWay, bobs.deadline]).toEqual([false, Infinity])
  expect(bobs.receive(read(replyOf(alices.receive(identity, 0))), patience)).toBeUndefined()
})

test('who is not accepted gets no answer, and whom the answer came to late for is not established', () => {
  const identity = read(initiator().start(0))
  expect(responder({ accepts: () => false }).receive(identity, 0)).toEqual({
    kind: 'refused',
    why: 'wrong-fingerprint',
  })
  let accepts = true
  const [alices, bobs] = [responder({ accepts: () => accepts }), initiator()]
  const authR = replyOf(alices.receive(read(bobs.start(0)), 0))
  const authI = read(replyOf(bobs.receive(read(authR), 0)))
  accepts = false
  expect(alices.receive(authI, 0)).toEqual({ kind: 'refused', why: 'wrong-fingerprint' })
  expect(alices.isUnderWay).toBe(false)
})

test('each side heeds its own messages alone, and no Identity beyond its budget', () => {
  const identity = read(initiator().start(0))
  expect(initiator().receive(identity, 0)).toBeUndefined()
  const alices = responder({ dakes: { take: () => false } })
  expect(alices.receive(identity, 0)).toBeUndefined()
  expect(() => alices.start(0)).toThrow('only the initiator')
})
