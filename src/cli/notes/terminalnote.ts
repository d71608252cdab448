/**
 * What a terminal has for calling its user: a bell, a notification by one of
 * three sequences that are nobody's standard, a title. There is no way to ask
 * which it knows: those that are known to know one are named here, others get
 * the bell.
 */
import { execFile } from 'node:child_process'
import type { SafeText } from '../safetext.ts'
import type { UiOptions } from '../ui.ts'

type Environment = UiOptions['env']

/** `9`: iTerm2's; `777`: rxvt-unicode's; `99`: kitty's. */
export type NoteForm = 'bell' | 'osc-9' | 'osc-777' | 'osc-99'

export interface NoteKind {
  readonly form: NoteForm
  /** Through tmux, to the terminal that it is in. */
  readonly isWrapped: boolean
}

/** @param text - one line: safe text has no control character, so nothing in it ends the sequence */
export function noteSequence({ form, isWrapped }: NoteKind, text: SafeText): string {
  const sequence = {
    bell,
    'osc-9': `\x1b]9;otrtalk: ${text}${end}`,
    'osc-777': `\x1b]777;notify;otrtalk;${text.replaceAll(';', ',')}${end}`,
    'osc-99': `\x1b]99;;otrtalk: ${text}${end}`,
  }[form]
  return isWrapped && form !== 'bell'
    ? `\x1bPtmux;${sequence.replaceAll('\x1b', '\x1b\x1b')}${end}`
    : sequence
}

/** What the terminal is known to understand, by what it sets in the environment. */
export async function noteKindOf(env: Environment, ask = askTmux): Promise<NoteKind> {
  if (env['TMUX']) {
    const told = await ask(env)
    const [passthrough, ...outer] = told.split(' ')
    // With `on` tmux drops what comes from a window that is not shown: just what should be told.
    const form = passthrough === 'all' ? formOf(outer.join(' ')) : 'bell'
    return { form, isWrapped: form !== 'bell' }
  }
  const { TERM = '', TERM_PROGRAM = '', LC_TERMINAL = '', KITTY_WINDOW_ID } = env
  if (env['STY'] || /^(?:screen|tmux|dumb|linux)/.test(TERM)) return { form: 'bell', isWrapped: false }
  const names = [TERM, TERM_PROGRAM, LC_TERMINAL, KITTY_WINDOW_ID ? 'kitty' : '']
  return { form: formOf(names.join(' ')), isWrapped: false }
}

function formOf(names: string): NoteForm {
  if (/kitty/i.test(names)) return 'osc-99'
  if (/iterm2?\b/i.test(names)) return 'osc-9'
  if (/wezterm|ghostty|foot\b|rxvt-unicode/i.test(names)) return 'osc-777'
  return 'bell'
}

/** Whether what is wrapped gets through, and what tmux itself is in: empty if it does not say. */
function askTmux({ PATH, TMUX, TMUX_PANE }: Environment): Promise<string> {
  const format = '#{allow-passthrough} #{client_termtype} #{client_termname}'
  const target = TMUX_PANE ? ['-t', TMUX_PANE] : []
  const options = { timeout: 1_000, env: { PATH, TMUX } }
  return new Promise((resolve) => {
    execFile('tmux', ['display-message', '-p', ...target, format], options, (error, stdout) =>
      resolve(error ? '' : stdout.trim()),
    )
  })
}

/** Whether the terminal has a title that can be set; the consoles of Linux would show parts of the sequence. */
export const hasTitle = ({ TERM = '' }: Environment): boolean =>
  !/^(?:dumb|linux|vt\d|ansi|cons25|$)/.test(TERM)

export const titleSequence = (unread: number): string =>
  `\x1b]2;${unread > 0 ? `otrtalk: ${unread} new` : 'otrtalk'}${end}`

/** XTWINOPS: the terminal keeps its title, and has it back. Where it knows no such thing it keeps ours. */
export const keepTitle = '\x1b[22;2t'
export const restoreTitle = '\x1b[23;2t'

/** DECSET 1004: the terminal says when it gets the focus and when it loses it. */
export const focusOn = '\x1b[?1004h'
export const focusOff = '\x1b[?1004l'

/** The last thing that a chunk of input says about the focus. */
export function focusIn(input: string): boolean | undefined {
  const gained = input.lastIndexOf('\x1b[I')
  const lost = input.lastIndexOf('\x1b[O')
  return gained === lost ? undefined : gained > lost
}

const bell = '\x07'
const end = '\x1b\\' // ST
