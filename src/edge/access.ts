/** A profile to look at and to change, whoever has it open: its vault, or the process that owns it. */
import type { Change } from '../profile/change.ts'
import { type ProfileView, viewOf } from '../profile/view.ts'
import { exported } from './carry.ts'
import type { Owner } from './control/client.ts'
import { changeProfile, type Refusal } from './control/switchboard.ts'
import { type OwnOutbox, outboxOf, type Waiting } from './kept/outbox.ts'
import { dropTransfers, type OpenedTransfers, openTransfers } from './kept/transfers.ts'
import { standingOf } from './meeting.ts'
import type { OpenProfile } from './openprofile.ts'

export interface Access extends AsyncDisposable {
  /** As it was when it was opened, or after the last change of ours. */
  readonly view: ProfileView
  /** Done when it is on disk; else nothing has changed. What waits for whom it makes nobody is dropped, or kept if so said. */
  change(change: Change): Promise<Refusal | undefined>
  /** What is not delivered yet; only where changes are made. */
  outbox(): Promise<readonly Waiting[]>
}

/** What only who knows the passphrase may do with a profile. */
export interface Keeping extends AsyncDisposable {
  readonly view: ProfileView
  /** An empty passphrase is none. */
  rekey(passphrase: string): Promise<void>
  /** The octets of a file with all that it takes to another machine. */
  exported(passphrase: string): Promise<Uint8Array>
}

export function keepingOf(profile: OpenProfile): Keeping {
  return {
    view: viewOf(profile.contents, profile),
    rekey: (passphrase) => profile.rekey(passphrase),
    exported: (passphrase) => exported(profile, passphrase),
    [Symbol.asyncDispose]: () => profile[Symbol.asyncDispose](),
  }
}

/** @param owner - unlocked */
export async function keepingThrough(owner: Owner): Promise<Keeping> {
  return {
    view: await owner.view(),
    rekey: (passphrase) => owner.rekey(passphrase),
    exported: (passphrase) => owner.exported(passphrase),
    async [Symbol.asyncDispose]() {
      owner[Symbol.dispose]()
    },
  }
}

export function accessTo(profile: OpenProfile): Access {
  let opened: Promise<OwnOutbox> | undefined
  let transfers: Promise<OpenedTransfers> | undefined
  const outbox = (): Promise<OwnOutbox> => {
    opened ??= outboxOf(profile)
    return opened
  }
  return {
    get view() {
      return viewOf(profile.contents, profile)
    },
    async change(change) {
      const before = profile.contents
      const refusal = await changeProfile(profile, change)
      if (refusal || (change.kind !== 'remove' && change.kind !== 'block')) return refusal
      const isKept = change.keepsOutbox === true
      if (!isKept) await (await outbox()).change({ kind: 'drop', buddy: change.alias }, before)
      transfers ??= openTransfers(profile)
      await dropTransfers(await transfers, { standing: standingOf(before, change.alias), isKept })
      return refusal
    },
    outbox: async () => (await outbox()).waiting,
    [Symbol.asyncDispose]: () => profile[Symbol.asyncDispose](),
  }
}

export async function accessThrough(owner: Owner): Promise<Access> {
  let view = await owner.view()
  return {
    get view() {
      return view
    },
    async change(change) {
      const result = await owner.change(change)
      if ('why' in result) return result
      view = result
      return undefined
    },
    outbox: () => owner.outbox(),
    async [Symbol.asyncDispose]() {
      owner[Symbol.dispose]()
    },
  }
}
