/** The commands about profiles: `profile …`. */
import type { Command } from 'commander'
import { settingNames } from '../../edge/settings.ts'
import type { NewFlags } from '../prompts/passphrase.ts'
import { type Exits, examples, exits, opening, orElse, type Runner, values } from './definition.ts'

export function addProfiles(program: Command, runner: Runner): void {
  const { plain, profile } = runner
  const commands = () => import('../commands/profile.ts')
  const group = program.command('profile').alias('profiles').description('your identities on this machine')
  orElse(group, () => plain(async (context) => (await commands()).list(context)))
  examples(group, ['profile create', 'profile create work', 'profile list'])
  exits(group, listing)
  const create = group
    .command('create')
    .argument('[name]', '“default” if not given')
    .option(...withoutPassphrase)
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
  addPassphrase(group, runner)
  addCarrying(group, runner)
  addSettings(group, runner)
}

function addPassphrase(group: Command, { profile }: Runner): void {
  const rekey = group
    .command('passphrase')
    .argument('[name]', 'the profile in use if not given')
    .option(...withoutPassphrase)
    .description('set, change or remove the passphrase of a profile')
    .action((name: string | undefined, { passphrase, ...flags }: { passphrase: boolean } & NewFlags) =>
      profile(async (context) => {
        const { rekey } = await import('../commands/rekey.ts')
        return rekey(context, { ...flags, isOpen: !passphrase })
      }, name),
    )
  withNewPassphrase(rekey)
  exits(rekey, {
    0: 'set, changed or removed',
    1: 'no such profile; two passphrases differ; the vault cannot be read or written',
    5: 'the profile is in use; a passphrase is wrong, or needed and there is nobody to ask',
  })
  values(rekey, { name: 'profiles', '--new-passphrase-file': 'files' })
  examples(rekey, ['profile passphrase', 'profile passphrase work --no-passphrase'])
}

function addCarrying(group: Command, { plain, profile }: Runner): void {
  const commands = () => import('../commands/carry.ts')
  const exporting = group
    .command('export')
    .argument('[name]', 'the profile in use if not given')
    .requiredOption('--to <file>', 'the file to make; - for stdout')
    .description('write a profile to one sealed file, for another machine')
    .action((name: string | undefined, flags: { to: string } & NewFlags) =>
      profile(async (context) => (await commands()).exportTo(context, flags), name),
    )
  withNewPassphrase(exporting)
  exits(exporting, {
    0: 'exported',
    1: 'no such profile; the file exists, or cannot be written; two passphrases differ',
    5: 'the profile is in use; a passphrase is wrong, or needed and there is nobody to ask',
  })
  values(exporting, { name: 'profiles', '--to': 'files', '--new-passphrase-file': 'files' })
  examples(exporting, ['profile export --to ada.otrtalk'])
  const importing = group
    .command('import')
    .argument('<file>', 'what “profile export” wrote; - for stdin')
    .argument('[name]', 'as it was called where it comes from, if not given')
    .option(...withoutPassphrase)
    .description('make a profile of an exported one')
    .action(
      (
        from: string,
        name: string | undefined,
        { passphrase, ...flags }: { passphrase: boolean } & NewFlags,
      ) =>
        plain(async (context) =>
          (await commands()).importFrom(context, { ...flags, from, name, isOpen: !passphrase }),
        ),
    )
  withNewPassphrase(importing)
  exits(importing, {
    0: 'imported',
    1: 'the name is taken; the file is damaged, or of a newer otrtalk; two passphrases differ',
    5: 'a passphrase is wrong, or needed and there is nobody to ask',
  })
  values(importing, { file: 'files', name: 'new', '--new-passphrase-file': 'files' })
  examples(importing, ['profile import ada.otrtalk', 'profile import ada.otrtalk work'])
}

function addSettings(group: Command, { plain, profile }: Runner): void {
  const commands = () => import('../commands/settings.ts')
  const list = group
    .command('settings')
    .argument('[name]', 'the profile in use if not given')
    .description('show the value of every option, and where it comes from')
    .action((name?: string) => profile(async (context) => (await commands()).listSettings(context), name))
  exits(list, { 0: 'shown', 1: 'no such profile; the settings cannot be read' })
  values(list, { name: 'profiles' })
  const set = group
    .command('set')
    .argument('<option>', 'its name without --: port, bootstrap, dht')
    .argument('<values...>', 'on or off for what is switched; several for a list')
    .description('set an option for every use of a profile')
    .action((name: string, given: readonly string[]) =>
      plain(async (context) => (await commands()).set(context, { name, values: given })),
    )
  exits(set, changing)
  values(set, { option: settingNames, values: 'setting' })
  examples(set, ['profile set port 50123', 'profile set lan off', 'profile set profile work'])
  const unset = group
    .command('unset')
    .argument('<option>', 'its name without --')
    .description('go back to the default of an option')
    .action((name: string) => plain(async (context) => (await commands()).unset(context, name)))
  exits(unset, changing)
  values(unset, { option: settingNames })
}

function withNewPassphrase(command: Command): void {
  command
    .option('--new-passphrase-file <file>', 'read the new passphrase from this file')
    .option('--new-passphrase-fd <n>', 'read the new passphrase from this file descriptor')
}

const withoutPassphrase = ['--no-passphrase', 'whoever can read this disk can use the profile'] as const
const changing: Exits = {
  0: 'written',
  1: 'no such profile; the settings cannot be read or written',
  5: 'the profile is in use',
}
const listing: Exits = { 0: 'shown', 1: 'the folder of profiles cannot be read' }
