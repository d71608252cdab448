import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Access, accessTo } from '../../src/edge/access.ts'
import { openMail } from '../../src/edge/kept/maillog.ts'
import { outboxOf } from '../../src/edge/kept/outbox.ts'
import { openTransfers } from '../../src/edge/kept/transfers.ts'
import { createProfile, openProfile } from '../../src/edge/profiles.ts'
import { encodeRecord } from '../../src/session/mailrecord.ts'
import { encodeRecord as encodeTransfer } from '../../src/session/transferrecord.ts'
import { cheap, other, third, withBuddy } from '../profile/people.ts'
import { newHome } from './folder.ts'

const id = '00000000000000aa'

/** A profile of whose bob something was written to; he is called robert since, and perhaps another one bob. */
async function renamed({ isReplaced }: { readonly isReplaced: boolean }) {
  const home = newHome()
  await createProfile({ home, name: 'ada', passphrase: 'pw', command: 'profile create', cost: cheap })
  const open = async () => {
    const profile = await openProfile({ home, name: 'ada', passphrase: 'pw', command: 'buddy', lock: true })
    onTestFinished(() => profile[Symbol.asyncDispose]())
    return profile
  }
  const profile = await open()
  const { journal } = await openMail(profile)
  const message = { id, at: 1, key: other.fingerprint, buddy: 'bob', text: 'for the first bob' }
  journal.append(encodeRecord({ kind: 'written', message }))
  await profile.save((contents) => {
    const buddies = withBuddy([], 'robert', other.address)
    return { ...contents, buddies: isReplaced ? withBuddy(buddies, 'bob', third.address) : buddies }
  })
  await profile[Symbol.asyncDispose]()
  return open
}

const waitingIn = async (access: Access): Promise<readonly string[]> =>
  (await access.outbox()).map(({ buddy, state }) => `${buddy}: ${state}`)

describe('what waits for a buddy who is called otherwise now', () => {
  test.each(['drop', 'resend'] as const)(
    'is not given up or resent with what is of his former name (%s)',
    async (kind) => {
      const open = await renamed({ isReplaced: true })
      await using outbox = await outboxOf(await open())
      await outbox.change({ kind, buddy: 'bob' })
      expect(outbox.waiting).toMatchObject([{ buddy: 'robert', id, state: 'waiting' }])
    },
  )

  test('stays when somebody else, who has his former name, is removed', async () => {
    const open = await renamed({ isReplaced: true })
    await using access = accessTo(await open())
    await access.change({ kind: 'remove', alias: 'bob' })
    expect(await waitingIn(access)).toEqual(['robert: waiting'])
  })

  test('is not on the disk any more when it is dropped', async () => {
    const open = await renamed({ isReplaced: false })
    const profile = await open()
    await using outbox = await outboxOf(profile)
    const size = (): number => statSync(join(profile.path, 'mail')).size
    const before = size()
    await outbox.change({ kind: 'drop', buddy: 'robert' })
    expect(size()).toBeLessThan(before)
  })

  test('is dropped when he is removed', async () => {
    const open = await renamed({ isReplaced: false })
    await using access = accessTo(await open())
    expect(await waitingIn(access)).toEqual(['robert: waiting'])
    await access.change({ kind: 'remove', alias: 'robert' })
    expect(await waitingIn(access)).toEqual([])
  })

  test.each(['remove', 'block'] as const)(
    'so are files that would go on, by %s, and no others',
    async (kind) => {
      const open = await renamed({ isReplaced: true })
      const profile = await open()
      const { journal } = await openTransfers(profile)
      const about = { at: 1, buddy: 'bob', name: 'gift' }
      const [first, second, third1] = ['1', '2', '3'].map((digit) => digit.repeat(32)) as [
        string,
        string,
        string,
      ]
      const offer = { ...about, key: other.fingerprint, paths: ['/gift'] }
      const consent = { ...about, fingerprint: other.fingerprint, root: 'a'.repeat(64), into: '/in' }
      for (const record of [
        { kind: 'offered', offer: { ...offer, transfer: first } },
        { kind: 'offered', offer: { ...offer, transfer: second, key: third.fingerprint } },
        { kind: 'accepted', consent: { ...consent, transfer: third1 } },
      ] as const)
        journal.append(encodeTransfer(record))
      await profile[Symbol.asyncDispose]()
      {
        await using access = accessTo(await open())
        await access.change({ kind, alias: 'robert' })
      }
      const { log } = await openTransfers(await open())
      expect([log.offers.map(({ transfer }) => transfer), log.consents]).toEqual([[second], []])
    },
  )

  test('what was taken of him is a question again also where what was written to him is kept', async () => {
    const open = await renamed({ isReplaced: true })
    const profile = await open()
    const { journal } = await openTransfers(profile)
    const about = { at: 1, name: 'gift' }
    const of = {
      ...about,
      buddy: 'robert',
      root: 'a'.repeat(64),
      into: '/in',
      fingerprint: other.fingerprint,
    }
    const offer = {
      ...about,
      buddy: 'bob',
      transfer: '2'.repeat(32),
      key: third.fingerprint,
      paths: ['/gift'],
    }
    journal.append(encodeTransfer({ kind: 'accepted', consent: { ...of, transfer: '1'.repeat(32) } }))
    journal.append(encodeTransfer({ kind: 'offered', offer }))
    await profile[Symbol.asyncDispose]()
    {
      await using access = accessTo(await open())
      await access.change({ kind: 'remove', alias: 'robert', keepsOutbox: true })
      await access.change({ kind: 'block', alias: 'bob', keepsOutbox: true })
      expect(await waitingIn(access)).toHaveLength(1)
    }
    const { log } = await openTransfers(await open())
    expect([log.consents, log.offers]).toMatchObject([[], [offer]])
  })

  test('what was taken of who was removed or blocked while nobody could note it is a question again', async () => {
    const open = await renamed({ isReplaced: true })
    const profile = await open()
    const { journal } = await openTransfers(profile)
    const about = { at: 1, buddy: 'bob', name: 'gift', root: 'a'.repeat(64), into: '/in' }
    const [known, gone, blocked] = [other.fingerprint, 'f'.repeat(112), third.fingerprint]
    for (const [i, fingerprint] of [known, gone, blocked].entries())
      journal.append(
        encodeTransfer({ kind: 'accepted', consent: { ...about, fingerprint, transfer: `${i}`.repeat(32) } }),
      )
    await profile.save((contents) => ({
      ...contents,
      buddies: contents.buddies.map((buddy) => ({ ...buddy, isBlocked: buddy.alias === 'bob' })),
    }))
    await profile[Symbol.asyncDispose]()
    const { log } = await openTransfers(await open())
    expect(log.consents.map(({ fingerprint }) => fingerprint)).toEqual([known])
  })
})
