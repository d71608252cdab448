/** `otrtalk interfaces`: what `--interface` takes. */
import { listInterfaces, type NetworkInterface } from '../../edge/interfaces.ts'
import type { ExitCode } from '../../error.ts'
import type { Context } from '../context.ts'
import { printJson, printTable } from '../print.ts'
import { type SafeText, safeTitle, words } from '../safetext.ts'

export async function interfaces(context: Context): Promise<ExitCode> {
  const found = listInterfaces()
  if (context.options.json) {
    printJson(
      context,
      found.map(({ name, kind, addresses, internal }) => ({ name, kind, addresses, internal })),
    )
    return 0
  }
  printTable(
    context,
    found.map(({ name, kind, addresses }) => [
      safeTitle(name),
      explainKind(kind),
      safeTitle(addresses.join(' '), 4_096),
    ]),
  )
  return 0
}

function explainKind(kind: NetworkInterface['kind']): SafeText {
  switch (kind) {
    case 'loopback':
      return words`this machine only`
    case 'link':
      return words`network`
    case 'tunnel':
      return words`VPN or tunnel`
    default:
      return kind satisfies never
  }
}
