/** `otrtalk completion`, in the shells themselves: what Tab inserts, and what it never does. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { entry, environment, execute, freshHome, Program } from '../support/program.ts'
import { type Pty, start } from '../support/pty.ts'

type Shell = 'bash' | 'zsh' | 'fish'

/** How a shell is started with nothing of the user's, and what makes it complete. */
const shells: Readonly<Record<Shell, { readonly command: readonly string[]; readonly setUp: string }>> = {
  bash: { command: ['bash', '--norc', '--noprofile', '-i'], setUp: 'source <(otrtalk completion bash)' },
  zsh: {
    command: ['zsh', '-f', '-i'],
    setUp: 'autoload -U compinit; compinit -D -u; source <(otrtalk completion zsh)',
  },
  fish: { command: ['fish', '--no-config', '--private'], setUp: 'otrtalk completion fish | source' },
}

function isThere(shell: Shell): boolean {
  const isFound = spawnSync('sh', ['-c', `command -v ${shell}`]).status === 0
  if (!isFound) console.log(`skipped: ${shell} is not installed`)
  return isFound
}

let somebody = '' // an address
let home: Awaited<ReturnType<typeof freshHome>>
const at = (...parts: string[]): string => join(home.path, ...parts)

beforeAll(async () => {
  home = await freshHome()
  const made = async (name: string) =>
    JSON.parse(
      (await execute(['profile', 'create', name, '--no-passphrase', '--json'], { home: at('other') })).stdout,
    )
  const addresses = [(await made('x')).address, (await made('y')).address]
  somebody = addresses[0]
  const here = { home: home.path }
  await execute(['profile', 'create', 'ada', '--no-passphrase'], here)
  await execute(['buddy', 'add', 'robert', addresses[0]], here)
  await execute(['buddy', 'add', 'Zoë-2', addresses[1]], here)
  await mkdir(at('bin'))
  await mkdir(at('false'))
  await program('false', falseProgram('', 0))
  await program('bin', `exec '${process.execPath}' '${entry}' "$@"\n`)
})

afterAll(() => home[Symbol.asyncDispose]())

async function program(folder: string, script: string): Promise<void> {
  await writeFile(at(folder, 'otrtalk'), `#!/bin/sh\n${script}`)
  await chmod(at(folder, 'otrtalk'), 0o755)
}

/** A shell in a terminal that has `otrtalk` of that folder. */
async function open(shell: Shell, folder: 'bin' | 'false'): Promise<Pty> {
  const { command, setUp } = shells[shell]
  const env = { PATH: `${at(folder)}:${process.env['PATH']}`, PS1: 'ready> ', HOME: home.path }
  const pty = start([], { home: home.path, cols: 120, rows: 50, command, env })
  const ready = `echo set""-up`
  pty.type(`cd '${home.path}'; ${setUp}; ${ready}\r`)
  await pty.waitFor((screen) => /^set-up$/m.test(screen))
  return pty
}

