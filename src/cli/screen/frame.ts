/** How the screen is divided between the conversation, the list of buddies and the prompt. Pure. */

import type { Model } from '../model.ts'
import type { Draft } from './draft.ts'
import { chop } from './layout.ts'
import type { Geometry } from './window.ts'

export interface Layout {
  /** The window over the conversation. */
  readonly window: Geometry
  /** Columns of the list of buddies; 0 if there is none. */
  readonly list: number
  /** Rows of the prompt, and how many are above them. */
  readonly prompt: number
  readonly top: number
}

export interface Divided {
  readonly model: Model
  /** What is written at the prompt. */
  readonly draft: Draft
  readonly size: Geometry
}

/** How a view is divided; undefined if the terminal is too small for a conversation. */
export function layoutOf({ model, draft, size }: Divided): Layout | undefined {
  if (size.columns < minColumns || size.rows < minRows) return undefined
  const list = size.columns >= wideColumns && model.conversations.length > 1 ? listColumns(size) : 0
  const prompt = promptRows(draft, size)
  return {
    window: { columns: size.columns - (list > 0 ? list + 2 : 0), rows: size.rows - prompt - 4 },
    ...{ list, prompt, top: size.rows - prompt - 1 },
  }
}

/** Of a screen that prints above its prompt: a line of state, the prompt, a status line. */
export function inlineLayoutOf({ draft, size }: Divided): Layout | undefined {
  if (size.columns < minColumns || size.rows < minRows) return undefined
  const prompt = promptRows(draft, size)
  return { window: { columns: size.columns, rows: size.rows - prompt - 2 }, list: 0, prompt, top: 1 }
}

function promptRows({ text }: Draft, { columns, rows }: Geometry): number {
  const written = chop(text, columns - promptColumns - 1).length
  return Math.min(written, Math.max(1, Math.min(Math.floor(rows / 3), rows - 5))) // a row of lines stays in view
}

/** Where there is room, states are told beside the names. */
const listColumns = ({ columns }: Geometry): number => (columns >= roomyColumns ? 40 : 22)

/** Of the sign before what is written. */
export const promptColumns = 2

const wideColumns = 100
const roomyColumns = 140
const minColumns = 24
const minRows = 6
