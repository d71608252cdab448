import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { openMail } from '../../src/edge/kept/maillog.ts'
import { createProfile, openProfile } from '../../src/edge/profiles.ts'
import { discoveryKeyIn, formatProfileAddress, profileAddress } from '../../src/profile/address.ts'
import { touchBuddy } from '../../src/profile/buddies.ts'
import { newInvite } from '../../src/profile/invite.ts'
import type { About } from '../../src/session/command.ts'
import { encodeRecord } from '../../src/session/mailrecord.ts'
import { temporaryFolder } from '../edge/folder.ts'
import { aliceAddress, bobAddress, cheap, other } from '../profile/people.ts'
import { type Ran, type RunOptions, runMain } from './streams.ts'

let home = ''
beforeEach(() => {
  home = temporaryFolder()
})
const otrtalk = (line: string, { env, ...options }: RunOptions = {}): Promise<Ran> =>
  runMain(line.split(' '), { env: { OTRTALK_HOME: home, ...env }, ...options })
const json = async (line: string, options?: RunOptions): Promise<unknown> =>
  JSON.parse((await otrtalk(`${line} --json`, options)).stdout)
const text = formatProfileAddress
const open = () =>
  openProfile({
    home: { path: home, profiles: join(home, 'profiles') },
    name: 'default',
    passphrase: '',
    command: 'chat',
    lock: true,
  })
const vault = (name = 'default'): Buffer => readFileSync(join(home, 'profiles', name, 'vault'))

const scryptPatience = 30_000 // ms: the program’s own cost, twice, on a machine with other work

describe('profile create', () => {
  test('makes the profile “default”, and prints what a buddy needs', async () => {
    const made = await otrtalk('profile create --no-passphrase')
    expect(made.code).toBe(0)
    expect(made.stdout).toMatch(
      /^profile {6}default\naddress {6}ot1\w{110}\nfingerprint {2}(?:[\dA-F]{8} ?){14}\n$/,
    )
    expect(await otrtalk('id')).toMatchObject({ code: 0, stdout: made.stdout, stderr: '' })
  })

  test(
    'asks twice for a passphrase, shows none of it, and wants it from then on',
    async () => {
      const made = await otrtalk('profile create', { typed: 'sesami\x7fe\rsesame\r' })
      expect(made.code).toBe(0)
      expect(made.stderr).toMatch(/^new passphrase for default: \nthe same again: \nprofile default was made/)
      expect(made.raw).toEqual([true, false, true, false])
      expect((await otrtalk('id', { typed: 'sesame\r' })).stdout).toBe(made.stdout)
    },
    scryptPatience,
  )

  test(
    'asks again when the two passphrases differ, and takes no key’s sequence for a part of one',
    async () => {
      const typed = 'sesame\rsesami\r\x1b[200~sesame\x1b[201~\rse\x1b[3~s\x1b[[Aame\x1bOH\r'
      const made = await otrtalk('profile create', { typed })
      expect(made.stderr).toContain(
        'the same again: \nthe two differ, try again\nnew passphrase for default: \n',
      )
      expect((await otrtalk('id', { typed: 'sesame\r' })).stdout).toBe(made.stdout)
    },
    scryptPatience,
  )

  test('asks again after an empty passphrase or an alias that is none, three times in all', async () => {
    const empty = await otrtalk('profile create', { typed: '\r\r\r' })
    const asked = 'new passphrase for default: \n'
    const told = 'the passphrase is empty: for a profile that anybody with access to this disk can use:'
    expect(empty.stderr.split(asked)).toHaveLength(4)
    expect(empty.stderr.split(`${told} --no-passphrase\n${asked}`)).toHaveLength(3)
    expect(empty.stderr).toContain(`\notrtalk: ${told.slice(0, 23)}\nhint: `)
    expect(empty.code).toBe(2)

    await otrtalk('profile create --no-passphrase')
    const slipped = await otrtalk('accept', { typed: 'ad a\rada\r\x03' })
    expect(slipped.stderr).toMatch(
      /^what do you .* ad a\nad a cannot be an alias: .*\nwhat do you .* ada\nthe six words/,
    )
    expect(slipped.code).toBe(130)
  })

  test('asks for no passphrase in vain: a terminal without a screen is refused first', async () => {
    await otrtalk('profile create --no-passphrase')
    const { code, stderr } = await otrtalk('accept', { typed: '', env: { TERM: 'dumb' } })
    expect(stderr).toMatch(
      /^otrtalk: the screen cannot be opened: .* \(TERM=dumb\)\nhint: use --plain or --json/,
    )
    expect(code).toBe(2)
  })

  test(
    'takes the passphrase from a file too',
    async () => {
      const file = join(home, 'passphrase')
      writeFileSync(file, 'sesame\r\nsecond line\n')
      expect((await otrtalk(`profile create --passphrase-file ${file}`)).code).toBe(0)
      expect((await otrtalk(`id --passphrase-file ${file}`)).code).toBe(0)
    },
    scryptPatience,
  )

  test.each([
    ['three times two different passphrases', 'profile create', 'a\rb\r'.repeat(3), 1],
    ['an empty passphrase', 'profile create', '\r\r\r', 2],
    ['Ctrl-C', 'profile create', 'ses\x03', 130],
    ['Ctrl-D', 'profile create', '\x04', 130],
    ['nobody to ask', 'profile create', undefined, 5],
    ['--no-input', 'profile create --no-input', 'sesame\rsesame\r', 5],
    ['a name that is a path', 'profile create ../x', 'sesame\rsesame\r', 2],
  ])('makes nothing after %s', async (_, line, typed, code) => {
    const ran = await otrtalk(line, typed === undefined ? {} : { typed })
    expect(ran).toMatchObject({ code, stdout: '' })
    expect(ran.raw.at(-1) ?? false).toBe(false)
    expect(readdirSync(home)).toEqual([])
  })

  test('refuses a name that is taken, before it asks for a passphrase', async () => {
    await otrtalk('profile create ada --no-passphrase')
    const before = vault('ada')
    const again = await otrtalk('profile create Ada', { typed: '' })
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('named ada already') })
    expect(vault('ada')).toEqual(before)
  })
})

