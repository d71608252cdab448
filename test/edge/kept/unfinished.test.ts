import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Journal } from '../../../src/edge/kept/journal.ts'
import { Unfinished } from '../../../src/edge/kept/unfinished.ts'
import { UserError } from '../../../src/error.ts'
import type { TalkEvent, TransferCommand, TransferTold } from '../../../src/session/command.ts'
import type { Standing } from '../../../src/session/mailbox.ts'
import { TransferLog } from '../../../src/session/transferlog.ts'
import type { Consent } from '../../../src/session/transferrecord.ts'
import { temporaryFolder } from '../folder.ts'

const [bob, eve] = ['b0'.repeat(56), 'e0'.repeat(56)]
const [transfer, other] = ['11'.repeat(16), '22'.repeat(16)]
const [root, otherRoot] = ['aa'.repeat(32), 'bb'.repeat(32)]
const under = { session: 1, trust: 'unverified' } as const
const day = 24 * 60 * 60_000 // ms

const send: TransferCommand = {
  ...{ kind: 'send', buddy: 'bob', transfer, name: 'gift', form: 'files' },
  paths: ['/home/ada/gift', '/home/ada/note'],
}
const again = { ...send, fingerprint: bob, again: true }
const about = { kind: 'transfer', buddy: 'bob', transfer, name: 'gift' } as const
const consent: Omit<Consent, 'at'> = {
  transfer,
  fingerprint: bob,
  root,
  buddy: 'bob',
  name: 'gift',
  into: '/in',
}
const accept: TransferCommand = { kind: 'accept', buddy: 'bob', transfer, into: '/in' }

const secured = (fingerprint = bob, buddy = 'bob'): TalkEvent => ({
  ...{ kind: 'secured', path: 'lan', ms: 1, pq: true, buddy, fingerprint, ...under },
})
const offered = (fingerprint = bob, buddy = 'bob'): TalkEvent => ({
  ...{ kind: 'offered', transfer, name: 'gift', form: 'files', files: 1, octets: 1 },
  ...{ buddy, fingerprint, ...under },
})
const ended = (
  direction: 'in' | 'out',
  state: TransferTold['state'],
  more: Partial<TransferTold> = {},
): TransferTold => ({ ...about, direction, state, ...more })
const closed = { by: 'us', why: 'closed' } as const

/** A log in memory that may be full. */
class Records implements Journal {
  records: Uint8Array[] = []
  isFull = false

  get size(): number {
    return this.records.length
  }

  append(record: Uint8Array): void {
    if (this.isFull) throw new UserError('no space is left on the disk')
    this.records.push(record)
  }

  async synced(): Promise<void> {}

