/**
 * For every command and each exit code that it lists, something that ends with
 * it: real files, real processes, a private DHT. Who adds a command or a code
 * adds a scenario; exits.test.ts says which are missing.
 */
import { spawnSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Ended, entry } from '../../support/program.ts'
import { startThief } from '../../support/thief.ts'
import { contentsOf, keepIn, type Person, patience, type World, writeTo } from './world.ts'

/** A text: why it cannot be tried here. */
export type Scenario = (world: World) => Promise<Ended | `skipped: ${string}`>

/** By path and exit code; `otrtalk` without a command has the path ''. */
export type Scenarios = Readonly<Record<string, Readonly<Record<string, Scenario>>>>

/** 112 hex digits that are nobody's. */
const nobodys = '0a'.repeat(56)

/** One message that no outbox takes, and the end of the input. */
const tooLong = `${JSON.stringify({ say: 'x'.repeat(40_000) })}\n`

/** Nobody has a profile there. */
const withoutProfile =
  (...args: string[]): Scenario =>
  (world) =>
    world.run(args, world.nobody())

/** A passphrase is needed, and there is nobody to ask. */
const locked =
  (...args: string[]): Scenario =>
  async (world) =>
    world.run(args, await world.locked())

/** The UDP port is somebody else's. */
const withTakenPort =
  (...args: string[]): Scenario =>
  async (world) =>
    world.run([...args, '--port', world.takenPort], (await world.pair()).ada)

const onFullDisk =
  (...args: string[]): Scenario =>
  (world) =>
    world.into('> /dev/full', args, world.nobody())

/** Of a profile that knows Bob. */
const knowingBob =
  (...args: string[]): Scenario =>
  async (world) =>
    world.run(args, (await world.pair()).ada)

const opening = (path: string, ...args: string[]) => ({
  1: withoutProfile(...path.split(' '), ...args),
  5: locked(...path.split(' '), ...args),
})

/** While Bob is reachable for everybody. */
const whileBobListens =
  (run: (world: World, ada: Person, bob: Person) => Promise<Ended>) =>
  async (world: World): Promise<Ended> => {
    const { ada, bob } = await world.pair()
    await using listening = world.start(['listen', '--json'], bob)
    await listening.event('listening')
    return await run(world, ada, bob)
  }

/** While somebody who stole Bob's discovery secret answers as Bob. */
const whileBobIsNotBob =
  (...args: string[]): Scenario =>
  async (world) => {
    const { ada, bob } = await world.pair()
    const [of, as] = [await contentsOf(ada, 'ada'), await contentsOf(bob, 'bob')]
    using _thief = startThief({ of: of.identity, as: as.identity, bootstrap: world.node.address })
    return await world.run(args, ada)
  }

