/** `otrtalk listen`: reachable for every buddy; prints what comes. */
import type { ExitCode } from '../../error.ts'
import type { ProfileContext } from '../context.ts'
import { converse } from '../conversing.ts'
import type { Ui, UiOptions } from '../ui.ts'
import { exitCodeOf } from './chat.ts'

export async function listen(context: ProfileContext): Promise<ExitCode> {
  return exitCodeOf(await converse({ context, command: 'listen', openUi: uiFor(context) }))
}

function uiFor({ options }: ProfileContext): (options: UiOptions) => Promise<Ui> {
  if (options.json) return async (ui) => (await import('../json.ts')).openJson({ ...ui, listensOnly: true })
  return async (ui) => (await import('../plain.ts')).openPlain({ ...ui, listensOnly: true })
}
