/**
 * Walks the table of docs/Reference.md with the built program: every command with
 * each of its exit codes, every option in a good and in a bad form. What there is
 * to walk comes from the definitions; how, from walk/scenarios.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { define, nobody } from '../../src/cli/definitions/all.ts'
import { commonExits } from '../../src/cli/definitions/definition.ts'
import { type OutlinedCommand, type OutlinedOption, outlineOf } from '../../src/cli/definitions/outline.ts'
import { randomBytes } from '../../src/crypto.ts'
import { formatProfileAddress } from '../../src/profile/address.ts'
import { createIdentity } from '../../src/profile/identity.ts'
import { type Ended, execute } from '../support/program.ts'
import { everywhere, scenarios } from './walk/scenarios.ts'
import { type Person, World } from './walk/world.ts'

const outline = outlineOf(define(nobody))
const commands = [outline.alone, ...outline.commands.filter(({ isHidden }) => !isHidden)]
const named = ({ path }: OutlinedCommand): string => path || 'otrtalk'

let world: World
beforeAll(async () => {
  world = await World.open()
})
afterAll(() => world[Symbol.asyncDispose]())

const rows = commands.flatMap((command) =>
  Object.entries(command.exits).map(([code, when]) => ({ command, code, when })),
)

test('every row of the table has a scenario, and every scenario a row', () => {
  const listed = rows.map(({ command, code }) => `${named(command)} ${code}`)
  const tried = Object.entries(scenarios).flatMap(([path, codes]) =>
    Object.keys(codes).map((code) => `${path || 'otrtalk'} ${code}`),
  )
  expect(tried.sort()).toEqual(listed.sort())
})

describe.concurrent('ends with what it lists:', () => {
  test.for(rows.map((row) => [named(row.command), row.code, row.when, row] as const))(
    '%s, %s: %s',
    async ([, code, when, { command }], { skip }) => {
      const scenario = scenarios[command.path]?.[code]
      if (!scenario) throw new Error(`no scenario for ${named(command)} with ${code}: ${when}`)
      const ended = await scenario(world)
      if (typeof ended === 'string') {
        console.log(ended)
        skip(ended)
      } else expectEnd(ended, Number(code))
    },
  )

  test.each(everywhere.map((scenario, index) => [index, scenario] as const))(
    'options of every command, %i',
    async (_, scenario) => {
      expectEnd(await scenario(world), 0)
    },
  )
})

/** With what was said, where it is another one. */
function expectEnd({ code, stdout, stderr }: Ended, expected: number): void {
  expect(code, `${stdout.slice(-500)}${stderr}`).toBe(expected)
  if (expected === 0) return
  // In words, never as a fault of the program's own.
  expect(stderr).not.toMatch(/fault of the program|^ +at /m)
}

/** After all of the above. */
describe('every option was given in a good form, and what was asked for was done:', () => {
  const isRun = (path: string, { long }: OutlinedOption): boolean =>
    world.runs.some(
      ({ args, code }) =>
        code === 0 && args.slice(0, path.split(' ').length).join(' ').startsWith(path) && args.includes(long),
    )

  test.each(
    commands.flatMap((command) =>
      command.options.map((option) => [named(command), option.long, { command, option }] as const),
    ),
  )('%s %s', (_path, _long, { command, option }) => {
    expect(isRun(command.path, option)).toBe(true)
  })

  test.each(outline.options.map((option) => [option.long, option] as const))('%s', (_, option) => {
    expect(isRun('', option)).toBe(true)
  })
})

