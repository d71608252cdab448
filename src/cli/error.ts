/** How the program ends when something went wrong: what is said, and the exit code. */
import { type ExitCode, UserError } from '../error.ts'
import type { Io } from './context.ts'

/** The user pressed Ctrl-C at a prompt. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/** `json`: as an event on stdout, too. */
export type Form = 'text' | 'json'

/** What the command line and the variable ask for, before anything else is known; also of one that is wrong. */
export function formAsked(argv: readonly string[], env: Io['env']): Form {
  const end = argv.indexOf('--')
  const at = argv.indexOf('--json')
  const isFlag = at >= 0 && (end < 0 || at < end)
  return isFlag || /^(?:1|true|yes|on)$/i.test(env['OTRTALK_JSON'] ?? '') ? 'json' : 'text'
}

/** Tells a fault on stderr, and with `json` on stdout too; yields the exit code. */
export async function report(error: unknown, { stdout, stderr, env }: Io, form: Form): Promise<ExitCode> {
  if (error instanceof Interrupted) return 130
  if (isClosedPipe(error)) return 0
  const [{ safeText, safeTitle, visibleJson }, { legible }] = await Promise.all([
    import('./safetext.ts'),
    import('./terminal.ts'),
  ])
  const terminal = legible(stderr, env)
  const tell = (fault: object): void => {
    if (form === 'json') stdout.write(`${visibleJson({ event: 'error', ...fault })}\n`)
  }
  if (isOutputFault(error)) {
    terminal.write(`otrtalk: ${await explainOutputFault(error)}\n`)
    return 1
  }
  if (!(error instanceof UserError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
    tell({ message: ourFault, hint: 'what it was is on standard error' })
    terminal.write(`otrtalk: ${ourFault}\n${safeText(stack)}\n`)
    return 70
  }
  const { message, hint, exit } = error
  tell({ message, ...(hint && { hint }) })
  terminal.write(`otrtalk: ${safeTitle(message, longest)}\n`)
  if (hint) terminal.write(`hint: ${safeTitle(hint, longest)}\n`)
  return exit
}

/** Whoever read our output has gone: `otrtalk buddy list | head -1`. */
const isClosedPipe = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EPIPE'

/** A file or socket of ours is never written without our words around its faults: it is stdout or stderr. */
const isOutputFault = (error: unknown): error is Error =>
  error instanceof Error && 'syscall' in error && error.syscall === 'write' && !('path' in error)

async function explainOutputFault(error: Error): Promise<string> {
  const { diskFault } = await import('../edge/store.ts')
  const told = diskFault(error, 'cannot write to standard output')
  return told instanceof Error ? told.message : error.message
}

const ourFault = 'this is a fault of the program itself, please report it'
const longest = 4_096 // columns: a path may be as long
