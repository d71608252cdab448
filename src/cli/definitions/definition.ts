/** What definitions of commands have in common: how they run, and what their help says first. */
import type { Command } from 'commander'
import type { ExitCode } from '../../error.ts'
import type { Context, ProfileContext } from '../context.ts'
import { usage } from '../options.ts'

export type Run = (context: Context) => Promise<ExitCode>
export type ProfileRun = (context: ProfileContext) => Promise<ExitCode>

/** How a command is run once its arguments are known. */
export interface Runner {
  /** Needs no profile. */
  readonly plain: (run: Run) => Promise<void>
  /** Works on the profile in force, or on the named one, with its settings. */
  readonly profile: (run: ProfileRun, name?: string) => Promise<void>
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
    .action((word?: string) => {
      if (word === undefined) return run()
      const names = group.commands.map((command) => command.name()).join(', ')
      throw usage(`unknown command '${group.name()} ${word}'`, `there are: ${names}`)
    })
}

/** Before everything else in the help. */
export function examples(command: Command, lines: readonly string[]): void {
  command.addHelpText('before', `Examples:\n${lines.map((line) => `  otrtalk ${line}\n`).join('')}`)
}
