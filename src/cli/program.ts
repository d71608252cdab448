/**
 * The command line: which command, with which arguments and options. What a
 * command needs is loaded when it runs, so that `--version` and `--help` load
 * nothing. Exit codes: `ExitCode` in src/error.ts.
 */
import { Command, CommanderError } from 'commander'
import { type ExitCode, UserError } from '../error.ts'
import type { Context, Io, ProfileContext } from './context.ts'
import { report } from './error.ts'
import { everywhere, type Flags, readFingerprint, readSeconds, usage } from './options.ts'
import { contextOf, profileContextOf } from './resolve.ts'
import { version } from './version.ts'

/** Runs the program; the exit code. @param argv - without node and the program's own name */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  let exit: ExitCode = 0
  let blamed = 'otrtalk'
  const program = build(io, (code) => {
    exit = code
  })
  for (const command of allOf(program)) {
    command.exitOverride((error) => {
      blamed = pathOf(command)
      throw error
    })
  }
  try {
    await program.parseAsync(helpFirst(argv), { from: 'user' })
    return exit
  } catch (error) {
    if (error instanceof CommanderError && /help|version/.test(error.code))
      return error.exitCode === 0 ? 0 : 2
    const isJson =
      program.opts<Flags>()['json'] === true || /^(?:1|true|yes|on)$/i.test(io.env['OTRTALK_JSON'] ?? '')
    return report(
      error instanceof CommanderError ? misuse(error, blamed) : error,
      io,
      isJson ? 'json' : 'text',
    )
  }
}

/** Commander's `error: unknown command 'chta'\n(Did you mean chat?)` in our form. */
function misuse({ message }: CommanderError, blamed: string): UserError {
  const [, fault, meant] = /^(?:error: )?(.*?)(?:\s*\((Did you mean .*)\))?$/s.exec(message) ?? []
  const hint = meant ? meant.replace('Did', 'did') : `see ${blamed} --help`
  return new UserError((fault ?? message).replace(/\.$/, ''), { hint, exit: 2 })
}

/** `help buddy add` asks for the help of `buddy add`: commander's own `help` knows groups only. */
function helpFirst(argv: readonly string[]): string[] {
  const isDeep = argv[0] === 'help' && argv.length > 2 && argv.every((word) => !word.startsWith('-'))
  return isDeep ? [...argv.slice(1), '--help'] : [...argv]
}

const allOf = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(allOf)]

/** `otrtalk buddy add` */
const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()

type Run = (context: Context) => Promise<ExitCode>
type ProfileRun = (context: ProfileContext) => Promise<ExitCode>

/** How a command is run once its arguments are known. */
interface Runner {
  /** Needs no profile. */
  readonly plain: (run: Run) => Promise<void>
  /** Works on the profile in force, or on the named one, with its settings. */
  readonly profile: (run: ProfileRun, name?: string) => Promise<void>
}

function build(io: Io, setExit: (code: ExitCode) => void): Command {
  const program = new Command('otrtalk')
    .description('Talk in the terminal, end-to-end encrypted, with no server of anyone’s in between.')
    .version(version, '-V, --version')
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: () => {}, // told by `report`
    })
    .configureHelp({ showGlobalOptions: true })
  for (const [flag, description] of everywhere) {
    if (/^--(?:bootstrap|stun) /.test(flag)) program.option(flag, description, append)
    else program.option(flag, description)
  }
  examples(program, ['profile create', 'invite bob', 'accept ada', 'chat bob', 'send bob "see you at eight"'])

  const flags = (): Flags => given(program)
  const runner: Runner = {
    plain: async (run) => setExit(await run(await contextOf(io, flags()))),
    profile: async (run, name) => setExit(await run(await profileContextOf(io, flags(), name))),
  }
  addInvites(program, runner)
  addTalking(program, runner)
  addExchanges(program, runner)
  addIdentity(program, runner)
  addBuddies(program, runner)
  addProfiles(program, runner)
  addNetwork(program, runner)
  return program
}

