/**
 * What a user may change of a profile, as plain JSON: whoever holds the vault
 * does it, on its own behalf or on that of another process. Pure: contents and
 * a change in, contents or a refusal out.
 */
import type { Random } from '../crypto.ts'
import type { Address } from '../machine.ts'
import { parseAddress } from '../wire/address.ts'
import { parseProfileAddress } from './address.ts'
import {
  addBuddy,
  type Buddies,
  type Buddy,
  type BuddyFault,
  changeBuddy,
  findBuddy,
  isHint,
  maxHints,
  pinBuddy,
  removeBuddy,
  renameBuddy,
} from './buddies.ts'
import type { Contents } from './contents.ts'
import { type Habit, readHabit, withHabit } from './habits.ts'
import { findInvite, openInvites, unmet, without } from './invite.ts'
import { rotate, settle } from './rotation.ts'

export type Change =
  /** `at`: where he is tried first, host:port. */
  | {
      readonly kind: 'add'
      readonly alias: string
      readonly address: string
      readonly at: readonly string[]
    }
  | { readonly kind: 'at'; readonly alias: string; readonly at: readonly string[] }
  | { readonly kind: 'rename'; readonly alias: string; readonly to: string }
  /** The user says that this is his key: 112 hex digits. It is pinned. */
  | { readonly kind: 'verify'; readonly alias: string; readonly fingerprint: string }
  | { readonly kind: 'unverify'; readonly alias: string }
  /** What waits for him is dropped, or kept for who has his key or his alias. */
  | { readonly kind: 'block'; readonly alias: string; readonly keepsOutbox?: true }
  | { readonly kind: 'unblock'; readonly alias: string }
  /** What we do for him beside talking. */
  | ({ readonly kind: 'habit'; readonly alias: string } & Habit)
  /** A buddy, or a code that has led to nobody yet. */
  | { readonly kind: 'remove'; readonly alias: string; readonly keepsOutbox?: true }
  /** Another discovery key, and so another address. */
  | { readonly kind: 'rotate' }

export type ChangeFault =
  | BuddyFault
  | 'unknown-buddy'
  | 'no-address' // what was given for one
  | 'no-hint' // nobody can be there
  | 'too-many-hints'
  | 'other-fingerprint' // his is not the one that was given
  | 'too-many-former' // buddies must learn the last addresses first

export type Changed =
  | { readonly kind: 'changed'; readonly contents: Contents }
  /** `by`: the buddy who has it already. */
  | { readonly kind: 'refused'; readonly why: ChangeFault; readonly by?: string }

export interface Changing {
  readonly random: Random
  readonly at: number // unix ms
}

export function changed(contents: Contents, change: Change, changing: Changing): Changed {
  if (change.kind === 'rotate') {
    const rotated = rotate(contents, changing.random)
    return rotated ? { kind: 'changed', contents: rotated } : { kind: 'refused', why: 'too-many-former' }
  }
  if (change.kind === 'add') return added(contents, change, changing.at)
  const buddy = findBuddy(contents.buddies, change.alias)
  if (buddy) return ofBuddy(contents, buddy, change)
  const invite = change.kind === 'remove' && findInvite(openInvites(contents), change.alias)
  if (!invite) return { kind: 'refused', why: 'unknown-buddy' }
  return { kind: 'changed', contents: { ...contents, invites: without(contents.invites, invite) } }
}

function added(contents: Contents, { alias, address, at }: Adding, when: number): Changed {
  const parsed = parseProfileAddress(address)
  if (parsed.kind === 'wrong') return { kind: 'refused', why: 'no-address' }
  const hints = readHints(at)
  if (typeof hints === 'string') return { kind: 'refused', why: hints }
  const adding = { alias, address: parsed.address, hints }
  const result = addBuddy(contents.buddies, adding, { own: contents.identity.address, at: when })
  return result.kind === 'added' ? withBuddies(contents, result.buddies) : result
}

type Adding = Extract<Change, { kind: 'add' }>
type OfBuddy = Exclude<Change, { kind: 'add' | 'rotate' }>

