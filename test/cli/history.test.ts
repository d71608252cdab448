/** What is kept, as the commands of the shell show, write and delete it. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { Recorder } from '../../src/edge/kept/recorder.ts'
import { createProfile, openProfile } from '../../src/edge/profiles.ts'
import { addBuddy } from '../../src/profile/buddies.ts'
import type { TalkEvent } from '../../src/session/command.ts'
import { temporaryFolder } from '../edge/folder.ts'
import { aliceAddress, other } from '../profile/people.ts'
import { type Ran, type RunOptions, runMain } from './streams.ts'

const { fingerprint } = other
const under = { buddy: 'bob', session: 1, fingerprint, trust: 'verified' } as const
const id = (n: number): string => n.toString(16).padStart(16, '0')
const local = (text: string): number => new Date(`${text}:00`).getTime()
const message = (n: number, text: string, at: string): TalkEvent => ({
  ...{ kind: 'message', id: id(n), text, at: local(at) },
  ...under,
})

let home = ''
const folder = (): string => join(home, 'profiles/default')
const otrtalk = (line: string, { env, ...options }: RunOptions = {}): Promise<Ran> =>
  runMain(line.split(' '), { env: { OTRTALK_HOME: home, ...env }, ...options })
const open = () =>
  openProfile({ home: homeOf(), name: 'default', passphrase: '', command: 'chat', lock: true })
const homeOf = () => ({ path: home, profiles: join(home, 'profiles') })

/** A profile that has kept four lines of the conversations with bob. */
beforeEach(async () => {
  home = temporaryFolder()
  await createProfile({ home: homeOf(), name: 'default', passphrase: '', command: 'profile create' })
  await using profile = await open()
  await profile.save((contents) => {
    const options = { own: contents.identity.address, at: 1 }
    const bob = addBuddy([], { alias: 'bob', address: other.address }, options)
    const alice =
      bob.kind === 'added' && addBuddy(bob.buddies, { alias: 'alice', address: aliceAddress }, options)
    return alice && alice.kind === 'added' ? { ...contents, buddies: alice.buddies } : contents
  })
  await using recorder = new Recorder({
    ...{ profile, habits: { history: true }, now: () => local('2026-11-19T09:30') },
    onFault: (_, fault) => {
      throw fault
    },
  })
  recorder.hear({ kind: 'secured', path: 'lan', ms: 1, pq: true, ...under })
  recorder.hear(message(1, 'Lunch?', '2026-11-18T11:00'))
  recorder.said({ id: id(2), text: 'yes\n\u001b[2Jwhere' })
  recorder.hear({ kind: 'sent', buddy: 'bob', id: id(2) })
  recorder.hear(message(3, 'as always', '2026-11-20T14:05'))
  recorder.hear(message(4, 'see you', '2026-11-20T14:06'))
  await recorder.read(fingerprint)
})

const rows = [
  '2026-11-18 11:00 bob  Lunch?',
  '2026-11-19 09:30 you  yes\n                      ␛[2Jwhere (not confirmed)',
  '2026-11-20 14:05 bob  as always',
  '2026-11-20 14:06 bob  see you',
]
const printed = (...which: readonly number[]): string => which.map((i) => `${rows[i]}\n`).join('')

