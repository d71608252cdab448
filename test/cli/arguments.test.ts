import { describe, expect, test } from 'vitest'
import { execLast, readExec } from '../../src/cli/arguments.ts'
import { temporaryFolder } from '../edge/folder.ts'
import { runMain } from './streams.ts'

describe('all behind --exec is the command', () => {
  test.each([
    ['listen --exec notify-send --urgency=low x', ['notify-send', '--urgency=low', 'x']],
    ['listen --exec sh -c --exec -- --json', ['sh', '-c', '--exec', '--', '--json']],
    ['listen --exec=cat -', ['cat', '-']],
    ['listen --exec -x', ['-x']],
  ])('%s', (line, command) => {
    const argv = execLast(line.split(' '))
    expect(argv.slice(0, 2)).toEqual(['listen', '--exec'])
    expect(argv).toHaveLength(3)
    expect(readExec(argv[2]!)).toEqual(command)
  })

  test.each(['listen --json', 'send bob -- --exec', 'send bob exec'])('%s has none', (line) => {
    expect(execLast(line.split(' '))).toEqual(line.split(' '))
  })
})

test.each([
  ['listen --exec', /^otrtalk: --exec needs a command\nhint: it comes last: /],
  ['listen --exec=', /^otrtalk: --exec needs a command\n/],
  ['send bob --exec x', /^otrtalk: unknown option '--exec'\n/],
  ['listen --exec-timeout 0 --exec cat', /^otrtalk: --exec-timeout takes a number of seconds, not 0\n/],
  ['listen --exec-timeout 2000001 --exec cat', /2000001\nhint: at most 2000000\n/],
])('%s is wrong usage', async (line, words) => {
  const ran = await runMain(line.split(' '), { env: { OTRTALK_HOME: temporaryFolder() } })
  expect(ran).toMatchObject({ code: 2, stdout: '' })
  expect(ran.stderr).toMatch(words)
})

test('a command that there is not is told before anything else happens', async () => {
  const env = { OTRTALK_HOME: temporaryFolder(), PATH: '/nowhere' }
  await runMain(['profile', 'create', '--no-passphrase'], { env })
  for (const [name, words] of [
    ['notify-sent', 'there is no command notify-sent\nhint: it is looked for in the folders of PATH'],
    ['./gone', 'there is no file ./gone\nhint: --exec takes a program and its arguments'],
    [
      '/etc/passwd',
      '/etc/passwd cannot be run\nhint: it is no program, or its file may not be executed: chmod +x',
    ],
  ] as const)
    expect(await runMain(['listen', '--exec', name, 'x'], { env })).toMatchObject({
      ...{ code: 2, stdout: '', stderr: `otrtalk: ${words}\n` },
    })
})
