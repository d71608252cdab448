/** The people of a document: each with a machine of their own, and a private DHT on loopback between them. */
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { root } from '../../support/packed.ts'
import { type Seed, seed } from '../../support/people.ts'
import { entry, execute, type Started } from '../../support/program.ts'
import { Shell } from '../../support/shell.ts'

export interface Person {
  readonly name: string
  readonly folder: string
  readonly at: Started & { readonly home: string; readonly env: Readonly<Record<string, string>> }
  readonly shell: Shell
  /** What this person has open: how it is left, after a look whether it did what it is for. */
  open: (() => Promise<void>) | undefined
  /** Whether a text went there and back since it was opened. */
  hasTalked: boolean
}

/** Of everybody who has one. */
export const passphrase = 'correct horse'

/** Files that the commands read. */
const files: Readonly<Record<string, string>> = {
  'letter.txt': 'Dear Bob,\nhow are you?\n',
  'secret.txt': `${passphrase}\n`,
  'app.log': '',
}

/**
 * Programs that are not run for real. `npm ci` takes what it brought here, `npm test` is only looked for: the
 * first has to end, and the second runs, before there is anything that this could be a part of.
 */
const stands = {
  'notify-send': 'printf "%s\\n" "$*" >> "$HOME/asked"',
  sudo: '[ "$1 $2" = "apt install" ] && exec dpkg-deb --info "$3" control',
  npm: [
    'case $1 in',
    `ci) [ -f package-lock.json ] && exec ln -sfn '${root}/node_modules' node_modules ;;`,
    `test) exec node -e 'process.exit(require("./package.json").scripts.test ? 0 : 1)' ;;`,
    `*) exec '${whereIs('npm')}' "$@" ;;`,
    'esac',
  ].join('\n'),
} as const

function whereIs(program: string): string {
  const { PATH = '' } = process.env
  const found = PATH.split(delimiter).map((folder) => join(folder, program))
  return found.find((path) => existsSync(path)) ?? program
}

export class Stage implements AsyncDisposable {
  readonly #scratch = mkdtempSync(join(tmpdir(), 'otrtalk-tutorial-'))
  readonly #shells: Shell[] = []
  #people = new Map<string, Person>()
  #homes = 0
  node!: Seed
  /** Lines and words that people tell each other by phone or in a chat. */
  readonly told = new Map<'code' | 'offer' | 'node', string>()

  static async open(): Promise<Stage> {
    const stage = new Stage()
    stage.node = await seed({ interface: 'lo' })
    const programs = { ...stands, otrtalk: `exec '${process.execPath}' '${entry}' "$@"` }
    mkdirSync(stage.bin)
    for (const [name, script] of Object.entries(programs)) {
      writeFileSync(join(stage.bin, name), `#!/bin/sh\n${script}\n`)
      chmodSync(join(stage.bin, name), 0o755)
    }
    return stage
  }

  get bin(): string {
    return join(this.#scratch, 'bin')
  }

  /** Where npm installs for all. */
  get prefix(): string {
    return join(this.#scratch, 'prefix')
  }

  /** A folder for something that nobody's machine has. */
  scratch(name: string): string {
    const folder = join(this.#scratch, name)
    mkdirSync(folder, { recursive: true })
    return folder
  }

  get people(): readonly Person[] {
    return [...this.#people.values()]
  }

  /** Everybody gets a new machine. */
  async renew(): Promise<void> {
    await this.leaveAll()
    this.#people = new Map()
  }

  async person(name: string): Promise<Person> {
    const known = this.#people.get(name)
    if (known) return known
    const folder = this.scratch(`${name}-${this.#homes++}`)
    mkdirSync(join(folder, '.config/fish/completions'), { recursive: true }) // as fish does when it starts
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
    const at = { home: join(folder, 'otrtalk'), env: this.#env(folder) }
    const person = { name, folder, at, shell: await this.shell(name, { folder, at }), hasTalked: false }
    const whole: Person = { ...person, open: undefined }
    this.#people.set(name, whole)
    return whole
  }

  /** Another terminal on a machine. */
  async shell(name: string, { folder, at }: Pick<Person, 'folder' | 'at'>): Promise<Shell> {
    const shell = await Shell.open({ name, folder, ...at })
    this.#shells.push(shell)
    return shell
  }

  #env(folder: string): Readonly<Record<string, string>> {
    const { PATH = '' } = process.env
    return {
      PATH: `${this.bin}:${PATH}`,
      HOME: folder,
      TMPDIR: this.scratch('tmp'),
      OTRTALK_INTERFACE: 'lo',
      OTRTALK_BOOTSTRAP: this.node.address,
      SOURCE_DATE_EPOCH: '1700000000', // the copy of the clone has no commits to take it from
      npm_config_prefix: this.prefix,
      npm_config_cache: this.scratch('cache'),
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
    }
  }

  /** Sees to it that all of them have profiles, and each other as buddies. */
  async acquaint(...names: readonly string[]): Promise<void> {
    const addresses = new Map<string, string>()
    for (const name of names) addresses.set(name, (await this.identity(name)).address)
    for (const one of names)
      for (const other of names.filter((name) => name !== one)) {
        const listed: readonly { alias: string }[] = JSON.parse(
          await this.run(one, ['buddy', 'list', '--json']),
        )
        if (!listed.some(({ alias }) => alias === other))
          await this.run(one, ['buddy', 'add', other, addresses.get(other)!])
      }
  }

  /** A command that the document does not have. */
  async run(who: string, args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await execute(args, (await this.person(who)).at)
    if (code !== 0) throw new Error(`${who}$ otrtalk ${args.join(' ')} ended with ${code}: ${stderr}`)
    return stdout
  }

  /** Of the profile, which is made if there is none. */
  async identity(who: string): Promise<{ readonly address: string; readonly fingerprint: string }> {
    const { at } = await this.person(who)
    const shown = await execute(['id', '--json'], at)
    if (shown.code === 0) return JSON.parse(shown.stdout)
    return JSON.parse(await this.run(who, ['profile', 'create', who, '--no-passphrase', '--json']))
  }

  async leaveAll(): Promise<void> {
    for (const person of this.people) await this.leave(person)
  }

  async leave(person: Person): Promise<void> {
    const { open } = person
    person.open = undefined
    await open?.()
    person.hasTalked = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const shell of this.#shells) await shell[Symbol.asyncDispose]()
    await this.node[Symbol.asyncDispose]()
    rmSync(this.#scratch, { recursive: true, force: true })
  }
}

/** What the person sees below the command, or on its screen, once it fits; throws if the command ends without it. */
export async function waitFor({ shell }: Person, wanted: RegExp): Promise<string> {
  const seen = (): string => shell.rows.join('\n')
  await shell.pty.waitFor(() => wanted.test(seen()) || !shell.isBusy, 60_000) // it may build first, on a busy machine
  if (!wanted.test(seen())) throw new Error(`it never showed ${wanted}:\n${seen()}`)
  return seen()
}

/** One that nobody has. */
export async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a port has a number')
  return `${address.port}`
}