describe('the passphrase', () => {
  beforeEach(async () => {
    const profiles = join(home, 'profiles')
    await createProfile({
      home: { path: home, profiles },
      name: 'default',
      passphrase: 'sesame',
      command: '',
      cost: cheap,
    })
  })

  test('may be mistyped twice', async () => {
    const asked = await otrtalk('id --json', { typed: 'wrong\rwrong again\rsesame\r' })
    expect(asked.code).toBe(0)
    const again = 'passphrase of default: \nwrong passphrase, try again\n'
    expect(asked.stderr).toBe(`${again.repeat(2)}passphrase of default: \n`)
    expect(await otrtalk('id', { typed: 'a\rb\rc\rsesame\r' })).toMatchObject({ code: 5, stdout: '' })
  })

  test('comes from a descriptor or a file, by flag or variable; its first line counts', async () => {
    const file = join(home, 'passphrase')
    writeFileSync(file, 'sesame\r\nsecond line\n')
    expect((await otrtalk(`id --passphrase-fd ${openSync(file, 'r')}`)).code).toBe(0)
    expect((await otrtalk('id', { env: { OTRTALK_PASSPHRASE_FILE: file } })).code).toBe(0)
    writeFileSync(file, 'another')
    expect(await otrtalk(`id --passphrase-file ${file}`, { typed: 'sesame\r' })).toMatchObject({
      code: 5,
      stderr: 'otrtalk: wrong passphrase for the profile default\n',
    })
  })

  test('is refused from what is missing, closed or too long', async () => {
    const file = join(home, 'passphrase')
    expect((await otrtalk(`id --passphrase-file ${file}`)).stderr).toBe(
      `otrtalk: cannot read the passphrase from ${file}: there is no such file\n`,
    )
    expect((await otrtalk('id --passphrase-fd 987')).stderr).toMatch(
      /^otrtalk: cannot read the passphrase from file descriptor 987: it is not open\nhint: the shell opens it/,
    )
    writeFileSync(file, 'x'.repeat(5_000))
    expect(await otrtalk(`id --passphrase-file ${file}`)).toMatchObject({ code: 2 })
  })

  test.each(['', 'garbage', 'otrtalk vault\n\0'])(
    'is not asked for where the vault is %j',
    async (written) => {
      writeFileSync(join(home, 'profiles/default/vault'), written)
      for (const line of ['id', 'buddy list', 'buddy remove bob']) {
        const ran = await otrtalk(line, { typed: 'sesame\r' })
        expect(ran).toMatchObject({ code: 1, stdout: '', raw: [] })
        expect(ran.stderr).toMatch(/^otrtalk: \S+\/default\/vault is damaged\nhint: .*backup\n$/)
      }
      expect((await otrtalk('profile list')).stdout).toBe('default  damaged\n')
      expect(await json('profile list')).toMatchObject([{ passphrase: null, fault: 'damaged' }])
      expect((await otrtalk('profile remove default --yes')).code).toBe(0)
    },
  )

  test('is not asked for while another process owns the profile', async () => {
    const options = { name: 'default', passphrase: 'sesame', command: 'chat', lock: true }
    await using _ = await openProfile({ home: { path: home, profiles: join(home, 'profiles') }, ...options })
    const ran = await otrtalk('buddy remove bob --yes', { typed: '' })
    expect(ran).toMatchObject({ code: 5, stderr: expect.stringContaining('in use by process') })
  })
})

