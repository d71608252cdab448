/** What waits for buddies, to look at and to change, whoever has the profile open: its log, or the process that owns it. */
import type { Contents } from '../../profile/contents.ts'
import type { About } from '../../session/command.ts'
import { isFor, type Mailbox } from '../../session/mailbox.ts'
import { encodeRecord, type MailRecord } from '../../session/mailrecord.ts'
import type { Owner } from '../control/client.ts'
import { standingOf } from '../meeting.ts'
import type { OpenProfile } from '../openprofile.ts'
import { openMail } from './maillog.ts'

/** A text that is not delivered. */
export interface Waiting {
  /** Whom it is for, as he is called now; as he was called then if nobody has that key any more. */
  readonly buddy: string
  readonly id: string
  readonly text: string
  readonly at: number // unix ms
  /** The earlier message that it answers, changes or takes back. */
  readonly about?: About
  /** `held`: the buddy of this name has another key than it was written for, or there is none. */
  readonly state: 'waiting' | 'held'
}

/** All of a buddy's, or the one of an id. */
export interface OutboxChange {
  readonly kind: 'drop' | 'resend'
  readonly buddy: string
  readonly id?: string
}

export interface Outbox extends AsyncDisposable {
  /** In the order it was written; as it was when it was opened, or after the last change of ours. */
  readonly waiting: readonly Waiting[]
  /** Done when it is on disk. */
  change(change: OutboxChange): Promise<void>
}

/** Of a profile that nobody else has open. */
export interface OwnOutbox extends Outbox {
  /** @param contents - in which the buddy is looked up: who is removed by now is known by those of before */
  change(change: OutboxChange, contents?: Contents): Promise<void>
}

/** @param contents - whom the profile knows */
export function waitingIn(mailbox: Mailbox, contents: Contents): readonly Waiting[] {
  const names = contents.buddies.map(({ alias }) => [alias, standingOf(contents, alias)] as const)
  return [...mailbox.waiting].map((message) => {
    const { id, text, at, about } = message
    const standings = [[message.buddy, standingOf(contents, message.buddy)] as const, ...names]
    const [buddy] = standings.find(([name, standing]) => standing && isFor(message, name, standing)) ?? []
    const state = buddy === undefined ? 'held' : 'waiting'
    return { buddy: buddy ?? message.buddy, id, text, at, ...(about && { about }), state }
  })
}

/** Closes the profile at the end. */
export async function outboxOf(profile: OpenProfile): Promise<OwnOutbox> {
  const { journal, mailbox } = await openMail(profile)
  const take = (record: MailRecord): void => {
    journal.append(encodeRecord(record))
    mailbox.take(record)
  }
  return {
    get waiting() {
      return waitingIn(mailbox, profile.contents)
    },
    async change({ kind, buddy, id }, contents = profile.contents) {
      const standing = standingOf(contents, buddy)
      if (kind === 'drop')
        take({ kind: 'settled', ids: mailbox.droppable(buddy, standing, id).map((each) => each.id) })
      else for (const each of mailbox.resendable(buddy, standing, id)) take({ kind: 'addressed', ...each })
      await (kind === 'drop' ? journal.rewrite(() => mailbox.records()) : journal.synced()) // no text stays there
    },
    [Symbol.asyncDispose]: () => profile[Symbol.asyncDispose](),
  }
}

export async function outboxThrough(owner: Owner): Promise<Outbox> {
  let waiting = await owner.outbox()
  return {
    get waiting() {
      return waiting
    },
    async change(change) {
      waiting = await owner.outbox(change)
    },
    async [Symbol.asyncDispose]() {
      owner[Symbol.dispose]()
    },
  }
}
