import { describe, expect, test } from 'vitest'
import type { Journal } from '../../../src/edge/kept/journal.ts'
import { Mail, type MailTalk } from '../../../src/edge/kept/mail.ts'
import { UserError } from '../../../src/error.ts'
import type { Command, TalkEvent } from '../../../src/session/command.ts'
import { Mailbox, type Standing } from '../../../src/session/mailbox.ts'

const [bob, other] = ['b0'.repeat(56), 'c0'.repeat(56)]
const id = '00000000000000aa'
const under = { buddy: 'bob', session: 1, trust: 'unverified' } as const
const secured = (fingerprint: string): TalkEvent => ({
  kind: 'secured',
  path: 'lan',
  ms: 1,
  pq: true,
  fingerprint,
  ...under,
})
const message: TalkEvent & { kind: 'message' } = {
  kind: 'message',
  id,
  text: 'hello',
  at: 5,
  fingerprint: bob,
  ...under,
}
const say: Command = { kind: 'say', buddy: 'bob', id, text: 'hello' }

/** A log in memory that may be full; a sync is done when the test says so. */
class Records implements Journal {
  records: Uint8Array[] = []
  isFull = false
  #syncs: (() => void)[] = []

  get size(): number {
    return this.records.reduce((sum, { length }) => sum + length, 0)
  }

  append(record: Uint8Array): void {
    if (this.isFull) throw new UserError('no space is left on the disk')
    this.records.push(record)
  }

