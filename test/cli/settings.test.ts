/** Options in force, by flag, variable, setting or default; `profile settings`, `set` and `unset`. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { define } from '../../src/cli/definitions/all.ts'
import { type GlobalOption, outlineOf } from '../../src/cli/definitions/outline.ts'
import { createProfile, openProfile } from '../../src/edge/profiles.ts'
import { settingKinds, settingNames, settingOf } from '../../src/edge/settings.ts'
import { temporaryFolder } from '../edge/folder.ts'
import { cheap } from '../profile/people.ts'
import { type Ran, type RunOptions, runMain } from './streams.ts'

let home: string
const otrtalk = (line: string, options: RunOptions = {}): Promise<Ran> =>
  runMain(line.split(' '), { ...options, env: { OTRTALK_HOME: home, ...options.env } })
const at = (path: string): string => join(home, path)
const create = (name: string) =>
  createProfile({
    home: { path: home, profiles: at('profiles') },
    name,
    passphrase: '',
    command: '',
    cost: cheap,
  })
const ofProfile = 'profiles/default/settings.json'
const written = (file = ofProfile): Record<string, unknown> => {
  const { __internal__, ...values } = JSON.parse(readFileSync(at(file), 'utf8'))
  expect(__internal__).toEqual({ migrations: { version: '2.0.0' } })
  return values
}
/** What `profile settings` says of an option: value and origin, as in its table. */
async function inForce(option: string, argv: readonly string[], env: Readonly<Record<string, string>>) {
  const ran = await runMain([...argv, 'profile', 'settings'], { env: { OTRTALK_HOME: home, ...env } })
  if (ran.code !== 0) throw new Error(ran.stderr)
  if (!ran.stdout.startsWith('{')) {
    const row = ran.stdout.split('\n').find((line) => line.split(/ {2,}/)[0] === option)
    const [, value = '', from = ''] = row?.split(/ {2,}/) ?? []
    return `${value} by ${from}`
  }
  const { options } = JSON.parse(ran.stdout)
  const { value, from } = options.find((row: { option: string }) => row.option === option)
  return `${value === true ? 'on' : value} by ${from}`
}

beforeEach(async () => {
  home = temporaryFolder()
  await create('default')
})

const never = { plain: async () => {}, profile: async () => {}, silent: async () => {} }
const outline = outlineOf(define(never))

describe('every option has a flag, a variable and a setting; a flag beats the variable, the variable the setting', () => {
  test.each(outline.options.map((option) => [option.long, option] as const))('%s', async (long, option) => {
    const { setting, variable } = option
    if (setting === undefined) throw new Error(`${long} has no setting`)
    const { argv, env, stored, value } = sample(option)
    for (const name of ['a1', 'a2', 'a3']) if (setting === 'profile') await create(name)
    expect(variable).toMatch(/^OTRTALK_[A-Z_]+$/)
    const file = setting === 'profile' ? at('settings.json') : at(ofProfile)
    for (const hasSetting of [false, true]) {
      if (hasSetting) writeFileSync(file, JSON.stringify({ [setting]: stored }))
      const below = hasSetting ? `${value.setting} by setting` : `${value.default} by default`
      expect(await inForce(setting, [], {})).toBe(below)
      expect(await inForce(setting, [], env)).toBe(`${value.variable} by variable`)
      expect(await inForce(setting, argv, {})).toBe(`${value.flag} by flag`)
      expect(await inForce(setting, argv, env)).toBe(`${value.flag} by flag`)
    }
  })
})

test('docs/Protocol.md names every setting, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/Protocol.md'), 'utf8')
  const [, section = ''] = /\n### Settings\n([\s\S]*?)\n\n/.exec(page) ?? []
  const named = [...section.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name)
  expect(new Set(named.filter((name) => !/^(?:no-|--lan|--no-lan|--)$/.test(name ?? '')))).toEqual(
    new Set(settingNames),
  )
})

interface Sample {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly stored: unknown
  readonly value: Readonly<Record<'flag' | 'variable' | 'setting' | 'default', string>>
}

const defaults: Readonly<Record<string, string>> = { profile: 'default', theme: 'dark' }

