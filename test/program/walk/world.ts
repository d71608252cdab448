/** Where the scenarios of the walk happen: people with homes of their own, and a private DHT on loopback. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findHome } from '../../../src/edge/home.ts'
import { historyFolder } from '../../../src/edge/kept/logs.ts'
import { openMail } from '../../../src/edge/kept/maillog.ts'
import { createProfile, openProfile } from '../../../src/edge/profiles.ts'
import { parseFingerprint } from '../../../src/otr/identity.ts'
import { addBuddy, type Buddy, changeBuddy, pinBuddy } from '../../../src/profile/buddies.ts'
import type { Contents } from '../../../src/profile/contents.ts'
import { encodeRecord as encodeKept } from '../../../src/profile/history.ts'
import { encodeRecord } from '../../../src/session/mailrecord.ts'
import { type Seed, seed } from '../../support/people.ts'
import { type Ended, entry, execute, Program, type Started } from '../../support/program.ts'
import { start } from '../../support/pty.ts'

export interface Person extends Started {
  readonly home: string
  readonly env: Readonly<Record<string, string>>
  /** 112 hex digits. */
  readonly fingerprint: string
}

/** What was run, and how it ended. */
export interface Run {
  readonly args: readonly string[]
  readonly code: number | null
}

/** Ms: many others run beside it. */
export const patience = 45_000

export interface With extends Started {
  readonly input?: string
}

export class World implements AsyncDisposable {
  readonly runs: Run[] = []
  readonly node: Seed
  readonly #folder: string
  readonly #taken = createSocket('udp4')
  #count = 0

