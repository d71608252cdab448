/** A profile that runs follows what its user changes in the vault: whom to look for, under which name, whom to trust. */
import { findBuddy } from '../profile/buddies.ts'
import type { Change } from '../profile/change.ts'
import type { Contents } from '../profile/contents.ts'
import { selvesOf } from '../profile/rotation.ts'
import type { TalkEvent } from '../session/command.ts'
import type { Talk } from '../session/talk.ts'
import { knownOf } from './meeting.ts'

export interface Following {
  /** What the vault holds by now. */
  readonly contents: Contents
  /** How the conversation calls whom the change is about: an invite may have led to him. */
  readonly name: string
  /** Every buddy is looked for, and so a new one. */
  readonly isOpenToAll: boolean
  readonly now: number
}

/** What there is to tell before anything that comes of it. */
export function follow(talk: Talk, change: Change, following: Following): readonly TalkEvent[] {
  const { contents, name, isOpenToAll, now } = following
  switch (change.kind) {
    case 'add':
    case 'unblock': {
      const contact = findBuddy(contents.buddies, change.alias)
      if (!contact || !isOpenToAll || talk.knows(contact.alias)) return []
      talk.know(knownOf(contact, contents))
      talk.act({ kind: 'open', buddy: contact.alias }, now)
      return [{ kind: 'added', buddy: contact.alias }]
    }
    case 'at':
    case 'verify':
    case 'unverify':
    case 'habit': {
      const contact = findBuddy(contents.buddies, change.alias)
      if (contact) talk.revise({ ...contact, alias: name }, now)
      return []
    }
    case 'rename': {
      const contact = findBuddy(contents.buddies, change.to)
      if (contact) talk.rename(name, contact.alias)
      return []
    }
    case 'block':
    case 'remove':
      if (talk.knows(name)) talk.remove(name, change.kind === 'block' ? 'blocked' : 'removed', now)
      return []
    case 'rotate':
      talk.renew(selvesOf(contents))
      return []
    default:
      return change satisfies never
  }
}
