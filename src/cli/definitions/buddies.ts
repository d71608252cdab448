/** The commands about buddies: `buddy …`. */
import type { Command } from 'commander'
import { habitNames } from '../../profile/habits.ts'
import { readFingerprint } from '../options.ts'
import { append, examples, exits, knowing, opening, orElse, type Runner, values } from './definition.ts'

export function addBuddies(program: Command, { profile }: Runner): void {
  const commands = () => import('../commands/buddy.ts')
  const buddy = program.command('buddy').alias('buddies').description('the people you know')
  orElse(buddy, () => profile(async (context) => (await commands()).list(context)))
  examples(buddy, ['buddy add bob ot1…', 'buddy list', 'buddy show bob'])
  exits(buddy, { ...opening, 0: 'shown' })
  const add = buddy
    .command('add')
    .argument('<alias>', 'what you call the buddy')
    .argument('<address>', 'as the buddy’s otrtalk id shows it: ot1…')
    .option('--at <host:port>', 'where the buddy is tried first; may be given several times', append)
    .description('add a buddy, who must add you too')
    .action((alias: string, address: string, { at = [] }: { at?: readonly string[] }) =>
      profile(async (context) => (await commands()).add(context, { alias, address, at })),
    )
  const at = buddy
    .command('at')
    .argument('<alias>', 'the buddy')
    .argument('[host:port...]', 'where the buddy is tried first from now on; shown if not given')
    .option('--none', 'nowhere from now on')
    .description('show or change where a buddy is tried first')
    .action((alias: string, at: string[], { none }: { none?: boolean }) =>
      profile(async (context) => (await commands()).at(context, { alias, at, isNone: none === true })),
    )
  const set = buddy
    .command('set')
    .argument('<alias>', 'the buddy')
    .argument('<habit>', habitNames.join(', '))
    .argument('<value>', 'on or off, for keep a number of days; or default: as the profile’s settings say')
    .description('say what one buddy is told of you, and what is kept')
    .action((alias: string, habit: string, value: string) =>
      profile(async (context) => (await commands()).set(context, { alias, habit, value })),
    )
  const list = buddy
    .command('list')
    .description('show all buddies')
    .action(() => profile(async (context) => (await commands()).list(context)))
  const show = buddy
    .command('show')
    .argument('<alias>', 'the buddy')
    .description('show what is known of a buddy')
    .action((alias: string) => profile(async (context) => (await commands()).show(context, alias)))
  const fingerprint = buddy
    .command('fingerprint')
    .argument('<alias>', 'the buddy')
    .description('print a buddy’s fingerprint, and nothing else')
    .action((alias: string) => profile(async (context) => (await commands()).fingerprint(context, alias)))
  addTrust(buddy, profile)
  const rename = buddy
    .command('rename')
    .argument('<alias>', 'the buddy')
    .argument('<to>', 'what you call the buddy from now on')
    .description('give a buddy another alias')
    .action((alias: string, to: string) =>
      profile(async (context) => (await commands()).rename(context, { alias, to })),
    )
  const block = buddy
    .command('block')
    .argument('<alias>', 'the buddy')
    .description('neither look for a buddy nor answer')
    .action((alias: string) => profile(async (context) => (await commands()).block(context, alias)))
  const unblock = buddy
    .command('unblock')
    .argument('<alias>', 'the buddy')
    .description('look for a blocked buddy again, and answer')
    .action((alias: string) => profile(async (context) => (await commands()).unblock(context, alias)))
  const remove = buddy
    .command('remove')
    .argument('<alias>', 'the buddy')
    .option('--yes', 'do not ask; what waits for the buddy is dropped')
    .description('forget a buddy')
    .action((alias: string, { yes }: { yes?: boolean }) =>
      profile(async (context) => (await commands()).remove(context, { alias, isSure: yes === true })),
    )
  exits(add, {
    ...opening,
    0: 'added',
    1: 'no such profile; the alias or the address is taken; the address is your own',
  })
  values(add, { alias: 'new', address: 'new', '--at': 'new' })
  exits(at, { ...knowing, 0: 'shown or changed' })
  exits(set, { ...knowing, 0: 'set' })
  values(set, { habit: habitNames, value: ['on', 'off', 'default'] })
  examples(set, ['buddy set bob typing on', 'buddy set bob keep 30'])
  exits(list, { ...opening, 0: 'shown' })
  exits(show, { ...knowing, 0: 'shown' })
  exits(fingerprint, { ...knowing, 0: 'printed', 1: `${knowing[1]}; the fingerprint is not known yet` })
  exits(rename, { ...knowing, 0: 'renamed', 1: `${knowing[1]}; the alias is taken` })
  values(rename, { to: 'new' })
  exits(block, { ...knowing, 0: 'blocked' })
  exits(unblock, { ...knowing, 0: 'not blocked any more' })
  exits(remove, { ...knowing, 0: 'removed', 1: `${knowing[1]}; not confirmed` })
}

function addTrust(buddy: Command, profile: Runner['profile']): void {
  const commands = () => import('../commands/verify.ts')
  const verify = buddy
    .command('verify')
    .argument('<alias>', 'the buddy')
    .option('--fingerprint <f>', 'as the buddy told it: nothing is asked')
    .description('compare fingerprints with a buddy, and mark the buddy as verified')
    .action((alias: string, { fingerprint }: { fingerprint?: string }) => {
      const told = fingerprint === undefined ? undefined : readFingerprint(fingerprint)
      return profile(async (context) => (await commands()).verify(context, { alias, fingerprint: told }))
    })
  examples(verify, ['buddy verify bob', 'buddy verify bob --fingerprint 0A3F…'])
  exits(verify, { ...knowing, 0: 'verified', 4: 'the fingerprints do not match' })
  const unverify = buddy
    .command('unverify')
    .argument('<alias>', 'the buddy')
    .description('take back that a buddy is verified')
    .action((alias: string) => profile(async (context) => (await commands()).unverify(context, alias)))
  exits(unverify, { ...knowing, 0: 'not verified any more' })
}
