/** The commands about profiles: `profile …`. */
import type { Command } from 'commander'
import { examples, orElse, type Runner } from './definition.ts'

export function addProfiles(program: Command, { plain, profile }: Runner): void {
  const commands = () => import('../commands/profile.ts')
  const group = program.command('profile').alias('profiles').description('your identities on this machine')
  orElse(group, () => plain(async (context) => (await commands()).list(context)))
  examples(group, ['profile create', 'profile create work', 'profile list'])
  group
    .command('create')
    .argument('[name]', '“default” if not given')
    .option('--no-passphrase', 'whoever can read this disk can use the profile')
    .description('make a profile with a new identity')
    .action((name: string | undefined, { passphrase }: { passphrase: boolean }) =>
      plain(async (context) => (await commands()).create(context, { name, isOpen: !passphrase })),
    )
  group
    .command('list')
    .description('show all profiles')
    .action(() => plain(async (context) => (await commands()).list(context)))
  group
    .command('show')
    .argument('[name]', 'the profile in use if not given')
    .description('show what a profile has')
    .action((name?: string) => profile(async (context) => (await commands()).show(context), name))
  group
    .command('remove')
    .argument('<name>', 'the profile')
    .option('--yes', 'do not ask')
    .description('remove a profile and all it has')
    .action((name: string, { yes }: { yes?: boolean }) =>
      plain(async (context) => (await commands()).remove(context, { name, isSure: yes === true })),
    )
}
