/** What is to be done about a line that was typed. */
import type { Command } from '../session/command.ts'
import type { Dialogue } from './dialogue.ts'
import type { Input } from './model.ts'
import type { Notice } from './notice.ts'

/** To be done in this order. */
export interface Response {
  readonly inputs: readonly Input[]
  /** For whoever typed. */
  readonly notices: readonly Notice[]
  readonly commands: readonly Command[]
  /** What is asked for next, when it is not a line to say. */
  readonly dialogue?: Dialogue
  /** The id of what was said. */
  readonly said?: string
  /** What is looked for on the screen; empty: what is typed next. */
  readonly finds?: string
  /** How much of what was kept is to be told. */
  readonly recalls?: { readonly buddy: string; readonly count: number }
  readonly leaves?: true
}

export const nothing: Response = { inputs: [], notices: [], commands: [] }

export const remarks = (...notices: readonly Notice[]): Response => ({ ...nothing, notices })
