import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { introduce, type Seed, seed } from '../support/people.ts'
import { execute, freshHome, Program, type Started } from '../support/program.ts'

type Home = Awaited<ReturnType<typeof freshHome>>
let node: Seed
let home: Home
let away: Home
let here: Started
let there: Started

beforeAll(async () => {
  node = await seed({ interface: 'lo' })
  ;[home, away] = [await freshHome(), await freshHome()]
  const env = { OTRTALK_INTERFACE: 'lo', OTRTALK_BOOTSTRAP: node.address }
  here = { home: home.path, env }
  there = { home: away.path, env }
  await introduce({ name: 'ada', at: here }, { name: 'bob', at: here })
})

afterAll(async () => {
  for (const one of [node, home, away]) await one[Symbol.asyncDispose]()
})

const listening = async (profile: string, at: Started): Promise<Program> => {
  const program = new Program(['listen', '--json', '--profile', profile], at)
  await program.event('listening')
  return program
}
const send = (text: string, [from, to]: readonly [string, string], at: Started) =>
  execute(['send', to, text, '--profile', from], at)

test('two profiles of one home talk with each other, in two processes', async () => {
  await using bob = await listening('bob', here)
  expect(await send('from ada', ['ada', 'bob'], here)).toMatchObject({ code: 0 })
  expect(await bob.event('message')).toMatchObject({ buddy: 'ada', text: 'from ada' })
  const { stdout } = await execute(['profile', 'list', '--json'], here)
  expect(JSON.parse(stdout)).toMatchObject([
    { profile: 'ada', usedBy: null },
    { profile: 'bob', usedBy: { pid: bob.pid, command: 'listen' } },
  ])
})

test('a profile that moved to another home is known to its buddy as before, and only there', async () => {
  const file = join(home.path, 'ada.otrtalk')
  const secret = join(home.path, 'secret')
  writeFileSync(secret, 'carry me\n')
  const moved = ['profile', 'export', 'ada', '--to', file, '--new-passphrase-file', secret]
  expect(await execute(moved, here)).toMatchObject({ code: 0, stdout: '' })
  // By a pipe, as over ssh.
  const line = ['profile', 'import', '-', '--no-passphrase', '--passphrase-file', secret]
  const imported = await execute(line, { ...there, input: readFileSync(file) })
  expect(imported).toMatchObject({ code: 0, stdout: expect.stringMatching(/^profile +ada\n/) })
  expect(await execute(['profile', 'remove', 'ada', '--yes'], here)).toMatchObject({ code: 0 })

  const known = await execute(['buddy', 'fingerprint', 'ada', '--profile', 'bob'], here)
  await using bob = await listening('bob', here)
  expect(await send('from elsewhere', ['ada', 'bob'], there)).toMatchObject({ code: 0 })
  expect(await bob.event('message')).toMatchObject({ buddy: 'ada', text: 'from elsewhere' })
  const after = await execute(['buddy', 'fingerprint', 'ada', '--profile', 'bob'], here)
  expect(after.stdout).toBe(known.stdout)
})