const talking: Scenarios = {
  '': {
    0: whileBobListens((world, ada) => world.run(['--plain'], { ...ada, input: '/to bob\nhello\n' })),
    1: withoutProfile(),
    3: async (world) => {
      const { ada } = await world.pair()
      const input = `${JSON.stringify({ to: 'bob', say: 'x'.repeat(40_000) })}\n`
      return await world.run(['--json'], { ...ada, input })
    },
    5: locked('--plain'),
    6: withTakenPort('--plain'),
  },
  chat: {
    ...opening('chat', 'bob'),
    0: whileBobListens((world, ada, { fingerprint }) =>
      world.run(['chat', 'bob', '--timeout', '40', '--fingerprint', fingerprint], {
        ...ada,
        input: 'hello\n',
      }),
    ),
    3: async (world) => world.run(['chat', 'bob', '--json'], { ...(await world.pair()).ada, input: tooLong }),
    4: knowingBob('chat', 'bob', '--fingerprint', nobodys),
    6: withTakenPort('chat', 'bob'),
  },
  send: {
    ...opening('send', 'bob', 'hello'),
    0: async (world) => {
      const { ada, bob } = await world.pair()
      const [into, gift] = [world.path('into'), await world.file('gift', 'for Bob\n')]
      await mkdir(into)
      await using listening = world.start(['listen', '--json', '--accept-from', 'ada', '--into', into], bob)
      await listening.event('listening')
      await world.run(['send', 'bob', '--file', gift, '--timeout', '40'], ada)
      const by = ['--timeout', '40', '--fingerprint', bob.fingerprint]
      return await world.run(['send', 'bob', 'hello', ...by], ada)
    },
    3: knowingBob('send', 'bob', 'hello', '--timeout', '0.5'),
    4: knowingBob('send', 'bob', 'hello', '--fingerprint', nobodys),
    6: withTakenPort('send', 'bob', 'hello'),
  },
  why: {
    ...opening('why', 'bob'),
    0: whileBobListens((world, ada) => world.run(['why', 'bob', '--timeout', '40', '--redact'], ada)),
    3: knowingBob('why', 'bob', '--timeout', '1'),
    4: whileBobIsNotBob('why', 'bob', '--timeout', '40'),
    6: withTakenPort('why', 'bob'),
  },
  listen: {
    ...opening('listen'),
    // The reader goes with the first line; the message comes after it.
    0: async (world) => {
      const { ada, bob } = await world.pair()
      const into = world.path('into')
      await mkdir(into)
      const taking = ['--accept-from', 'ada', '--into', into, '--max', '1M']
      const args = ['listen', '--json', ...taking, '--exec-timeout', '5', '--exec', 'true']
      const unread = async (): Promise<Ended> => {
        await using _sending = world.start(['send', 'bob', 'hello'], ada) // perhaps nobody is there any more
        return await world.into('| head -1', args, bob)
      }
      const ended = await unread()
      await Promise.all([
        world.run(['listen', '--stream', 'x', '--timeout', '60'], bob),
        world.run(['send', 'bob', '--stream', 'x'], { ...ada, input: 'octets' }),
      ])
      return ended
    },
    3: async (world) => {
      const { ada, bob } = await world.pair()
      await using sending = world.start(['send', 'bob', '--stream', 'x'], ada)
      const args = ['listen', '--stream', '--timeout', '0.5']
      await using listening = world.start(args, bob)
      sending.write('some of it\n')
      await listening.line('some of it', patience)
      sending.signal('SIGKILL')
      return world.noted(args, await listening.ended(patience))
    },
    6: withTakenPort('listen'),
  },
}

/** Ada's code and what Bob makes of it: both end when their input has, and each knows the other. */
async function meet(
  world: World,
  {
    ada,
    bob,
    flags = [],
  }: { readonly ada: Person; readonly bob: Person; readonly flags?: readonly string[] },
): Promise<{ readonly inviting: Ended; readonly accepting: Ended }> {
  const args = ['invite', 'friend', '--json', ...flags]
  await using inviting = world.start(args, ada)
  inviting.end()
  const { code } = await inviting.event('code')
  const accepting = world.run(['accept', 'friend', '-', '--timeout', '40'], { ...bob, input: `${code}\n` })
  return {
    inviting: world.noted(args, await inviting.ended(patience)),
    accepting: await accepting,
  }
}

/** Both have blocked each other, and meet again under another name. */
async function meetBlocked(world: World): ReturnType<typeof meet> {
  return await meet(world, await world.pair((buddy) => ({ ...buddy, isBlocked: true })))
}

const strangers = async (world: World) => ({ ada: await world.person(), bob: await world.person('bob') })

const meeting: Scenarios = {
  invite: {
    ...opening('invite', 'bob'),
    0: async (world) =>
      (await meet(world, { ...(await strangers(world)), flags: ['--qr', '--timeout', '40'] })).inviting,
    3: async (world) => {
      const { ada, bob } = await strangers(world)
      const args = ['invite', 'friend', '--json']
      await using inviting = world.start(args, ada)
      const { code } = await inviting.event('code')
      inviting.end(tooLong)
      await using accepting = world.start(['accept', 'friend', '-'], bob)
      accepting.write(`${code}\n`)
      return world.noted(args, await inviting.ended(patience))
    },
    4: async (world) => (await meetBlocked(world)).inviting,
    6: withTakenPort('invite', 'friend'),
  },
  accept: {
    1: async (world) =>
      world.run(['accept', 'x', '-'], { ...world.nobody(), input: 'zoo zoo zoo zoo zoo zoo\n' }),
    5: async (world) =>
      world.run(['accept', 'x', '-'], { ...(await world.locked()), input: 'zoo zoo zoo zoo zoo zoo\n' }),
    0: async (world) => (await meet(world, await strangers(world))).accepting,
    3: async (world) => {
      const { ada, bob } = await strangers(world)
      await using inviting = world.start(['invite', 'friend', '--json'], ada)
      const { code } = await inviting.event('code')
      return await world.run(['accept', 'friend', '-', '--json'], { ...bob, input: `${code}\n${tooLong}` })
    },
    4: async (world) => (await meetBlocked(world)).accepting,
    6: async (world) =>
      world.run(['accept', 'friend', '-', '--port', world.takenPort], {
        ...(await world.person()),
        input: 'zoo zoo zoo zoo zoo zoo\n',
      }),
  },
}

