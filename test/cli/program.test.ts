import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { report } from '../../src/cli/error.ts'
import { version } from '../../src/cli/version.ts'
import { UserError } from '../../src/error.ts'
import { temporaryFolder } from '../edge/folder.ts'
import { runMain } from './streams.ts'

const home = (): Record<string, string> => ({ OTRTALK_HOME: temporaryFolder() })

test('the version is the one of package.json', async () => {
  const { version: packaged } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'),
  )
  expect(version).toBe(packaged)
  expect(await runMain(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' })
  expect(await runMain(['-V'])).toMatchObject({ code: 0, stdout: `${version}\n` })
})

describe('help', () => {
  test.each([['--help'], ['-h'], ['help']])('%s shows examples first, on stdout', async (flag) => {
    const { code, stdout, stderr } = await runMain([flag])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^Examples:\n {2}otrtalk profile create\n/)
    for (const command of ['chat', 'send', 'listen', 'id', 'buddy', 'profile', 'interfaces', 'node', 'demo'])
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'))
  })

  test('of a command shows its examples, and names the options everywhere', async () => {
    const { code, stdout } = await runMain(['send', '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Examples:\n {2}otrtalk send bob/)
    for (const option of ['--timeout', '--profile', '--bootstrap', '--passphrase-fd', '--no-dht'])
      expect(stdout).toContain(option)
  })

  test('of a command in a group is found behind help, too', async () => {
    const { code, stdout } = await runMain(['help', 'buddy', 'add'])
    expect([code, stdout]).toEqual([0, (await runMain(['buddy', 'add', '--help'])).stdout])
    expect(stdout).toContain('Usage: otrtalk buddy add')
  })

  test('is shown on stderr, with exit code 2, for help about nothing', async () => {
    const { code, stdout, stderr } = await runMain(['help', 'nothing'])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('Usage: otrtalk')
  })
})

describe('without a command', () => {
  test('and without a profile it says how to begin', async () => {
    const { code, stdout, stderr } = await runMain([], { env: home(), typed: '' })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^otrtalk: there is no profile yet\nhint: begin with: otrtalk profile create; /)
  })

  test.each([
    [false, {}, 'standard input is not a terminal'],
    [true, { TERM: 'dumb' }, 'this terminal cannot place its cursor (TERM=dumb)'],
  ])(
    'and with a terminal: %j, variables: %j, it ends with 2 and names what works',
    async (isTTY, more, why) => {
      const env = { ...home(), ...more }
      await runMain(['profile', 'create', 'ada', '--no-passphrase'], { env })
      const { code, stdout, stderr } = await runMain([], { env, ...(isTTY && { typed: '' }) })
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain(
        `otrtalk: the chat screen cannot be opened: ${why}\nhint: line by line: otrtalk --plain;`,
      )
    },
  )
})

describe('a wrong command line ends with 2, one line and a hint', () => {
  test.each([
    [['chta'], "unknown command 'chta'", 'did you mean chat?'],
    [['chta', 'bob', '--plain'], "unknown command 'chta'", 'did you mean chat?'],
    [['xyz'], "unknown command 'xyz'", 'see otrtalk --help'],
    [['--jsn'], "unknown option '--jsn'", 'did you mean --json?'],
    [['chat', 'bob', '--jsn'], "unknown option '--jsn'", 'did you mean --json?'],
    [['chat'], "missing required argument 'alias'", 'see otrtalk chat --help'],
    [['send', 'bob', 'see', 'you'], /too many arguments/, 'see otrtalk send --help'],
    [['id', '--port'], /argument missing/, 'see otrtalk --help'],
    [['buddy', 'add', 'bob'], "missing required argument 'address'", 'see otrtalk buddy add --help'],
    [['send', 'bob', 'x', '--fingerprint', 'ab'], 'a fingerprint has 112 hex digits', /otrtalk id/],
    [['interfaces', '--port', '0'], '--port takes a port from 1 to 65535, not 0', undefined],
    [['interfaces', '--bootstrap', 'x'], '--bootstrap takes host:port, not x', undefined],
    [['chat', 'bob', '--fingerprint', 'ab'], 'a fingerprint has 112 hex digits', /otrtalk id/],
    [['send', 'bob', 'x', '--timeout', 'soon'], '--timeout takes a number of seconds, not soon', undefined],
    [
      ['buddy', 'lsit'],
      "unknown command 'buddy lsit'",
      'there are: add, at, set, list, show, fingerprint, verify, unverify, rename, block, unblock, remove',
    ],
    [['buddy', 'verfy', 'bob'], "unknown command 'buddy verfy'", /verify/],
    [['completion', 'tcsh'], 'shell takes bash, zsh, fish, not tcsh', 'see otrtalk completion --help'],
    [
      ['profiles', 'x'],
      "unknown command 'profile x'",
      'there are: create, list, show, remove, passphrase, export, import, settings, set, unset',
    ],
    [['profile', 'remove', 'x', '--passphrase', 'y'], /unknown option '--passphrase'/, /./],
  ])('%j', async (argv, message, hint) => {
    const { code, stdout, stderr } = await runMain(argv, { env: home() })
    expect([code, stdout]).toEqual([2, ''])
    const [first, second, ...rest] = stderr.split('\n')
    expect(first?.replace(/^otrtalk: /, '')).toEqual(
      typeof message === 'string' ? message : expect.stringMatching(message),
    )
    expect(first).toMatch(/^otrtalk: /)
    if (hint !== undefined)
      expect(second).toEqual(typeof hint === 'string' ? `hint: ${hint}` : expect.stringMatching(hint))
    expect(rest.join('')).toBe('')
  })
})

test('with --json a fault is told on stdout too, as an event', async () => {
  const expected = {
    event: 'error',
    message: 'there is no profile yet',
    hint: 'make one: otrtalk profile create',
  }
  const flagged = await runMain(['id', '--json'], { env: home() })
  const env = await runMain(['id'], { env: { ...home(), OTRTALK_JSON: '1' } })
  for (const { code, stdout, stderr } of [flagged, env]) {
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toEqual(expected)
    expect(stderr).toBe('otrtalk: there is no profile yet\nhint: make one: otrtalk profile create\n')
  }
})

test.each([
  [['send', 'bob', '--bogus', '--json'], "unknown option '--bogus'"],
  [['--json', 'bogus'], "unknown command 'bogus'"],
  [['listen', '--json', '--exec'], '--exec needs a command'],
])('wrong usage, too: %j', async (argv, message) => {
  const { code, stdout } = await runMain(argv, { env: home() })
  expect(code).toBe(2)
  expect(JSON.parse(stdout)).toMatchObject({ event: 'error', message })
})

test.each([[['send', 'bob', '--', '--json']], [['listen', '--exec', 'nothing', '--json']]])(
  '%j asks for no JSON',
  async (argv) => {
    expect(await runMain(argv, { env: home() })).toMatchObject({ stdout: '' })
  },
)

test('a setting that asks for JSON is heard as the option is', async () => {
  const env = home()
  await runMain(['profile', 'create', '--no-passphrase'], { env })
  writeFileSync(join(env['OTRTALK_HOME']!, 'profiles/default/settings.json'), '{"json":true}')
  const { code, stdout } = await runMain(['buddy', 'show', 'bob'], { env })
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({ event: 'error', message: 'no buddy named bob' })
})

test('a fault of ours is told as an event, without its stack', async () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const io = { stdin: process.stdin, stdout, stderr, env: {} } as unknown as Parameters<typeof report>[1]
  expect(await report(new TypeError('oops'), io, 'json')).toBe(70)
  expect(JSON.parse(String(stdout.read()))).toEqual({
    event: 'error',
    message: 'this is a fault of the program itself, please report it',
    hint: 'what it was is on standard error',
  })
  expect(String(stderr.read())).toContain('TypeError: oops')
})