  async rewrite(records: () => Iterable<Uint8Array>): Promise<void> {
    if (this.isFull) throw new UserError('no space is left on the disk')
    this.records = [...records()]
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

interface How {
  /** Of who has the name: `undefined`, nobody knows yet; null, nobody has it. */
  readonly key?: string | undefined | null
  readonly now?: number
  readonly root?: string
}

/** A process with what earlier ones have left, and what it asks of the transfers. */
function start(journal: Records, how: How = {}) {
  const told: TalkEvent[] = []
  const asked: TransferCommand[] = []
  const discarded: Consent[] = []
  const faults: unknown[] = []
  const key = 'key' in how ? how.key : bob
  const standing = (name: string): Standing | undefined =>
    name !== 'bob' || key === null
      ? undefined
      : key === undefined
        ? { kind: 'invited', since: 0 }
        : { kind: 'key', key }
  const unfinished = new Unfinished({
    ...{ journal, log: TransferLog.of(journal.records), standing },
    rootOf: () => how.root ?? root,
    act: (command) => asked.push(command),
    tell: (event) => event.kind !== 'secured' && told.push(event),
    discard: (one) => discarded.push(one),
    onFault: (error) => faults.push(error),
    now: () => how.now ?? 1_000,
  })
  /** What comes of an event on its way up. */
  const hear = (event: TalkEvent): TalkEvent | undefined => {
    const before = told.length
    unfinished.hear(event)
    expect(told.length).toBeLessThanOrEqual(before + 1)
    return told[before]
  }
  return { unfinished, hear, told, asked, discarded, faults }
}

/** What a process asks for by itself once it is secured with this key. */
async function goesOn(
  journal: Records,
  fingerprint = bob,
  buddy = 'bob',
): Promise<readonly TransferCommand[]> {
  const { unfinished, asked } = start(journal)
  unfinished.hear(secured(fingerprint, buddy))
  await settled()
  return asked
}

describe('what is offered', () => {
  test('is in the log before a conversation has it, and goes on by itself, with the same id and paths', async () => {
    const journal = new Records()
    const first = start(journal)
    first.unfinished.act(send)
    expect(TransferLog.of(journal.records).offers).toMatchObject([{ transfer, key: bob }])
    expect(first.asked).toEqual([send])
    expect(await goesOn(journal)).toEqual([again])
    first.unfinished.hear({ ...ended('out', 'offered'), root })
    first.unfinished.hear({ ...ended('out', 'offered'), root: otherRoot }) // only the first counts
    expect(await goesOn(journal)).toEqual([{ ...again, root }])
  })

  test('is remembered without links on the way: what is in the place of one later is not what was offered', async () => {
    const [journal, at] = [new Records(), temporaryFolder()]
    mkdirSync(join(at, 'real'))
    symlinkSync(join(at, 'real'), join(at, 'link'))
    start(journal).unfinished.act({ ...send, paths: [join(at, 'link', 'gift')] })
    expect(await goesOn(journal)).toEqual([{ ...again, paths: [join(at, 'real', 'gift')] }])
  })

  test('is told once as waiting by the next process, and goes on once, however often they are secured', async () => {
    const journal = new Records()
    start(journal).unfinished.act(send)
    const { unfinished, told, asked } = start(journal)
    unfinished.begin('bob')
    for (let i = 0; i < 2; i++) {
      unfinished.begin('bob')
      unfinished.hear(secured())
      await settled()
    }
    unfinished.act(send) // under an id that goes on already
    expect(told).toEqual([{ ...about, direction: 'out', state: 'waiting', since: 1_000 }])
    expect(asked).toEqual([again])
  })

  test('says while it is read and offered that it goes on, and since when', async () => {
    const journal = new Records()
    const first = start(journal)
    first.unfinished.act(send)
    const second = start(journal)
    second.unfinished.hear(secured())
    await settled()
    for (const state of ['reading', 'offered'] as const) {
      expect(first.hear(ended('out', state))).toEqual(ended('out', state))
      expect(second.hear(ended('out', state))).toEqual(ended('out', state, { since: 1_000 }))
    }
    expect(second.hear(ended('out', 'running'))).toEqual(ended('out', 'running'))
  })

  test('goes to the key that it was offered to, whatever its holder is called by now, and to nobody else', async () => {
    const journal = new Records()
    start(journal).unfinished.act(send)
    expect(await goesOn(journal, eve, 'bob')).toEqual([])
    expect(await goesOn(journal, bob, 'robert')).toEqual([{ ...again, buddy: 'robert' }])
    const { unfinished, told } = start(journal, { key: eve })
    unfinished.begin('bob')
    expect(told).toEqual([])
  })

  test('to an address is for the holder of the key in it', async () => {
    const journal = new Records()
    start(journal, { key: bob.slice(0, 64) }).unfinished.act(send)
    expect(await goesOn(journal, eve)).toEqual([])
    expect(await goesOn(journal, bob)).toEqual([again])
  })

  test.each([
    ['done', {}],
    ['rejected', { by: 'them', why: 'declined' }],
    ['cancelled', { by: 'us' }],
    ['cancelled', { by: 'them' }],
    ['failed', { by: 'us', why: 'changed' }],
    ['failed', { by: 'them', why: 'full' }],
  ] as const)('is forgotten when it is %s %o, and no path of it stays', async (state, more) => {
    const journal = new Records()
    const { unfinished, hear } = start(journal)
    unfinished.act(send)
    const event = ended('out', state, more)
    expect(hear(event)).toBe(event)
    await settled()
    expect(journal.records).toEqual([])
    expect(await goesOn(journal)).toEqual([])
  })

  test('waits when the conversation is closed, and goes on when it is opened again', async () => {
    const { unfinished, hear, asked } = start(new Records())
    unfinished.act(send)
    expect(hear(ended('out', 'failed', closed))).toEqual({
      ...ended('out', 'waiting'),
      since: 1_000,
    })
    unfinished.hear(secured())
    await settled()
    expect(asked).toEqual([send, again])
  })

  test('is over when it is withdrawn, though nobody is connected: who may know of it is told', async () => {
    const journal = new Records()
    start(journal).unfinished.act(send)
    const { unfinished, hear, asked } = start(journal)
    const withdraw: TransferCommand = { kind: 'withdraw', buddy: 'bob', transfer }
    unfinished.act(withdraw)
    expect(asked).toEqual([again, withdraw])
    expect(hear(ended('out', 'failed', closed))).toEqual(ended('out', 'cancelled', { by: 'us' }))
    expect(await goesOn(journal)).toEqual([])
  })

  test('is not remembered: a stream, what a script offers again, and what is for whoever has a code', async () => {
    const journal = new Records()
    const { unfinished, asked } = start(journal)
    const stream: TransferCommand = { ...send, form: 'stream' }
    for (const command of [stream, { ...send, once: true } as const]) unfinished.act(command)
    const invited = start(journal, { key: undefined })
    invited.unfinished.act(send)
    expect(journal.records).toEqual([])
    expect([...asked, ...invited.asked]).toEqual([
      { ...stream, once: true },
      { ...send, once: true },
      { ...send, once: true },
    ])
  })

  test('is 100 files at most, and 30 days old: what is more is said, and goes as long as the process does', async () => {
    const journal = new Records()
    const { unfinished, told, asked } = start(journal)
    const idOf = (number: number): string => number.toString(16).padStart(32, '0')
    for (let i = 1; i <= 101; i++) unfinished.act({ ...send, transfer: idOf(i) })
    await settled()
    expect(told).toMatchObject([{ kind: 'unkept', message: expect.stringMatching(/^gift: as many files/) }])
    expect(asked.at(-1)).toEqual({ ...send, transfer: idOf(101), once: true })
    expect(await goesOn(journal)).toHaveLength(100)
    start(journal, { now: 1_000 + 30 * day })
    await settled()
    expect(journal.records).toHaveLength(100)
    start(journal, { now: 1_001 + 30 * day })
    await settled()
    expect(journal.records).toEqual([])
  })

  test('goes where the disk is full, and it is said that it is not remembered', async () => {
    const journal = new Records()
    journal.isFull = true
    const { unfinished, told, asked, faults } = start(journal)
    unfinished.act(send)
    await settled()
    expect(told).toMatchObject([{ kind: 'unkept', message: 'gift: no space is left on the disk' }])
    expect(asked).toEqual([{ ...send, once: true }])
    expect(faults).toEqual([])
  })

  test('is dropped with the buddy, and his program hears that it was left', async () => {
    const journal = new Records()
    const { unfinished, asked } = start(journal)
    unfinished.act(send)
    unfinished.accepted({ ...consent, transfer: other })
    unfinished.forget('bob', { isKept: false, was: undefined })
    await settled()
    expect(asked.at(-1)).toEqual({ kind: 'leave', buddy: 'bob', transfer })
    expect(journal.records).toEqual([])
  })
})

test('what is offered and accepted goes with a buddy who was not there, and whom the vault has forgotten', async () => {
  const journal = new Records()
  const before = start(journal)
  before.unfinished.act(send)
  before.unfinished.accepted({ ...consent, transfer: other })
  const was = { kind: 'key', key: bob } as const
  start(journal, { key: null }).unfinished.forget('bob', { isKept: true, was })
  await settled()
  const { offers, consents } = TransferLog.of(journal.records)
  expect([offers, consents]).toMatchObject([[{ transfer }], []]) // what was taken is asked for again
  start(journal, { key: null }).unfinished.forget('bob', { isKept: false, was })
  await settled()
  expect(journal.records).toEqual([])
})

describe('what was accepted', () => {
  const taken = (): Records => {
    const journal = new Records()
    const { unfinished, asked } = start(journal)
    unfinished.act(accept)
    expect(asked).toEqual([accept])
    unfinished.accepted(consent)
    return journal
  }

  test('goes on without a question when it is offered again, to where it was', async () => {
    const { unfinished, hear, asked, told } = start(taken())
    unfinished.begin('bob')
    await settled()
    expect(told).toEqual([{ ...about, direction: 'in', state: 'waiting', since: 1_000 }])
    expect(hear(offered())).toBeUndefined()
    expect(asked).toEqual([{ ...accept, again: true }])
  })

  test('is asked for when it is other content, under another key, or was done with', () => {
    for (const { hear, asked, event } of [
      { ...start(taken(), { root: otherRoot }), event: offered() },
      { ...start(taken()), event: offered(eve) },
    ]) {
      expect(hear(event)).toBe(event)
      expect(asked).toEqual([])
    }
    for (const end of [ended('in', 'done'), ended('in', 'failed', { by: 'us', why: 'full' })]) {
      const { unfinished, hear, asked } = start(taken())
      unfinished.hear(secured())
      expect(hear(end)).toEqual(end)
      const event = offered()
      expect(hear(event)).toBe(event)
      expect(asked).toEqual([])
    }
  })

  test('and cancelled while the disk was full is asked for again: that is written when the program ends', async () => {
    const journal = taken()
    const { unfinished } = start(journal)
    unfinished.hear(secured())
    journal.isFull = true
    unfinished.hear(ended('in', 'cancelled', { by: 'us' }))
    await settled()
    expect(TransferLog.of(journal.records).consents).toHaveLength(1)
    journal.isFull = false // what came of it is removed
    await unfinished[Symbol.asyncDispose]()
    expect(journal.records).toEqual([])
  })

  test('waits when the program or the conversation ends', () => {
    const journal = taken()
    const { unfinished, hear } = start(journal)
    unfinished.hear(secured())
    expect(hear(ended('in', 'failed', closed))).toEqual({
      ...ended('in', 'waiting'),
      since: 1_000,
    })
    expect(start(journal).hear(offered())).toBeUndefined()
  })

  test('is given up, with what came of it, before the buddy is back', async () => {
    const journal = taken()
    const { unfinished, hear, told, asked, discarded } = start(journal)
    unfinished.act({ kind: 'withdraw', buddy: 'bob', transfer })
    await settled()
    expect(told).toEqual([ended('in', 'cancelled', { by: 'us' })])
    expect(asked).toEqual([])
    expect(discarded).toMatchObject([consent])
    expect(hear(offered())).toEqual(offered())
  })

  test('is over when its sender says so to a process that was not told of it', () => {
    const former = ended('in', 'cancelled', { by: 'them', name: '' })
    const stranger = start(new Records())
    stranger.unfinished.hear(secured())
    expect(stranger.hear(former)).toBeUndefined()
    const { unfinished, hear, discarded } = start(taken())
    unfinished.hear(secured(eve))
    expect(hear(former)).toBeUndefined()
    unfinished.hear(secured())
    expect(hear(former)).toEqual({ ...former, name: 'gift' })
    expect(discarded).toMatchObject([consent])
    expect(hear(offered())).toEqual(offered())
  })
})

test('whatever of the log survives a crash, all or the first so many records, nothing is invented or doubled', async () => {
  const journal = new Records()
  const { unfinished } = start(journal)
  const states: (readonly TransferCommand[])[] = [[]]
  const next = async (step: () => void): Promise<void> => {
    const before = journal.records.length
    step()
    for (let i = before; i < journal.records.length; i++) states.push(await goesOn(journal))
  }
  await next(() => unfinished.act(send))
  await next(() => unfinished.hear({ ...ended('out', 'offered'), root }))
  await next(() => unfinished.act({ ...send, transfer: other }))
  await next(() => unfinished.accepted(consent))
  expect(states).toEqual([
    [],
    [again],
    [{ ...again, root }],
    [
      { ...again, root },
      { ...again, transfer: other },
    ],
    [
      { ...again, root },
      { ...again, transfer: other },
    ],
  ])
  for (const [count, state] of states.entries()) {
    const left = new Records()
    left.records = journal.records.slice(0, count)
    expect(await goesOn(left), `${count} records`).toEqual(state)
  }
})
