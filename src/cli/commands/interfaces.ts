/** `otrtalk interfaces`: what `--interface` takes. */
import { listInterfaces } from '../../edge/interfaces.ts'
import type { ExitCode } from '../../error.ts'
import type { Context } from '../context.ts'
import { printJson, printTable } from '../print.ts'
import { safeTitle } from '../safetext.ts'

export async function interfaces(context: Context): Promise<ExitCode> {
  const found = listInterfaces()
  if (context.options.json) printJson(context, found)
  else
    printTable(
      context,
      found.map(({ name, addresses }) => [safeTitle(name), safeTitle(addresses.join(' '), 4_096)]),
    )
  return 0
}
