import { describe, expect, test } from 'vitest'
import { newConversation, tell } from '../../src/cli/conversation.ts'
import { explainTransfer } from '../../src/cli/explaintransfer.ts'
import { located } from '../../src/cli/located.ts'
import { cancelTransfer, type FileCommand, obeyFiles } from '../../src/cli/obeyfiles.ts'
import { explainSize, readSize } from '../../src/cli/size.ts'
import { nameOf } from '../../src/edge/files/walk.ts'
import type { TalkEvent, TransferTold } from '../../src/session/command.ts'

const under = { buddy: 'bob', session: 1, fingerprint: 'ab', trust: 'verified' } as const
const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(32)) as [string, string, string]

const offered = (transfer: string): TalkEvent & { kind: 'offered' } => ({
  ...{ kind: 'offered', transfer, name: 'photos', form: 'files', files: 3, octets: 1_500_000, ...under },
})
const told = (transfer: string, state: 'running' | 'done'): TalkEvent & { kind: 'transfer' } => ({
  ...{ kind: 'transfer', buddy: 'bob', transfer, name: 'letter', direction: 'out', state },
})

const having = (...events: readonly (TalkEvent & { kind: 'offered' | 'transfer' | 'progress' })[]) =>
  events.reduce((conversation, event) => tell(conversation, event, 0), newConversation('bob'))

const obey = (conversation: ReturnType<typeof having>, name: FileCommand, argument = '') =>
  obeyFiles(conversation, { name, argument }, { newId: () => three.slice(16) })

const accept = { kind: 'accept', buddy: 'bob', into: '' } as const

describe('of several transfers', () => {
  const several = having(offered(one), told(two, 'running'), offered(three))

  test('the one of the number is meant', () => {
    expect(obey(several, 'accept', '3').commands).toEqual([{ ...accept, transfer: three }])
    expect(obey(several, 'reject', '1').commands).toEqual([
      { kind: 'reject', buddy: 'bob', transfer: one, why: 'declined' },
    ])
    expect(cancelTransfer(several, '2').commands).toEqual([{ kind: 'withdraw', buddy: 'bob', transfer: two }])
  })

  test('the only one that can be meant is, without a number', () => {
    expect(obey(several, 'pause').commands).toEqual([{ kind: 'pause', buddy: 'bob', transfer: two }])
    const left = tell(several, { ...told(three, 'done'), direction: 'in' }, 0)
    expect(obey(left, 'accept').commands).toEqual([{ ...accept, transfer: one }])
  })

  test.each([
    ['accept', '', /which one\?/],
    ['accept', '7', /no transfer 7/],
    ['send', '', /what is to be sent/],
  ] as const)('/%s %s does nothing, and says why', (name, argument, why) => {
    const { commands, notices } = obey(several, name, argument)
    expect(commands).toEqual([])
    expect(notices[0]).toMatchObject({ tone: 'bad', text: expect.stringMatching(why) })
  })

  test('what goes on from an earlier process has a row, too, and says since when, and how to give it up', () => {
    const since = new Date(2026, 10, 20, 14, 2).getTime()
    const waiting = { ...told(one, 'running'), state: 'waiting', since } as const
    const both = having(waiting, { ...waiting, transfer: two, direction: 'in' })
    expect(obey(both, 'files').notices.map(({ text }) => text)).toEqual([
      '1: letter to bob, waiting',
      '2: letter from bob, waiting',
    ])
    expect(cancelTransfer(both, '2').commands).toEqual([{ kind: 'withdraw', buddy: 'bob', transfer: two }])
    const wording = (event: TransferTold) => explainTransfer(event)
    expect(wording(waiting)).toMatchObject({
      text: 'letter, offered to bob 2026-11-20 14:02, goes on when both are connected',
      hint: '/cancel gives it up',
    })
    expect(wording({ ...waiting, direction: 'in' })?.text).toMatch(
      /^letter, accepted from bob 2026-11-20 14:02/,
    )
    expect(wording({ ...waiting, state: 'reading' })?.text).toBe(
      'reading letter again, to go on sending it to bob',
    )
    expect(wording({ ...waiting, state: 'offered' })?.text).toBe(
      'letter is offered to bob again, who has to accept it unless that is done',
    )
  })

  test('/files has a row for each, with how far it is', () => {
    const moving = tell(
      several,
      { kind: 'progress', buddy: 'bob', transfer: two, octets: 5e6, of: 2e7, rate: 1e6, left: 15_000 },
      0,
    )
    expect(obey(moving, 'files').notices.map(({ text }) => text)).toEqual([
      '1: photos from bob, offered',
      '2: letter to bob, running, 25 % of 20 MB, 1 MB/s, 15 s left',
      '3: photos from bob, offered',
    ])
  })
})

test.each([
  ['my photos', 'my photos'],
  ["'my photos'", 'my photos'],
  ['"it\'s mine"', "it's mine"],
  [String.raw`my\ photos\ \(2\)`, 'my photos (2)'],
])('/send %s means the path %s', (typed, path) => {
  expect(obey(having(), 'send', typed).commands).toMatchObject([{ kind: 'send', paths: [path] }])
})

test('/accept takes a number, a folder, or both', () => {
  const conversation = having(offered(one))
  expect(obey(conversation, 'accept', '1 my music').commands).toMatchObject([
    { transfer: one, into: 'my music' },
  ])
  expect(obey(conversation, 'accept', '~/music').commands).toMatchObject([{ transfer: one, into: '~/music' }])
})

describe('a path as it is told to another process', () => {
  const where = { env: { HOME: '/home/ada' }, options: { downloads: undefined } }
  const send = { kind: 'send', buddy: 'bob', transfer: one, name: '', form: 'files' } as const
  const into = (typed: string, downloads?: string) =>
    located({ ...accept, transfer: one, into: typed }, { ...where, options: { downloads } })

  test('is absolute, and the name is its last part', () => {
    const paths = ['~/photos', '/tmp/../etc/x']
    expect(located({ ...send, paths }, where)).toMatchObject({
      paths: ['/home/ada/photos', '/etc/x'],
      name: 'photos and 1 more',
    })
    expect(located({ ...send, paths: ['here'] }, where)).toMatchObject({ paths: [`${process.cwd()}/here`] })
  })

  test('is the set folder where none is named, else where we are', () => {
    expect(into('', '~/in')).toMatchObject({ into: '/home/ada/in' })
    expect(into('')).toMatchObject({ into: process.cwd() }) // there is no /home/ada/Downloads
    expect(into('x', '~/in')).toMatchObject({ into: `${process.cwd()}/x` })
  })

  test('a name has at most 255 octets', () => {
    expect(Buffer.byteLength(nameOf([`/${'é'.repeat(200)}`, '/x']))).toBeLessThanOrEqual(255)
  })
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1 kB'],
  [9_949, '9.9 kB'],
  [9_950, '10 kB'],
  [999_499, '999 kB'],
  [999_500, '1 MB'],
  [2 ** 30, '1.1 GB'],
  [Number.MAX_SAFE_INTEGER, '9 PB'],
])('%d octets are shown as %s', (octets, shown) => expect(explainSize(octets)).toBe(shown))

test.each([
  ['0', 0],
  ['500', 500],
  ['1.5k', 1_500],
  ['20MB', 20_000_000],
  ['2g', 2_000_000_000],
  ['1 GiB', 2 ** 30],
  ['', undefined],
  ['-1', undefined],
  ['1e9', undefined],
  ['5 miles', undefined],
  ['99999999T', undefined],
])('%j is the size %s', (text, octets) => expect(readSize(text)).toBe(octets))
