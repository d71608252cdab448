/** `profile passphrase`, `profile export` and `profile import`, as they are typed. */
import { openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { exported } from '../../src/edge/carry.ts'
import { createProfile, openProfile } from '../../src/edge/profiles.ts'
import { defaultCost } from '../../src/profile/seal.ts'
import { needsPassphrase } from '../../src/profile/vault.ts'
import { type Ran, type RunOptions, runMain } from '../cli/streams.ts'
import { temporaryFolder } from '../edge/folder.ts'
import { cheap, other, withBuddy } from '../profile/people.ts'

let home: string
const otrtalk = (line: string, options: RunOptions = {}): Promise<Ran> =>
  runMain(line.split(' '), { ...options, env: { OTRTALK_HOME: home, ...options.env } })
const at = (name: string): string => join(home, name)
const vault = (name = 'ada'): Buffer => readFileSync(at(`profiles/${name}/vault`))
const places = () => ({ path: home, profiles: at('profiles') })
const create = (name: string, passphrase: string) =>
  createProfile({ home: places(), name, passphrase, command: '', cost: cheap })
const open = (name: string, passphrase = '') =>
  openProfile({ home: places(), name, passphrase, command: 'chat', lock: true })
const secret = (name: string, text: string): string => {
  writeFileSync(at(name), text)
  return at(name)
}
const scryptPatience = 30_000 // ms: the program’s own cost, on a machine with other work

beforeEach(() => {
  home = temporaryFolder()
})

describe('profile passphrase', () => {
  test(
    'asks for the one there is, then twice for the new one, and shows neither',
    async () => {
      await create('ada', 'old')
      const ran = await otrtalk('profile passphrase', { typed: 'olt\rold\rnew\rnwe\rnew\rnew\r' })
      expect(ran.stderr).toBe(
        [
          'passphrase of ada: ',
          'wrong passphrase, try again',
          'passphrase of ada: ',
          'new passphrase for ada: ',
          'the same again: ',
          'the two differ, try again',
          'new passphrase for ada: ',
          'the same again: ',
          'the profile ada has a new passphrase',
          'a copy of its vault from before opens as it did then, and shows nothing that is written from here on',
          '',
        ].join('\n'),
      )
      expect(ran).toMatchObject({ code: 0, stdout: '' })
      const { logN, r, p } = defaultCost // whatever the old one’s was
      expect([...vault().subarray(16, 19)]).toEqual([logN, r, p])
      await using _ = await open('ada', 'new')
    },
    scryptPatience,
  )

  test('is read from the file that is set, which has to be changed, too: that is said', async () => {
    await create('ada', 'old')
    const file = secret('old', 'old')
    writeFileSync(at('profiles/ada/settings.json'), JSON.stringify({ 'passphrase-file': file }))
    const ran = await otrtalk('profile passphrase --no-passphrase')
    expect(ran).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`still names ${file}: write the new`),
    })
  })

  test('is removed when that is asked for by name, saying what it means', async () => {
    await create('ada', 'old')
    const ran = await otrtalk(
      `profile passphrase --json --no-passphrase --passphrase-file ${secret('old', 'old')}`,
    )
    expect(ran.stderr).toContain('the profile ada has no passphrase: whoever can read this disk can be you')
    expect(ran).toMatchObject({ code: 0, stdout: '{"profile":"ada","passphrase":false}\n' })
    expect(needsPassphrase(vault())).toBe(false)
  })

  test.each([
    ['an empty one', '', (new_: string) => `--new-passphrase-file ${new_}`, 2, /hint: .*--no-passphrase/],
    ['nobody to ask', '', () => '', 5, /use --new-passphrase-file or --new-passphrase-fd/],
    [
      'two sources',
      'x',
      (new_: string) => `--new-passphrase-file ${new_} --new-passphrase-fd 3`,
      2,
      /not from both/,
    ],
    ['one and none', 'x', (new_: string) => `--no-passphrase --new-passphrase-file ${new_}`, 2, /exclude/],
    ['no descriptor', 'x', () => '--new-passphrase-fd x', 2, /--new-passphrase-fd takes the number/],
  ])('is refused from %s, and the vault stays as it was', async (_, text, flags, code, message) => {
    await create('ada', 'old')
    const before = vault()
    const line = `profile passphrase ${flags(secret('new', text))} --passphrase-file ${secret('old', 'old')}`
    const ran = await otrtalk(line.replace(/ +/g, ' '))
    expect(ran.stderr).toMatch(message)
    expect(ran.code).toBe(code)
    expect(vault()).toEqual(before)
  })

  test('is not changed by whoever does not know it, nor beside another process', async () => {
    await create('ada', 'old')
    const before = vault()
    const line = `profile passphrase --no-passphrase --passphrase-file ${secret('old', 'odl')}`
    expect(await otrtalk(line)).toMatchObject({ code: 5, stdout: '' })
    expect(await otrtalk('profile passphrase --passphrase-fd 3 --new-passphrase-fd 3')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('both passphrases cannot come from file descriptor 3'),
    })
    await using _ = await open('ada', 'old')
    const ran = await otrtalk('profile passphrase', { typed: '' })
    expect(ran).toMatchObject({ code: 5, stderr: expect.stringContaining('in use by process') })
    expect(vault()).toEqual(before)
  })
})

