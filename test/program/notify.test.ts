import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { coupleOfFile } from '../support/couple.ts'
import { execute, Program } from '../support/program.ts'
import { type Pty, start, untouched } from '../support/pty.ts'

const { ada, bob } = coupleOfFile()

const kitty = (of: typeof bob): typeof bob => ({ ...of, env: { ...of.env, KITTY_WINDOW_ID: '1' } })
const note = '\x1b]99;;otrtalk: new message from ada\x1b\\'
const count = (screen: Pty, sequence: string): number => screen.raw.split(sequence).length - 1
const say = async (text: string): Promise<void> => {
  expect(await execute(['send', 'bob', text], ada)).toMatchObject({ code: 0 })
}

test('the screen calls its user only while he looks elsewhere, and leaves title and modes as they were', async () => {
  await using screen = start(['chat', 'ada', '--notify', '--bell', '--title'], kitty(bob))
  await screen.waitFor(() => screen.state.focusReports)
  await screen.waitFor(() => screen.title === 'otrtalk')
  screen.type('\x1b[I')
  await say('while he looks')
  await screen.waitFor('while he looks')
  expect([count(screen, note), screen.title]).toEqual([0, 'otrtalk'])
  screen.type('\x1b[O')
  await say('while he does not')
  await screen.waitFor('while he does not')
  expect([count(screen, note), count(screen, '\x07'), screen.title]).toEqual([1, 1, 'otrtalk: 1 new'])
  screen.type('\x1b[I')
  await screen.waitFor(() => screen.title === 'otrtalk')
  screen.key('ctrlD')
  expect(await screen.ended()).toEqual({ code: 0 })
  expect(screen.state).toEqual(untouched)
  expect([count(screen, '\x1b[22;2t'), count(screen, '\x1b[23;2t')]).toEqual([1, 1])
})

test('a stopped screen wants no word of the focus, and asks for it again', async () => {
  await using screen = start(['chat', 'ada', '--bell', '--title'], bob)
  await screen.waitFor(() => count(screen, '\x1b[?1004h') === 1)
  screen.key('ctrlZ') // nobody controls jobs here: it goes on at once
  await screen.waitFor(() => count(screen, '\x1b[?1004h') === 2)
  expect([count(screen, '\x1b[?1004l'), count(screen, '\x1b[23;2t')]).toEqual([1, 1])
  screen.kill('SIGTERM')
  expect(await screen.ended()).toEqual({ code: 143 })
  expect(screen.state).toEqual(untouched)
  expect([count(screen, '\x1b[22;2t'), count(screen, '\x1b[23;2t')]).toEqual([2, 2])
})

test('a crash gives back the title, and wants no word of the focus any more', async () => {
  const crash = join(bob.home, 'crash.mjs')
  writeFileSync(crash, "process.on('SIGUSR2', () => { throw new Error('planted') })\n")
  for (const more of [[], ['--plain']]) {
    const env = { ...bob.env, NODE_OPTIONS: `--import=${crash}` }
    await using screen = start(['chat', 'ada', '--bell', '--title', ...more], { ...bob, env })
    await screen.waitFor('looking for ada')
    screen.kill('SIGUSR2')
    expect(await screen.ended()).toEqual({ code: 70 })
    expect(screen.state).toEqual(untouched)
    expect(count(screen, '\x1b[23;2t')).toBe(1)
  }
})

test('without any of it the terminal is not asked for its focus', async () => {
  await using screen = start(['chat', 'ada'], bob)
  await screen.waitFor('looking for ada')
  expect(screen.state.focusReports).toBe(false)
  screen.key('ctrlD')
  await screen.ended()
  for (const sequence of ['\x1b]', '\x07', '1004', '\x1b[22;2t']) expect(count(screen, sequence)).toBe(0)
})

test('plain lines and listen on a terminal, with the text where it is asked for', async () => {
  for (const command of [['chat', 'ada', '--plain'], ['listen']]) {
    const env = { ...kitty(bob).env, OTRTALK_NOTIFY: '1', OTRTALK_NOTIFY_TEXT: '1', OTRTALK_TITLE: '1' }
    await using screen = start(command, { ...bob, env })
    await screen.waitFor('reachable as bob')
    await say('a;b\x1b]0;evil\x07')
    await screen.waitFor('a;b␛]0;evil␇')
    expect(count(screen, '\x1b]99;;otrtalk: new message from ada: a;b␛]0;evil␇\x1b\\')).toBe(1)
    expect(screen.title).toBe('otrtalk: 1 new')
    screen.key('ctrlC')
    await screen.ended()
    expect(screen.state).toEqual(untouched)
    expect(screen.raw.trimEnd().endsWith('\x1b[23;2t')).toBe(true)
  }
})

test('with --json the user’s own command is told the alias, and nothing else', async () => {
  const file = join(bob.home, 'told')
  const command = JSON.stringify([
    'sh',
    '-c',
    `cat > ${file}.new; echo "$#" >> ${file}.new; mv ${file}.new ${file}`,
  ])
  await using listening = new Program(['listen', '--json', '--notify-command', command], bob)
  await listening.event('listening')
  await say('a secret')
  await listening.event('message')
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(readFileSync(file, 'utf8')).toBe('new message from ada\n0\n')
})
