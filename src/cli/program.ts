/**
 * The command line: which command, with which arguments and options. What a
 * command needs is loaded when it runs, so that `--version` and `--help` load
 * nothing. Exit codes: `ExitCode` in src/error.ts.
 */
import { type Command, CommanderError } from 'commander'
import { type ExitCode, UserError } from '../error.ts'
import { execLast, helpFirst } from './arguments.ts'
import type { Context, Flags, Io } from './context.ts'
import { allOf, define } from './definitions/all.ts'
import type { Runner } from './definitions/definition.ts'
import { type Form, formAsked, report } from './error.ts'
import { contextOf, profileContextOf } from './resolve.ts'

/** Runs the program; the exit code. @param argv - without node and the program's own name */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  const words = execLast(helpFirst(argv))
  const run: Run = { exit: 0, form: formAsked(words, io.env) }
  let blamed = 'otrtalk'
  const program = build(io, run)
  for (const command of allOf(program)) {
    command.exitOverride((error) => {
      blamed = pathOf(command)
      throw error
    })
  }
  try {
    await program.parseAsync(words, { from: 'user' })
    return run.exit
  } catch (error) {
    if (error instanceof CommanderError && /help|version/.test(error.code))
      return error.exitCode === 0 ? 0 : 2
    return report(error instanceof CommanderError ? misuse(error, blamed) : error, io, run.form)
  }
}

/** Commander's `error: unknown command 'chta'\n(Did you mean chat?)` in our form. */
function misuse({ message }: CommanderError, blamed: string): UserError {
  const [, word, name, choices] = wrongChoice.exec(message) ?? []
  if (word !== undefined)
    return new UserError(`${name} takes ${choices}, not ${word}`, { hint: `see ${blamed} --help`, exit: 2 })
  const [, fault, meant] = /^(?:error: )?(.*?)(?:\s*\((Did you mean .*)\))?$/s.exec(message) ?? []
  const hint = meant ? meant.replace('Did', 'did') : `see ${blamed} --help`
  return new UserError((fault ?? message).replace(/\.$/, ''), { hint, exit: 2 })
}

const wrongChoice = /value '(.*)' is invalid for argument '(.*)'\. Allowed choices are (.*)\.$/s

/** `otrtalk buddy add` */
const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()

/** Of one run: what it ends with, and how a fault is told. */
interface Run {
  exit: ExitCode
  /** As the command line says, until the settings are read. */
  form: Form
}

function build(io: Io, run: Run): Command {
  const started = <C extends Context>(context: C): C => {
    run.form = context.options.json ? 'json' : 'text'
    return context
  }
  const runner: Runner = {
    plain: async (command) => {
      run.exit = await command(started(await contextOf(io, given(program))))
    },
    profile: async (command, name) => {
      run.exit = await command(started(await profileContextOf(io, given(program), name)))
    },
    silent: (command) => command(io).catch(() => {}),
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
