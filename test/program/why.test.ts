import { describe, expect, test } from 'vitest'
import { coupleOfFile } from '../support/couple.ts'
import { execute, Program } from '../support/program.ts'

const { ada, bob } = coupleOfFile()

const aliases = /\b(?:ada|bob)\b/i
const literals = /127\.0\.0|::1/

describe('otrtalk why', () => {
  test('of a buddy who is not there: exit 3 after the time given, what runs on stderr, the page on stdout', async () => {
    const { code, stdout, stderr } = await execute(['why', 'bob', '--timeout', '2'], ada)
    expect(code).toBe(3)
    expect(stderr).toMatch(/looking for bob\n/)
    expect(stdout).toMatch(/^bob is not reached after \d s: looking for bob\nways to get there, 0 attempts\n/)
    expect(stdout).toContain('\n  local network     bob is not heard there\n')
    expect(stdout).toMatch(/\nwhat would help\n {2}is otrtalk running there, and did bob add your address/)
  })

  test('of one who is: exit 0 as soon as he is reached', async () => {
    await using listening = new Program(['listen', '--json'], bob)
    await listening.event('listening')
    const { code, stdout } = await execute(['why', 'bob', '--timeout', '40'], ada)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^bob was reached after .*, on this machine\n/)
    expect(stdout).not.toContain('what would help')
  })

  test('of one on the local network: that he was heard there', async () => {
    const near = (who: typeof ada) => ({ ...who, env: { ...who.env, OTRTALK_NO_DHT: '1' } })
    await using listening = new Program(['listen', '--json'], near(bob))
    await listening.event('listening')
    const { code, stdout } = await execute(['why', 'bob', '--timeout', '40'], near(ada))
    expect(code).toBe(0)
    expect(stdout).toMatch(/\n {2}local network {5}worked\n/)
    expect(stdout).toContain('\n  heard on the local network\n')
    expect(stdout).toContain('; the network is not asked\n')
  })

  test('of a network that cannot be reached: exit 6, and what would help', async () => {
    const alone = { ...ada, env: { ...ada.env, OTRTALK_BOOTSTRAP: '127.0.0.1:9' } }
    const { code, stdout } = await execute(['why', 'bob', '--timeout', '8'], alone)
    expect(code).toBe(6)
    expect(stdout).toMatch(/\nwhat would help\n {2}is this machine online\?/)
  })

  test('--json ends with the report, and --redact names nobody, in text and in JSON', async () => {
    await using listening = new Program(['listen', '--json'], bob)
    await listening.event('listening')
    const json = await execute(['why', 'bob', '--json', '--timeout', '40'], ada)
    expect(JSON.parse(json.stdout.trim().split('\n').at(-1)!)).toMatchObject({
      ...{ event: 'why', buddy: 'bob' },
      report: {
        network: { ipv4: { port: expect.any(Number), dht: { state: 'joined' } } },
        buddy: { state: 'secured', path: { address: expect.stringMatching(literals) } },
      },
    })
    for (const form of [[], ['--json']]) {
      const { code, stdout, stderr } = await execute(
        ['why', 'bob', '--timeout', '40', '--redact', ...form],
        ada,
      )
      expect(code).toBe(0)
      expect(stdout).toContain('loopback IPv4 #1, port #')
      expect(`${stdout}${stderr}`).not.toMatch(aliases)
      expect(`${stdout}${stderr}`).not.toMatch(literals)
      expect(stdout).not.toMatch(/[\da-f]{40}/i)
    }
  })

  test('of nobody: no buddy of that name; of a profile in use: what its owner has tried', async () => {
    expect(await execute(['why', 'eve'], ada)).toMatchObject({ code: 1, stdout: '' })
    await using listening = new Program(['listen', '--json'], ada)
    await listening.event('listening')
    expect(await execute(['why', 'bob', '--timeout', '1'], ada)).toMatchObject({
      ...{ code: 3, stdout: expect.stringMatching(/^bob is not reached after \d s: .*\nways to get there/) },
    })
    expect(await execute(['why', 'eve'], ada)).toMatchObject({ code: 1, stdout: '' })
  })
})

test('in a conversation of a script: {"why":true} is answered at any time', async () => {
  await using json = new Program(['chat', 'bob', '--json'], ada)
  await json.event('listening')
  json.write('{"why":true}\n{"why":1}\n')
  expect(await json.event('why')).toMatchObject({ buddy: 'bob', report: { buddy: { state: 'looking' } } })
  expect(await json.event('error')).toMatchObject({ message: '"why" is not true' })
})
