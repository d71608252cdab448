import { expect, test } from 'vitest'
import { Queue } from '../../src/queue.ts'
import type { Acquaintance } from '../../src/session/acquaintance.ts'
import type { TalkEvent } from '../../src/session/command.ts'
import type { Current } from '../../src/session/live.ts'
import { Transfers } from '../../src/session/transfers.ts'
import { maxManifest } from '../../src/transfer/limits.ts'
import {
  type Answer,
  decodeAnswer,
  encodeAnswer,
  encodeOffer,
  type Offer,
  transferId,
} from '../../src/transfer/offer.ts'
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

const idOf = (number: number) => transferId(new Uint8Array(16).fill(number))

/** One side of a conversation that only answers are said in, and nothing of files. */
function alone() {
  const said: (Answer | undefined)[] = []
  const events = new Queue<TalkEvent>()
  const acquaintance = { isMet: true, alias: 'bob', mayTalk: () => true, under: () => ({}) }
  const transfers = new Transfers({ acquaintance: acquaintance as unknown as Acquaintance, events })
  const begin = (): Current => {
    const session = {
      answerTransfer: (answer: Uint8Array) => said.push(decodeAnswer(answer)),
      sendBulk: () => {},
      bulkRoom: 0,
    }
    return { session, fingerprint: 'f' } as unknown as Current
  }
  const hear = (current: Current, more: object): void =>
    transfers.receive(current, more as Parameters<Transfers['receive']>[1], new Uint8Array(64), 0)
  const offer = (current: Current, number: number): void => {
    const size = { manifestSize: 1, octets: 0, files: 1, folders: 0 }
    const content = { form: 'files', root: new Uint8Array(32), ...size } as const
    hear(current, { offer: encodeOffer({ transfer: idOf(number), stream: number, name: 'x', ...content }) })
  }
  const answer = (current: Current, number: number, verb: Answer['verb']): void =>
    hear(current, { answer: encodeAnswer({ transfer: idOf(number), verb, why: undefined, file: undefined }) })
  const drain = (current: Current | undefined): number => [...transfers.drain(current, 0)].length
  const told = (): readonly unknown[] =>
    [...events.take()].map((event) =>
      event.kind === 'transfer' ? `${event.transfer.slice(0, 2)} ${event.state}` : event.kind,
    )
  return { transfers, begin, offer, answer, drain, told, said }
}

test('that what came before ends is told before what takes its place begins', () => {
  const { transfers, begin, offer, drain, told } = alone()
  const first = begin()
  offer(first, 1)
  transfers.lost()
  drain(undefined)
  expect(told()).toEqual(['offered', '01 waiting'])
  const second = begin()
  offer(second, 2) // the same content, by a program that was started anew
  drain(second)
  expect(told()).toEqual(['01 failed', 'offered'])
})

test('what is cancelled while nobody is connected is said as soon as somebody is, once, if he may know of it', () => {
  const { transfers, begin, drain, told, said } = alone()
  const sent = { name: 'x', form: 'files', to: 'f', lasts: true } as const
  transfers.send({ ...sent, transfer: idOf(1), root: new Uint8Array(32) }, 0) // offered by an earlier process
  transfers.send({ ...sent, transfer: idOf(2), root: undefined }, 0)
  for (const number of [1, 2]) transfers.steer(idOf(number), 'withdraw')
  drain(undefined)
  expect(told()).toEqual(['01 cancelled', '02 cancelled'])
  const first = begin()
  expect(transfers.deadline(first)).toBe(-Infinity)
  drain(first)
  expect(said).toMatchObject([{ transfer: idOf(1), verb: 'cancel' }])
  transfers.lost()
  drain(begin())
  expect([said.length, told()]).toEqual([1, []])
})

test('what nobody has answered is told again when it is offered again, and nothing that was accepted', () => {
  const { transfers, begin, offer, drain, told } = alone()
  const again = (): readonly unknown[] => {
    transfers.lost()
    drain(undefined)
    const current = begin()
    offer(current, 1)
    drain(current)
    return told()
  }
  offer(begin(), 1)
  expect(again()).toEqual(['offered', '01 waiting', 'offered'])
  transfers.accept(idOf(1), undefined)
  drain(begin())
  told()
  expect(again()).not.toContain('offered')
})

test('what waits to be offered again ends when its sender says so', () => {
  const { transfers, begin, offer, answer, drain, told } = alone()
  offer(begin(), 1)
  transfers.lost()
  drain(undefined)
  told()
  const current = begin()
  answer(current, 1, 'cancel')
  drain(current)
  expect(told()).toEqual(['01 cancelled'])
})

test('the end of what an earlier process has is told without a name, and nothing else that is said of it', () => {
  const { begin, answer, told } = alone()
  for (const verb of ['pause', 'accept', 'done', 'cancel'] as const) answer(begin(), 9, verb)
  expect(told()).toEqual(['09 cancelled'])
})

test('what another process goes on with is not given up with the conversation', () => {
  for (const [lasts, verbs] of [
    [true, []],
    [false, ['cancel']],
  ] as const) {
    const { transfers, begin, drain, told, said } = alone()
    const current = begin()
    transfers.send(
      { transfer: idOf(1), name: 'x', form: 'files', to: 'f', lasts, root: new Uint8Array(32) },
      0,
    )
    drain(current)
    transfers.close(current, 0)
    expect(said.map((answer) => answer?.verb)).toEqual(verbs)
    expect(told().at(-1)).toBe(lasts ? '01 failed' : '01 cancelled')
  }
})
