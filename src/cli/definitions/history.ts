/** The commands about what is kept of conversations: `history …`. */
import type { Command } from 'commander'
import { usage } from '../options.ts'
import { examples, exits, opening, type Runner, values } from './definition.ts'

/** As commander has them. */
interface WhichFlags {
  readonly search?: string
  readonly since?: string
  readonly until?: string
  readonly last?: string
}

export function addHistory(program: Command, { profile }: Runner): void {
  const commands = () => import('../commands/history.ts')
  const history = program.command('history').description('what was said and kept, on this machine')
  // Before its commands, and so the commands' own: what is typed behind one of them is read as the group's, too.
  which(history)
    .argument('[alias]', 'the buddy, or the first digits of a key; all there are if not given')
    .usage('[options] [alias | command]')
    .action((alias: string | undefined, flags: WhichFlags) => {
      if (alias !== undefined)
        return profile(async (context) => (await commands()).show(context, { alias, ...flags }))
      for (const flag of Object.keys(flags))
        throw usage(`--${flag} needs a buddy`, 'as in otrtalk history bob --last 20')
      return profile(async (context) => (await commands()).list(context))
    })
  // The group's, which its other commands would ignore: `delete` would take more than was meant.
  const refuseWhich = (of: Command, hint: string): void => {
    for (const flag of Object.keys(history.opts()))
      throw usage(`history ${of.name()} takes no --${flag}`, hint)
  }
  const list = history
    .command('list')
    .description('with whom something is kept, since when, and for how long')
    .action((_: unknown, command: Command) => {
      refuseWhich(command, 'lines are searched with one buddy: otrtalk history bob --search lunch')
      return profile(async (context) => (await commands()).list(context))
    })
  const exported = which(history.command('export'))
    .argument('<alias>', 'the buddy, or the first digits of a key')
    .argument('<file>', 'a file that is not there yet; - for stdout')
    .description('write it as plain text, or with --json as JSON lines')
    .action((alias: string, to: string, _: unknown, command: Command) =>
      profile(async (context) =>
        (await commands()).exportTo(context, { alias, to, ...command.optsWithGlobals<WhichFlags>() }),
      ),
    )
  const remove = history
    .command('delete')
    .argument('<alias>', 'the buddy, or the first digits of a key')
    .option('--before <when>', 'only what is older: 2026-11-20, 30d')
    .option('--yes', 'do not ask')
    .description('delete it from this machine')
    .action((alias: string, { before, yes }: { before?: string; yes?: boolean }, command: Command) => {
      refuseWhich(command, 'only --before says which lines: otrtalk history delete bob --before 30d')
      return profile(async (context) =>
        (await commands()).remove(context, { alias, before, isSure: yes === true }),
      )
    })
  examples(history, ['history bob', 'history bob --last 20', 'history bob --search lunch --since 30d'])
  exits(history, { ...opening, 0: 'shown', 1: `${opening[1]}; nothing is kept of that buddy` })
  exits(list, { ...opening, 0: 'shown' })
  examples(exported, ['history export bob bob.txt', 'history export bob - --json | jq .text'])
  exits(exported, { ...opening, 0: 'written', 1: `${opening[1]}; nothing is kept; the file exists already` })
  examples(remove, ['history delete bob', 'history delete bob --before 30d --yes'])
  exits(remove, { ...opening, 0: 'deleted', 1: `${opening[1]}; nothing is kept; not confirmed` })
  for (const each of [history, exported])
    values(each, { '--search': 'new', '--since': 'new', '--until': 'new' })
  values(remove, { '--before': 'new' })
}

/** Which lines: the newest of those that have all of it. */
const which = (command: Command): Command =>
  command
    .option('--search <text>', 'only lines with this text, capitals or not')
    .option('--since <when>', 'from then on: 2026-11-20, "2026-11-20 14:00", 7d, 12h')
    .option('--until <when>', 'up to then')
    .option('--last <n>', 'the newest of them')
