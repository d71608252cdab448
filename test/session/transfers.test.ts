import { expect, test } from 'vitest'
import { transferId } from '../../src/transfer/offer.ts'
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
