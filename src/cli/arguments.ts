/** The words of the command line before commander sees them. */
import { usage } from './options.ts'

/** `help buddy add` asks for the help of `buddy add`: commander's own `help` knows groups only. */
export function helpFirst(argv: readonly string[]): readonly string[] {
  const isDeep = argv[0] === 'help' && argv.length > 2 && argv.every((word) => !word.startsWith('-'))
  return isDeep ? [...argv.slice(1), '--help'] : argv
}

/**
 * All behind `--exec` is a command of the user's own, whatever it looks like: it
 * becomes the one value of the option, for `readExec` to take apart.
 */
export function execLast(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--')
  const at = argv.findIndex((word) => word === '--exec' || word.startsWith('--exec='))
  if (at < 0 || (end >= 0 && end < at)) return argv
  const first = argv[at]!.slice('--exec='.length)
  const command = [...(first === '' ? [] : [first]), ...argv.slice(at + 1)]
  return [...argv.slice(0, at), '--exec', JSON.stringify(command)]
}

/** @throws UserError if there is no command */
export function readExec(value: string): readonly [name: string, ...rest: string[]] {
  const words: readonly string[] = JSON.parse(value)
  const [name, ...rest] = words
  if (name !== undefined) return [name, ...rest]
  throw usage('--exec needs a command', 'it comes last: otrtalk listen --exec notify-send otrtalk')
}