/** Three values of an option that can be told apart, as far as there are three. */
function sample({ long, variable, setting = '' }: GlobalOption): Sample {
  const option = settingOf(setting)
  if (option === undefined) throw new Error(setting)
  const kind = settingKinds[option]
  if (kind === 'switch') return sampleSwitch(option, long, variable)
  const texts = {
    text: ['a1', 'a2', 'a3'],
    file: ['/a1', '/a2', '/a3'],
    port: ['1', '2', '3'],
    descriptor: ['4', '5', '6'],
    nodes: ['a:1', 'b:2', '[::1]:3'],
    theme: ['light', 'none', 'light'],
    days: ['7', '8', '9'],
    command: ['a1', 'a2', 'a3'],
  }[kind] as [string, string, string]
  const [flag, second, third] = texts
  const isNumber = kind === 'port' || kind === 'descriptor' || kind === 'days'
  return {
    argv: [long, flag],
    env: { [variable]: second },
    stored: kind === 'nodes' || kind === 'command' ? [third] : isNumber ? Number(third) : third,
    value: { flag, variable: second, setting: third, default: defaults[option] ?? '-' },
  }
}

/** The variable says the contrary of flag and setting. */
function sampleSwitch(option: string, long: string, variable: string): Sample {
  const isOff = long.startsWith('--no-')
  if (option === 'lan') {
    const [on, off] = isOff ? ['off', 'only'] : ['only', 'off']
    const other = isOff ? 'OTRTALK_LAN' : 'OTRTALK_NO_LAN'
    const value = { flag: on, variable: off, setting: on, default: 'also' }
    return { argv: [long], env: { [other]: '1' }, stored: !isOff, value }
  }
  const [on, off] = isOff ? ['off', 'on'] : ['on', 'off']
  const value = { flag: on, variable: off, setting: on, default: off }
  return { argv: [long], env: { [variable]: '0' }, stored: !isOff, value }
}

