/** `otrtalk listen --stream [NAME] > file`: one stream of a buddy's on stdout, and nothing else; exit 0 when it is whole. */
import { preparePlace } from '../../edge/control/place.ts'
import { Pipe } from '../../edge/files/pipe.ts'
import { findProfile } from '../../edge/profiles.ts'
import type { ExitCode } from '../../error.ts'
import { Catching } from '../catching.ts'
import type { ProfileContext } from '../context.ts'
import { converse } from '../conversing.ts'
import { usage } from '../options.ts'
import type { Ui, UiOptions } from '../ui.ts'
import { exitCodeOf } from './chat.ts'
import { requireBuddy } from './listen.ts'

export interface ListenStreamArguments {
  /** The only one that is taken; any by default. */
  readonly name: string | undefined
  /** Aliases; every buddy’s by default. */
  readonly from: readonly string[]
  /** For how long the buddy may be away in the midst of it. */
  readonly patienceMs: number | undefined
}

export async function listenStream(context: ProfileContext, args: ListenStreamArguments): Promise<ExitCode> {
  const { stdout, env, home, profile, options: given } = context
  if (stdout.isTTY)
    throw usage('a stream is not written to a terminal', 'send it on: otrtalk listen --stream > file')
  using pipe = await Pipe.open(preparePlace((await findProfile(home, profile)).path, env))
  const drained = pipe.drain(stdout)
  drained.catch(() => {}) // the transfer fails then, in words
  const openUi = (options: UiOptions): Ui => {
    for (const alias of args.from) requireBuddy(options, alias)
    return new Catching(options, { ...args, into: pipe.path, json: given.json })
  }
  const end = await converse({ context, command: 'listen', isSilent: true, openUi })
  if (end.kind === 'ended') await drained
  return exitCodeOf(end)
}