const append = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
]

/** Without what commander fills in by itself: `--no-dht` makes `dht` true when it is not given. */
const given = (program: Command): Flags =>
  Object.fromEntries(
    Object.entries(program.opts<Flags>()).filter(([key]) => program.getOptionValueSource(key) === 'cli'),
  )

function addTalking(program: Command, { profile }: Runner): void {
  const chat = program
    .command('chat')
    .argument('<alias>', 'the buddy')
    .option('--fingerprint <f>', 'refuse anybody whose fingerprint is another')
    .description('talk with a buddy')
    .action((alias: string, { fingerprint }: { fingerprint?: string }) => {
      const pinned = fingerprint === undefined ? undefined : readFingerprint(fingerprint)
      return profile(async (context) =>
        (await import('./commands/chat.ts')).chat(context, { alias, fingerprint: pinned }),
      )
    })
  examples(chat, ['chat bob', 'chat bob --plain', 'chat bob --json | jq .text'])

  const send = program
    .command('send')
    .argument('<alias>', 'the buddy')
    .argument('[text]', 'what to say; - or nothing: all of stdin')
    .option('--timeout <seconds>', 'give up after that long, with exit code 3')
    .option('--fingerprint <f>', 'refuse anybody whose fingerprint is another')
    .description('send one message and wait until the buddy has decrypted it')
    .action((alias: string, text: string | undefined, flags: { timeout?: string; fingerprint?: string }) => {
      const timeoutMs = flags.timeout === undefined ? undefined : readSeconds(flags.timeout, '--timeout')
      const fingerprint = flags.fingerprint === undefined ? undefined : readFingerprint(flags.fingerprint)
      return profile(async (context) =>
        (await import('./commands/send.ts')).send(context, { alias, text, timeoutMs, fingerprint }),
      )
    })
  examples(send, ['send bob "see you at eight"', 'send bob - < letter.txt', 'send bob hello --timeout 60'])

  const why = program
    .command('why')
    .argument('<alias>', 'the buddy')
    .option('--timeout <seconds>', 'how long to try; 15 by default')
    .option('--redact', 'without addresses and names, to be shown to others')
    .description('try to reach a buddy, and tell what worked, what failed and why')
    .action((alias: string, { timeout, redact }: { timeout?: string; redact?: boolean }) => {
      const timeoutMs = timeout === undefined ? undefined : readSeconds(timeout, '--timeout')
      const args = { alias, timeoutMs, isRedacted: redact === true }
      return profile(async (context) => (await import('./commands/why.ts')).why(context, args))
    })
  examples(why, ['why bob', 'why bob --timeout 60', 'why bob --redact', 'why bob --json | tail -1'])

  const listen = program
    .command('listen')
    .description('be reachable, and print what comes')
    .action(() => profile(async (context) => (await import('./commands/listen.ts')).listen(context)))
  examples(listen, ['listen', 'listen --json | jq .text'])
}

function addInvites(program: Command, { profile }: Runner): void {
  const invite = program
    .command('invite')
    .argument('[alias]', 'what you call the buddy')
    .option('--qr', 'show the code as a QR code too')
    .description('make a one-time code, and wait for the buddy who has it')
    .action((alias: string | undefined, { qr }: { qr?: boolean }) =>
      profile(async (context) =>
        (await import('./commands/invite.ts')).invite(context, { alias, hasQr: qr === true }),
      ),
    )
  examples(invite, ['invite bob', 'invite bob --qr', 'invite bob --json | jq -r .code'])

  const accept = program
    .command('accept')
    .argument(
      '[alias...]',
      'what you call the buddy; - reads the code from stdin, and it is never an argument',
    )
    .usage('[options] [alias] [-]')
    .description('use the code of a buddy')
    .action(async (given: string[]) => {
      const { accept, readAcceptArguments } = await import('./commands/accept.ts')
      const args = readAcceptArguments(given)
      return profile((context) => accept(context, args))
    })
  examples(accept, ['accept ada', 'accept ada - < code.txt'])
}

