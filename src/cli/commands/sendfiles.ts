/** `otrtalk send <alias> --file PATH…`: exit 0 means that all of it is with the buddy, verified and safe on the disk. */
import { resolve } from 'node:path'
import { nameOf, requireSendable } from '../../edge/files/walk.ts'
import type { ExitCode } from '../../error.ts'
import type { ProfileContext } from '../context.ts'
import { converse } from '../conversing.ts'
import { usage } from '../options.ts'
import { Transferral, type TransferralOptions } from '../transferral.ts'
import type { Ui, UiOptions } from '../ui.ts'
import { exitCodeOf } from './chat.ts'

export interface SendingTo {
  readonly alias: string
  /** Without any progress; ten minutes by default, of which one may be spent on reaching the buddy. */
  readonly timeoutMs: number | undefined
  /** 112 hex digits: whoever answers under another key is refused. */
  readonly fingerprint: string | undefined
}

export interface SendFilesArguments extends SendingTo {
  readonly paths: readonly string[]
}

export async function sendFiles(context: ProfileContext, args: SendFilesArguments): Promise<ExitCode> {
  const paths = args.paths.map((path) => resolve(path))
  if (Buffer.byteLength(JSON.stringify(paths)) > longestPaths)
    throw usage('these are too many paths for one transfer', 'name the folder that they are in')
  await requireSendable(paths) // before anybody is looked for
  return await offerContent(context, { name: nameOf(paths), form: 'files', paths }, args)
}

/** Until it is done, or cannot be. */
export async function offerContent(
  context: ProfileContext,
  content: TransferralOptions['content'],
  { alias, fingerprint, timeoutMs: given }: SendingTo,
): Promise<ExitCode> {
  const { json } = context.options
  const timeoutMs = given ?? defaultReach
  const openUi = (options: UiOptions): Ui =>
    new Transferral(options, { content, json, patienceMs: given ?? defaultPatience })
  return exitCodeOf(
    await converse({
      ...{ context, command: 'send', alias, fingerprint, timeoutMs, turnMs: timeoutMs, openUi },
      ...{ mayJoin: true, isSilent: true, tellsOfItself: true },
    }),
  )
}

const defaultReach = 60_000 // ms
const defaultPatience = 600_000 // ms: somebody may have to come and accept it
const longestPaths = 48 * 1_024 // octets, within a line of the control socket
