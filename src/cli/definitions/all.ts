/** The whole command line: the options of every command, and the commands in groups. */
import { Command, type OutputConfiguration } from 'commander'
import { themes } from '../../edge/settings.ts'
import { everywhere, optionGroups } from '../options.ts'
import { version } from '../version.ts'
import { addBuddies } from './buddies.ts'
import { append, examples, type Runner, values } from './definition.ts'
import { formatHelp, termOf } from './help.ts'
import { addHistory } from './history.ts'
import { addIdentity } from './identity.ts'
import { addExchanges, addInvites } from './meeting.ts'
import { addNetwork } from './network.ts'
import { addOutbox } from './outbox.ts'
import { addProfiles } from './profiles.ts'
import { addShells } from './shells.ts'
import { addAlone, addTalking } from './talking.ts'

export function define(runner: Runner, output: OutputConfiguration = {}): Command {
  const program = new Command('otrtalk')
    .description(
      'Talk in the terminal, end-to-end encrypted, with no server of anyone’s in between. Without a command: the chat screen, with all your buddies.',
    )
    .helpOption('-h, --help', 'show this')
    .helpCommand('help [command]', 'show the help of a command')
    .configureOutput(output)
    .configureHelp({ formatHelp, subcommandTerm: termOf })
  addOptions(program)
  examples(program, ['profile create', 'invite bob', 'accept ada', 'chat bob', 'send bob "see you at eight"'])
  values(program, { '--profile': 'profiles', '--interface': 'interfaces', '--theme': themes })
  addAlone(program, runner)
  program.commandsGroup('Meet:')
  addInvites(program, runner)
  program.commandsGroup('Talk:')
  addTalking(program, runner)
  addOutbox(program, runner)
  addHistory(program, runner)
  program.commandsGroup('Without the DHT:')
  addExchanges(program, runner)
  program.commandsGroup('You and your buddies:')
  addIdentity(program, runner)
  addBuddies(program, runner)
  addProfiles(program, runner)
  program.commandsGroup('More:')
  addNetwork(program, runner)
  addShells(program, runner)
  return program
}

/** The command itself and all below it. */
export const allOf = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(allOf)]

function addOptions(program: Command): void {
  for (const [flag, description] of everywhere) {
    const heading = optionGroups[flag.split(' ', 1)[0]!]
    if (heading !== undefined) program.optionsGroup(heading)
    if (/^--(?:bootstrap|stun|notify-command) /.test(flag)) program.option(flag, description, append)
    else program.option(flag, description)
  }
  program.optionsGroup('Help:').version(version, '-V, --version', 'show the version')
}

/** Of whoever looks at the definitions only. */
export const nobody: Runner = { plain: nothing, profile: nothing, silent: nothing }

async function nothing(): Promise<void> {}