  synced(): Promise<void> {
    return new Promise((resolve) => this.#syncs.push(resolve))
  }

  async rewrite(records: () => Iterable<Uint8Array>): Promise<void> {
    this.records = [...records()]
  }

  async sync(): Promise<void> {
    for (const done of this.#syncs.splice(0)) done()
    await settled()
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A process with what earlier ones have left, and what it asks of conversations. */
function start(journal: Records, how: { key?: string; isHeard?: boolean; isAwaited?: boolean } = {}) {
  const { key = bob } = how
  const told: TalkEvent[] = []
  const asked: unknown[] = []
  const faults: unknown[] = []
  const talk: MailTalk = {
    knows: (name) => name === 'bob',
    act: (command) => asked.push(command),
    kept: (kept) => asked.push({ kept: kept.id }),
    withdraw: (ids) => asked.push({ withdrawn: [...ids] }),
  }
  const standing = (name: string): Standing | undefined => (name === 'bob' ? { kind: 'key', key } : undefined)
  const mailbox = Mailbox.of(journal.records)
  const mail = new Mail({
    ...{ journal, mailbox, standing, talk },
    shown: {
      isHeard: () => how.isHeard !== false,
      tell: (event) => told.push(event),
      isAwaited: () => how.isAwaited === true,
    },
    onFault: (error) => faults.push(error),
  })
  return { mail, mailbox, told, asked, faults }
}

const handed = { ...say, fingerprint: bob }

describe('what is said', () => {
  test('is in the log before a conversation has it, and is told to be written when it is safe', async () => {
    const journal = new Records()
    const { mail, told, asked } = start(journal)
    mail.act(say)
    expect([...Mailbox.of(journal.records).waiting]).toMatchObject([{ id, text: 'hello', key: bob }])
    expect(asked).toEqual([handed])
    await settled()
    expect(told).toEqual([])
    await journal.sync()
    expect(told).toEqual([{ kind: 'written', buddy: 'bob', id }])
  })

  test('is not told to be written when it was sent before', async () => {
    const journal = new Records()
    const { mail, told } = start(journal)
    mail.act(say)
    mail.hear({ kind: 'sent', buddy: 'bob', id })
    await journal.sync()
    expect(told.map(({ kind }) => kind)).toEqual(['sent'])
  })

  test('goes out once after a restart, is told as waiting, and is gone when it is delivered', () => {
    const journal = new Records()
    start(journal).mail.act(say)
    const { mail, told, asked } = start(journal)
    mail.act({ kind: 'open', buddy: 'bob' })
    mail.begin('bob')
    expect(asked).toEqual([{ kind: 'open', buddy: 'bob' }, handed])
    expect(told).toMatchObject([{ kind: 'waiting', buddy: 'bob', id, text: 'hello' }])
    mail.hear({ kind: 'delivered', buddy: 'bob', id, ms: 1 })
    expect(start(journal).mail.unfinished('bob')).toEqual([])
  })

  test('about another message is still that after a restart, also what takes one back', () => {
    const journal = new Records()
    const edit: Command = { ...say, about: { as: 'edit', id: '00000000000000a0' } }
    const back: Command = { ...say, id: '00000000000000ab', text: '', about: { as: 'delete', id } }
    const first = start(journal).mail
    for (const command of [edit, back]) first.act(command)
    const { mail, told, asked } = start(journal)
    mail.begin('bob')
    expect(asked).toEqual([edit, back].map((command) => ({ ...command, fingerprint: bob })))
    expect(told).toMatchObject([
      { kind: 'waiting', about: edit.about },
      { kind: 'waiting', text: '', about: back.about },
    ])
  })

  test('waits when the conversation is closed, and goes out when it is opened again', () => {
    const { mail, told, asked } = start(new Records())
    mail.act(say)
    mail.hear({ kind: 'undelivered', buddy: 'bob', id, why: 'closed' })
    expect(told).toEqual([])
    mail.act({ kind: 'open', buddy: 'bob' })
    expect(asked).toEqual([handed, { kind: 'open', buddy: 'bob' }, handed])
  })

  test('is refused in words where the disk is full, and nothing that was written is lost', async () => {
    const journal = new Records()
    const { mail, told, asked, faults } = start(journal)
    mail.act(say)
    journal.isFull = true
    mail.act({ ...say, id: '00000000000000ab' })
    await settled()
    expect(told).toEqual([{ kind: 'undelivered', buddy: 'bob', id: '00000000000000ab', why: 'disk' }])
    expect([asked, faults]).toEqual([[handed], []])
    mail.hear({ kind: 'delivered', buddy: 'bob', id, ms: 1 }) // a receipt that cannot be noted ends nothing
    expect(faults).toEqual([])
    journal.isFull = false
    const after = start(journal)
    after.mail.act({ kind: 'open', buddy: 'bob' })
    expect(after.asked).toContainEqual(handed)
  })

  test('is dropped at once, also from the conversation, and is not sent after a restart', async () => {
    const journal = new Records()
    const { mail, told, asked } = start(journal)
    mail.act(say)
    mail.act({ kind: 'drop', buddy: 'bob', id: '00000000000000ab' }) // another one
    mail.act({ kind: 'drop', buddy: 'bob' })
    await settled()
    expect(asked).toEqual([handed, { withdrawn: [id] }])
    expect(told).toEqual([{ kind: 'undelivered', buddy: 'bob', id, why: 'dropped' }])
    expect([...Mailbox.of(journal.records).waiting]).toEqual([])
  })
})

describe('what was said to one key', () => {
  test('does not go to another: it is held, told, and goes when the user says so', () => {
    const journal = new Records()
    start(journal).mail.act(say)
    const { mail, told, asked } = start(journal, { key: other })
    mail.act({ kind: 'open', buddy: 'bob' })
    mail.hear(secured(other))
    expect(asked).toEqual([{ kind: 'open', buddy: 'bob' }])
    expect(told.slice(2)).toEqual([{ kind: 'held', ids: [id], count: 1, fingerprint: other, ...under }])
    mail.act({ kind: 'resend', buddy: 'bob' })
    expect(asked.slice(1)).toEqual([{ ...say, fingerprint: other }])
    const after = start(journal, { key: other })
    after.mail.act({ kind: 'open', buddy: 'bob' })
    expect(after.asked.slice(1)).toEqual([{ ...say, fingerprint: other }])
  })

  test('and is held is forgotten when it is dropped', () => {
    const journal = new Records()
    start(journal).mail.act(say)
    const { mail, asked } = start(journal, { key: other })
    mail.act({ kind: 'drop', buddy: 'bob' })
    mail.act({ kind: 'resend', buddy: 'bob' })
    expect(asked).toEqual([{ withdrawn: [id] }])
  })

  test('goes with the buddy when he is removed, or is kept for the next one of the name', () => {
    for (const isKept of [true, false]) {
      const journal = new Records()
      const { mail } = start(journal)
      mail.act(say)
      mail.forget('bob', { isKept, was: undefined })
      expect([...Mailbox.of(journal.records).waiting]).toHaveLength(isKept ? 1 : 0)
    }
  })

  test('goes with a buddy whom the vault has forgotten, also if it was written under an earlier name of his', () => {
    const journal = new Records()
    start(journal).mail.act(say)
    const { mail } = start(journal)
    mail.forget('robert', { isKept: false, was: { kind: 'key', key: bob } })
    expect([...Mailbox.of(journal.records).waiting]).toEqual([])
  })
})

describe('what comes', () => {
  test('is confirmed when it is safe, and not before', async () => {
    const journal = new Records()
    const { mail, told, asked } = start(journal)
    mail.hear(message)
    expect([told, asked]).toEqual([[message], []])
    await journal.sync()
    expect(asked).toEqual([{ kept: id }])
  })

  test('and is shown to nobody is told to who comes later, once', () => {
    const journal = new Records()
    start(journal, { isHeard: false }).mail.hear(message)
    const left = { ...message, session: 0 } // of an earlier process
    for (const expected of [[left], []]) {
      const { mail, told } = start(journal)
      mail.act({ kind: 'open', buddy: 'bob' })
      expect(told).toEqual(expected)
    }
  })

  test('and was shown to nobody is told bit by bit, in order, and no more of it to who has gone meanwhile', async () => {
    const journal = new Records()
    const silent = start(journal, { isHeard: false })
    const came = (n: number) => ({
      ...message,
      id: n.toString(16).padStart(16, '0'),
      text: 'x'.repeat(20_000),
    })
    for (let n = 1; n <= 20; n++) silent.mail.hear(came(n))
    const gone = { isHeard: true }
    const left = start(journal, gone)
    left.mail.act({ kind: 'open', buddy: 'bob' })
    const first = left.told.length
    expect(first).toBeLessThan(6)
    gone.isHeard = false
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(left.told).toHaveLength(first)
    const { mail, told } = start(journal)
    mail.act({ kind: 'open', buddy: 'bob' })
    mail.hear(came(21)) // behind those that came before
    await expect.poll(() => told.length).toBe(21 - first)
    const ids = Array.from({ length: 21 - first }, (_, i) => came(first + 1 + i).id)
    expect(told.map((event) => 'id' in event && event.id)).toEqual(ids)
  })

  test('and is shown as the process dies is told again, and says so', () => {
    const journal = new Records()
    const dying = start(journal)
    dying.told.push = () => {
      throw new Error('killed')
    }
    dying.mail.hear(message)
    const { mail, told } = start(journal)
    mail.act({ kind: 'open', buddy: 'bob' })
    expect(told).toEqual([{ ...message, session: 0, again: true }])
  })

  test('and is with somebody who has still to show it is told once, and again when he has gone', async () => {
    const journal = new Records()
    const { mail, told, asked } = start(journal, { isAwaited: true })
    const named = { buddy: 'bob', fingerprint: bob, id }
    mail.hear(message)
    await journal.sync()
    expect(asked).toEqual([{ kept: id }])
    mail.begin('bob')
    expect(told).toEqual([message])
    mail.unseen(named)
    const again = { ...message, session: 0, again: true }
    expect(told).toEqual([message, again])
    mail.begin('bob')
    expect(told).toHaveLength(2)
    const next = start(journal)
    next.mail.begin('bob')
    expect(next.told).toEqual([again])
  })

  test('and is with somebody who has shown it is told no more', () => {
    const journal = new Records()
    const { mail, told } = start(journal, { isAwaited: true })
    mail.hear(message)
    mail.seen({ fingerprint: bob, id })
    mail.unseen({ buddy: 'bob', fingerprint: bob, id })
    mail.begin('bob')
    expect(told).toEqual([message])
    const next = start(journal)
    next.mail.begin('bob')
    expect(next.told).toEqual([])
  })

  test('and changes a line, or takes it back, is kept, confirmed and told again like any message', async () => {
    const about = { of: '00000000000000a0', at: 5, fingerprint: bob, ...under }
    const events: readonly TalkEvent[] = [
      { kind: 'edited', id, text: 'other', ...about },
      { kind: 'deleted', id: '00000000000000ab', ...about },
      { ...message, id: '00000000000000ac', about: { as: 'edit', id: '00000000000000a0' } },
      { ...message, id: '00000000000000ad', about: { as: 'reply', id: '00000000000000a0' } },
    ]
    const journal = new Records()
    const { mail, told, asked } = start(journal, { isHeard: false })
    for (const event of events) mail.hear(event)
    await journal.sync()
    expect([told, asked.length]).toEqual([[], 4])
    const later = start(journal)
    later.mail.begin('bob')
    expect(later.told).toEqual(events.map((event) => ({ ...event, session: 0 })))
    const none = start(journal)
    none.mail.begin('bob')
    expect(none.told).toEqual([])
  })

  test('is not shown under the name of who has another key now', () => {
    const journal = new Records()
    start(journal, { isHeard: false }).mail.hear(message)
    const { mail, told } = start(journal, { key: other })
    mail.act({ kind: 'open', buddy: 'bob' })
    expect(told).toEqual([])
  })

  test('may be confirmed before anybody says goodbye', async () => {
    const journal = new Records()
    const { mail, asked } = start(journal)
    mail.hear(secured(bob))
    mail.hear(message)
    let isSettled = false
    const waiting = mail.settled().then(() => {
      isSettled = true
      expect(asked).toEqual([{ kept: id }])
    })
    await settled()
    expect(isSettled).toBe(false)
    await journal.sync()
    await waiting
  })

  test('and cannot be kept is neither confirmed nor shown: the program ends with words', async () => {
    const journal = new Records()
    const { mail, told, asked, faults } = start(journal)
    journal.isFull = true
    mail.hear(message)
    await journal.sync()
    expect([told, asked]).toEqual([[], []])
    expect(faults).toMatchObject([{ message: 'no space is left on the disk' }])
  })

  test('of one and is shown to nobody fills no log: what is too much is not confirmed, and new when it comes again', async () => {
    const journal = new Records()
    const silent = start(journal, { isHeard: false })
    const text = 'x'.repeat(30_000)
    const came = (n: number, more = {}) => ({
      ...message,
      id: n.toString(16).padStart(16, '0'),
      text,
      ...more,
    })
    for (let n = 1; n <= 1_200; n++) silent.mail.hear(came(n))
    for (let n = 1_201; n <= 2_400; n++) silent.mail.hear(came(n, { text: '', fingerprint: other }))
    await journal.sync()
    expect(journal.size).toBeLessThan(2.5 * 2 ** 20)
    const kept = Mailbox.of(journal.records)
    const count = (key: string): number =>
      kept.unshown.filter(({ fingerprint }) => fingerprint === key).length
    expect([count(bob), count(other)]).toEqual([69, 1_000])
    expect(silent.asked).toHaveLength(69 + 1_000) // so many are confirmed
    expect(silent.faults).toEqual([])
    const { known } = silent.mailbox
    expect([known.of(bob).hear(came(69).id, text), known.of(bob).hear(came(70).id, text)]).toEqual([
      'known',
      'new',
    ])
    silent.mail.act(say) // nor does it stand in the way of what the user says
    expect(silent.asked.at(-1)).toEqual(handed)
    const { mail, told } = start(journal)
    mail.act({ kind: 'open', buddy: 'bob' })
    mail.hear(came(70))
    const shown = (): number => told.filter(({ kind }) => kind === 'message').length
    await expect.poll(shown, { timeout: 5_000 }).toBe(70)
  })

  test('and cannot be kept is not known after a restart: its sender has no receipt, and sends it again', () => {
    const journal = new Records()
    const { mail, mailbox } = start(journal)
    expect(mailbox.known.of(bob).hear(id, message.text)).toBe('new') // as the conversation does
    journal.isFull = true
    mail.hear(message)
    journal.records = [...mailbox.records()] // written anew
    expect(Mailbox.of(journal.records).known.of(bob).hear(id, message.text)).toBe('new')
  })

  test('and was shown, or was said and is confirmed, is in the log no more when the conversation or the process is over', async () => {
    const has = (journal: Records): boolean =>
      journal.records.some((octets) => Buffer.from(octets).includes('hello'))
    const talked = () => {
      const journal = new Records()
      const { mail } = start(journal)
      mail.act({ ...say, id: '00000000000000ab' })
      mail.hear({ kind: 'delivered', buddy: 'bob', id: '00000000000000ab', ms: 1 })
      mail.hear(message)
      expect(has(journal)).toBe(true)
      return { journal, mail }
    }
    const left = talked()
    await left.mail[Symbol.asyncDispose]()
    const lost = talked()
    lost.mail.hear({ kind: 'lost', buddy: 'bob', why: 'left' })
    const killed = talked()
    const after = start(killed.journal)
    await settled()
    expect([left, lost, killed].map(({ journal }) => has(journal))).toEqual([false, false, false])
    for (const { journal } of [left, lost, killed])
      expect(Mailbox.of(journal.records).known.of(bob).hear(id, message.text)).toBe('known')
    const before = killed.journal.records
    after.mail.hear({ kind: 'lost', buddy: 'bob', why: 'left' })
    await after.mail[Symbol.asyncDispose]()
    expect(killed.journal.records).toBe(before) // there is nothing to leave out
  })

  test('leaves a short log: what is settled is not in it for ever', async () => {
    const journal = new Records()
    const { mail } = start(journal)
    const text = 'x'.repeat(1_000)
    for (let i = 0; i < 300; i++) {
      mail.hear({ ...message, id: i.toString(16).padStart(16, '0'), text })
      await settled()
    }
    expect(journal.size).toBeLessThan(80_000)
    expect(Mailbox.of(journal.records).known.of(bob).size).toBe(300)
  })
})
