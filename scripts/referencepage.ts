/** docs/Reference.md, from the definitions of the commands. */
import { commonExits, type Exits } from '../src/cli/definitions/definition.ts'
import type { GlobalOption, Outline, OutlinedCommand } from '../src/cli/definitions/outline.ts'
import { variables } from '../src/cli/definitions/variables.ts'

export function referencePage({ options, alone, commands }: Outline): string {
  const shown = [alone, ...commands.filter(({ isHidden }) => !isHidden)]
  return `${[
    '# Reference\nEvery command, argument, option and exit code. Made of their definitions by `npm run reference`; how to use them is in\nthe [Tutorial](Tutorial.md).',
    '## Commands, options, exit codes\nWhat each command can end with, given any of its own options or those of every command. What a code means there stands\nwith the command; 2, 70, 129, 130 and 143 mean the same everywhere.',
    matrix(shown),
    table(['exit code', 'of every command'], Object.entries(commonExits)),
    '## Options of every command\nThey stand before or behind the command. A flag beats the variable, the variable the setting in `settings.json` in the\nprofile’s folder, the setting the default.',
    table(
      ['option', '', 'variable', 'setting', 'default'],
      options.map((option) => [
        code(option.flags),
        option.summary,
        code(option.variable),
        settingOf(option),
        option.default,
      ]),
    ),
    '`-h`, `--help` and `-V`, `--version` have none of these. A switch as a variable is `1` or `0`; several values of one\nvariable stand behind each other with commas.',
    table(
      ['other variables', ''],
      variables.map(([name, meaning]) => [name.split(', ').map(code).join(', '), meaning]),
    ),
    ...shown.flatMap(chapter),
  ].join('\n\n')}\n`
}

/** A row for each command: its own options, and a mark for each exit code. */
function matrix(commands: readonly OutlinedCommand[]): string {
  const codes = [...new Set(commands.flatMap(({ exits }) => Object.keys(exits)))].sort()
  return table(
    ['command', 'its own options', ...codes],
    commands.map(({ path, options, exits }) => [
      `[${code(path || 'otrtalk')}](#${(path || 'otrtalk').replaceAll(' ', '-')})`,
      options.map(({ long }) => code(long)).join(' '),
      ...codes.map((exit) => (exit in exits ? '●' : '')),
    ]),
  )
}

function chapter({ path, aliases, summary, usage, exits, ...command }: OutlinedCommand): readonly string[] {
  const also = aliases.length > 0 ? ` Also called ${aliases.map(code).join(', ')}.` : ''
  return [
    `### ${path || 'otrtalk'}\n${code(`otrtalk ${path} ${usage}`.trim())}: ${summary}.${also}`,
    ...(command.arguments.length > 0
      ? [
          table(
            ['argument', ''],
            command.arguments.map((given) => [
              `${code(given.name)}${given.isRequired ? '' : ', optional'}${given.isVariadic ? ', several' : ''}`,
              given.summary,
            ]),
          ),
        ]
      : []),
    ...(command.options.length > 0
      ? [
          table(
            ['option', ''],
            command.options.map(({ flags, summary }) => [code(flags), summary]),
          ),
        ]
      : []),
    table(['exit code', ''], rowsOf(exits)),
    ...(command.examples.length > 0
      ? [command.examples.map((line) => `    otrtalk ${line}`).join('\n')]
      : []),
  ]
}

/** As it is written in settings.json, to the same effect as the flag. */
function settingOf({ setting, long, takesValue }: GlobalOption): string {
  if (setting === undefined) return ''
  return code(takesValue ? `"${setting}"` : `"${setting}": ${!long.startsWith('--no-')}`)
}

const rowsOf = (exits: Exits): readonly (readonly string[])[] =>
  Object.entries(exits).map(([exit, when]) => [exit, when])

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, ...rows]
    .map(row)
    .toSpliced(1, 0, `|${'---|'.repeat(head.length)}`)
    .join('\n')

const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`

const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replace(/(?<!`)<([a-z:]+)>(?!.*`)/g, '`<$1>`')

const code = (text: string): string => `\`${text}\``
