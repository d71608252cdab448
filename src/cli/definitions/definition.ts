/**
 * What definitions of commands have in common: how they run, and what is said of
 * each beside what commander knows: examples, exit codes, what completes a word.
 */
import type { Command } from 'commander'
import type { ExitCode } from '../../error.ts'
import type { Context, Io, ProfileContext } from '../context.ts'
import { usage } from '../options.ts'

export type Run = (context: Context) => Promise<ExitCode>
export type ProfileRun = (context: ProfileContext) => Promise<ExitCode>

/** How a command is run once its arguments are known. */
export interface Runner {
  /** Needs no profile. */
  readonly plain: (run: Run) => Promise<void>
  /** Works on the profile in force, or on the named one, with its settings. */
  readonly profile: (run: ProfileRun, name?: string) => Promise<void>
  /** Whatever goes wrong, and whatever is set, nothing is said of it. */
  readonly silent: (run: (io: Io) => Promise<void>) => Promise<void>
}

/** Of an option that may be given several times. */
export const append = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
]

/** What a group of commands does without any; an unknown one is refused, naming those there are. */
export function orElse(group: Command, run: () => Promise<void>): void {
  group
    .argument('[command]')
    .usage('[command]')
    .allowExcessArguments() // those of the unknown one
    .action((word?: string) => {
      if (word === undefined) return run()
      const names = group.commands.map((command) => command.name()).join(', ')
      throw usage(`unknown command '${group.name()} ${word}'`, `there are: ${names}`)
    })
}

/** What a command can end with, and when, in words; beside what any command can: `commonExits`. */
export type Exits = Readonly<Partial<Record<ExitCode, string>>>

/** What a word stands for that has no fixed values. */
export type ValueKind = 'buddies' | 'files' | 'interfaces' | 'profiles'

/** What a definition says beside what commander knows. */
export interface Facts {
  readonly examples: readonly string[]
  readonly exits: Exits
  /** Of the program: what it does without a command. */
  readonly alone: string
  /** By argument's name, or long flag. `new`: nobody can know it; `setting`: what the option takes that is named before. */
  readonly values: Readonly<Record<string, ValueKind | 'new' | 'setting' | readonly string[]>>
}

/** Of a command, or of the program itself. */
export const factsOf = (command: Command): Facts => facts.get(command) ?? noFacts

/** Before everything else in the help; without `otrtalk`. */
export const examples = (command: Command, lines: readonly string[]): void =>
  note(command, { examples: lines })

export const exits = (command: Command, codes: Exits): void => note(command, { exits: codes })

export const alone = (program: Command, does: string): void => note(program, { alone: does })

export const values = (command: Command, kinds: Facts['values']): void => note(command, { values: kinds })

/** Of whatever opens a profile. */
export const opening = {
  1: 'no such profile; its vault cannot be read',
  5: 'the profile is in use, or the passphrase is wrong',
} as const satisfies Exits

/** Of whatever looks a buddy up in a profile. */
export const knowing = {
  ...opening,
  1: 'no such profile or buddy; the vault cannot be read or written',
} as const

/** Said once: every command can end with these. */
export const commonExits = {
  2: 'wrong usage: of a command, an option, a variable, a setting',
  70: 'a fault of otrtalk’s own; please report it',
  129: 'ended by SIGHUP: the terminal was closed',
  130: 'ended by Ctrl-C; in a conversation it leaves, with 0',
  143: 'ended by SIGTERM',
} as const satisfies Exits

const noFacts: Facts = { examples: [], exits: {}, alone: '', values: {} }
const facts = new WeakMap<Command, Facts>()

function note(command: Command, noted: Partial<Facts>): void {
  facts.set(command, { ...factsOf(command), ...noted })
}
