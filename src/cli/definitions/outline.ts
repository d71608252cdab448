/** The command line as plain data: what the reference, the man page and the completion of words are made of. */
import type { Argument, Command, Option } from 'commander'
import { settingName, settingNames } from '../../edge/settings.ts'
import { resolveOptions } from '../options.ts'
import { type Exits, factsOf, type ValueKind } from './definition.ts'
import { variableOf } from './variables.ts'

export interface Outline {
  readonly summary: string
  readonly examples: readonly string[]
  /** Of every command. */
  readonly options: readonly GlobalOption[]
  /** What `otrtalk` does without a command: its path is empty. */
  readonly alone: OutlinedCommand
  /** In the order of the help; a group before what is in it. */
  readonly commands: readonly OutlinedCommand[]
}

export interface OutlinedCommand {
  /** `buddy add` */
  readonly path: string
  readonly heading: string
  readonly aliases: readonly string[]
  readonly summary: string
  /** `<alias> [text]` */
  readonly usage: string
  readonly arguments: readonly OutlinedArgument[]
  readonly options: readonly OutlinedOption[]
  readonly examples: readonly string[]
  readonly exits: Exits
  readonly isHidden: boolean
}

export interface OutlinedArgument {
  readonly name: string
  readonly summary: string
  readonly isRequired: boolean
  readonly isVariadic: boolean
  readonly values: Values
}

export interface OutlinedOption {
  /** `--timeout <seconds>` */
  readonly flags: string
  /** `--timeout` */
  readonly long: string
  readonly short: string | undefined
  readonly summary: string
  readonly takesValue: boolean
  readonly values: Values
}

export interface GlobalOption extends OutlinedOption {
  readonly heading: string
  readonly variable: string
  /** In settings.json. */
  readonly setting: string | undefined
  readonly default: string
}

/**
 * What a word may be: one of these, one of a kind that only the machine knows, or what the setting takes that the word
 * before names; else anything.
 */
export type Values =
  | { readonly kind: 'fixed'; readonly words: readonly string[] }
  | { readonly kind: 'known'; readonly of: ValueKind }
  | { readonly kind: 'setting' }
  | { readonly kind: 'any' }

export function outlineOf(program: Command): Outline {
  const inForce = new Map<string, unknown>(Object.entries(resolveOptions({}, {})))
  return {
    summary: program.description(),
    examples: factsOf(program).examples,
    options: program.options.filter(isOurs).map((option) => ({
      ...optionOf(program, option),
      heading: option.helpGroupHeading ?? '',
      variable: variableOf(option.long ?? ''),
      setting: settingNames.find((name) => name === settingName(option.attributeName())),
      default: defaultOf(option, inForce),
    })),
    alone: {
      ...outlined(program),
      ...{ path: '', summary: factsOf(program).alone, usage: '', examples: [], arguments: [], options: [] },
    },
    commands: program.commands.flatMap((command) => commandsOf(program, command)),
  }
}

function commandsOf(program: Command, command: Command): readonly OutlinedCommand[] {
  const visible = program.createHelp().visibleCommands(command.parent ?? program)
  const isBelow = command.parent !== program
  return [
    {
      ...outlined(command),
      heading: command.helpGroup() || (isBelow ? pathOf(command) : ''),
      isHidden: !visible.includes(command),
    },
    ...command.commands.flatMap((below) => commandsOf(program, below)),
  ]
}

const outlined = (command: Command): OutlinedCommand => ({
  path: pathOf(command),
  heading: '',
  isHidden: false,
  aliases: command.aliases(),
  summary: command.description(),
  usage: command.usage().replace(/^\[options\] ?/, ''),
  arguments: command.registeredArguments.map((argument) => argumentOf(command, argument)),
  options: command.options.map((option) => optionOf(command, option)),
  examples: factsOf(command).examples,
  exits: factsOf(command).exits,
})

const pathOf = (command: Command): string =>
  command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()

const isOurs = ({ long }: Option): boolean => long !== '--version'

const argumentOf = (command: Command, argument: Argument): OutlinedArgument => ({
  name: argument.name(),
  summary: argument.description,
  isRequired: argument.required,
  isVariadic: argument.variadic,
  values: valuesOf(command, { key: argument.name(), name: argument.name(), words: argument.argChoices }),
})

const optionOf = (command: Command, option: Option): OutlinedOption => ({
  flags: option.flags,
  long: option.long ?? '',
  short: option.short,
  summary: option.description,
  takesValue: option.required || option.optional,
  values: valuesOf(command, {
    key: option.long ?? '',
    name: /<(.+)>/.exec(option.flags)?.[1] ?? '',
    words: option.argChoices,
  }),
})

/** As the definition says, else by what the word is called. */
function valuesOf(
  command: Command,
  { key, name, words }: { readonly key: string; readonly name: string; readonly words: string[] | undefined },
): Values {
  if (words !== undefined) return { kind: 'fixed', words }
  const of = factsOf(command).values[key] ?? usual[name]
  if (typeof of === 'object') return { kind: 'fixed', words: of }
  if (of === 'setting') return { kind: of }
  return of === undefined || of === 'new' ? { kind: 'any' } : { kind: 'known', of }
}

const usual: Readonly<Record<string, ValueKind>> = { alias: 'buddies', file: 'files' }

/** In words, of what is in force when nothing is given. */
function defaultOf(option: Option, inForce: ReadonlyMap<string, unknown>): string {
  const value = inForce.get(option.attributeName())
  if (option.attributeName() === 'lan') return 'off'
  if (typeof value === 'boolean') return value === option.negate ? 'off' : 'on'
  return value === undefined || (Array.isArray(value) && value.length === 0) ? 'none' : String(value)
}