describe('the exit code', () => {
  const told = async (error: unknown) => {
    const written: string[] = []
    const stream = { write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream
    const code = await report(
      error,
      { stdin: process.stdin, stdout: stream, stderr: stream, env: {} },
      'text',
    )
    return [code, written.join('')] as const
  }

  test('is the one of the fault, 1 if it names none', async () => {
    expect(await told(new UserError('x'))).toEqual([1, 'otrtalk: x\n'])
    expect(await told(new UserError('x', { exit: 5, hint: 'y' }))).toEqual([5, 'otrtalk: x\nhint: y\n'])
  })

  test('is 70 for a fault of ours, with its stack', async () => {
    const [code, text] = await told(new TypeError('oops'))
    expect(code).toBe(70)
    expect(text).toMatch(/fault of the program itself.*TypeError: oops\n.* at /s)
  })

  test('is 1, in words, when the output has no room', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      ...{ code: 'ENOSPC', syscall: 'write', errno: -28 },
    })
    expect(await told(full)).toEqual([
      1,
      'otrtalk: cannot write to standard output: no space is left on the disk\n',
    ])
  })

  test('is 0 when whoever read the output has gone', async () => {
    expect(await told(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))).toEqual([0, ''])
  })

  test('comes with one line, whatever a name has in it', async () => {
    const [, text] = await told(new UserError('no buddy named x\nhint: \x1b[31mpay\u202e', { hint: 'a\nb' }))
    expect(text.split('\n')).toHaveLength(3)
    for (const control of ['\x1b', '\u202e']) expect(text).not.toContain(control)
  })
})
