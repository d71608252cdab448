import { chmod, chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDebugLog } from '../../src/edge/debuglog.ts'
import { UserError } from '../../src/error.ts'
import { address } from '../support/network.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'otrtalk-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('tells events and datagrams, and never a text, a question, who somebody is, or what is in a datagram', async () => {
  const path = join(folder, 'log')
  {
    using log = openDebugLog(path)
    const under = { buddy: 'bob', session: 1, fingerprint: 'f'.repeat(112), trust: 'unverified' } as const
    log.event({ kind: 'message', id: '0123456789abcdef', text: 'plaintext', at: 0, ...under })
    log.event({ kind: 'asked', question: 'Who is plaintext?', ...under })
    log.event({ kind: 'moved', address: 'ot1plaintext', ...under })
    const bytes = new TextEncoder().encode('\u00f3payload')
    log.datagram('in', { local: { kind: 'udp4' }, peer: address('192.0.2.1:9'), bytes })
  }
  const text = await readFile(path, 'utf8')
  expect(text).toMatch(/"kind":"message".*"buddy":"bob"/)
  expect(text).toMatch(/ in 192\.0\.2\.1:9 \w+ 9\n/)
  expect(text).not.toMatch(/plaintext|ffff|payload/)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('a file that cannot be written is refused in words', () => {
  expect(() => openDebugLog(join(folder, 'no', 'log'))).toThrow(UserError)
})

test('a file that was there is closed to others, and keeps what it has', async () => {
  const path = join(folder, 'log')
  await writeFile(path, 'before\n')
  await chmod(path, 0o666)
  openDebugLog(path)[Symbol.dispose]()
  expect([await readFile(path, 'utf8'), (await stat(path)).mode & 0o777]).toEqual(['before\n', 0o600])
})

test.runIf(process.getuid?.() === 0)('a file of another user is not written to', async () => {
  const path = join(folder, 'log')
  await writeFile(path, '')
  await chown(path, 65_534, 65_534)
  expect(() => openDebugLog(path)).toThrow(/another user’s file/)
})