describe('the profile in force', () => {
  const inForce = async (line = 'id', options?: RunOptions) => {
    const { code, stdout, stderr } = await otrtalk(`${line} --json`, options)
    return code === 0 ? JSON.parse(stdout).profile : `${code} ${stderr.split('\n')[0]}`
  }

  test('is the only one; of several the one named, else “default”', async () => {
    expect(await inForce()).toBe('1 otrtalk: there is no profile yet')
    await otrtalk('profile create ada --no-passphrase')
    expect(await inForce()).toBe('ada')
    await otrtalk('profile create bob --no-passphrase')
    expect(await inForce()).toBe('2 otrtalk: which profile?')
    expect(await inForce('id --profile bob')).toBe('bob')
    expect(await inForce('id', { env: { OTRTALK_PROFILE: 'bob' } })).toBe('bob')
    expect(await inForce('--profile ada id', { env: { OTRTALK_PROFILE: 'bob' } })).toBe('ada')
    expect(await inForce('id --profile carol')).toBe('1 otrtalk: no profile named carol')
    expect(await inForce('profile show bob')).toBe('bob')
    await otrtalk('profile create --no-passphrase')
    expect(await inForce()).toBe('default')
  })

  test('brings its settings; a flag beats them', async () => {
    await otrtalk('profile create --no-passphrase')
    writeFileSync(join(home, 'profiles/default/settings.json'), '{"json":true}')
    expect(JSON.parse((await otrtalk('id')).stdout).profile).toBe('default')
    expect((await otrtalk('id', { env: { OTRTALK_JSON: '0' } })).stdout).toMatch(/^profile/)
    writeFileSync(join(home, 'profiles/default/settings.json'), '{"port":0}')
    expect(await otrtalk('id')).toMatchObject({ code: 2, stderr: expect.stringContaining('settings.json') })
  })
})

describe('profile list, show and remove', () => {
  test('list shows every profile, and who uses it', async () => {
    expect(await otrtalk('profile list')).toMatchObject({ code: 0, stdout: '' })
    expect(await json('profile list')).toEqual([])
    await otrtalk('profile create --no-passphrase')
    const path = join(home, 'profiles/default')
    const entry = { profile: 'default', path, passphrase: false }
    expect(await json('profiles')).toEqual([{ ...entry, usedBy: null }])
    await using _ = await open()
    expect(await json('profile')).toEqual([{ ...entry, usedBy: { pid: process.pid, command: 'chat' } }])
    expect((await otrtalk('profile list')).stdout).toBe(
      `default  without passphrase, in use by process ${process.pid} (otrtalk chat)\n`,
    )
  })

  test('show has the address and where it is', async () => {
    await otrtalk('profile create --no-passphrase')
    const id = (await json('id')) as object
    expect(await json('profile show')).toMatchObject({
      ...id,
      path: join(home, 'profiles/default'),
      buddies: 0,
    })
    const { stdout } = await otrtalk('profile show')
    expect(stdout).toContain(join(home, 'profiles/default'))
    expect(stdout).toMatch(/^created {6}20\d\d-\d\d-\d\d \d\d:\d\d$/m)
  })

  test.each([
    ['without --yes and nobody to ask', 'profile remove default', undefined, 2],
    ['answered with Enter', 'profile remove default', '\r', 1],
    ['answered with no', 'profile remove default', 'n\r', 1],
  ])('remove %s removes nothing', async (_, line, typed, code) => {
    await otrtalk('profile create --no-passphrase')
    expect((await otrtalk(line, typed === undefined ? {} : { typed })).code).toBe(code)
    expect((await otrtalk('id')).code).toBe(0)
  })

  test.each([
    ['profile remove default --yes', undefined],
    ['profile remove default', 'yes\r'],
  ])('%s removes it', async (line, typed) => {
    await otrtalk('profile create --no-passphrase')
    expect((await otrtalk(line, typed === undefined ? {} : { typed })).code).toBe(0)
    expect(await json('profile list')).toEqual([])
    expect(await otrtalk(line)).toMatchObject({
      code: 1,
      stderr: 'otrtalk: no profile named default\nhint: there is none at all\n',
    })
  })
})

