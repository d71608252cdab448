import { spawn, spawnSync } from 'node:child_process'
import { existsSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { version } from '../../src/cli/version.ts'
import { bundle } from '../edge/bundle.ts'
import { temporaryFolder } from '../edge/folder.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 }) // ms: other processes, on a machine with other work

let program = ''
let broken = ''
beforeAll(async () => {
  program = await bundle(`import './bin/otrtalk.ts'`)
  broken = await bundle(`import './bin/otrtalk.ts'\nsetTimeout(() => { throw new TypeError('oops') }, 20)`)
})
afterAll(() => {
  for (const path of [program, broken]) rmSync(dirname(path), { recursive: true, force: true })
})

const run = (path: string, ...argv: string[]) => {
  const env = { PATH: process.env['PATH'], OTRTALK_HOME: temporaryFolder() }
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...argv], { env, input: '' })
  return { status, stdout: stdout.toString(), stderr: stderr.toString() }
}

test('the program prints on stdout and ends with the command’s code', () => {
  expect(run(program, '--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
  expect(run(program, 'id')).toMatchObject({ status: 1, stdout: '' })
  expect(run(program, 'nothing')).toMatchObject({ status: 2, stdout: '' })
})

test('a fault of ours outside of any command ends it with 70 and its stack', () => {
  const { status, stderr } = run(broken, 'interfaces')
  expect(status).toBe(70)
  expect(stderr).toMatch(/^otrtalk: this is a fault of the program itself.*\nTypeError: oops\n +at /)
})

test('whoever closes our output early is no fault', async () => {
  const child = spawn(process.execPath, [program, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.on('data', (octets: Buffer) => {
    said += octets.toString()
  })
  child.stdout.destroy()
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0)
  expect(said).toBe('')
})

test.runIf(existsSync('/dev/full')).each(['--version', '--help', 'interfaces'])(
  'no room for the output of %s is told in words, with exit code 1',
  (line) => {
    const stdio = ['ignore', openSync('/dev/full', 'w'), 'pipe'] as const
    const { status, stderr } = spawnSync(process.execPath, [program, line], { stdio: [...stdio] })
    expect(stderr.toString()).toBe('otrtalk: cannot write to standard output: no space is left on the disk\n')
    expect(status).toBe(1)
  },
)
