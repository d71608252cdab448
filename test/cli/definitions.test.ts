import { describe, expect, test } from 'vitest'
import { define, nobody } from '../../src/cli/definitions/all.ts'
import { outlineOf } from '../../src/cli/definitions/outline.ts'
import { settingNames } from '../../src/edge/settings.ts'
import { runMain } from './streams.ts'

const outline = outlineOf(define(nobody))
const commands = outline.commands.filter(({ isHidden }) => !isHidden)
const shown = async (...argv: string[]) => (await runMain([...argv, '--help'])).stdout

describe('every command', () => {
  test.each(commands.map((command) => [command.path, command] as const))(
    '%s says what it does, when it is done, and when it fails',
    (_, { summary, exits }) => {
      expect(summary).toMatch(/^[a-z].*[^.]$/)
      expect(Object.keys(exits)).toEqual(expect.arrayContaining(['0', '1']))
      for (const [code, when] of Object.entries(exits)) {
        expect(when).toMatch(/^[a-z].*[^.]$/)
        expect(['0', '1', '3', '4', '5', '6']).toContain(code) // the others are common to all
      }
    },
  )

  test.each(commands.map((command) => [command.path, command] as const))(
    'the help of %s lists its own exit codes, and names the options that work everywhere',
    async (path, { exits, options }) => {
      const help = await shown(...path.split(' '))
      const [, codes = ''] = help.split('\nExit codes:\n')
      expect(codes.match(/^ {2}\d+/gm)?.map(Number)).toEqual(Object.keys(exits).map(Number))
      for (const { flags } of options) expect(help).toContain(`  ${flags}`)
      const line = help.slice(help.indexOf('These work too')).replaceAll('\n', ' ')
      for (const { long } of outline.options) expect(line).toContain(` ${long}`)
      expect(help).not.toContain('Variables:')
    },
  )
})

describe('the help of the program', () => {
  test('has examples, then commands and options in groups, variables and what all exit with', async () => {
    const headings = (await shown()).match(/^[A-Z][A-Za-z ]*:/gm)
    expect(headings).toEqual([
      ...['Examples:', 'Usage:', 'Meet:', 'Talk:', 'Without the DHT:', 'You and your buddies:', 'More:'],
      ...[
        'Profile:',
        'Network:',
        'In and out:',
        'On the screen:',
        'When a message comes:',
        'Help:',
        'Variables:',
        'Exit codes:',
      ],
    ])
  })

  test('leaves hidden commands out', async () => {
    const hidden = outline.commands.filter(({ isHidden }) => isHidden).map(({ path }) => path)
    expect(hidden).toEqual(expect.arrayContaining(['demo-network', 'demo-buddy']))
    for (const path of hidden) expect(await shown()).not.toContain(path)
  })

  test('keeps within 80 columns', async () => {
    for (const path of [[], ...commands.map((command) => command.path.split(' '))])
      for (const line of (await shown(...path)).split('\n').filter((row) => !row.startsWith('  otrtalk ')))
        expect(line.length, line).toBeLessThanOrEqual(80)
  })
})

test('every setting is the one of an option', () => {
  const settings = outline.options.flatMap(({ setting }) => setting ?? [])
  expect(new Set(settings)).toEqual(new Set(settingNames))
})

test('what completes a word follows from the definition, and from what the word is called', () => {
  const words = (path: string) =>
    outline.commands.find((command) => command.path === path)?.arguments.map(({ values }) => values)
  expect(words('chat')).toEqual([{ kind: 'known', of: 'buddies' }])
  expect(words('buddy add')).toEqual([{ kind: 'any' }, { kind: 'any' }])
  expect(words('profile show')).toEqual([{ kind: 'known', of: 'profiles' }])
  const valuesOf = (long: string) => outline.options.find((option) => option.long === long)?.values
  expect(valuesOf('--interface')).toEqual({ kind: 'known', of: 'interfaces' })
  expect(valuesOf('--debug')).toEqual({ kind: 'known', of: 'files' })
  expect(valuesOf('--port')).toEqual({ kind: 'any' })
})
