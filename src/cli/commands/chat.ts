/** `otrtalk` and `otrtalk chat <alias>`: all conversations or one, on the screen, in plain lines or in JSON. */
import { listProfiles } from '../../edge/profiles.ts'
import { type ExitCode, UserError } from '../../error.ts'
import type { Context, ProfileContext } from '../context.ts'
import { converse } from '../conversing.ts'
import { usage } from '../options.ts'
import { requireScreen, whyNoScreen } from '../terminal.ts'
import type { Ui, UiEnd, UiOptions } from '../ui.ts'

export interface ChatArguments {
  readonly alias: string
  /** Until the buddy must be reached; for good by default. */
  readonly timeoutMs: number | undefined
  /** 112 hex digits: whoever answers under another key is refused. */
  readonly fingerprint: string | undefined
}

export async function chat(context: ProfileContext, args: ChatArguments): Promise<ExitCode> {
  const mayJoin = !hasScreen(context)
  return exitCodeOf(await converse({ context, command: 'chat', ...args, mayJoin, openUi: uiFor(context) }))
}

/** Where there is no profile yet there is nobody to talk with, and more to say than that. */
export async function begun({ home }: Context): Promise<ExitCode> {
  if ((await listProfiles(home)).length > 0) return 0
  throw new UserError('there is no profile yet', {
    hint: 'begin with: otrtalk profile create; then otrtalk invite makes a code for a buddy, otrtalk accept takes one. To look around first: otrtalk demo',
  })
}

/** With everybody, on the screen; lines only where they were asked for. */
export async function chatWithAll(context: ProfileContext): Promise<ExitCode> {
  const { json, plain } = context.options
  const why = json || plain ? undefined : whyNoScreen(context)
  if (why !== undefined)
    throw usage(
      `the chat screen cannot be opened: ${why}`,
      'line by line: otrtalk --plain; for scripts: otrtalk --json; what else there is: otrtalk --help',
    )
  return exitCodeOf(await converse({ context, command: 'chat', openUi: uiFor(context) }))
}

/** The screen where there is one, else lines; with whatever calls the user when a message comes. */
export function uiFor(context: ProfileContext): (options: UiOptions) => Promise<Ui> {
  if (hasScreen(context)) requireScreen(context)
  return notifying(context, { open: shownBy(context), form: hasScreen(context) ? 'screen' : 'plain' })
}

function shownBy(context: ProfileContext): (options: UiOptions) => Promise<Ui> {
  if (context.options.json) return async (ui) => (await import('../lines/json.ts')).openJson(ui)
  if (!hasScreen(context)) return async (ui) => (await import('../lines/plain.ts')).openPlain(ui)
  const { theme, ascii, links, inline } = context.options
  const look = { theme, isAscii: ascii, hasLinks: links }
  return async (ui) => (await import('../screen/screen.ts')).openScreen({ ...ui, look, isInline: inline })
}

/** As it is opened, if the user does not want to be called. */
export function notifying(
  { options }: ProfileContext,
  { open, form }: { readonly open: (options: UiOptions) => Promise<Ui>; readonly form: 'screen' | 'plain' },
): (options: UiOptions) => Promise<Ui> {
  const { bell, notify, title, notifyCommand } = options
  if (!bell && !notify && !title && !notifyCommand) return open
  const by = { ...options, form: options.json ? ('json' as const) : form }
  return async (ui) => (await import('../notes/notifying.ts')).openNotifying(ui, by, open)
}

export const hasScreen = ({ options, stdin, stdout }: ProfileContext): boolean =>
  stdin.isTTY && stdout.isTTY && !options.plain && !options.json

export function exitCodeOf(end: UiEnd): ExitCode {
  switch (end.kind) {
    case 'left':
    case 'pipe':
      return 0
    case 'ended':
      return end.unconfirmed === 0 ? 0 : 3
    case 'signal':
      return signalCodes[end.signal]
    default:
      return end satisfies never
  }
}

const signalCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const