describe('buddy', () => {
  beforeEach(async () => {
    await otrtalk('profile create --no-passphrase')
  })
  const add = (alias: string, address = text(other.address)) => otrtalk(`buddy add ${alias} ${address}`)

  test('the list tells of codes that are not used yet, and first of all how to get a buddy', async () => {
    expect((await otrtalk('buddy list')).stderr).toMatch(/^no buddies yet: otrtalk invite, or /)
    {
      await using profile = await open()
      const prk = new Uint8Array(32)
      const made = newInvite({ side: 'accepter', alias: 'dora', code: undefined, prk }, Date.now())
      await profile.save((contents) => ({ ...contents, invites: [made] }))
    }
    const { stdout, stderr } = await otrtalk('buddy list')
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^dora is to be met by a code, until \d{4}-\d\d-\d\d .*: otrtalk chat dora\n$/)
    for (const command of [
      'buddy show Dora',
      'buddy fingerprint dora',
      'buddy block dora',
      'buddy rename dora eve',
    ])
      expect(await otrtalk(command)).toMatchObject({
        code: 1,
        stderr: 'otrtalk: dora is yet to be met by an invite code\nhint: to meet: otrtalk chat dora\n',
      })
  })

  test('add, list, show and remove one', async () => {
    expect(await otrtalk('buddy list')).toMatchObject({ code: 0, stdout: '' })
    expect(await json('buddy list')).toEqual([])
    const before = Date.now()
    expect(await add('Bob')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('Bob was added'),
    })
    const [entry, ...rest] = (await json('buddy list')) as Record<string, unknown>[]
    expect(rest).toEqual([])
    expect(entry).toEqual({
      alias: 'Bob',
      address: text(other.address),
      fingerprint: null,
      trust: 'unverified',
      addedAt: expect.any(Number),
      lastSeenAt: null,
      blocked: false,
      at: [],
      habits: {},
    })
    expect(entry?.['addedAt']).toBeGreaterThanOrEqual(before)
    expect(await json('buddy show bob')).toEqual(entry)
    expect((await otrtalk('buddies')).stdout).toBe('Bob  not verified  never seen\n')
    expect((await otrtalk('buddy show bob')).stdout).toMatch(
      /^fingerprint {2}not known yet$.*^last seen {4}never$/ms,
    )
    expect((await otrtalk('buddy remove BOB --yes')).code).toBe(0)
    expect(await json('buddy list')).toEqual([])
  })

  test('a habit is set for one buddy, shown, and taken back', async () => {
    await otrtalk(`buddy add bob ${text(other.address)}`)
    expect(await otrtalk('buddy set bob typing on')).toMatchObject({
      ...{ code: 0, stdout: '', stderr: 'bob is told when you type\n' },
    })
    expect((await otrtalk('buddy set bob read off')).stderr).toBe(
      'bob is not told which messages were on your screen\n',
    )
    expect((await otrtalk('buddy set bob keep 30')).code).toBe(0)
    expect(await json('buddy show bob')).toMatchObject({ habits: { typing: true, read: false, keep: 30 } })
    expect((await otrtalk('buddy show bob')).stdout).toMatch(/^typing +on\nread +off\nkeep +30 days$/m)
    expect(await json('buddy set bob keep default')).toMatchObject({ habits: { typing: true, read: false } })
    expect((await otrtalk('buddy set bob typing default')).stderr).toMatch(/as the profile’s settings say$/m)
    expect((await otrtalk('buddy set bob snoring on')).stderr).toMatch(
      /no habit snoring\nhint: there are: typing, read, history, keep$/m,
    )
    expect((await otrtalk('buddy set bob keep 0')).stderr).toMatch(/from 1 to 36500, not 0/)
    expect((await otrtalk('buddy set bob read 7')).code).toBe(2)
    expect((await otrtalk('buddy set carol read on')).code).toBe(1)
  })

  test('where he is tried first is told when he is added, shown, changed and taken back', async () => {
    const added = `buddy add bob ${text(other.address)} --at 10.0.0.2:4000 --at [2001:DB8::7]:4000`
    expect((await otrtalk(added)).code).toBe(0)
    expect(await json('buddy show bob')).toMatchObject({ at: ['10.0.0.2:4000', '[2001:db8::7]:4000'] })
    expect((await otrtalk('buddy show bob')).stdout).toMatch(/^at +10\.0\.0\.2:4000\nat +\[2001/m)
    expect((await otrtalk('buddy at bob')).stdout).toBe('10.0.0.2:4000\n[2001:db8::7]:4000\n')
    expect((await otrtalk('buddy at bob 10.0.0.3:1 10.0.0.3:1')).stderr).toMatch(
      /^bob is tried there first$/m,
    )
    expect((await otrtalk('buddy at bob')).stdout).toBe('10.0.0.3:1\n')
    expect((await otrtalk('buddy at bob --none')).stderr).toMatch(/^bob is looked for by discovery alone$/m)
    expect(await otrtalk('buddy at bob')).toMatchObject({ code: 0, stdout: '' })
    expect((await otrtalk('buddy at bob 10.0.0.3:1 --none')).code).toBe(2)
    expect((await otrtalk('buddy at carol')).code).toBe(1)
  })

  test('he is at no name, and at 8 addresses at the most', async () => {
    await add('bob')
    for (const at of ['bob.example:4000', '10.0.0.2', '10.0.0.2:0', '224.0.0.1:1', 'fe80::1', '[fe80::1]:1'])
      expect(await otrtalk(`buddy at bob ${at}`)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`nobody can be at ${at}`),
      })
    const many = Array.from({ length: 9 }, (_, i) => `10.0.0.2:${i + 1}`)
    expect((await otrtalk(`buddy at bob ${many.join(' ')}`)).stderr).toMatch(/8 addresses at the most/)
    expect(await json('buddy show bob')).toMatchObject({ at: [] })
  })

  test('fingerprint prints hex and nothing else, once it is known', async () => {
    await add('bob')
    expect(await otrtalk('buddy fingerprint bob')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('not known yet'),
    })
    {
      await using profile = await open()
      const seen = { fingerprint: other.fingerprint, at: 1_700_000_000_000 }
      await profile.save((contents) => ({ ...contents, buddies: touchBuddy(contents.buddies, 'bob', seen) }))
    }
    expect((await otrtalk('buddy fingerprint bob')).stdout).toBe(`${other.fingerprint}\n`)
    expect(await json('buddy show bob')).toMatchObject({
      fingerprint: other.fingerprint,
      lastSeenAt: 1_700_000_000_000,
    })
    expect((await otrtalk('buddy list')).stdout).toMatch(/last seen 2023-11-1\d \d\d:\d\d\n$/)
  })

  test.each([
    ['an alias that is taken', 'bob', text(aliceAddress), 1, /you have a buddy Bob already/],
    ['an alias that is none', '.x', text(aliceAddress), 2, /\.x cannot be an alias/],
    ['an address that is taken', 'ada', text(other.address), 1, /this is the address of Bob/],
    ['a wrong letter', 'ada', text(aliceAddress).replace(/..$/, 'qq'), 2, /its checksum is wrong/],
    ['half an address', 'ada', text(aliceAddress).slice(0, 50), 2, /too short/],
    ['something else', 'ada', 'ada@example.org', 2, /an address begins with ot1/],
    [
      'a discovery key that is taken',
      'ada',
      text(profileAddress(discoveryKeyIn(other.address), 'ab'.repeat(56) as typeof other.fingerprint)),
      1,
      /the discovery key of Bob/,
    ],
  ])('add refuses %s, and changes nothing', async (_, alias, address, code, message) => {
    await add('Bob')
    const before = vault()
    const refused = await add(alias, address)
    expect(refused).toMatchObject({ code, stdout: '' })
    expect(refused.stderr.split('\n')[0]).toMatch(message)
    expect(vault()).toEqual(before)
  })

  test('add refuses one’s own address', async () => {
    const { address } = (await json('id')) as { address: string }
    expect((await add('me', address)).stderr).toMatch(/this is your own address/)
  })

  test('add of an address and an alias says that they are swapped', async () => {
    expect(await add(text(aliceAddress), 'alice')).toMatchObject({
      code: 2,
      stderr: `otrtalk: the alias comes first, then the address\nhint: otrtalk buddy add alice ${text(aliceAddress)}\n`,
    })
  })

  test('remove of an unknown one says so also where nobody can be asked', async () => {
    await add('bob')
    const ran = await otrtalk('buddy remove bbo')
    expect(ran).toMatchObject({ code: 1, stderr: 'otrtalk: no buddy named bbo\nhint: your buddies: bob\n' })
    expect((await otrtalk('chat bbo')).stderr).toBe(ran.stderr)
  })

  test.each(['show', 'fingerprint', 'remove --yes', 'remove'])(
    '%s of an unknown one names those there are',
    async (how) => {
      await add('bob')
      const ran = await otrtalk(`buddy ${how} carol`, { typed: '' })
      expect(ran).toMatchObject({ code: 1, stdout: '' })
      expect(ran.stderr).toBe('otrtalk: no buddy named carol\nhint: your buddies: bob\n')
    },
  )

  test.each([
    [undefined, 2],
    ['\r', 1],
    ['\x03', 130],
  ])('remove asks: %j removes nobody', async (typed, code) => {
    await add('bob')
    expect((await otrtalk('buddy remove bob', typed === undefined ? {} : { typed })).code).toBe(code)
    expect(await json('buddy list')).toHaveLength(1)
    expect((await otrtalk('buddy remove bob', { typed: 'y\r' })).code).toBe(0)
    expect(await json('buddy list')).toEqual([])
  })

  test('rename gives another alias, and refuses one that is taken', async () => {
    await add('bob')
    await add('alice', text(aliceAddress))
    expect((await otrtalk('buddy rename BOB robert')).stderr).toBe('bob is robert from now on\n')
    expect((await otrtalk('buddy rename robert Robert')).code).toBe(0)
    const taken = await otrtalk('buddy rename Robert alice')
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining('a buddy alice already') })
    expect(await json('buddy list')).toMatchObject([{ alias: 'Robert' }, { alias: 'alice' }])
  })

  test('a blocked one is in the list, and nobody talks with him until he is unblocked', async () => {
    await add('bob')
    expect((await otrtalk('buddy block bob')).stderr).toMatch(/^bob is blocked/)
    expect((await otrtalk('buddy list')).stdout).toBe('bob  blocked, not verified  never seen\n')
    expect(await json('buddy show bob')).toMatchObject({ blocked: true })
    const chat = await otrtalk('chat bob --plain --interface lo')
    expect(chat).toMatchObject({
      code: 1,
      stderr: 'otrtalk: bob is blocked\nhint: otrtalk buddy unblock bob\n',
    })
    expect((await otrtalk('buddy unblock bob')).stderr).toBe('bob is not blocked any more\n')
    expect(await json('buddy list')).toMatchObject([{ blocked: false }])
  })

  /** Texts for the buddy of this address, from an earlier run. */
  const writeTo = async (buddy: string, count: number, about?: About): Promise<void> => {
    await using profile = await open()
    const { journal } = await openMail(profile)
    const key = other.fingerprint
    for (let i = 0; i < count; i++)
      journal.append(
        encodeRecord({
          kind: 'written',
          message: { id: `${i}`.padStart(16, '0'), at: i, text: 'hi', buddy, key, ...(about && { about }) },
        }),
      )
  }

  test('outbox list says which of it is an edit, and of what', async () => {
    await add('bob')
    const about = { as: 'edit', id: 'f'.repeat(16) } as const
    await writeTo('bob', 1, about)
    expect((await otrtalk('outbox')).stdout).toMatch(/ waits {2}\(edits a line\) hi\n$/)
    expect(await json('outbox')).toMatchObject([{ text: 'hi', about }])
  })

  test('outbox list knows the buddies, and the texts for whom there is nobody any more', async () => {
    await add('bob')
    expect(await otrtalk('outbox list bob')).toMatchObject({ code: 0, stderr: 'nothing waits for bob\n' })
    for (const line of ['outbox list carol', 'outbox list carol --json'])
      expect(await otrtalk(line)).toMatchObject({
        code: 1,
        stderr: 'otrtalk: no buddy named carol\nhint: your buddies: bob\n',
      })
    await writeTo('bob', 1)
    expect((await otrtalk('buddy remove bob', { typed: 'y\rn\r' })).code).toBe(0)
    const { code, stdout } = await otrtalk('outbox list bob')
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^bob .* held: .* hi\n$/),
    })
    await otrtalk('outbox drop bob')
    expect(await otrtalk('outbox list bob')).toMatchObject({ code: 1, stdout: '' })
  })

  test('remove says how many messages it drops, and asks first unless --yes is given', async () => {
    await add('bob')
    await writeTo('bob', 3)
    const asked = await otrtalk('buddy remove bob', { typed: 'y\rn\r' })
    expect(asked.stderr).toContain('3 messages for bob wait: drop them? Else you are asked again when ')
    expect(await json('outbox')).toHaveLength(3)
    await add('bob')
    const sure = await otrtalk('buddy remove bob --yes')
    expect(sure).toMatchObject({ code: 0, stderr: '3 messages for bob dropped\nbob was removed\n' })
    expect(await json('outbox')).toEqual([])
  })

  test('list, show and id work while another process owns the profile; add and remove name it', async () => {
    await add('bob')
    await using _ = await open()
    for (const line of ['id', 'buddy list', 'buddy show bob', 'profile show'])
      expect((await otrtalk(line)).code).toBe(0)
    const busy = `otrtalk: the profile default is in use by process ${process.pid} (otrtalk chat)\n`
    for (const line of [
      `buddy add bob2 ${text(bobAddress)}`,
      'buddy remove bob --yes',
      'profile remove default --yes',
    ]) {
      const ran = await otrtalk(line)
      expect(ran.code).toBe(5)
      expect(ran.stderr.startsWith(busy)).toBe(true)
    }
  })
})

