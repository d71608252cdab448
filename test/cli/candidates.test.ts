import { describe, expect, test } from 'vitest'
import { candidatesFor } from '../../src/cli/candidates.ts'
import { define, nobody } from '../../src/cli/definitions/all.ts'
import { outlineOf } from '../../src/cli/definitions/outline.ts'
import { bashWords, behindCommand } from '../../src/cli/shells/bashwords.ts'
import { runMain } from './streams.ts'

const outline = outlineOf(define(nobody))
const sought = (...words: string[]) => candidatesFor(outline, words)
const beginning = (...words: string[]) => {
  const { words: found, typed } = sought(...words)
  return found.map(({ word }) => word).filter((word) => word.startsWith(typed))
}

describe('what may follow', () => {
  test.each([
    [['li'], ['listen']],
    [['comp'], ['completion']],
    [['demo'], ['demo']], // and none of the hidden ones
    [
      ['buddy', 're'],
      ['rename', 'remove'],
    ],
    [['buddies', 'rem'], ['remove']],
    [['help', 'se'], ['send']],
    [['help', 'buddy', 'li'], ['list']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['completion', 'zsh', ''], []],
    [
      ['id', ''],
      ['--qr', '--rotate', '--yes'],
    ],
    [['send', 'bob', '--time'], ['--timeout']],
    [
      ['send', 'bob', '--pass'],
      ['--passphrase-file', '--passphrase-fd'],
    ],
    [['--no-d'], ['--no-dht']],
    [['--theme', 'l'], ['light']],
    [['profile', 'set', 'interf'], ['interface']],
    [
      ['profile', 'set', 'theme', ''],
      ['dark', 'light', 'none'],
    ],
    [
      ['profile', 'set', 'dht', 'o'],
      ['on', 'off'],
    ],
    [['profile', 'set', 'lan', 'on', ''], []],
    [['profile', 'unset', 'theme', ''], []],
    [['--ver'], ['--version']],
    [['send', '--ver'], []],
    [['--profile', 'ada', 'buddy', 'at'], ['at']],
    [['--port=4000', '--lan', 'whi'], []],
    [['--lan', 'wh'], ['why']],
    [['send', 'bob', '--', '--time'], []],
    [['nonsense', 'x', 'y', ''], []],
    [
      ['offer', 'bob', 'x', ''],
      ['--qr', '--fingerprint'],
    ],
  ])('%j: %j', (words, expected) => {
    expect(beginning(...words)).toEqual(expected)
  })

  test.each([
    [['chat', ''], 'buddies', '', undefined],
    [['chat', '--fingerprint', '0A3F', 'bo'], 'buddies', '', undefined],
    [['buddy', 'at', 'b'], 'buddies', '', undefined],
    [['--profile', ''], 'profiles', '', undefined],
    [['chat', '--profile=a'], 'profiles', '--profile=', undefined],
    [['--profile', 'work', 'chat', ''], 'buddies', '', 'work'],
    [['--profile=work', 'chat', ''], 'buddies', '', 'work'],
    [['node', '--interface', 'l'], 'interfaces', '', undefined],
    [['id', '--debug', './x'], 'files', '', undefined],
    [['profile', 'set', 'passphrase-file', './x'], 'files', '', undefined],
    [['profile', 'set', 'profile', ''], 'profiles', '', undefined],
  ])('%j: %s', (words, of, before, profile) => {
    expect(sought(...words)).toMatchObject({ values: { kind: 'known', of }, before, profile })
  })

  test.each([
    [['send', 'bob', '']],
    [['buddy', 'add', '']],
    [['chat', '--fingerprint', '']],
    [['invite', '']],
    [['profile', 'set', 'port', '']],
    [['profile', 'set', 'themes', '']],
  ])('of %j nobody knows', (words) => {
    expect(sought(...words)).toMatchObject({ values: { kind: 'any' }, words: [] })
  })
})

describe('a line of bash', () => {
  test.each([
    ['otrtalk chat b', ['otrtalk', 'chat', 'b']],
    ['otrtalk chat ', ['otrtalk', 'chat', '']],
    ['otrtalk  --at 1.2.3.4:5 --profile=a', ['otrtalk', '--at', '1.2.3.4:5', '--profile=a']],
    [`otrtalk send bob "see \\"you\\" $x" '`, ['otrtalk', 'send', 'bob', 'see "you" $x', '']],
    [`send a'b c'd\\ e`, ['send', 'ab cd e']],
    ['say "" x', ['say', '', 'x']],
    ['', ['']],
    ['end\\', ['end\\']],
  ])('%j is read as %j', (line, words) => {
    expect(bashWords(line)).toEqual(words)
  })

  test('begins behind the command, and what is set for it', () => {
    expect(behindCommand(bashWords('OTRTALK_HOME=/x A= otrtalk --profile=a chat '))).toEqual([
      ...['--profile=a', 'chat', ''],
    ])
  })
})

describe('the hidden commands', () => {
  test('say nothing and end with 0, whatever is wrong', async () => {
    for (const env of [{ OTRTALK_HOME: '/nowhere' }, { OTRTALK_HOME: '/dev/null' }, { OTRTALK_PORT: 'x' }])
      for (const argv of [
        ['complete-words', '--', 'chat', ''],
        ['complete-line', '--', 'otrtalk chat '],
      ])
        expect(await runMain(argv, { env: { OTRTALK_HOME: '/nowhere', ...env } })).toMatchObject({
          ...{ code: 0, stdout: '', stderr: '' },
        })
  })

  test('answer one a line, with what each is', async () => {
    const { stdout } = await runMain(['complete-words', '--', 'buddy', 'ren'])
    expect(stdout).toBe('rename\tgive a buddy another alias\n')
    expect((await runMain(['complete-line', '--', 'otrtalk id --deb'])).stdout).toMatch(
      /^--debug\twrite .*\n$/,
    )
    expect((await runMain(['complete-words', '--', '--debug', ''])).stdout).toBe(':files\n')
  })
})