const greeting = `${JSON.stringify({ say: 'hello' })}\n`

/** A line each way, with what each says after it; both end with their input. */
async function exchange(
  world: World,
  said: string,
): Promise<{ readonly offering: Ended; readonly answering: Ended }> {
  const { ada, bob } = await world.pair()
  const options = ['--json', '--qr']
  const offer = ['offer', 'bob', ...options, '--fingerprint', bob.fingerprint]
  const answer = ['answer', 'ada', '-', ...options, '--fingerprint', ada.fingerprint]
  await using offering = world.start(offer, ada)
  const { line } = await offering.event('offer')
  await using answering = world.start(answer, bob)
  answering.write(`${JSON.stringify({ line })}\n`)
  const answered = await answering.event('answer')
  offering.write(`${JSON.stringify({ line: answered['line'] })}\n`)
  await Promise.all([offering.event('secured'), answering.event('secured')])
  offering.write(said)
  answering.write(said)
  // Who hears the other's line before leaving takes its receipt along.
  if (said === greeting) await Promise.all([offering.event('message'), answering.event('message')])
  offering.end()
  answering.end()
  const [one, other] = await Promise.all([offering.ended(patience), answering.ended(patience)])
  return { offering: world.noted(offer, one), answering: world.noted(answer, other) }
}

const exchanging: Scenarios = {
  offer: {
    ...opening('offer', 'bob'),
    0: async (world) => (await exchange(world, greeting)).offering,
    3: async (world) => (await exchange(world, tooLong)).offering,
    4: knowingBob('offer', 'bob', '--fingerprint', nobodys),
    6: withTakenPort('offer', 'bob'),
  },
  answer: {
    ...opening('answer', 'bob'),
    0: async (world) => (await exchange(world, greeting)).answering,
    3: async (world) => (await exchange(world, tooLong)).answering,
    4: knowingBob('answer', 'bob', '--fingerprint', nobodys),
    6: withTakenPort('answer', 'bob'),
  },
}

const identity: Scenarios = {
  id: {
    ...opening('id'),
    0: async (world) => {
      const at = await world.person()
      await world.run(['id', '--rotate', '--yes'], at)
      return await world.show(['id', '--qr'], at)
    },
  },
}

const unlearned: Scenario = async (world) => {
  const { ada } = await world.pair((buddy) => ({ ...buddy, fingerprint: undefined }))
  return await world.run(['buddy', 'fingerprint', 'bob'], ada)
}

