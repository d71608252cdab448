import { expect, test } from 'vitest'
import { Queue } from '../../src/queue.ts'
import type { Acquaintance } from '../../src/session/acquaintance.ts'
import type { Current } from '../../src/session/live.ts'
import { Transfers } from '../../src/session/transfers.ts'
import { maxManifest } from '../../src/transfer/limits.ts'
import { decodeAnswer, encodeOffer, type Offer, transferId } from '../../src/transfer/offer.ts'
import { contactOf, person, World } from './people.ts'

const [alice, bob, eve] = [person('alice', 1), person('bob', 2), person('eve', 3)]
const transfer = transferId(new Uint8Array(16).fill(7))

/** Eve was offered something, and her other half gives what she offers the same id. */
test('a work is answered to who asked for it, whoever else has a transfer of that id', () => {
  const world = new World({ seed: 1 })
  const { network } = world
  const ours = world.start(alice, [contactOf(bob), contactOf(eve)])
  const theirs = world.start(bob, [contactOf(alice)])
  world.start(eve, [contactOf(alice)])
  network.run(20_000)
  expect(ours.events('secured')).toHaveLength(2)

  const sent = { kind: 'send', transfer, name: 'x', paths: ['/x'] } as const
  theirs.talk.act({ ...sent, form: 'stream', buddy: 'alice' }, network.now)
  network.run(2_000)
  expect(ours.events('offered')).toMatchObject([{ buddy: 'bob', transfer }])

  ours.talk.act({ ...sent, form: 'files', buddy: 'eve' }, network.now)
  network.run(100)
  expect(ours.host.work).toEqual([{ kind: 'survey', transfer }])
  ours.talk.worked({ kind: 'surveyed', transfer, entries: [] }, network.now)
  network.run(100)
  expect(ours.events('transfer').at(-1)).toMatchObject({ buddy: 'eve', state: 'failed', why: 'gone' })
})

test('the lists of files of one buddy are together no longer than one may be', () => {
  const refused: unknown[] = []
  const session = { answerTransfer: (answer: Uint8Array) => refused.push(decodeAnswer(answer)), bulkRoom: 0 }
  const current = { session, fingerprint: 'f' } as unknown as Current
  const acquaintance = { isMet: true, alias: 'bob', mayTalk: () => true, under: () => ({}) }
  const transfers = new Transfers({
    acquaintance: acquaintance as unknown as Acquaintance,
    events: new Queue(),
  })
  const offers = (number: number, manifestSize: number, content = number): void => {
    const offer: Offer = {
      ...{ transfer: transferId(new Uint8Array(16).fill(number)), stream: number, name: 'x' },
      ...{
        form: 'files',
        root: new Uint8Array(32).fill(content),
        manifestSize,
        octets: 0,
        files: 1,
        folders: 0,
      },
    }
    const payload = { offer: encodeOffer(offer) } as Parameters<Transfers['receive']>[1]
    transfers.receive(current, payload, new Uint8Array(64), 0)
  }
  offers(1, maxManifest - 20)
  offers(2, 20)
  expect(refused).toEqual([])
  offers(3, 20)
  expect(refused).toMatchObject([{ verb: 'reject', why: 'large' }])
  transfers.reject(transferId(new Uint8Array(16).fill(2)), 'declined')
  offers(4, 20)
  transfers.lost()
  offers(5, maxManifest - 20, 1) // the first again, by a program that was started anew
  expect(refused).toHaveLength(1)
})