describe('history', () => {
  test.each([
    ['history bob', printed(0, 1, 2, 3)],
    ['history BOB --last 2', printed(2, 3)],
    ['history bob --search LUNCH', printed(0)],
    ['history bob --since 2026-11-20', printed(2, 3)],
    ['history bob --until 2026-11-20', printed(0, 1)],
    ['history bob --since 2026-11-19T09:30 --until 2026-11-20T14:05', printed(1, 2)],
    ['history bob --last 1 --search ee', printed(3)],
    [`history ${fingerprint.slice(0, 8)} --last 1`, printed(3)],
    ['history bob --search nowhere', ''],
  ])('%s', async (line, stdout) => {
    const ran = await otrtalk(line)
    expect(ran).toMatchObject({ code: 0, stdout })
    expect(ran.stderr).toMatch(
      /^kept of earlier conversations with bob, under key [\dA-F ]{125}: \d lines?\n$/,
    )
  })

  test('says with --json of each line the key it was said to or by, and what became of it', async () => {
    const { stdout } = await otrtalk('history bob --last 3 --json')
    const [ours, theirs] = stdout.split('\n')
    expect(JSON.parse(ours!)).toEqual({
      ...{ buddy: 'bob', from: 'you', id: id(2), at: local('2026-11-19T09:30') },
      ...{ text: 'yes\n\u001b[2Jwhere', fingerprint },
    })
    expect(JSON.parse(theirs!)).toMatchObject({ from: 'buddy', text: 'as always', fingerprint })
  })

  test.each(['history', 'history list'])('%s: with whom something is kept', async (line) => {
    expect((await otrtalk(line)).stdout).toBe(
      `bob  key ${fingerprint.slice(0, 8).toUpperCase()}…  4 lines  since 2026-11-18 11:00  history off\n`,
    )
    await otrtalk('buddy set bob history on')
    await otrtalk('buddy set bob keep 30')
    expect((await otrtalk(line)).stdout).toMatch(/ {2}history on {2}for 30 days\n$/)
    expect(JSON.parse((await otrtalk(`${line} --json`)).stdout)).toEqual([
      {
        ...{ alias: 'bob', fingerprint, lines: 4, first: local('2026-11-18T11:00') },
        ...{ last: local('2026-11-20T14:06'), kept: true, keep: 30 },
      },
    ])
  })

  test('is found under the alias of now, and of whom is no buddy any more under the last', async () => {
    await otrtalk('buddy rename bob robert')
    expect((await otrtalk('history robert --last 1')).stdout).toBe('2026-11-20 14:06 robert  see you\n')
    expect((await otrtalk('history bob')).code).toBe(1)
    const removed = await otrtalk('buddy remove robert --yes')
    expect(removed.stderr).toContain('what was kept of conversations stays: otrtalk history list\n')
    expect((await otrtalk('history bob --last 1')).stdout).toBe(printed(3))
  })

  test('of whom nothing is kept says so, and what to do', async () => {
    const alice = await otrtalk('history alice')
    expect(alice).toMatchObject({ code: 1, stdout: '' })
    expect(alice.stderr).toBe(
      'otrtalk: nothing is kept of conversations with alice\nhint: what is said is kept from when this is set: otrtalk buddy set alice history on\n',
    )
    expect((await otrtalk('history carol')).stderr).toContain('hint: otrtalk history list shows')
  })

  test.each([
    ['history bob --since yesterday', /--since takes a time, not yesterday\nhint: as in 2026-11-20/],
    ['history bob --last 0', /--last takes a number of lines, not 0/],
    ['history delete bob --before 2026-13-01 --yes', /--before takes a time/],
    ['history delete bob', /nobody to ask whether this is meant\nhint: add --yes/],
    ['history bob alice', /too many arguments/],
  ])('%s is refused', async (line, stderr) => {
    const ran = await otrtalk(line)
    expect([ran.code, ran.stdout]).toEqual([2, ''])
    expect(ran.stderr).toMatch(stderr)
  })

  test('that is damaged shows what stands before, and says so', async () => {
    const path = join(folder(), 'history', readdirSync(join(folder(), 'history'))[0]!)
    const damaged = readFileSync(path)
    damaged[damaged.length - 1]! ^= 1
    writeFileSync(path, damaged)
    const ran = await otrtalk('history bob')
    expect(ran).toMatchObject({ code: 0, stdout: printed(0, 1, 2) })
    expect(ran.stderr).toContain(`${path}, or its end, cannot be read\n`)
  })
})