const buddies: Scenarios = {
  buddy: { ...opening('buddy'), 0: knowingBob('buddy') },
  'buddy add': {
    5: async (world) => world.run(['buddy', 'add', 'x', await strangersAddress(world)], await world.locked()),
    1: async (world) => world.run(['buddy', 'add', 'x', await strangersAddress(world)], world.nobody()),
    0: async (world) =>
      world.run(
        ['buddy', 'add', 'x', await strangersAddress(world), '--at', '192.0.2.1:4000'],
        await world.person(),
      ),
  },
  'buddy at': {
    ...opening('buddy at', 'bob'),
    0: knowingBob('buddy', 'at', 'bob', '--none'),
  },
  'buddy list': { ...opening('buddy list'), 0: knowingBob('buddy', 'list') },
  'buddy show': { ...opening('buddy show', 'bob'), 0: knowingBob('buddy', 'show', 'bob') },
  'buddy set': {
    ...opening('buddy set', 'bob', 'typing', 'on'),
    0: knowingBob('buddy', 'set', 'bob', 'keep', '30'),
  },
  'buddy fingerprint': {
    ...opening('buddy fingerprint', 'bob'),
    0: knowingBob('buddy', 'fingerprint', 'bob'),
    1: unlearned,
  },
  'buddy verify': {
    1: withoutProfile('buddy', 'verify', 'bob', '--fingerprint', nobodys),
    5: locked('buddy', 'verify', 'bob', '--fingerprint', nobodys),
    0: async (world) => {
      const { ada, bob } = await world.pair()
      return await world.run(['buddy', 'verify', 'bob', '--fingerprint', bob.fingerprint], ada)
    },
    4: knowingBob('buddy', 'verify', 'bob', '--fingerprint', nobodys),
  },
  'buddy unverify': { ...opening('buddy unverify', 'bob'), 0: knowingBob('buddy', 'unverify', 'bob') },
  'buddy rename': {
    ...opening('buddy rename', 'bob', 'rob'),
    0: knowingBob('buddy', 'rename', 'bob', 'rob'),
  },
  'buddy block': { ...opening('buddy block', 'bob'), 0: knowingBob('buddy', 'block', 'bob') },
  'buddy unblock': { ...opening('buddy unblock', 'bob'), 0: knowingBob('buddy', 'unblock', 'bob') },
  'buddy remove': {
    ...opening('buddy remove', 'bob', '--yes'),
    0: knowingBob('buddy', 'remove', 'bob', '--yes'),
    1: knowingBob('buddy', 'remove', 'eve', '--yes'),
  },
}

/** Ada's outbox has a text for Bob, or for a former key of his. */
const withOutbox =
  (key: 'of now' | 'former', ...args: string[]): Scenario =>
  async (world) => {
    const { ada, bob } = await world.pair()
    await writeTo(ada, 'ada', { key: key === 'former' ? nobodys : bob.fingerprint, buddy: 'bob' })
    return await world.run(args, ada)
  }

const outbox: Scenarios = {
  outbox: { ...opening('outbox'), 0: withOutbox('of now', 'outbox') },
  'outbox list': {
    ...opening('outbox list'),
    0: withOutbox('former', 'outbox', 'list', 'bob'),
    1: knowingBob('outbox', 'list', 'eve'),
  },
  'outbox drop': {
    ...opening('outbox drop', 'bob'),
    0: withOutbox('of now', 'outbox', 'drop', 'bob'),
    1: knowingBob('outbox', 'drop', 'bob'),
  },
  'outbox resend': {
    ...opening('outbox resend', 'bob'),
    0: withOutbox('former', 'outbox', 'resend', 'bob'),
    1: withOutbox('of now', 'outbox', 'resend', 'bob'),
  },
}

/** Ada keeps a line of Bob's, said just now. */
const withKept =
  (run: (world: World, ada: Person) => Promise<Ended>): Scenario =>
  async (world) => {
    const { ada, bob } = await world.pair()
    await keepIn(ada, 'ada', { alias: 'bob', key: bob.fingerprint, text: 'Lunch?' })
    return await run(world, ada)
  }

const theLine = ['--search', 'lunch', '--since', '1h', '--until', '2999-01-01', '--last', '1']

/** With another end where the line is not in what was written. */
const withTheLine = ({ code, ...ended }: Ended, written = ended.stdout): Ended => ({
  ...ended,
  code: written.includes(' bob  Lunch?\n') ? code : Number.NaN,
})

const history: Scenarios = {
  history: {
    5: locked('history', 'bob'),
    0: withKept(async (world, ada) => withTheLine(await world.run(['history', 'bob', ...theLine], ada))),
    1: knowingBob('history', 'bob'),
  },
  'history list': {
    ...opening('history list'),
    0: withKept((world, ada) => world.run(['history', 'list'], ada)),
  },
  'history export': {
    5: locked('history', 'export', 'bob', '-'),
    0: withKept(async (world, ada) => {
      const to = world.path('exported')
      const ended = await world.run(['history', 'export', 'bob', to, ...theLine], ada)
      return withTheLine(ended, await readFile(to, 'utf8'))
    }),
    1: withKept(async (world, ada) =>
      world.run(['history', 'export', 'bob', await world.file('taken', '')], ada),
    ),
  },
  'history delete': {
    5: locked('history', 'delete', 'bob', '--yes'),
    0: withKept((world, ada) =>
      world.run(['history', 'delete', 'bob', '--before', '2999-01-01', '--yes'], ada),
    ),
    1: knowingBob('history', 'delete', 'bob', '--yes'),
  },
}

