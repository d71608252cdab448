/**
 * The command line: which command, with which arguments and options. What a
 * command needs is loaded when it runs, so that `--version` and `--help` load
 * nothing. Exit codes: `ExitCode` in src/error.ts.
 */
import { type Command, CommanderError } from 'commander'
import { type ExitCode, UserError } from '../error.ts'
import { execLast, helpFirst } from './arguments.ts'
import type { Io } from './context.ts'
import { allOf, define } from './definitions/all.ts'
import type { Runner } from './definitions/definition.ts'
import { report } from './error.ts'
import type { Flags } from './options.ts'
import { contextOf, profileContextOf } from './resolve.ts'

/** Runs the program; the exit code. @param argv - without node and the program's own name */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  let exit: ExitCode = 0
  let blamed = 'otrtalk'
  const program = build(io, (code) => {
    exit = code
  })
  for (const command of allOf(program)) {
    command.exitOverride((error) => {
      blamed = pathOf(command)
      throw error
    })
  }
  try {
    await program.parseAsync(execLast(helpFirst(argv)), { from: 'user' })
    return exit
  } catch (error) {
    if (error instanceof CommanderError && /help|version/.test(error.code))
      return error.exitCode === 0 ? 0 : 2
    const isJson =
      program.opts<Flags>()['json'] === true || /^(?:1|true|yes|on)$/i.test(io.env['OTRTALK_JSON'] ?? '')
    return report(
      error instanceof CommanderError ? misuse(error, blamed) : error,
      io,
      isJson ? 'json' : 'text',
    )
  }
}

/** Commander's `error: unknown command 'chta'\n(Did you mean chat?)` in our form. */
function misuse({ message }: CommanderError, blamed: string): UserError {
  const [, fault, meant] = /^(?:error: )?(.*?)(?:\s*\((Did you mean .*)\))?$/s.exec(message) ?? []
  const hint = meant ? meant.replace('Did', 'did') : `see ${blamed} --help`
  return new UserError((fault ?? message).replace(/\.$/, ''), { hint, exit: 2 })
}

/** `otrtalk buddy add` */
const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()

function build(io: Io, setExit: (code: ExitCode) => void): Command {
  const runner: Runner = {
    plain: async (run) => setExit(await run(await contextOf(io, given(program)))),
    profile: async (run, name) => setExit(await run(await profileContextOf(io, given(program), name))),
    silent: (run) => run(io).catch(() => {}),
  }
  const program = define(runner, {
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    outputError: () => {}, // told by `report`
  })
  return program
}

/** Without what commander fills in by itself: `--no-dht` makes `dht` true when it is not given. */
const given = (program: Command): Flags =>
  Object.fromEntries(
    Object.entries(program.opts<Flags>()).filter(([key]) => program.getOptionValueSource(key) === 'cli'),
  )
