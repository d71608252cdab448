/** The commands about buddies: `buddy …`. */
import type { Command } from 'commander'
import { readFingerprint } from '../options.ts'
import { append, examples, orElse, type Runner } from './definition.ts'

export function addBuddies(program: Command, { profile }: Runner): void {
  const commands = () => import('../commands/buddy.ts')
  const buddy = program.command('buddy').alias('buddies').description('the people you know')
  orElse(buddy, () => profile(async (context) => (await commands()).list(context)))
  examples(buddy, ['buddy add bob ot1…', 'buddy list', 'buddy show bob'])
  buddy
    .command('add')
    .argument('<alias>', 'what you call the buddy')
    .argument('<address>', 'as the buddy’s otrtalk id shows it: ot1…')
    .option('--at <host:port>', 'where the buddy is tried first; may be given several times', append)
    .description('add a buddy, who must add you too')
    .action((alias: string, address: string, { at = [] }: { at?: readonly string[] }) =>
      profile(async (context) => (await commands()).add(context, { alias, address, at })),
    )
  buddy
    .command('at')
    .argument('<alias>', 'the buddy')
    .argument('[host:port...]', 'where the buddy is tried first from now on; shown if not given')
    .option('--none', 'nowhere from now on')
    .description('show or change where a buddy is tried first')
    .action((alias: string, at: string[], { none }: { none?: boolean }) =>
      profile(async (context) => (await commands()).at(context, { alias, at, isNone: none === true })),
    )
  buddy
    .command('list')
    .description('show all buddies')
    .action(() => profile(async (context) => (await commands()).list(context)))
  buddy
    .command('show')
    .argument('<alias>', 'the buddy')
    .description('show what is known of a buddy')
    .action((alias: string) => profile(async (context) => (await commands()).show(context, alias)))
  buddy
    .command('fingerprint')
    .argument('<alias>', 'the buddy')
    .description('print a buddy’s fingerprint, and nothing else')
    .action((alias: string) => profile(async (context) => (await commands()).fingerprint(context, alias)))
  addTrust(buddy, profile)
  buddy
    .command('rename')
    .argument('<alias>', 'the buddy')
    .argument('<to>', 'what you call the buddy from now on')
    .description('give a buddy another alias')
    .action((alias: string, to: string) =>
      profile(async (context) => (await commands()).rename(context, { alias, to })),
    )
  buddy
    .command('block')
    .argument('<alias>', 'the buddy')
    .description('neither look for a buddy nor answer')
    .action((alias: string) => profile(async (context) => (await commands()).block(context, alias)))
  buddy
    .command('unblock')
    .argument('<alias>', 'the buddy')
    .description('look for a blocked buddy again, and answer')
    .action((alias: string) => profile(async (context) => (await commands()).unblock(context, alias)))
  buddy
    .command('remove')
    .argument('<alias>', 'the buddy')
    .option('--yes', 'do not ask')
    .description('forget a buddy')
    .action((alias: string, { yes }: { yes?: boolean }) =>
      profile(async (context) => (await commands()).remove(context, { alias, isSure: yes === true })),
    )
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
  buddy
    .command('unverify')
    .argument('<alias>', 'the buddy')
    .description('take back that a buddy is verified')
    .action((alias: string) => profile(async (context) => (await commands()).unverify(context, alias)))
}
