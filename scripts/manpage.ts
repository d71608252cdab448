/**
 * The man page, in man(7), from the definitions of the commands. All text passes
 * `prose` or `literal`: in roff a backslash, a dot or an apostrophe at the start
 * of a line and quotes in an argument are commands.
 */
import { commonExits, type Exits } from '../src/cli/definitions/definition.ts'
import type {
  GlobalOption,
  Outline,
  OutlinedCommand,
  OutlinedOption,
} from '../src/cli/definitions/outline.ts'
import { variables } from '../src/cli/definitions/variables.ts'

export interface ManPageOptions {
  readonly version: string
  /** What `/help` shows: command, spaces, meaning. */
  readonly conversation: readonly string[]
}

export function manPage(outline: Outline, { version, conversation }: ManPageOptions): string {
  const commands = outline.commands.filter(({ isHidden }) => !isHidden)
  return `${[
    '.\\" Made of the definitions of the commands.',
    // Without a date: the same sources make the same page.
    `.TH OTRTALK 1 "" ${quoted(`otrtalk ${version}`)} "User Commands"`,
    section('NAME', [prose(`otrtalk - ${lowered(outline.summary)}`)]),
    section('SYNOPSIS', [
      '.B otrtalk',
      '[options] [command] [arguments]',
      '.br',
      '.B otrtalk help',
      '[command]',
    ]),
    section('DESCRIPTION', description.flatMap(paragraph)),
    section('COMMANDS', [...commandIn({ ...outline.alone, path: 'otrtalk' }), ...commandsIn(commands)]),
    section('OPTIONS', [
      ...paragraph('They work with every command, before or behind it.'),
      ...optionsIn(outline.options),
    ]),
    section(
      'IN A CONVERSATION',
      conversation.flatMap((line) => {
        const [typed = '', ...meaning] = line.split(/ {2,}/)
        return item(literal(typed), prose(meaning.join(' ')))
      }),
    ),
    section('EXIT STATUS', [
      ...paragraph('Of every command:'),
      ...exitsIn({ 0: 'done', ...commonExits }),
      ...paragraph('What else a command can end with stands with it.'),
    ]),
    section('ENVIRONMENT', environment(outline.options)),
    section(
      'FILES',
      files.flatMap(([path, meaning]) => item(`\\fI${plain(path)}\\fR`, prose(meaning))),
    ),
    section('EXAMPLES', commands.flatMap(examplesIn)),
    section('SECURITY', security.flatMap(paragraph)),
    section('SEE ALSO', paragraph(seeAlso)),
  ].join('\n')}\n`
}

function commandsIn(commands: readonly OutlinedCommand[]): readonly string[] {
  return commands.flatMap((command, index) => {
    const { heading } = command
    const isNew = heading !== commands[index - 1]?.heading && !heading.startsWith(command.path.split(' ')[0]!)
    return [...(isNew ? [`.SS ${quoted(heading.replace(/:$/, ''))}`] : []), ...commandIn(command)]
  })
}

function commandIn({
  path,
  usage,
  summary,
  aliases,
  exits,
  options,
  ...command
}: OutlinedCommand): readonly string[] {
  const also = aliases.length > 0 ? ` Also called ${aliases.join(', ')}.` : ''
  return [
    ...item(`${literal(path)} ${plain(usage)}`.trim(), prose(`${capital(summary)}.${also}`)),
    '.RS',
    ...command.arguments.flatMap(({ name, summary }) =>
      summary === '' ? [] : item(plain(name), prose(summary)),
    ),
    ...optionsIn(options),
    ...Object.entries(exits).flatMap(([code, when]) => item(`exit ${literal(code)}`, prose(when))),
    '.RE',
  ]
}

const optionsIn = (options: readonly OutlinedOption[]): readonly string[] =>
  options.flatMap(({ flags, summary }) => item(flagsIn(flags), prose(summary)))

