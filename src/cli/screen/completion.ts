/** What Tab makes of a line that was begun: a `/` command, or an alias. Pure. */

import type { Model } from '../model.ts'
import { commandNames } from '../parse.ts'
import { type SafeText, safeText, words } from '../safetext.ts'
import type { Draft } from './draft.ts'
import { edit } from './draft.ts'

export interface Completed {
  readonly draft: Draft
  /** Where there are several, all of them. */
  readonly choices: readonly SafeText[]
}

/** Completes the word before the caret, as far as it is certain. */
export function complete(draft: Draft, model: Model): Completed {
  const before = draft.text.slice(0, draft.caret)
  const command = /^\/([a-z]*)$/iu.exec(before)?.[1]
  if (command !== undefined) return among(draft, command, { names: commandNames, behind: ' ' })
  const names = model.conversations.map(({ buddy }) => safeText(buddy))
  const alias = /^\/to +(.*)$/isu.exec(before)?.[1]
  if (alias !== undefined) return among(draft, alias, { names, behind: '' })
  const word = /(?:^|\s)(\S+)$/u.exec(before)?.[1]
  return word === undefined ? { draft, choices: [] } : among(draft, word, { names, behind: ' ' })
}

interface Names {
  readonly names: readonly string[]
  /** What goes behind one that is whole. */
  readonly behind: string
}

function among(draft: Draft, begun: string, { names, behind }: Names): Completed {
  const folded = begun.toLowerCase()
  const found = names.filter((name) => name.toLowerCase().startsWith(folded)).toSorted()
  const [first] = found
  if (first === undefined) return { draft, choices: [] }
  if (found.length === 1) return { draft: replaced(draft, begun, first + behind), choices: [] }
  const common = found.reduce(shared)
  return {
    draft: common.length > begun.length ? replaced(draft, begun, common) : draft,
    choices: found.map((name) => words`${safeText(name)}`),
  }
}

function replaced(draft: Draft, begun: string, whole: string): Draft {
  const caret = draft.caret - begun.length
  const text = safeText(draft.text.slice(0, caret) + draft.text.slice(draft.caret))
  return edit({ ...draft, text, caret }, { kind: 'insert', text: whole })
}

/** What both begin with, whatever the capitals. */
function shared(a: string, b: string): string {
  const [one, other] = [[...a], [...b]]
  const differs = one.findIndex((char, i) => char.toLowerCase() !== other[i]?.toLowerCase())
  return differs < 0 ? a : one.slice(0, differs).join('')
}
