/** The commands about profiles: `profile …`. */
import type { Command } from 'commander'
import { type Exits, examples, exits, opening, orElse, type Runner, values } from './definition.ts'

export function addProfiles(program: Command, { plain, profile }: Runner): void {
  const commands = () => import('../commands/profile.ts')
  const group = program.command('profile').alias('profiles').description('your identities on this machine')
  orElse(group, () => plain(async (context) => (await commands()).list(context)))
  examples(group, ['profile create', 'profile create work', 'profile list'])
  exits(group, listing)
  const create = group
    .command('create')
    .argument('[name]', '“default” if not given')
    .option('--no-passphrase', 'whoever can read this disk can use the profile')
    .description('make a profile with a new identity')
    .action((name: string | undefined, { passphrase }: { passphrase: boolean }) =>
      plain(async (context) => (await commands()).create(context, { name, isOpen: !passphrase })),
    )
  exits(create, {
    0: 'made',
    1: 'the name is taken; two passphrases differ; the folder cannot be written',
    5: 'a passphrase is needed, and there is nobody to ask',
  })
  values(create, { name: 'new' })
  const list = group
    .command('list')
    .description('show all profiles')
    .action(() => plain(async (context) => (await commands()).list(context)))
  exits(list, listing)
  const show = group
    .command('show')
    .argument('[name]', 'the profile in use if not given')
    .description('show what a profile has')
    .action((name?: string) => profile(async (context) => (await commands()).show(context), name))
  exits(show, { ...opening, 0: 'shown' })
  values(show, { name: 'profiles' })
  const remove = group
    .command('remove')
    .argument('<name>', 'the profile')
    .option('--yes', 'do not ask')
    .description('remove a profile and all it has')
    .action((name: string, { yes }: { yes?: boolean }) =>
      plain(async (context) => (await commands()).remove(context, { name, isSure: yes === true })),
    )
  exits(remove, {
    0: 'removed',
    1: 'no such profile; not confirmed; the folder cannot be removed',
    5: 'the profile is in use',
  })
  values(remove, { name: 'profiles' })
}

const listing: Exits = { 0: 'shown', 1: 'the folder of profiles cannot be read' }