describe('buddy verify', () => {
  beforeEach(async () => {
    await otrtalk('profile create --no-passphrase')
    await otrtalk(`buddy add bob ${text(other.address)}`)
  })
  const meet = async (): Promise<void> => {
    await using profile = await open()
    const seen = { fingerprint: other.fingerprint, at: 1 }
    await profile.save((contents) => ({ ...contents, buddies: touchBuddy(contents.buddies, 'bob', seen) }))
  }
  const trust = async (): Promise<unknown> => ((await json('buddy show bob')) as { trust: string }).trust
  const wrong = other.fingerprint.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))

  test('shows both fingerprints in seven rows to read aloud; yes verifies', async () => {
    await meet()
    const ran = await otrtalk('buddy verify BOB', { typed: 'yes\r' })
    expect(ran).toMatchObject({ code: 0, stdout: '' })
    const { fingerprint } = (await json('id')) as { fingerprint: string }
    const rows = ran.stderr.split('\n').filter((line) => /^[1-7] /.test(line))
    expect(rows).toHaveLength(7)
    const columns = rows.map((row) => row.split(/ {2,}/))
    const joined = (at: number): string => columns.map((cells) => cells[at]?.replaceAll(' ', '')).join('')
    expect([joined(1), joined(2)]).toEqual([fingerprint.toUpperCase(), other.fingerprint.toUpperCase()])
    expect(ran.stderr).toContain('Alfa Bravo Charlie Delta Echo Foxtrot')
    expect(await trust()).toBe('verified')
    expect((await otrtalk('buddy list')).stdout).toMatch(/^bob {2}verified by you/)
  })

  test.each(['no\r', '\r'])(
    '%j verifies nobody, takes trust back, says what to do and ends with 4',
    async (typed) => {
      await meet()
      await otrtalk(`buddy verify bob --fingerprint ${other.fingerprint}`)
      expect(await trust()).toBe('verified')
      const ran = await otrtalk('buddy verify bob', { typed })
      expect(ran.code).toBe(4)
      expect(ran.stderr).toMatch(/do not match: bob is not verified\nhint: .*buddy block bob/)
      expect(await trust()).toBe('unverified')
    },
  )

  test('--fingerprint asks nothing: the right one verifies, pinned or not; another ends with 4', async () => {
    expect((await otrtalk(`buddy verify bob --fingerprint ${other.fingerprint}`)).code).toBe(0)
    expect(await trust()).toBe('verified')
    expect((await otrtalk(`buddy verify bob --fingerprint ${wrong}`)).code).toBe(4)
    expect(await trust()).toBe('unverified')
    expect(await json(`buddy verify bob --fingerprint ${other.fingerprint}`)).toMatchObject({
      trust: 'verified',
      fingerprint: other.fingerprint,
    })
  })

  test('unverify takes it back', async () => {
    await otrtalk(`buddy verify bob --fingerprint ${other.fingerprint}`)
    expect((await otrtalk('buddy unverify bob')).stderr).toBe('bob is not verified any more\n')
    expect(await trust()).toBe('unverified')
  })

  test.each([
    ['nobody to ask', 'buddy verify bob', undefined, 2],
    ['a fingerprint that is none', 'buddy verify bob --fingerprint 12ab', undefined, 2],
    ['a buddy who never answered', 'buddy verify bob', 'y\r', 1],
    ['an unknown one', 'buddy verify carol', 'y\r', 1],
    ['Ctrl-C', 'buddy verify bob', '\x03', 130],
  ])('refuses %s, and changes nothing', async (why, line, typed, code) => {
    if (why === 'Ctrl-C') await meet()
    const before = vault()
    expect((await otrtalk(line, typed === undefined ? {} : { typed })).code).toBe(code)
    expect(vault()).toEqual(before)
  })
})