describe('history export', () => {
  test('writes a new file for its owner only, and says what it is', async () => {
    const to = join(home, 'bob.txt')
    const ran = await otrtalk(`history export bob ${to} --last 2`)
    expect(ran).toMatchObject({
      code: 0,
      stdout: '',
      stderr: `${to} is plain text: whoever has it can read it\n`,
    })
    expect(statSync(to).mode & 0o777).toBe(0o600)
    expect(readFileSync(to, 'utf8')).toMatch(
      /^# kept of earlier conversations with bob, under key [^\n]*\n2026-11-20/,
    )
    expect(readFileSync(to, 'utf8').endsWith(printed(2, 3))).toBe(true)
    expect((await otrtalk(`history export bob ${to}`)).stderr).toContain('exists already')
  })

  test('writes JSON lines to stdout', async () => {
    const { stdout } = await otrtalk('history export bob - --json --since 2026-11-20')
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).text),
    ).toEqual(['as always', 'see you'])
  })
})

describe('history delete', () => {
  const sure = 'what a disk may still hold of them is sealed under a key that this profile has no more\n'

  test('asks with the number of lines, and deletes nothing for any other answer', async () => {
    const ran = await otrtalk('history delete bob', { typed: 'n\r' })
    expect(ran.stderr).toMatch(/^delete 4 lines of the conversations with bob\?.*nothing was deleted\n$/s)
    expect([ran.code, (await otrtalk('history bob')).stdout]).toEqual([1, printed(0, 1, 2, 3)])
  })

  test.each(['--search lunch', '--since 7d', '--until 7d', '--last 1'])(
    'deletes nothing with %s, which says nothing to it',
    async (which) => {
      const [option] = which.split(' ')
      const refused = await otrtalk(`history delete bob ${which} --yes`)
      expect(refused).toMatchObject({ code: 2, stdout: '' })
      expect(refused.stderr).toMatch(`otrtalk: history delete takes no ${option}\n`)
      expect(await otrtalk('history bob')).toMatchObject({ code: 0, stdout: `${rows.join('\n')}\n` })
    },
  )

  test('deletes what is older than a time', async () => {
    const ran = await otrtalk('history delete bob --before 2026-11-20 --yes')
    expect(ran).toMatchObject({
      code: 0,
      stderr: `2 lines of the conversations with bob were deleted\n${sure}`,
    })
    expect((await otrtalk('history bob')).stdout).toBe(printed(2, 3))
    const again = await otrtalk('history delete bob --before 2026-11-20 --yes --json')
    expect(JSON.parse(again.stdout)).toEqual({ alias: 'bob', deleted: 0 })
    expect(again.stderr).not.toContain('key')
  })

  test('deletes all of it with the file', async () => {
    expect((await otrtalk('history delete bob', { typed: 'y\r' })).stderr).toContain('4 lines of the conv')
    expect(readdirSync(join(folder(), 'history'))).toEqual([])
    expect((await otrtalk('history list')).stderr).toContain('nothing is kept')
  })
})

describe('to switch it off', () => {
  test('asks whether what was kept is to go', async () => {
    const kept = await otrtalk('buddy set bob history off', { typed: 'n\r' })
    expect(kept.stderr).toContain('delete what was kept of the conversations with bob until now?')
    expect(kept.stderr).toContain('stays: otrtalk history delete bob\n')
    const gone = await otrtalk('buddy set bob history off', { typed: 'y\r' })
    expect(gone.stderr).toContain('4 lines of the conversations with bob were deleted\n')
    expect((await otrtalk('buddy set bob history off', { typed: '' })).stderr).toBe(
      'what bob and you say is not kept any more\n',
    )
  })

  test('for all buddies says that what was kept stays', async () => {
    expect((await otrtalk('profile set history on')).stderr).not.toContain('stays')
    expect((await otrtalk('profile set history off')).stderr).toContain(
      'what was kept until now stays: otrtalk history list\n',
    )
  })

  test('says without a terminal that it stays', async () => {
    expect((await otrtalk('buddy set bob history off')).stderr).toBe(
      'what bob and you say is not kept any more\nwhat was kept until now stays: otrtalk history delete bob\n',
    )
  })
})