describe('profile set', () => {
  test.each([
    ['port 50123', { port: 50123 }],
    ['dht off', { dht: false }],
    ['lan on', { lan: true }],
    ['bootstrap a:1 [::1]:2', { bootstrap: ['a:1', '[::1]:2'] }],
    ['debug x.log', { debug: join(process.cwd(), 'x.log') }],
    ['passphrase-fd 3', { 'passphrase-fd': 3 }],
    ['interface wg0', { interface: 'wg0' }],
    ['notify-command say hello', { 'notify-command': ['say', 'hello'] }],
    ['notify-command ["say"]', { 'notify-command': ['say'] }],
  ])('%s is kept for the next time', async (line, values) => {
    const ran = await otrtalk(`profile set ${line}`)
    expect(ran).toMatchObject({ code: 0, stdout: '' })
    expect(ran.stderr).toBe(`${line.split(' ')[0]} is set in ${at(ofProfile)}\n`)
    expect(written()).toEqual(values)
    expect((await otrtalk(`profile unset ${line.split(' ')[0]}`)).code).toBe(0)
    expect(written()).toEqual({})
  })

  test.each([
    ['port 0', 'port takes a port from 1 to 65535, not 0'],
    ['port 1 2', 'port takes one value'],
    ['dht maybe', 'dht is on or off, or 1 or 0, not maybe'],
    ['bootstrap a:1 b', 'bootstrap takes host:port, not b'],
    ['passphrase-fd x', 'passphrase-fd takes the number of an open file descriptor, not x'],
    ['prot 1', 'there is no setting prot'],
    ['no-dht on', 'there is no setting no-dht'],
    ['passphrase x', 'there is no setting passphrase'],
    ['__proto__ x', 'there is no setting __proto__'],
  ])('%s is refused as a flag would be, and nothing is written', async (line, message) => {
    const ran = await otrtalk(`profile set ${line}`)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr.split('\n')[0]).toBe(`otrtalk: ${message}`)
    expect(readdirSync(at('profiles/default'))).toEqual(['vault'])
  })

  test('takes a descriptor or a file for the passphrase, and not both', async () => {
    await otrtalk('profile set passphrase-fd 3')
    const ran = await otrtalk('profile set passphrase-file /x')
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('exclude each other') })
    expect(written()).toEqual({ 'passphrase-fd': 3 })
  })

  test('says that a variable beats it, and is refused while another process owns the profile', async () => {
    const ran = await otrtalk('profile set port 4', { env: { OTRTALK_PORT: '5' } })
    expect(ran.stderr).toContain('it is not in force: the variable OTRTALK_PORT beats it')
    const places = { path: home, profiles: at('profiles') }
    await using _ = await openProfile({
      home: places,
      name: 'default',
      passphrase: '',
      command: 'chat',
      lock: true,
    })
    expect(await otrtalk('profile set port 6')).toMatchObject({ code: 5 })
    expect(written()).toEqual({ port: 4 })
  })

  test('profile says which profile is in force, for all; that one’s end is the setting’s', async () => {
    await create('work')
    expect(await otrtalk('profile set profile wrok')).toMatchObject({ code: 1 })
    expect((await otrtalk('profile set profile work')).code).toBe(0)
    expect(written('settings.json')).toEqual({ profile: 'work' })
    expect((await otrtalk('id')).stdout).toMatch(/^profile +work\n/)
    await otrtalk('profile set port 7')
    expect(written('profiles/work/settings.json')).toEqual({ port: 7 })
    await otrtalk('profile remove work --yes')
    expect(written('settings.json')).toEqual({})
    expect((await otrtalk('id')).stdout).toMatch(/^profile +default\n/)
  })

  test('and its like tell a script in JSON', async () => {
    const file = at(ofProfile)
    const set = await otrtalk('profile set port 7 --json')
    expect(JSON.parse(set.stdout)).toEqual({ option: 'port', value: 7, file })
    const list = JSON.parse((await otrtalk('profile settings --json')).stdout)
    expect(list).toMatchObject({ profile: 'default', files: [at('settings.json'), file] })
    expect(list.options).toContainEqual({ option: 'port', value: 7, from: 'setting' })
    expect(list.options).toContainEqual({ option: 'json', value: true, from: 'flag' })
    const unset = await otrtalk('profile unset port --json')
    expect(JSON.parse(unset.stdout)).toEqual({ option: 'port', value: null, file })
  })
})

describe('a settings.json that a person broke', () => {
  test.each([
    ['{', /settings\.json: this is no JSON: .*\nhint: correct or remove this file\n$/],
    [
      '{"port":0}',
      /settings\.json: port must be a number from 1 to 65535\nhint: .*otrtalk profile unset port\n$/,
    ],
    ['{"prot":1}', /settings\.json: there is no setting prot\nhint: there are: /],
    ['{"stun":["x"]}', /settings\.json: stun takes host:port, not x\nhint: .*otrtalk profile unset stun\n$/],
    ['{"passphrase-fd":3,"passphrase-file":"x"}', /passphrase-file and passphrase-fd exclude each other\n/],
    ['{"\\u001b[31m":1}', /there is no setting ␛\[31m\n/],
  ])('%s is told in words, naming file and key, and is left as it is', async (text, message) => {
    writeFileSync(at(ofProfile), text)
    for (const line of ['id', 'profile settings']) {
      const ran = await otrtalk(line)
      expect(ran).toMatchObject({ code: 2, stdout: '' })
      expect(ran.stderr).toMatch(message)
    }
    expect(readFileSync(at(ofProfile), 'utf8')).toBe(text)
  })

  test('is mended by unset, whatever the name; not by set where more is wrong', async () => {
    writeFileSync(at(ofProfile), '{"prot":1,"dht":false}')
    expect(await otrtalk('profile set port 4')).toMatchObject({ code: 2 })
    expect((await otrtalk('profile unset prot')).code).toBe(0)
    expect(written()).toEqual({ dht: false })
    expect(await otrtalk('profile unset prot')).toMatchObject({ code: 2 })
  })

  test('of the home is one, too', async () => {
    writeFileSync(at('settings.json'), '{"port":1}')
    expect((await otrtalk('id')).stderr).toMatch(
      /settings\.json: there is no setting port\nhint: there are: profile\n/,
    )
  })
})