async function strangersAddress(world: World): Promise<string> {
  const { stdout } = await world.run(['id', '--json'], await world.person())
  return JSON.parse(stdout).address
}

/** The folder of profiles is a file. */
const withoutFolder =
  (...args: string[]): Scenario =>
  async (world) => {
    const { home } = world.nobody()
    await mkdir(home)
    await writeFile(join(home, 'profiles'), '')
    return await world.run(args, { home })
  }

const right = ({ home }: Person): string[] => ['--passphrase-file', join(home, 'right')]

/** A file that `profile export` wrote, and what opens it. */
async function exported(world: World): Promise<{ readonly file: string; readonly key: string }> {
  const [file, key] = [world.path('exported'), await world.file('key', 'a new one\n')]
  const at = await world.person()
  await world.run(['profile', 'export', '--to', file, '--new-passphrase-file', key], at)
  return { file, key }
}

/** As above, with the passphrase on a descriptor, which only a shell opens. */
const fromDescriptor = (world: World, args: readonly string[], at: Person): Promise<Ended> =>
  world.into('3<<END\na new one\nEND\n', args, at)

/** Something that a process which owns the profile does not share. */
const whileListening =
  (...args: string[]): Scenario =>
  async (world) => {
    const at = await world.person()
    await using listening = world.start(['listen', '--json'], at)
    await listening.event('listening')
    return await world.run(args, at)
  }

const profiles: Scenarios = {
  profile: { 0: withoutProfile('profile'), 1: withoutFolder('profile') },
  'profile create': {
    0: withoutProfile('profile', 'create', '--no-passphrase'),
    1: async (world) => world.run(['profile', 'create', 'ada', '--no-passphrase'], await world.person()),
    5: withoutProfile('profile', 'create'),
  },
  'profile list': { 0: withoutProfile('profile', 'list'), 1: withoutFolder('profile', 'list') },
  'profile show': { ...opening('profile show'), 0: knowingBob('profile', 'show') },
  'profile remove': {
    0: knowingBob('profile', 'remove', 'ada', '--yes'),
    1: withoutProfile('profile', 'remove', 'ada', '--yes'),
    5: whileListening('profile', 'remove', 'ada', '--yes'),
  },
  'profile passphrase': {
    ...opening('profile passphrase', '--no-passphrase'),
    0: async (world) => {
      const at = await world.person()
      const key = await world.file('key', 'a new one\n')
      await world.run(['profile', 'passphrase', '--new-passphrase-file', key], at)
      const known = ['--passphrase-file', key]
      await fromDescriptor(world, ['profile', 'passphrase', '--new-passphrase-fd', '3', ...known], at)
      return await world.run(['profile', 'passphrase', '--no-passphrase', ...known], at)
    },
  },
  'profile export': {
    1: async (world) => {
      const key = await world.file('key', 'a new one\n')
      const args = ['profile', 'export', '--to', key, '--new-passphrase-file', key] // it exists
      return await world.run(args, await world.person())
    },
    5: async (world) => world.run(['profile', 'export', '--to', world.path('x')], await world.locked()),
    0: async (world) => {
      await exported(world)
      const args = ['profile', 'export', '--to', world.path('exported'), '--new-passphrase-fd', '3']
      return await fromDescriptor(world, args, await world.person())
    },
  },
  'profile import': {
    0: async (world) => {
      const { file, key } = await exported(world)
      const open = ['--passphrase-file', key]
      await world.run(
        ['profile', 'import', file, 'one', ...open, '--new-passphrase-file', key],
        world.nobody(),
      )
      await fromDescriptor(
        world,
        ['profile', 'import', file, 'two', ...open, '--new-passphrase-fd', '3'],
        world.nobody(),
      )
      return await world.run(['profile', 'import', file, 'three', ...open, '--no-passphrase'], world.nobody())
    },
    1: async (world) => {
      const { key } = await exported(world)
      return await world.run(
        ['profile', 'import', key, '--passphrase-file', key, '--no-passphrase'],
        world.nobody(),
      )
    },
    5: async (world) => {
      const { file } = await exported(world)
      return await world.run(['profile', 'import', file, '--no-passphrase'], world.nobody())
    },
  },
}