/** Both take the same; which of the two begins is all the difference. */
function addExchanges(program: Command, { profile }: Runner): void {
  const add = (name: 'offer' | 'answer', description: string): Command =>
    program
      .command(name)
      .argument('<alias>', 'the buddy, or who has the other half of an invite code')
      .argument('[dash]', '- reads the line of the buddy from stdin')
      .usage('[options] <alias> [-]')
      .option('--qr', 'show your line as a QR code too')
      .option('--fingerprint <f>', 'refuse anybody whose fingerprint is another')
      .description(description)
      .action((alias: string, dash: string | undefined, flags: { qr?: boolean; fingerprint?: string }) => {
        if (dash !== undefined && dash !== '-')
          throw usage(
            'the line of a buddy is not given as an argument',
            `you are asked for it, or give it on stdin: otrtalk ${name} ${alias} -`,
          )
        const fingerprint = flags.fingerprint === undefined ? undefined : readFingerprint(flags.fingerprint)
        const args = { alias, isPiped: dash === '-', hasQr: flags.qr === true, fingerprint }
        return profile(async (context) =>
          name === 'offer'
            ? (await import('./commands/offer.ts')).offer(context, args)
            : (await import('./commands/answer.ts')).answer(context, args),
        )
      })
  examples(add('offer', 'connect by a line of text each way, without the DHT'), [
    'offer bob',
    'offer bob --qr',
  ])
  examples(add('answer', 'answer the offer of a buddy'), ['answer ada', 'answer ada --json | jq -r .line'])
}

function addIdentity(program: Command, { profile }: Runner): void {
  const id = program
    .command('id')
    .option('--qr', 'show the address as a QR code too')
    .option('--rotate', 'make a new address; your buddies are told it')
    .option('--yes', 'do not ask')
    .description('show your own address and fingerprint')
    .action(({ qr, rotate, yes }: { qr?: boolean; rotate?: boolean; yes?: boolean }) => {
      const args = { hasQr: qr === true, isNew: rotate === true, isSure: yes === true }
      return profile(async (context) => (await import('./commands/id.ts')).id(context, args))
    })
  examples(id, ['id', 'id --qr', 'id --rotate', 'id --json | jq -r .address'])
}

function addBuddies(program: Command, { profile }: Runner): void {
  const commands = () => import('./commands/buddy.ts')
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
  const commands = () => import('./commands/verify.ts')
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

function addProfiles(program: Command, { plain, profile }: Runner): void {
  const commands = () => import('./commands/profile.ts')
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

function addNetwork(program: Command, { plain, profile }: Runner): void {
  program
    .command('interfaces')
    .alias('iflist')
    .description('show the network interfaces to use with --interface')
    .action(() => plain(async (context) => (await import('./commands/interfaces.ts')).interfaces(context)))
  const node = program
    .command('node')
    .alias('host')
    .description('run a DHT node: the seed of a private network')
    .action(() => plain(async (context) => (await import('./commands/node.ts')).node(context)))
  examples(node, ['node --port 6881', 'chat bob --bootstrap 192.168.1.2:6881'])
  program
    .command('demo')
    .description('try it alone: a private network on this machine, and a buddy that answers')
    .action(() => plain(async (context) => (await import('./commands/demo.ts')).demo(context)))
  const parts = () => import('./commands/demopart.ts')
  program
    .command('demo-network', { hidden: true })
    .action(() => plain(async (context) => (await parts()).demoNetwork(context)))
  program
    .command('demo-buddy', { hidden: true })
    .action(() => profile(async (context) => (await parts()).demoBuddy(context)))
}

/** What a group of commands does without any; an unknown one is refused, naming those there are. */
function orElse(group: Command, run: () => Promise<void>): void {
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
function examples(command: Command, lines: readonly string[]): void {
  command.addHelpText('before', `Examples:\n${lines.map((line) => `  otrtalk ${line}\n`).join('')}`)
}