describe.concurrent('a bad form ends with 2, and one line names the option:', () => {
  const bad = [
    ...commands.flatMap((command) => command.options.map((option) => ({ command, option }))),
    ...outline.options.map((option) => ({ command: commandAt('interfaces'), option })),
  ].flatMap(({ command, option }) =>
    badForms(option).map((form) => ({
      option,
      args: [...command.path.split(' '), ...dummies(command), ...form],
    })),
  )
  let at: Person
  beforeAll(async () => {
    at = await world.person()
  })

  test.each(bad.map(({ args, option }) => [args.join(' '), args, option] as const))(
    '%s',
    async (_, args, { long }) => {
      const text = await execute(args, at)
      expect(text).toMatchObject({ code: 2, stdout: '' })
      expect(text.stderr).toMatch(/^otrtalk: .+\n(?:hint: .+\n)?$/)
      expect(text.stderr).toMatch(new RegExp(`\\b${long.replace(/^--(?:no-)?/, '')}\\b`))
      const json = await execute(['--json', ...args], at)
      expect(json).toMatchObject({ code: 2, stderr: text.stderr })
      const [, message, hint] = /^otrtalk: (.+)\n(?:hint: (.+)\n)?$/.exec(text.stderr)!
      expect(JSON.parse(json.stdout)).toEqual({ event: 'error', message, ...(hint && { hint }) })
    },
  )
})

function commandAt(path: string): OutlinedCommand {
  const found = commands.find((command) => command.path === path)
  if (!found) throw new Error(`no command ${path}`)
  return found
}

/** Something for each argument and each option that has to be there. */
const dummies = ({ path, ...command }: OutlinedCommand): readonly string[] => [
  ...command.arguments
    .filter(({ isRequired }) => isRequired)
    .map(({ name }) => (name === 'address' ? somebodys : name)),
  ...(path === 'profile export' ? ['--to', '/nowhere/file'] : []),
]

const somebodys = formatProfileAddress(createIdentity(randomBytes).address)

/** A switch with a value; an option without one, or with one that it cannot have. */
function badForms({ long, flags, takesValue, values }: OutlinedOption): readonly (readonly string[])[] {
  if (!takesValue) return [[`${long}=yes`]]
  if (/\[.+\]$/.test(flags)) return [] // any name, or none
  const value = values.kind === 'fixed' ? 'another' : impossible[/<(.+?)>/.exec(flags)?.[1] ?? '']
  return value === undefined ? [[long]] : [[long], [long, value]]
}

/** By what stands for the value. */
const impossible: Readonly<Record<string, string>> = {
  ...{ seconds: 'soon', f: '0A3F', n: 'many', 'host:port': 'nowhere' },
}

describe.concurrent('what is common to all:', () => {
  test.each(commands.map((command) => [named(command), command] as const))(
    '%s with an unknown option ends with 2',
    async (_, command) => {
      const path = command.path.split(' ').filter((word) => word !== '')
      const ended = await execute([...path, ...dummies(command), '--no-such-option'], world.nobody())
      expect(ended).toMatchObject({ code: 2, stdout: '' })
      expect(ended.stderr).toMatch(/^otrtalk: unknown option '--no-such-option'\nhint: .+\n$/)
    },
  )

  test('a fault of its own: 70', async () => {
    const broken = 'process.stdout.write=()=>{throw(new(TypeError)("oops"))}'
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${broken}` }
    const ended = await execute(['interfaces'], { env })
    expect(ended.code).toBe(70)
    expect(ended.stderr).toContain('this is a fault of the program itself')
  })

  const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const
  test.each([
    ['listen --json', 'SIGHUP'],
    ['listen --json', 'SIGINT'],
    ['node --json', 'SIGHUP'],
    ['node --json', 'SIGINT'],
    ['node --json', 'SIGTERM'],
    ['--json', 'SIGTERM'],
    ['chat bob --json', 'SIGTERM'],
    ['send bob hello --json', 'SIGTERM'],
    ['why bob --json', 'SIGTERM'],
    ['listen --json', 'SIGTERM'],
    ['invite friend --json', 'SIGTERM'],
    ['offer bob --json', 'SIGTERM'],
    ['demo --json', 'SIGTERM'],
  ] as const)('%s, %s', async (line, signal) => {
    await using program = world.start(line.split(' '), (await world.pair()).ada)
    await program.line((text) => /"event":"(?:listening|code|offer)"/.test(text))
    program.signal(signal)
    const { code, stderr } = await program.ended()
    expect({ code, stderr }).toMatchObject({ code: signals[signal] })
    expect(Object.keys(commonExits)).toContain(String(code))
  })
})
