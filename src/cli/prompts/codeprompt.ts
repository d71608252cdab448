/** Asks for an invite code at the terminal: Tab completes a word, and a slip is named as soon as it is made. */
import stringWidth from 'string-width'
import type { Code } from '../../profile/code.ts'
import type { Io } from '../context.ts'
import { Interrupted } from '../error.ts'
import { safeTitle } from '../safetext.ts'
import { legible } from '../terminal.ts'
import { type CodeDraft, emptyCode, press, typedCode } from './codedraft.ts'
import { endOfInput, readKeys } from './prompt.ts'

export async function askCode(io: Io): Promise<Code> {
  const { stderr, env } = io
  const terminal = legible(stderr, env)
  const draw = (draft: CodeDraft): void => {
    terminal.write(env['TERM'] === 'dumb' ? dumbly(draft) : drawn(draft, stderr.columns || 80))
  }
  terminal.write('the six words of the code; Tab completes a word\n')
  let draft = emptyCode
  const begin = (): void => draw(draft)
  try {
    return await readKeys(io, begin, (key) => {
      if (key === endOfInput && draft === emptyCode) throw new Interrupted()
      draft = press(draft, key)
      draw(draft)
      return draft.code
    })
  } finally {
    if (env['TERM'] !== 'dumb') terminal.write(clear) // what was said below the line
  }
}

/** The line is drawn anew with each key, what there is to say below it; the cursor stands behind what was typed. */
function drawn(draft: CodeDraft, columns: number): string {
  const room = Math.max(1, columns - question.length - 1)
  const shown = typedCode(draft).slice(-room) // letters and spaces, a column each, but for letters of no code
  const note = draft.note === '' ? '' : `\n${safeTitle(draft.note, columns - 1)}${up}`
  return `\r${clear}${question}${shown}${note}\x1b[${question.length + stringWidth(shown) + 1}G`
}

/** A terminal that cannot place its cursor: the whole line again, when there is something to say. */
function dumbly(draft: CodeDraft): string {
  return draft.note === '' ? '' : `\n${safeTitle(draft.note)}\n${question}${typedCode(draft)}`
}

const question = 'code: '
const clear = '\x1b[J' // to the end of the screen
const up = '\x1b[A'
