/**
 * The help of a command: examples first, then what it does, what it takes and
 * what it ends with. The options of every command are listed once, in the help
 * of the program, and only named in that of a command.
 */
import type { Command, Help } from 'commander'
import { commonExits, type Exits, factsOf } from './definition.ts'
import { variables } from './variables.ts'

/** Heading, what is named, and what is said of it. */
type Row = readonly [heading: string, term: string, description: string]

export function formatHelp(command: Command, helper: Help): string {
  const rows = command.parent ? ofCommand(command, helper) : ofProgram(command, helper)
  const { examples } = factsOf(command)
  const parts = [
    ...(examples.length > 0
      ? [
          listed(
            'Examples:',
            examples.map((line) => `  otrtalk ${line}`),
          ),
        ]
      : []),
    `Usage: ${helper.commandUsage(command)}`,
    wrapped(helper.commandDescription(command), helper),
    ...sections(rows, helper),
    ...(command.parent ? [wrapped(everywhereHint(command), helper)] : []),
  ]
  return `${parts.join('\n\n')}\n`
}

/** `send <alias> [text]`: as it is typed, without options and old names. */
export const termOf = (command: Command): string =>
  `${command.name()} ${command.usage().replace(/^\[options\] ?/, '')}`.trim()

const ofProgram = (program: Command, helper: Help): readonly Row[] => [
  ...commandRows(program, helper),
  ...optionRows(program, helper),
  ['Variables:', 'OTRTALK_…', 'each option above has one: OTRTALK_PORT=4000, OTRTALK_NO_DHT=1'],
  ...variables.map(([name, description]): Row => ['Variables:', name, description]),
  ...exitRows({ ...commonExits, 0: 'done; any other code is in the help of the command' }),
]

const ofCommand = (command: Command, helper: Help): readonly Row[] => [
  ...helper
    .visibleArguments(command)
    .map((argument): Row => ['Arguments:', helper.argumentTerm(argument), argument.description]),
  ...commandRows(command, helper),
  ...optionRows(command, helper),
  ...exitRows(factsOf(command).exits),
]

const commandRows = (command: Command, helper: Help): readonly Row[] =>
  helper
    .visibleCommands(command)
    .map(
      (below): Row => [
        below.helpGroup() || (command.parent ? 'Commands:' : 'More:'),
        termOf(below),
        helper.subcommandDescription(below),
      ],
    )

const optionRows = (command: Command, helper: Help): readonly Row[] =>
  helper
    .visibleOptions(command)
    .map(
      (option): Row => [
        option.helpGroupHeading ?? (command.parent ? 'Options:' : 'Help:'),
        helper.optionTerm(option),
        helper.optionDescription(option),
      ],
    )

const exitRows = (exits: Exits): readonly Row[] =>
  Object.entries(exits).map(([code, when]): Row => ['Exit codes:', code, when])

/** Rows of one heading stand together, in the order in which the headings came. */
function sections(rows: readonly Row[], helper: Help): readonly string[] {
  const width = Math.min(longestTerm, Math.max(...rows.map(([, term]) => term.length)))
  const headings = [...new Set(rows.map(([heading]) => heading))]
  return headings.map((heading) =>
    listed(
      heading,
      rows
        .filter((row) => row[0] === heading)
        .map(([, term, description]) => helper.formatItem(term, width, description, helper)),
    ),
  )
}

const listed = (heading: string, lines: readonly string[]): string => [heading, ...lines].join('\n')

const wrapped = (text: string, helper: Help): string => helper.boxWrap(text, helper.helpWidth ?? 80)

function everywhereHint(command: Command): string {
  const program = programOf(command)
  const names = program.options.map(({ long }) => long).filter((long) => long !== '--version')
  return `These work too, see otrtalk --help: ${names.join(' ')}`
}

const programOf = (command: Command): Command => (command.parent ? programOf(command.parent) : command)

const longestTerm = 28 // columns: what is longer has a line to itself
