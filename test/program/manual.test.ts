/** dist/otrtalk.1, as those read it who show it: man, groff, mandoc. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { environment } from '../support/program.ts'

const manual = join(import.meta.dirname, '../../dist/otrtalk.1')
const env = { ...environment({}), LC_ALL: 'C.UTF-8', MANWIDTH: '80', MANPAGER: 'cat' }

function run(command: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' })
  return { status, stdout, stderr }
}

function isThere(command: string): boolean {
  const isFound = spawnSync('sh', ['-c', `command -v ${command}`], { env }).status === 0
  if (!isFound) console.log(`skipped: ${command} is not installed`)
  return isFound
}

describe('the man page is shown without a complaint by', () => {
  test.runIf(isThere('man'))('man', () => {
    const { status, stdout, stderr } = run('man', '--warnings', '-l', manual)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^NAME\n {7}otrtalk - talk in the terminal/m)
    expect(stdout).toContain('\n       otrtalk send bob "see you at eight"\n')
    expect(stdout).toMatch(/^ +--passphrase-file file$/m)
  })

  test.runIf(isThere('groff'))('groff', () => {
    const { status, stderr } = run('groff', '-man', '-ww', '-Tutf8', '-K', 'utf8', manual)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  test.runIf(isThere('mandoc'))('mandoc, but for the date that is not there', () => {
    const complaints = run('mandoc', '-Tlint', manual).stdout.trim().split('\n')
    expect(complaints.filter((line) => !line.includes('missing date'))).toEqual([])
  })
})