describe.each(['bash', 'zsh', 'fish'] as const)('in %s', (shell) => {
  const isHere = isThere(shell)
  const there = test.runIf(isHere)
  let real: Pty // a terminal with the program
  let fake: Pty // one where another program has its name
  beforeAll(async () => {
    if (isHere) [real, fake] = await Promise.all([open(shell, 'bin'), open(shell, 'false')])
  })
  afterAll(async () => {
    if (isHere) await Promise.all([real, fake].map((pty) => pty[Symbol.asyncDispose]()))
  })
  /** On an empty line, at the top of an empty screen. */
  const type = (pty: Pty, text: string): void => pty.type(`\x15\x0c${text}`)

  there.each([
    ['otrtalk lis', 'otrtalk listen'],
    ['otrtalk chat rob', 'otrtalk chat robert'],
    ['otrtalk chat Z', 'otrtalk chat Zoë-2'],
    ['otrtalk buddy ren', 'otrtalk buddy rename'],
    ['otrtalk --profile a', 'otrtalk --profile ada'],
    ['otrtalk --profile=a', 'otrtalk --profile=ada'],
    ['otrtalk chat --bootstrap 127.0.0.1:6881 r', 'otrtalk chat --bootstrap 127.0.0.1:6881 robert'],
    ['otrtalk send robert --time', 'otrtalk send robert --timeout'],
    ['otrtalk completion f', 'otrtalk completion fish'],
    ['otrtalk id --debug bi', 'otrtalk id --debug bin/'],
    ['otrtalk id --debug=bi', 'otrtalk id --debug=bin/'],
  ])('%s, Tab: %s', async (typed, completed) => {
    type(real, `${typed}\t`)
    await real.waitFor(completed)
  })

  there('several are shown, and none is chosen', async () => {
    type(real, 'otrtalk buddy re\t\t')
    await real.waitFor((screen) => screen.includes('rename') && screen.includes('remove'))
  })

  describe('whatever a program named otrtalk answers, nothing of it is run:', () => {
    const words = [
      ...['harmless', '$(touch OUCH)', '`touch OUCH`', 'a; touch OUCH', "'; touch OUCH; '"],
      ...['"; touch OUCH; "', 'a b', '*', '$HOME', '~', '!!', '\\x', 'x\x1b]0;title\x07'],
    ]
    there.each(words)('%j', async (word) => {
      await rm(at('OUCH'), { force: true })
      const number = words.indexOf(word)
      await program('false', falseProgram(word, number))
      type(fake, 'otrtalk chat \t')
      fake.type('\r')
      await fake.waitFor((screen) => screen.split('\n').includes(`end of ${number}`))
      const args = (await readFile(at('log'), 'utf8')).split('\n').slice(0, -1)
      const leftOut = word === 'harmless' ? [] : [['chat']]
      expect([['chat', word], ...leftOut]).toContainEqual(args)
      expect(existsSync(at('OUCH'))).toBe(false)
      expect(fake.title).not.toContain('title')
    })
  })
})

/** Answers every Tab with `word`; keeps what it is started with otherwise. */
function falseProgram(word: string, number: number): string {
  const [answer] = [`${word}\tbuddy`].map((line) => line.replaceAll("'", `'\\''`))
  return [
    `case $1 in`,
    `completion) exec '${process.execPath}' '${entry}' "$@" ;;`,
    `complete*) printf '%s\\n' '${answer}'; exit ;;`,
    `esac`,
    `printf '%s\\n' "$@" > '${at('log')}'`,
    `echo end of ${number}`,
    '',
  ].join('\n')
}

describe('what the shells ask', () => {
  const ask = (...words: string[]) => execute(['complete-words', '--', ...words], { home: home.path })

  test('names buddies without a passphrase being asked for', async () => {
    expect((await ask('chat', '')).stdout).toBe('robert\tbuddy\nZoë-2\tbuddy\n')
  })

  test('of a locked profile names nobody, but while somebody has it open', async () => {
    await using other = await freshHome()
    const at = { home: other.path, env: { OTRTALK_INTERFACE: 'lo' } }
    const key = ['--passphrase-file', join(other.path, 'key')]
    await writeFile(join(other.path, 'key'), 'correct horse\n')
    await execute(['profile', 'create', 'ada', ...key], at)
    expect(await execute(['buddy', 'add', 'robert', somebody, ...key], at)).toMatchObject({ code: 0 })
    const none = { code: 0, signal: null, stdout: '', stderr: '' }
    expect(await execute(['complete-words', '--', 'chat', ''], at)).toEqual(none)
    await using listening = new Program(['listen', '--json', ...key], at)
    await listening.event('listening')
    const asked = await execute(['complete-words', '--', 'chat', 'ro'], at)
    expect(asked).toEqual({ ...none, stdout: 'robert\tbuddy\n' })
  })

  test('takes 250 ms of the processor at most', () => {
    expect(leastTime([process.execPath, entry, 'complete-words', '--', 'chat', ''])).toBeLessThan(250)
  })
})

/** Ms of the processor that the best of five runs took: what else the machine does counts in the others. */
function leastTime(command: readonly string[]): number {
  const env = environment({ home: home.path })
  const runs = Array.from({ length: 5 }, () => {
    const timed = spawnSync('bash', ['-c', `TIMEFORMAT='%U %S'; time "$@" > /dev/null`, 'bash', ...command], {
      env,
    })
    const [user = Number.NaN, system = Number.NaN] = timed.stderr.toString().trim().split(' ').map(Number)
    return (user + system) * 1_000
  })
  return Math.min(...runs)
}