/** The name as it is typed, its value as what stands for one. */
const flagsIn = (flags: string): string =>
  flags
    .split(/(<[^>]+>)/)
    .map((part) => (part.startsWith('<') ? `\\fI${plain(part.slice(1, -1))}\\fR` : literal(part)))
    .join('')

const exitsIn = (exits: Exits): readonly string[] =>
  Object.entries(exits).flatMap(([code, when]) => item(literal(code), prose(when)))

const environment = (options: readonly GlobalOption[]): readonly string[] => [
  ...variables.flatMap(([name, meaning]) => item(literal(name), prose(meaning))),
  ...options.flatMap(({ variable, flags }) => item(literal(variable), `as ${flagsIn(flags)}`)),
]

const examplesIn = ({ examples }: OutlinedCommand): readonly string[] =>
  examples.length === 0
    ? []
    : ['.EX', ...examples.map((line) => guarded(plain(`otrtalk ${line}`))), '.EE', '.PP']

/** Neither begins nor ends with the space between paragraphs. */
function section(title: string, lines: readonly string[]): string {
  const [from, to] = [lines[0] === '.PP' ? 1 : 0, lines.at(-1) === '.PP' ? -1 : undefined]
  return [`.SH ${title.includes(' ') ? quoted(title) : title}`, ...lines.slice(from, to)].join('\n')
}

const paragraph = (text: string): readonly string[] => ['.PP', prose(text)]
const item = (term: string, text: string): readonly string[] => ['.TP', guarded(term), text]
const quoted = (text: string): string => `"${plain(text)}"`
const literal = (text: string): string => (text.trim() === '' ? text : `\\fB${plain(text)}\\fR`)
const prose = (text: string): string => wrapped(plain(text)).map(guarded).join('\n')

/** A line that begins with a dot or an apostrophe is a request. */
const guarded = (line: string): string => line.replace(/^(?=[.'])/, '\\&')

/** Every hyphen is a minus: it can be copied, and no line breaks behind it. */
const plain = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('"', '\\(dq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(/\s*\n\s*/g, ' ')
    .replace(
      /[^\0-\x7f]/gu,
      (sign) => `\\[u${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`,
    )

/** Lines of roff that a person can read; they are filled again when they are shown. */
function wrapped(text: string): readonly string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!
    if (last !== '' && last.length + word.length >= longestLine) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
const lowered = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '')

const description = [
  'Two people talk in their terminals, end-to-end encrypted with OTRv4. There is no server of anyone’s between them: each finds the other through the BitTorrent DHT, on the local network, in a VPN, or by a line of text that people carry, and the two programs talk to each other directly, over UDP.',
  'Each makes a profile once, with otrtalk profile create. One makes a code with otrtalk invite, tells it by phone for instance, and the other types otrtalk accept, and the code when asked for it. From then on otrtalk chat finds the buddy whenever both are there.',
  'Standard output carries data, standard error what is meant for people. A program reads otrtalk with --json: one object a line.',
]

const files: readonly (readonly [string, string])[] = [
  ['~/.local/share/otrtalk/profiles/NAME/', 'a profile; $XDG_DATA_HOME and $OTRTALK_HOME move it'],
  ['…/vault', 'its identity, its buddies and what is known of them, sealed under the passphrase'],
  ['…/settings.json', 'its settings: whatever docs/Reference.md names a setting; never secrets'],
  ['…/lock', 'which process has the profile open'],
]

const security = [
  'Nobody independent has audited this program.',
  'A passphrase never stands on the command line or in a variable, as other users of the machine can see both: it is asked for, or read from a file or a descriptor. The same holds for invite codes and for answers to questions.',
  'Text is shown and sent in a secured conversation only. Who answers under another key than the buddy’s is refused before anything is shown. How sure it is who the buddy is, is said in words: not verified, met by code, verified by you.',
]

const seeAlso =
  'docs/Tutorial.md, docs/Reference.md and docs/Security.md of the package, where JSON lines, settings and what is protected from whom are told at length.'

const longestLine = 76 // octets; mandoc complains of more than 80
