/** Plays a document: every block of it, in its order, as it stands there. */
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Block, blocksOf, type Data, type Step, type Typed } from '../../support/documents.ts'
import { root } from '../../support/packed.ts'
import { Program } from '../../support/program.ts'
import { difference } from './compare.ts'
import { enact } from './pictures.ts'
import { type Act, dialogues, scenes, summonListener } from './scenes.ts'
import { freePort, type Person, Stage } from './stage.ts'

/** Sections that go on with what their predecessor has left. */
const goingOn: ReadonlySet<string> = new Set(['Meet', 'Talk', 'Make sure who it is', 'Several buddies'])

/** What is played by the same people, from the beginning to the end. */
export interface Part {
  readonly title: string
  readonly blocks: readonly Block[]
}

/** A section with those that go on with it; sections without a block are none. */
export function partsOf(document: string): readonly Part[] {
  const parts: { title: string; blocks: Block[] }[] = []
  let last: string | undefined
  for (const block of blocksOf(document)) {
    const section = block.sections[0] ?? 'the beginning'
    if (section !== last && !goingOn.has(section))
      parts.push({ title: `${document}, ${section}`, blocks: [] })
    parts.at(-1)!.blocks.push(block)
    last = section
  }
  return parts
}

export async function play({ blocks }: Part): Promise<void> {
  await using stage = await Stage.open()
  const player = new Player(stage)
  for (const block of blocks) await player.block(block)
  await player.end()
}

/** What is done in a clone: the same for both documents, and while other things happen. */
const ofClone = new Map<string, Promise<void>>()

class Player {
  readonly #stage: Stage
  readonly #entered = new Set<string>()
  readonly #begun: Promise<void>[] = []

  constructor(stage: Stage) {
    this.#stage = stage
  }

