/** `otrtalk listen`: reachable for every buddy; prints what comes, and runs the user's command for it. */
import { resolve } from 'node:path'
import { findCommand, type OwnCommand } from '../../edge/exec.ts'
import { requireFolder } from '../../edge/files/transferring.ts'
import { unknownBuddy } from '../../edge/refusals.ts'
import type { ExitCode } from '../../error.ts'
import { Accepting } from '../accepting.ts'
import type { ProfileContext } from '../context.ts'
import { converse } from '../conversing.ts'
import { Executing } from '../executing.ts'
import { noCommand } from '../explainexec.ts'
import type { Ui, UiOptions } from '../ui.ts'
import { exitCodeOf, notifying } from './chat.ts'

export interface ListenArguments {
  /** Run for each message, with its text on stdin. */
  readonly exec: OwnCommand['argv'] | undefined
  /** How long one run may take; a minute by default. */
  readonly execTimeoutMs: number | undefined
  /** Whose files are taken, where to, and how much; nobody's without. */
  readonly files:
    | { readonly from: readonly string[]; readonly into: string; readonly max: number }
    | undefined
}

export async function listen(context: ProfileContext, args: ListenArguments): Promise<ExitCode> {
  const command = args.exec && commandOf(args.exec, context)
  const acceptance = args.files && { ...args.files, into: await folderOf(args.files.into) }
  const open = notifying(context, { open: uiFor(context), form: 'plain' })
  const openUi = async (options: UiOptions): Promise<Ui> => {
    for (const alias of acceptance?.from ?? []) requireBuddy(options, alias)
    const ui = new Accepting(await open(options), options, acceptance)
    if (!command) return ui
    const { execTimeoutMs: timeoutMs = defaultTimeout } = args
    return new Executing(ui, options, { command, timeoutMs, form: context.options.json ? 'json' : 'text' })
  }
  return exitCodeOf(await converse({ context, command: 'listen', openUi }))
}

/** Absolute, and a folder. */
async function folderOf(path: string): Promise<string> {
  const whole = resolve(path)
  await requireFolder(whole)
  return whole
}

/** @throws UserError unless he is one of those who are listened to */
export function requireBuddy({ buddies }: UiOptions, alias: string): void {
  if (buddies.some((buddy) => buddy.alias === alias)) return
  throw unknownBuddy(buddies, alias)
}

function commandOf(argv: OwnCommand['argv'], { env }: ProfileContext): OwnCommand {
  const found = findCommand(argv, env)
  if (found.kind !== 'found') throw noCommand(found, '--exec')
  return found.command
}

function uiFor({ options }: ProfileContext): (options: UiOptions) => Promise<Ui> {
  if (options.json)
    return async (ui) => (await import('../lines/json.ts')).openJson({ ...ui, listensOnly: true })
  return async (ui) => (await import('../lines/plain.ts')).openPlain({ ...ui, listensOnly: true })
}

const defaultTimeout = 60_000 // ms
