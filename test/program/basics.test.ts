import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { entry, execute, freshHome } from '../support/program.ts'

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))

test('--version prints the version and nothing else', async () => {
  for (const flag of ['--version', '-V']) {
    expect(await execute([flag])).toEqual({ code: 0, signal: null, stdout: `${version}\n`, stderr: '' })
  }
})

test('--help says on stdout what there is to do', async () => {
  for (const flag of ['--help', '-h']) {
    const { code, stdout, stderr } = await execute([flag])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const command of ['profile', 'buddy', 'id', 'chat', 'send', 'listen', 'node', 'interfaces']) {
      expect(stdout).toMatch(new RegExp(`^\\s+(?:otrtalk )?${command}\\b`, 'm'))
    }
  }
})

test('an unknown command and an unknown option are wrong usage, and a typo gets a hint', async () => {
  const command = await execute(['lisen'])
  expect(command).toMatchObject({ code: 2, stdout: '' })
  expect(command.stderr).toMatch(/listen/)
  const option = await execute(['--no-such-option'])
  expect(option).toMatchObject({ code: 2, stdout: '' })
})

test('what fails is told on stderr with a hint, and stdout stays empty', async () => {
  await using home = await freshHome()
  const { code, stdout, stderr } = await execute(['id', '--no-input'], { home: home.path })
  expect(code).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^otrtalk: .+\nhint: .+\n$/)
})

test('a reader that goes away ends the program without a fault', async () => {
  const command = ['sh', '-c', '{ "$@"; echo "exit $?" >&2; } | true', 'sh', process.execPath, entry]
  expect(await execute(['--help'], { command })).toMatchObject({ code: 0, stderr: 'exit 0\n' })
})