describe('profile export', () => {
  test(
    'says what is in the file, makes it for its owner only, and profile import makes a profile of it',
    async () => {
      await create('ada', '')
      const owner = await open('ada')
      await owner.save((contents) => ({ ...contents, buddies: withBuddy([], 'bob', other.address) }))
      await owner[Symbol.asyncDispose]()
      const carry = secret('carry', 'carry\nsecond line\n')
      const fd = openSync(carry, 'r')
      const ran = await otrtalk(`profile export ada --to ${at('x')} --new-passphrase-fd ${fd}`)
      expect(ran).toMatchObject({ code: 0, stdout: '' })
      const said = [
        'in it: your identity (its secret keys, its address),',
        '  1 buddy with addresses, fingerprints and trust,',
        '  0 pending invites, 0 former addresses',
        'not in it: messages, history, settings, the profile’s own passphrase',
      ].join('\n')
      expect(ran.stderr.startsWith(said)).toBe(true)
      expect(ran.stderr).toMatch(/on one machine at a time[\s\S]*otrtalk profile remove ada\n$/)
      expect(statSync(at('x')).mode & 0o777).toBe(0o600)

      const line = `profile import ${at('x')} eve --json --no-passphrase --passphrase-file ${carry}`
      const imported = await otrtalk(line)
      expect(imported.stderr).toContain(said)
      expect(imported.stderr).toMatch(/^profile eve was imported/)
      const { address, fingerprint } = JSON.parse((await otrtalk('id --profile ada --json')).stdout)
      expect(JSON.parse(imported.stdout)).toEqual({
        profile: 'eve',
        address,
        fingerprint,
        buddies: 1,
        invites: 0,
        formerAddresses: 0,
        exportedAt: expect.any(Number),
      })
      expect((await otrtalk('buddy list --profile eve')).stdout).toMatch(/^bob /)
    },
    scryptPatience,
  )

  test('wants the profile’s passphrase, asked or given, whoever owns the terminal', async () => {
    await create('ada', 'old')
    const carry = secret('carry', 'carry')
    const line = `profile export --to ${at('x')} --new-passphrase-file ${carry}`
    expect(await otrtalk(line)).toMatchObject({ code: 5, stderr: expect.stringContaining('nobody to ask') })
    expect(await otrtalk(line, { typed: 'a\rb\rc\r' })).toMatchObject({ code: 5 })
    await using _ = await open('ada', 'old')
    expect((await otrtalk(line, { typed: '' })).stderr).toContain('in use by process')
    expect(readdirSync(home).sort()).toEqual(['carry', 'profiles'])
  })

  test('overwrites nothing, and prints nothing on a terminal or between JSON', async () => {
    await create('ada', '')
    const taken = secret('taken', 'mine')
    const refused = async (flags: string, options?: RunOptions) => {
      const { code, stdout, stderr } = await otrtalk(`profile export ${flags}`, options)
      expect(stdout).toBe('')
      return `${code} ${stderr.split('\n').find((line) => line.startsWith('otrtalk: '))}`
    }
    expect(await refused(`--to ${taken}`, { typed: '' })).toBe(`1 otrtalk: ${taken} exists already`)
    expect(readFileSync(taken, 'utf8')).toBe('mine')
    expect(await refused('--to -', { typed: '' })).toBe('2 otrtalk: the file is not for a terminal')
    expect(await refused(`--to ${at('x')} --new-passphrase-file ${secret('none', '')}`)).toBe(
      '2 otrtalk: the passphrase is empty',
    )
    const json = await otrtalk('profile export --to - --json')
    expect(json).toMatchObject({ code: 2, stderr: expect.stringContaining('not both') })
    expect((await otrtalk('profile export')).code).toBe(2)
  })
})