  async block({ sections, steps }: Block): Promise<void> {
    for (const section of sections.length === 0 ? ['the beginning'] : sections) {
      if (this.#entered.has(section)) continue
      await at(steps[0]!, async () => {
        await this.#stage.leaveAll()
        const isFirst = this.#entered.size === 0
        const prepare = circumstances[section] ?? (isFirst ? acquainted : undefined)
        await prepare?.(this.#stage, this.#summon)
      })
      this.#entered.add(section)
    }
    const inClone = steps.some((step) => step.kind === 'typed' && step.command.startsWith('npm '))
    if (inClone) for (const step of steps) this.#inClone(step)
    else await this.#inOrder(steps)
  }

  /** Everybody leaves, and what began in the clone has ended. */
  async end(): Promise<void> {
    await this.#stage.leaveAll()
    await Promise.all(this.#begun)
  }

  #inClone(step: Step): void {
    const key = step.kind === 'typed' ? step.command.replace(/ *#.*/, '') : step.place
    const doing = ofClone.get(key) ?? this.#inTerminal([step], clone(this.#stage, ofClone.size))
    doing.catch(() => {}) // it is waited for at the end
    ofClone.set(key, doing)
    this.#begun.push(doing)
  }

  /** What nobody's name stands at is typed in another terminal of ada. */
  async #inOrder(steps: readonly Step[]): Promise<void> {
    const { folder } = await this.#stage.person('ada')
    const isNobodys = steps.some((step) => step.kind === 'typed' && step.who === undefined)
    if (isNobodys && !this.#entered.has(whileOpen)) await this.#stage.leaveAll()
    if (isNobodys) return this.#inTerminal(steps, folder)
    for (const step of steps) await at(step, () => this.#step(step, undefined))
  }

  async #inTerminal(steps: readonly Step[], folder: string): Promise<void> {
    const ada = await this.#stage.person('ada')
    await using shell = await this.#stage.shell('ada', { folder, at: ada.at })
    const terminal: Person = { ...ada, folder, shell, open: undefined, hasTalked: false }
    for (const step of steps) await at(step, () => this.#step(step, terminal))
    await at(steps.at(-1)!, () => this.#stage.leave(terminal))
  }

  async #step(step: Step, terminal: Person | undefined): Promise<void> {
    switch (step.kind) {
      case 'typed':
        return this.#typed(step, terminal ?? (await this.#stage.person(step.who ?? 'ada')))
      case 'picture':
        return enact(step.rows, this.#stage, this.#summon)
      case 'data':
        return data(step, this.#stage, this.#summon)
      default:
        return step satisfies never
    }
  }

  async #typed({ command: whole, shown }: Typed, person: Person): Promise<void> {
    const written = whole.replace(/ {2,}# .*$/, '')
    await this.#stage.leave(person)
    for (const [pattern, prepare] of before) {
      const found = pattern.exec(written)
      if (found) await prepare(this.#stage, person, found[1] ?? '', this.#summon)
    }
    const command = await real(written, person, this.#stage)
    person.shell.type(command)
    const found = scenes.find(([pattern]) => pattern.test(written))
    if (found) return this.#open({ person, command: written, shown }, found)
    const answers = dialogues.find(([pattern]) => pattern.test(written))?.[1]
    const { code, rows } = await person.shell.ended(answers, longest)
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${rows.join('\n')}`)
    if (shown.length > 0) compare(shown, rows)
    for (const [pattern, look] of afterwards) {
      const done = pattern.exec(written)
      if (done) await look(this.#stage, person, done[1])
    }
  }

  async #open(
    { person, command, shown }: { person: Person; command: string; shown: readonly string[] },
    [pattern, scene]: (typeof scenes)[number],
  ): Promise<void> {
    const alias = pattern.exec(command)?.[1] ?? ''
    const act: Act = { stage: this.#stage, person, command, alias, summon: this.#summon }
    const leave = await scene(act)
    person.open = async () => {
      await leave()
      if (shown.length > 0) compare(shown, person.shell.rows.slice(0, shown.length))
    }
  }

  readonly #summon = async (who: string, command: string): Promise<Person> => {
    const person = await this.#stage.person(who)
    await this.#typed({ kind: 'typed', place: '', who, command, shown: [] }, person)
    return person
  }
}

/** Ms. Packages are built while all else is played; what hangs is told all the same. */
const longest = 60_000

/** Whatever goes wrong is told with its place in the document. */
async function at(step: Step, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    const what = step.kind === 'typed' ? `: ${step.command}` : ''
    throw new Error(`${step.place}${what}\n${error instanceof Error ? error.message : error}`, {
      cause: error,
    })
  }
}

function compare(shown: readonly string[], rows: readonly string[]): void {
  const found = difference(
    shown,
    rows.filter((row) => row !== ''),
  )
  if (found !== undefined) throw new Error(found)
}

/** Examples in commands, and what is typed for them. */
const placeholders: readonly (readonly [RegExp, (stage: Stage, alias: string) => Promise<string>])[] = [
  [/ot1…/, async (stage, alias) => (await stage.identity(alias)).address],
  [/[0-9A-F]{8} …/, async (stage, alias) => (await stage.identity(alias)).fingerprint],
  [/\b(?:wg0|tailscale0)\b/, async () => 'lo'],
  [/192\.168\.1\.2:6881/, async (stage) => stage.told.get('node') ?? 'no node runs'],
  [/(?<=--port |port |127\.0\.0\.1:)(?:6881|50123)\b/, freePort],
]

/** A command as bash gets it. */
async function real(written: string, person: Person, stage: Stage): Promise<string> {
  let command = written
  const alias = /\b(?:add|chat|send|at) (\w+)/.exec(written)?.[1] ?? ''
  for (const [example, make] of placeholders)
    if (example.test(command)) command = command.replace(example, await make(stage, alias))
  if (command.includes('…')) {
    const known = placeholders.map(([example]) => example.source).join('\n  ')
    throw new Error(`nobody knows what ${person.name} types for the example in it; known are:\n  ${known}`)
  }
  return command
}

type Summon = Act['summon']

type Circumstance = (stage: Stage, summon: Summon) => Promise<void>

const acquainted: Circumstance = (stage) => stage.acquaint('ada', 'bob')
const strangers: Circumstance = async () => {}

/** Where ada has another terminal besides. */
const whileOpen = 'While the screen is open'

/** What a section takes for granted, if it is not that ada and bob know each other. */
const circumstances: Readonly<Record<string, Circumstance>> = {
  'the beginning': async (stage) => {
    for (const name of ['ada', 'bob']) await stage.identity(name)
  },
  'Start in a minute': strangers,
  'Try it': strangers,
  Install: strangers,
  'A profile': strangers,
  'Your buddies': async (stage, summon) => {
    await acquainted(stage, summon)
    await summon('bob', 'otrtalk listen --plain')
    await stage.run('ada', ['send', 'bob', 'hello'])
  },
  'Several buddies': async (stage) => {
    for (const name of ['carol', 'dave']) await stage.acquaint('ada', name)
  },
  'By addresses': async (stage) => void (await stage.run('bob', ['buddy', 'remove', 'ada', '--yes'])),
  [whileOpen]: async (_, summon) => void (await summon('ada', 'otrtalk')),
  'Another passphrase': (stage) => lock(stage, 'ada'),
  'Passphrases in scripts': (stage) => lock(stage, 'ada'),
}

/** The one in everybody's secret.txt. */
async function lock(stage: Stage, name: string): Promise<void> {
  const { folder } = await stage.person(name)
  await stage.run(name, ['profile', 'passphrase', '--new-passphrase-file', join(folder, 'secret.txt')])
}

type Prepare = (stage: Stage, person: Person, alias: string, summon: Summon) => Promise<void>

/** What a command takes for granted. */
const before: readonly (readonly [RegExp, Prepare])[] = [
  [
    /^otrtalk (?:send|why) (\w+)(?!.*--(?:profile|file))/,
    async (stage, person, alias, summon) => {
      await summonListener({ stage, person, alias, command: '', summon }, alias)
    },
  ],
  [
    /^otrtalk invite (\w+) --json .*\| tee/,
    async (stage, person, alias) => {
      await stage.leaveAll()
      await stage.run(person.name, ['buddy', 'remove', alias, '--yes'])
      await stage.run(alias, ['buddy', 'remove', person.name, '--yes'])
    },
  ],
  [
    /^otrtalk listen .*--into (\S+)/,
    async (_, { folder }, into) => void mkdirSync(join(folder, into), { recursive: true }),
  ],
  [
    /^otrtalk send (\w+) --file photos\b/,
    async (stage, { folder, name }, alias, summon) => {
      const other = await stage.person(alias)
      if (!other.open) await summon(alias, `otrtalk listen --accept-from ${name} --into Downloads`)
      mkdirSync(join(folder, 'photos'), { recursive: true })
      for (const file of ['photos/lake.jpg', 'letter.pdf']) writeFileSync(join(folder, file), `${file}\n`)
    },
  ],
  [/^otrtalk profile import (\S+)/, (stage, person, file) => bring(stage, file, person)],
  [/cat (offer\.txt)/, (stage, person, file) => bring(stage, file, person)],
]

/** A file that ada has made. */
async function bring(stage: Stage, file: string, to: Person): Promise<void> {
  const { folder } = await stage.person('ada')
  copyFileSync(join(folder, file), join(to.folder, file))
}

type Look = (stage: Stage, person: Person, name: string | undefined) => Promise<void>

/** What has come of a command, where its exit code does not tell. */
const afterwards: readonly (readonly [RegExp, Look])[] = [
  [/npm install --global/, (stage, person) => succeeds(person, `${stage.prefix}/bin/otrtalk --version`)],
  [/^otrtalk profile create(?: (\w+))?$/, unlock],
  [/^otrtalk send (\w+) --file photos letter/, has('Downloads/photos/lake.jpg', 'Downloads/letter.pdf')],
  [/^tar c photos \| otrtalk send (\w+) /, has('photos.tar')],
  [/bashrc$/, (_, person) => succeeds(person, "bash -c 'source ~/.bashrc && complete -p otrtalk'")],
]

/** A passphrase that was asked for once is removed: it would take a third of a second at every command. */
async function unlock(stage: Stage, { folder, name }: Person, profile = 'default'): Promise<void> {
  const file = ['--passphrase-file', join(folder, 'secret.txt')]
  await stage.run(name, ['profile', 'passphrase', '--profile', profile, '--no-passphrase', ...file])
}

/** Whoever was sent something has these by then. */
function has(...files: readonly string[]): Look {
  return async (stage, _, name = '') => {
    const { folder } = await stage.person(name)
    for (const file of files) expect(readFileSync(join(folder, file)).length).toBeGreaterThan(0)
  }
}

async function succeeds({ shell }: Person, command: string): Promise<void> {
  shell.type(command)
  expect(await shell.ended()).toMatchObject({ code: 0 })
}

/** A clone of the repository, without what `npm ci` brings. */
function clone(stage: Stage, n: number): string {
  const folder = stage.scratch(`clone-${n}`)
  const left = new Set(['.git', 'node_modules', 'dist', 'coverage'].map((name) => join(root, name)))
  cpSync(root, folder, { recursive: true, filter: (path) => !left.has(path) && !/\.(?:tgz|deb)$/.test(path) })
  return folder
}

async function data({ lines }: Data, stage: Stage, summon: Summon): Promise<void> {
  const values: readonly Readonly<Record<string, unknown>>[] = lines.map((line) => JSON.parse(line))
  if (values.every((value) => 'event' in value)) return // test/cli/jsonlines.test.ts compares each with the real ones
  if (values.some((value) => 'say' in value)) return commands(lines, stage, summon)
  for (const value of values) await settings(value, stage)
}

/** Lines of stdin are understood, each of them. */
async function commands(lines: readonly string[], stage: Stage, summon: Summon): Promise<void> {
  await summonListener({ stage, person: await stage.person('ada'), alias: 'bob', command: '', summon }, 'bob')
  await using chat = new Program(['chat', 'bob', '--json'], (await stage.person('ada')).at)
  await chat.event('secured')
  for (const line of lines) chat.write(`${line}\n`)
  await chat.event('why')
  await chat.event('verification')
  const misunderstood = chat.lines.filter((line) => line.includes('a line of stdin'))
  expect(misunderstood).toEqual([])
  expect(chat.lines.filter((line) => line.includes('"event":"sent"'))).toHaveLength(
    lines.filter((line) => /"(?:say|edit|delete)"/.test(line)).length,
  )
}

/** A settings.json by hand is in force. */
async function settings(value: Readonly<Record<string, unknown>>, stage: Stage): Promise<void> {
  const { at } = await stage.person('ada')
  const file = join(at.home, 'profiles/ada/settings.json')
  const there = JSON.stringify(value).replace('wg0', 'lo')
  writeFileSync(file, there)
  const told: { options: readonly { option: string; value: unknown; from: string }[] } = JSON.parse(
    await stage.run('ada', ['profile', 'settings', '--json']),
  )
  const inForce = told.options.filter(({ option }) => option in value)
  expect(inForce.map(({ option }) => option).sort()).toEqual(Object.keys(value).sort())
  writeFileSync(file, '{}')
}
