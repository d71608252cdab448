/** A profile to look at and to change, whoever has it open: its vault, or the process that owns it. */
import type { Change } from '../profile/change.ts'
import { type ProfileView, viewOf } from '../profile/view.ts'
import type { Owner } from './control/client.ts'
import { changeProfile, type Refusal } from './control/desk.ts'
import type { OpenProfile } from './profiles.ts'

export interface Access extends AsyncDisposable {
  /** As it was when it was opened, or after the last change of ours. */
  readonly view: ProfileView
  /** Done when it is on disk; else nothing has changed. */
  change(change: Change): Promise<Refusal | undefined>
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