  static async open(): Promise<World> {
    const [folder, node] = await Promise.all([
      mkdtemp(join(tmpdir(), 'otrtalk-walk-')),
      seed({ interface: 'lo' }),
    ])
    const world = new World(folder, node)
    world.#taken.bind(0, '127.0.0.1')
    await once(world.#taken, 'listening')
    return world
  }

  private constructor(folder: string, node: Seed) {
    this.#folder = folder
    this.node = node
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#taken.close()
    await this.node[Symbol.asyncDispose]()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** A UDP port that nobody else can have. */
  get takenPort(): string {
    return String(this.#taken.address().port)
  }

  /** A home without a profile. */
  nobody(): Person {
    const home = this.path('home')
    const env = { OTRTALK_INTERFACE: 'lo', OTRTALK_BOOTSTRAP: this.node.address }
    return { home, env, fingerprint: '' }
  }

  /** Somebody with a profile, without a passphrase. */
  async person(name = 'ada'): Promise<Person> {
    const at = this.nobody()
    const made = await createProfile({
      home: await findHome({ OTRTALK_HOME: at.home }),
      name,
      passphrase: '',
      command: 'test',
    })
    return { ...at, fingerprint: made.identity.fingerprint }
  }

  /** Somebody whose profile has a passphrase, which stands in the file `right` of his home. */
  async locked(): Promise<Person> {
    const at = this.nobody()
    const home = await findHome({ OTRTALK_HOME: at.home })
    const cost = { logN: 10, r: 8, p: 1 }
    const passphrase = 'correct horse'
    const made = await createProfile({ home, name: 'ada', passphrase, command: 'test', cost })
    await writeFile(join(at.home, 'right'), `${passphrase}\n`)
    return { ...at, fingerprint: made.identity.fingerprint }
  }

  /** Ada and Bob, who know each other and have talked before. */
  async pair(
    change: (buddy: Buddy) => Buddy = (buddy) => buddy,
  ): Promise<{ readonly ada: Person; readonly bob: Person }> {
    const [ada, bob] = [await this.person('ada'), await this.person('bob')]
    const [ofAda, ofBob] = [await contentsOf(ada, 'ada'), await contentsOf(bob, 'bob')]
    const know =
      (to: Contents, alias: string) =>
      (contents: Contents): Contents => {
        const added = addBuddy(
          contents.buddies,
          { alias, address: to.identity.address },
          { own: contents.identity.address, at: Date.now() },
        )
        if (added.kind === 'refused') throw new Error(added.why)
        const pinned = pinBuddy(added.buddy, to.identity.fingerprint)
        return {
          ...contents,
          buddies: changeBuddy(added.buddies, alias, () => change(pinned ?? added.buddy)),
        }
      }
    await contentsOf(ada, 'ada', know(ofBob, 'bob'))
    await contentsOf(bob, 'bob', know(ofAda, 'ada'))
    return { ada, bob }
  }

  /** A path of its own for everybody who asks. */
  path(name: string): string {
    return join(this.#folder, `${this.#count++}-${name}`)
  }

  async file(name: string, text: string): Promise<string> {
    const path = this.path(name)
    await writeFile(path, text)
    return path
  }

  /** Runs the program to its end. */
  async run(args: readonly string[], { input = '', ...options }: With = {}): Promise<Ended> {
    await using program = new Program(args, options)
    program.end(input)
    return this.noted(args, await program.ended(patience))
  }

  /** What ended otherwise counts as a run, too. */
  noted(args: readonly string[], ended: Ended): Ended {
    this.runs.push({ args, code: ended.code })
    return ended
  }

  /** As above, at a terminal; what was shown is not kept. */
  async show(args: readonly string[], options: Started): Promise<Ended> {
    await using pty = start(args, options)
    const { code } = await pty.ended()
    return this.noted(args, { code, signal: null, stdout: pty.scrollback, stderr: '' })
  }

  start(args: readonly string[], options: Started): Program {
    return new Program(args, options)
  }

  /** The end of the program when its output goes to `target`, as a shell has it: a file, or `| head -1`. */
  async into(target: string, args: readonly string[], options: With): Promise<Ended> {
    const command = ['sh', '-c', `{ "$@"; echo "exit $?" >&2; } ${target}`, 'sh', process.execPath, entry]
    const ended = await execute(args, { ...options, command })
    const code = Number(/^exit (\d+)$/m.exec(ended.stderr)?.[1])
    return this.noted(args, { ...ended, code })
  }
}

/** What the vault of a profile holds, changed as asked for. */
export async function contentsOf(
  { home }: Person,
  name: string,
  change: (contents: Contents) => Contents = (contents) => contents,
): Promise<Contents> {
  const options = { home: await findHome({ OTRTALK_HOME: home }), name, passphrase: '', command: 'test' }
  await using profile = await openProfile({ ...options, lock: true })
  await profile.save(change)
  return profile.contents
}

/** Something waits in the outbox of a profile. */
export async function writeTo(
  { home }: Person,
  name: string,
  to: { readonly buddy: string; readonly key: string },
): Promise<void> {
  const options = { home: await findHome({ OTRTALK_HOME: home }), name, passphrase: '', command: 'test' }
  await using profile = await openProfile({ ...options, lock: true })
  const { journal } = await openMail(profile)
  journal.append(
    encodeRecord({ kind: 'written', message: { id: '00000000000000ab', at: 1, text: 'hello', ...to } }),
  )
}

/** A line of somebody's, said now, is kept in a profile. */
export async function keepIn(
  { home }: Person,
  name: string,
  { alias, key, text }: { readonly alias: string; readonly key: string; readonly text: string },
): Promise<void> {
  const fingerprint = parseFingerprint(key)
  if (fingerprint === undefined) throw new Error(`${key} is no fingerprint`)
  const options = { home: await findHome({ OTRTALK_HOME: home }), name, passphrase: '', command: 'test' }
  await using profile = await openProfile({ ...options, lock: true })
  const { log } = await profile.openLog(`${historyFolder}/${'0b'.repeat(16)}`)
  log.append(encodeKept({ kind: 'head', fingerprint, alias }))
  log.append(encodeKept({ kind: 'said', side: 'theirs', id: '00000000000000ab', at: Date.now(), text }))
}