describe('profile import', () => {
  let file: string
  beforeEach(async () => {
    await create('ada', '')
    await using profile = await open('ada')
    file = at('x')
    writeFileSync(file, await exported(profile, 'carry', cheap))
  })

  test('refuses a taken name before it asks for anything', async () => {
    const taken = 'otrtalk: there is a profile named ada already\nhint: choose another name\n'
    expect(await otrtalk(`profile import ${file} ada`, { typed: '' })).toMatchObject({
      code: 1,
      stderr: taken,
    })
    const asked = await otrtalk(`profile import ${file}`, { typed: 'carry\r' })
    expect(asked).toMatchObject({ code: 1, stderr: `passphrase of ${file}: \n${taken}` })
    expect((await otrtalk(`profile import ${file} ../x`)).code).toBe(2)
    expect(readdirSync(at('profiles'))).toEqual(['ada'])
  })

  test('asks again for a mistyped passphrase, and refuses a wrong one with exit code 5', async () => {
    const line = `profile import ${file} eve --no-passphrase`
    const wrong = await otrtalk(line, { typed: 'a\rb\rc\r' })
    expect(wrong.stderr.endsWith(`otrtalk: wrong passphrase for ${file}\n`)).toBe(true)
    expect(wrong.code).toBe(5)
    expect((await otrtalk(`${line} --passphrase-file ${secret('p', '')}`)).code).toBe(5)
    expect(readdirSync(at('profiles'))).toEqual(['ada'])
    expect((await otrtalk(line, { typed: 'a\rcarry\r' })).code).toBe(0)
    expect((await otrtalk('profile list')).stdout).toMatch(/^ada .*\neve {2}without passphrase\n$/)
  })

  test.each([
    [
      'a damaged file',
      (octets: Buffer) => octets.fill(0, 200, 201),
      /is no exported profile, or is damaged\nhint: /,
    ],
    ['half a file', (octets: Buffer) => octets.subarray(0, 200), /is no exported profile, or is damaged/],
  ])('refuses %s without asking for a passphrase', async (_, change, message) => {
    writeFileSync(file, change(readFileSync(file)))
    const ran = await otrtalk(`profile import ${file} eve`, { typed: 'carry\r' })
    expect(ran).toMatchObject({ code: 1, stdout: '', raw: [], stderr: expect.stringMatching(message) })
    expect(readdirSync(at('profiles'))).toEqual(['ada'])
  })

  test('needs a passphrase for the new profile, or to be told that there is none', async () => {
    const carry = secret('carry', 'carry')
    const ran = await otrtalk(`profile import ${file} eve --passphrase-file ${carry}`)
    expect(ran).toMatchObject({ code: 5, stderr: expect.stringContaining('--new-passphrase-file') })
    expect(await otrtalk('profile import -', { typed: '' })).toMatchObject({ code: 2 })
    expect(readdirSync(at('profiles'))).toEqual(['ada'])
  })
})
