/** `otrtalk chat <alias>`: one conversation, on the screen, in plain lines or in JSON. */
import type { ExitCode } from '../../error.ts'
import type { ProfileContext } from '../context.ts'
import { converse } from '../conversing.ts'
import type { Ui, UiEnd, UiOptions } from '../ui.ts'

export interface ChatArguments {
  readonly alias: string
  /** 112 hex digits: whoever answers under another key is refused. */
  readonly fingerprint: string | undefined
}

export async function chat(context: ProfileContext, args: ChatArguments): Promise<ExitCode> {
  return exitCodeOf(await converse({ context, command: 'chat', ...args, openUi: uiFor(context) }))
}

/** The screen where there is one, else lines. */
export function uiFor(context: ProfileContext): (options: UiOptions) => Promise<Ui> {
  if (context.options.json) return async (ui) => (await import('../json.ts')).openJson(ui)
  if (!hasScreen(context)) return async (ui) => (await import('../plain.ts')).openPlain(ui)
  return async (ui) => (await import('../screen.ts')).openScreen(ui)
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