describe('id --rotate', () => {
  beforeEach(async () => {
    await otrtalk('profile create --no-passphrase')
  })
  const address = async (): Promise<string> => ((await json('id')) as { address: string }).address

  test('changes the address and not the fingerprint, and tells who has to learn it, until nobody has', async () => {
    await otrtalk(`buddy add bob ${text(other.address)}`)
    await otrtalk(`buddy add alice ${text(aliceAddress)}`)
    const before = (await json('id')) as object
    const rotated = await otrtalk('id --rotate', { typed: 'y\r' })
    expect(rotated).toMatchObject({ code: 0 })
    expect(rotated.stderr).toContain('your address changes')
    const { address: now, ...rest } = (await json('id')) as { address: string }
    expect(before).toMatchObject(rest)
    expect(before).not.toMatchObject({ address: now })
    expect(rotated.stdout).toContain(now)
    const left = 'still to learn your new address (2): bob, alice\n'
    for (const line of ['id', 'buddy list']) expect((await otrtalk(line)).stderr).toBe(left)
    await otrtalk('buddy block alice')
    expect((await otrtalk('id')).stderr).toBe('still to learn your new address (1): bob\n')
    await otrtalk('buddy remove bob --yes')
    expect((await otrtalk('id')).stderr).toBe('')
    const unblocked = await otrtalk('buddy unblock alice')
    expect(unblocked.stderr).toContain('alice does not know your new address, give it again')
  })

  test.each([
    ['nobody to ask', undefined, 2],
    ['Enter', '\r', 1],
    ['Ctrl-C', '\x03', 130],
  ])('with %s changes nothing', async (_, typed, code) => {
    const before = vault()
    expect((await otrtalk('id --rotate', typed === undefined ? {} : { typed })).code).toBe(code)
    expect(vault()).toEqual(before)
  })

  test('without buddies keeps no old key; --yes asks nothing', async () => {
    const before = await address()
    expect(await otrtalk('id --rotate --yes')).toMatchObject({ code: 0, stderr: '' })
    expect(await address()).not.toBe(before)
  })

  test('is refused a fifth time, while nobody has learned of the first', async () => {
    await otrtalk(`buddy add bob ${text(other.address)}`)
    for (let i = 0; i < 4; i++) expect((await otrtalk('id --rotate --yes')).code).toBe(0)
    const before = vault()
    const refused = await otrtalk('id --rotate --yes')
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/last four.*\nhint: .*: bob\n/) })
    expect(vault()).toEqual(before)
  })
})