const canUnshare = spawnSync('unshare', ['-n', 'true']).status === 0

const settings: Scenarios = {
  'profile settings': { 0: knowingBob('profile', 'settings'), 1: withoutProfile('profile', 'settings') },
  'profile set': {
    0: knowingBob('profile', 'set', 'port', '40124'),
    1: withoutProfile('profile', 'set', 'port', '40124'),
    5: whileListening('profile', 'set', 'port', '40124'),
  },
  'profile unset': {
    0: knowingBob('profile', 'unset', 'port'),
    1: withoutProfile('profile', 'unset', 'port'),
    5: whileListening('profile', 'unset', 'port'),
  },
}

const network: Scenarios = {
  interfaces: { 0: withoutProfile('interfaces'), 1: onFullDisk('interfaces') },
  node: {
    0: (world) => world.into('| true', ['node', '--json', '--bootstrap', world.node.address], world.nobody()),
    1: onFullDisk('node'),
    6: (world) => world.run(['node', '--port', world.takenPort], world.nobody()),
  },
  demo: {
    0: (world) => world.run(['demo'], world.nobody()),
    1: async (world) => {
      const at = world.nobody()
      return await world.run(['demo'], { ...at, env: { ...at.env, TMPDIR: world.path('missing') } })
    },
    3: (world) => world.run(['demo', '--json'], { ...world.nobody(), input: tooLong }),
    // A network of its own, in which nothing is up.
    6: (world) =>
      canUnshare
        ? world.run(['demo'], { ...world.nobody(), command: ['unshare', '-n', process.execPath, entry] })
        : Promise.resolve('skipped: unshare -n needs root'),
  },
  completion: { 0: withoutProfile('completion', 'bash'), 1: onFullDisk('completion', 'zsh') },
}

/** Options of every command that no other scenario needs, each where it does something. */
export const everywhere: readonly ((world: World) => Promise<Ended>)[] = [
  async (world) => {
    const noticing = ['--bell', '--notify', '--title', '--notify-text', '--notify-command', 'true']
    const looking = ['--inline', '--theme', 'light', '--ascii', '--links']
    return await world.run(['--plain', ...noticing, ...looking], await world.person())
  },
  async (world) => {
    const at = await world.locked()
    return await world.run(['id', '--profile', 'ada', ...right(at), '--debug', world.path('log')], at)
  },
  async (world) => {
    const at = await world.locked()
    const args = ['id', '--passphrase-fd', '3', '--no-input', '--no-color']
    return await world.into(`3< '${join(at.home, 'right')}'`, args, at)
  },
  whileBobListens((world, ada) =>
    world.run(
      [
        'send',
        'bob',
        'hello',
        '--no-portmap',
        '--no-lan',
        '--stun',
        '127.0.0.1:9',
        '--interface',
        'lo',
        '--bootstrap',
        world.node.address,
      ],
      ada,
    ),
  ),
  whileBobListens((world, ada) => world.run(['send', 'bob', 'hello', '--no-dht', '--port', '40123'], ada)),
  whileBobListens((world, ada) => world.run(['send', 'bob', 'hello', '--lan'], ada)),
  // What was said is kept, as asked for.
  whileBobListens(async (world, ada) => {
    const telling = ['--typing', '--read', '--history', '--keep', '30', '--downloads', world.path('files')]
    const ended = await world.run(['send', 'bob', 'hello', ...telling], ada)
    return ended.code === 0 ? await world.run(['history', 'bob'], ada) : ended
  }),
  async (world) => {
    const { ada } = await world.pair()
    return await world.run(['send', 'bob', 'hello', '--later', '--timeout', '0.5'], ada)
  },
]

export const scenarios: Scenarios = {
  ...talking,
  ...meeting,
  ...exchanging,
  ...identity,
  ...outbox,
  ...history,
  ...buddies,
  ...profiles,
  ...settings,
  ...network,
}
