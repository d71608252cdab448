/**
 * What may stand where somebody pressed Tab on the command line of a shell. The
 * words are read as commander would read them; nothing is refused: whoever types
 * is not done yet.
 */
import type {
  Outline,
  OutlinedArgument,
  OutlinedCommand,
  OutlinedOption,
  Values,
} from './definitions/outline.ts'

export interface Candidate {
  readonly word: string
  readonly says: string
}

export interface Sought {
  /** What the words must begin with. */
  readonly typed: string
  /** `--profile=`, where the value stands in the same word; else nothing. */
  readonly before: string
  readonly words: readonly Candidate[]
  /** Those that only the machine knows, in addition. */
  readonly values: Values
  /** By flag, before the cursor. */
  readonly profile: string | undefined
}

/** @param words - behind `otrtalk`; the last one is being typed, and may be empty */
export function candidatesFor(outline: Outline, words: readonly string[]): Sought {
  const last = words.at(-1) ?? ''
  const reading = new Reading(outline)
  for (const word of words.slice(0, -1)) reading.take(word)
  const { profile } = reading
  const [, flag, value] = /^(--[^=]+)=(.*)$/s.exec(last) ?? []
  const option = reading.pending ?? (flag === undefined ? undefined : reading.optionOf(flag))
  if (option !== undefined) {
    const [before, typed] = reading.pending ? ['', last] : [`${flag}=`, value ?? '']
    return { ...{ typed, before, profile }, words: wordsOf(option.values), values: option.values }
  }
  const found = { typed: last, before: '', profile, values: anything }
  if (last.startsWith('-') && !reading.isLiteral) return { ...found, words: reading.options.map(named) }
  const argument = reading.argument
  const values = argument?.values.kind === 'setting' ? reading.settingValues : (argument?.values ?? anything)
  const below = [...reading.below, ...wordsOf(values)]
  // Nothing else can follow: what may, is shown without asking for a dash.
  const own = argument === undefined && below.length === 0 && last === '' ? reading.own.map(named) : []
  return { ...found, values, words: [...below, ...own] }
}

/** The command line up to a word. */
class Reading {
  readonly #outline: Outline
  #command: OutlinedCommand | undefined
  #arguments: string[] = []
  #isHelp = false
  /** `--` came: what follows is no option. */
  isLiteral = false
  /** Its value comes next. */
  pending: OutlinedOption | undefined
  profile: string | undefined

  constructor(outline: Outline) {
    this.#outline = outline
  }

  take(word: string): void {
    const { pending } = this
    if (pending) {
      this.#set(pending.long, word)
      this.pending = undefined
    } else if (!this.isLiteral && word === '--') this.isLiteral = true
    else if (!this.isLiteral && word.startsWith('-')) this.#takeOption(word)
    else this.#takeWord(word)
  }

  /** Subcommands, or what stands at the top. */
  get below(): readonly Candidate[] {
    if (this.#arguments.length > 0) return []
    const found = this.#below.map((command) => ({ word: lastOf(command.path), says: command.summary }))
    const isTop = this.#command === undefined && !this.#isHelp
    return isTop ? [...found, { word: 'help', says: 'show the help of a command' }] : found
  }

  get argument(): OutlinedArgument | undefined {
    const list = this.#isHelp ? [] : (this.#command?.arguments ?? [])
    const last = list.at(-1)
    return list[this.#arguments.length] ?? (last?.isVariadic ? last : undefined)
  }

  /** Of the setting that is the one argument so far. */
  get settingValues(): Values {
    const [name, ...more] = this.#arguments
    const option = this.#outline.options.find(({ setting }) => setting !== undefined && setting === name)
    if (!option || more.length > 0) return anything
    return option.takesValue ? option.values : switched
  }

  get own(): readonly OutlinedOption[] {
    return this.#command?.options ?? []
  }

  get options(): readonly OutlinedOption[] {
    const top = this.#command === undefined ? [helpOption, versionOption] : [helpOption]
    return [...this.own, ...this.#outline.options, ...top]
  }

  optionOf(flag: string): OutlinedOption | undefined {
    return this.options.find(({ long, short }) => long === flag || short === flag)
  }

  get #below(): readonly OutlinedCommand[] {
    const path = this.#command?.path
    return this.#outline.commands.filter(
      (command) => !command.isHidden && parentOf(command.path) === (path ?? ''),
    )
  }

  #takeOption(word: string): void {
    const [, flag = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? []
    if (value !== undefined) this.#set(flag, value)
    else {
      const option = this.optionOf(flag)
      this.pending = option?.takesValue ? option : undefined
    }
  }

  #takeWord(word: string): void {
    const isTop = this.#command === undefined
    const next =
      this.#arguments.length > 0
        ? undefined
        : this.#below.find(({ path, aliases }) => lastOf(path) === word || aliases.includes(word))
    if (next) this.#command = next
    else if (isTop && word === 'help') this.#isHelp = true
    else this.#arguments.push(word)
  }

  #set(flag: string, value: string): void {
    if (flag === '--profile') this.profile = value
  }
}

const wordsOf = (values: Values): readonly Candidate[] =>
  values.kind === 'fixed' ? values.words.map((word) => ({ word, says: '' })) : []

const named = ({ long, summary }: OutlinedOption): Candidate => ({ word: long, says: summary })

const parentOf = (path: string): string => path.split(' ').slice(0, -1).join(' ')
const lastOf = (path: string): string => path.split(' ').at(-1) ?? ''

const anything: Values = { kind: 'any' }
const switched: Values = { kind: 'fixed', words: ['on', 'off'] }
const switchOption = { takesValue: false, values: anything }
const helpOption: OutlinedOption = {
  ...switchOption,
  ...{ flags: '-h, --help', long: '--help', short: '-h', summary: 'show the help' },
}
const versionOption: OutlinedOption = {
  ...switchOption,
  ...{ flags: '-V, --version', long: '--version', short: '-V', summary: 'show the version' },
}