test('id --qr draws the address for a camera, on a terminal only', async () => {
  await otrtalk('profile create --no-passphrase')
  const drawn = await otrtalk('id --qr', { typed: '', env: { LANG: 'C.UTF-8' } })
  expect(drawn).toMatchObject({ code: 0, stderr: expect.stringMatching(/[▀▄█]{20}/) })
  expect((await otrtalk('id --qr')).code).toBe(1)
})

describe('a bad disk', () => {
  test('a damaged vault is told from a wrong passphrase, and is not touched', async () => {
    await otrtalk('profile create --no-passphrase')
    const damaged = vault()
    damaged[200]! ^= 1
    writeFileSync(join(home, 'profiles/default/vault'), damaged)
    const ran = await otrtalk(`buddy add bob ${text(bobAddress)}`, { typed: 'x\r' })
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toMatch(/vault is damaged\nhint: .*backup\n$/)
    expect(vault()).toEqual(damaged)
  })

  test('a vault that cannot be replaced stays as it was', async () => {
    await otrtalk('profile create --no-passphrase')
    const before = vault()
    mkdirSync(join(home, 'profiles/default/vault.new'))
    const ran = await otrtalk(`buddy add bob ${text(bobAddress)}`)
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toMatch(/^otrtalk: cannot write .*vault/)
    expect(vault()).toEqual(before)
  })

  test('a home that is a file is told', async () => {
    const file = join(home, 'file')
    writeFileSync(file, '')
    const ran = await otrtalk('profile create --no-passphrase', { env: { OTRTALK_HOME: file } })
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('a part of this path is a file') })
  })
})

test('interfaces lists what --interface takes', async () => {
  const found = (await json('iflist')) as { name: string; addresses: string[]; internal: boolean }[]
  expect(found.find((one) => one.internal)?.addresses).toContain('127.0.0.1')
  expect(found.find((one) => one.internal)).toMatchObject({ kind: 'loopback' })
  const { stdout } = await otrtalk('interfaces')
  expect(stdout).toMatch(/^lo\d* +this machine only +127\.0\.0\.1/m)
  expect(stdout.split('\n')).toHaveLength(found.length + 1)
})
