/** What the screen shows, before it is drawn: all that its parts need to know. */

import type { Model } from '../model.ts'
import type { SafeText } from '../safetext.ts'
import type { Draft } from './draft.ts'
import type { Find } from './find.ts'
import type { Layout } from './frame.ts'
import { type Look, plainLook } from './look.ts'
import type { Geometry, Scroll, WindowRow } from './window.ts'

export interface View {
  readonly model: Model
  /** At the prompt: what is written, or looked for. */
  readonly draft: Draft
  /** What the prompt asks for, when it is not for a line to say. */
  readonly asking: SafeText | undefined
  readonly scroll: Scroll
  /** Messages that came below since it was scrolled. */
  readonly unseen?: number
  readonly size: Geometry
  /** Wall time, unix milliseconds. */
  readonly now: number
  /** What is looked for. */
  readonly find?: Find | undefined
  /** What Tab found, where there are several. */
  readonly choices?: readonly SafeText[]
  readonly look?: Look
  /** What is printed above the prompt and left there, once for each `key`: there is no window then. */
  readonly above?: Above
}

export interface Above {
  readonly key: number
  readonly rows: readonly WindowRow[]
}

export const lookOf = ({ look = plainLook }: View): Look => look

/** Props of what is drawn of a view. */
export interface Part {
  readonly view: View
}

export interface Placed extends Part {
  readonly layout: Layout
}
