/** A profile to look at and to change, whoever has it open: its vault, or the process that owns it. */
import type { Change } from '../profile/change.ts'
import { type ProfileView, viewOf } from '../profile/view.ts'
import { exported } from './carry.ts'
import type { Owner } from './control/client.ts'
import { changeProfile, type Refusal } from './control/switchboard.ts'
import type { OpenProfile } from './openprofile.ts'

export interface Access extends AsyncDisposable {
  /** As it was when it was opened, or after the last change of ours. */
  readonly view: ProfileView
  /** Done when it is on disk; else nothing has changed. */
  change(change: Change): Promise<Refusal | undefined>
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
  return {
    get view() {
      return viewOf(profile.contents, profile)
    },
    change: (change) => changeProfile(profile, change),
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
    async [Symbol.asyncDispose]() {
      owner[Symbol.dispose]()
    },
  }
}