function ofBuddy(contents: Contents, buddy: Buddy, change: OfBuddy): Changed {
  const { buddies, invites } = contents
  const set = (changes: Partial<Buddy>): Changed =>
    withBuddies(
      contents,
      changeBuddy(buddies, buddy.alias, () => ({ ...buddy, ...changes })),
    )
  switch (change.kind) {
    case 'at': {
      const hints = readHints(change.at)
      return typeof hints === 'string' ? { kind: 'refused', why: hints } : set({ hints })
    }
    case 'rename': {
      const renamed = renameBuddy(buddies, buddy, change.to)
      return renamed.kind === 'renamed' ? withBuddies(contents, renamed.buddies) : renamed
    }
    case 'verify': {
      const pinned = pinBuddy(buddy, change.fingerprint)
      if (!pinned) return { kind: 'refused', why: 'other-fingerprint' }
      return set({ fingerprint: pinned.fingerprint, trust: 'verified' })
    }
    case 'unverify':
      return set({ trust: 'unverified' })
    case 'habit':
      return set({ habits: withHabit(buddy.habits, change) })
    case 'block':
    case 'unblock': {
      const marked = changeBuddy(buddies, buddy.alias, () => ({
        ...buddy,
        isBlocked: change.kind === 'block',
      }))
      return gone({ ...contents, buddies: marked, invites: unmet(invites, buddy) })
    }
    case 'remove':
      return gone({
        ...contents,
        buddies: removeBuddy(buddies, buddy.alias),
        invites: unmet(invites, buddy),
      })
    default:
      return change satisfies never
  }
}

const withBuddies = (contents: Contents, buddies: Buddies): Changed => ({
  kind: 'changed',
  contents: { ...contents, buddies },
})

/** Former addresses may serve nobody any more. */
const gone = (contents: Contents): Changed => ({ kind: 'changed', contents: settle(contents) })

/** Literals only: whoever looks a name up tells its servers, each time, whom he is looking for. */
export function readHints(texts: readonly string[]): readonly Address[] | 'no-hint' | 'too-many-hints' {
  const hints = new Set<Address>()
  for (const text of texts) {
    const address = parseAddress(text)
    if (address === undefined || !isHint(address)) return 'no-hint'
    hints.add(address)
  }
  return hints.size > maxHints ? 'too-many-hints' : [...hints]
}

/** A change that came as JSON; `undefined` for anything else. */
export function readChange(value: unknown): Change | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined
  const { kind } = value
  if (kind === 'rotate') return { kind }
  const alias = textOf('alias' in value && value.alias)
  if (alias === undefined) return undefined
  switch (kind) {
    case 'add': {
      const address = textOf('address' in value && value.address)
      const at = textsOf('at' in value ? value.at : [])
      return address !== undefined && at ? { kind, alias, address, at } : undefined
    }
    case 'at': {
      const at = textsOf('at' in value && value.at)
      return at && { kind, alias, at }
    }
    case 'rename': {
      const to = textOf('to' in value && value.to)
      return to === undefined ? undefined : { kind, alias, to }
    }
    case 'verify': {
      const fingerprint = textOf('fingerprint' in value && value.fingerprint)
      return fingerprint === undefined ? undefined : { kind, alias, fingerprint }
    }
    case 'habit': {
      const habit = 'habit' in value && 'value' in value ? readHabit(value.habit, value.value) : undefined
      return habit && { kind, alias, ...habit }
    }
    case 'block':
    case 'remove': {
      const isKept = 'keepsOutbox' in value && value.keepsOutbox === true
      return { kind, alias, ...(isKept && { keepsOutbox: true }) }
    }
    case 'unverify':
    case 'unblock':
      return { kind, alias }
    default:
      return undefined
  }
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length <= longest ? value : undefined

function textsOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > maxTexts) return undefined
  const texts = value.map(textOf)
  return texts.every((text) => text !== undefined) ? texts : undefined
}

const longest = 1_024 // UTF-16 units: an address has 113
const maxTexts = 64 // more than may be kept, so that too many are refused in words
