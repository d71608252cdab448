import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openJson } from '../../../src/cli/lines/json.ts'
import { openPlain } from '../../../src/cli/lines/plain.ts'
import { type NotifyingOptions, openNotifying } from '../../../src/cli/notes/notifying.ts'
import type { Ui } from '../../../src/cli/ui.ts'
import { UserError } from '../../../src/error.ts'
import type { TalkEvent } from '../../../src/session/command.ts'
import { temporaryFolder } from '../../edge/folder.ts'
import { until } from '../emulator.ts'
import { Pipes } from '../pipes.ts'

let ui: Ui | undefined
afterEach(async () => {
  await ui?.[Symbol.asyncDispose]()
  ui = undefined
})

const nothing: NotifyingOptions = {
  ...{ bell: false, notify: false, title: false, notifyText: false },
  ...{ notifyCommand: undefined, form: 'plain' },
}
const message = (text = 'hi', buddy = 'ada'): TalkEvent => ({
  ...{ kind: 'message', buddy, id: '91', text, at: 5, session: 1, fingerprint: 'ab', trust: 'by-code' },
})

// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
const sequence = /\x1b\][^\n]*?\x1b\\|\x1b\[[\d;]*t|\x07/gu

interface Opened {
  readonly pipes: Pipes
  /** Of what came on the terminal: what is no line. */
  readonly sequences: () => string
}

async function open(
  by: Partial<NotifyingOptions>,
  more: { isTTY?: boolean; env?: object } = {},
): Promise<Opened> {
  const { isTTY = true, env = { TERM: 'xterm-kitty', LANG: 'C.UTF-8' } } = more
  const pipes = new Pipes()
  const options = pipes.options({ env: { PATH: process.env['PATH'], ...env } })
  Object.assign(options.stdout, { isTTY, columns: 80 })
  const openUi = by.form === 'json' ? openJson : openPlain
  ui = await openNotifying(options, { ...nothing, ...by }, async (inner) => openUi(inner))
  const sequences = (): string => pipes.stdout.match(sequence)?.join('') ?? ''
  return { pipes, sequences }
}

test('a bell, and a notification with the alias alone', async () => {
  const { sequences } = await open({ bell: true, notify: true })
  await new Promise((resolve) => setImmediate(resolve)) // what the terminal is has to be asked first
  ui?.tell(message('a secret'))
  expect(sequences()).toBe('\x07\x1b]99;;otrtalk: new message from ada\x1b\\')
})

test('where the terminal knows no notification the bell rings, once', async () => {
  const { sequences } = await open({ bell: true, notify: true }, { env: { TERM: 'xterm' } })
  await new Promise((resolve) => setImmediate(resolve))
  ui?.tell(message())
  expect(sequences()).toBe('\x07')
})

test('the text comes only if it is asked for, on one line of 80 columns', async () => {
  const { sequences } = await open({ notify: true, notifyText: true })
  await new Promise((resolve) => setImmediate(resolve))
  ui?.tell(message(`two\nlines\x1b]0;x\x07 ${'y'.repeat(100)}`))
  expect(sequences()).toBe(
    `\x1b]99;;otrtalk: new message from ada: two lines␛]0;x␇ ${'y'.repeat(80 - 'two lines␛]0;x␇ …'.length)}…\x1b\\`,
  )
})

test('the title counts, is put back at the end, and is read by who says something', async () => {
  const { pipes, sequences } = await open({ title: true })
  expect(sequences()).toBe('\x1b[22;2t\x1b]2;otrtalk\x1b\\')
  ui?.tell(message())
  ui?.tell(message())
  expect(sequences().endsWith('\x1b]2;otrtalk: 1 new\x1b\\\x1b]2;otrtalk: 2 new\x1b\\')).toBe(true)
  pipes.stdin.write('hello\n')
  await until(() => pipes.acts.length === 1, 'a text said')
  expect(sequences().endsWith('\x1b]2;otrtalk\x1b\\')).toBe(true)
  await ui?.[Symbol.asyncDispose]()
  expect(sequences().endsWith('\x1b[23;2t')).toBe(true)
})

test('what is no terminal, and JSON, get nothing of it', async () => {
  const all = { bell: true, notify: true, title: true }
  const piped = await open(all, { isTTY: false })
  ui?.tell(message())
  expect([piped.sequences(), piped.pipes.stderr.includes('\x1b')]).toEqual(['', false])
  await ui?.[Symbol.asyncDispose]()
  const json = await open({ ...all, form: 'json' })
  ui?.tell(message())
  expect(
    json.pipes.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line)),
  ).toHaveLength(1)
})

/** It has ended, and we know. */
const isOver = (file: string): boolean => {
  try {
    return !process.kill(Number(readFileSync(`${file}.pid`, 'utf8')), 0)
  } catch {
    return true
  }
}

/** A program that writes its stdin and its arguments to a file. */
function witness(): { readonly path: string; readonly file: string } {
  const folder = temporaryFolder()
  const [path, file] = [join(folder, 'witness'), join(folder, 'told')]
  writeFileSync(
    path,
    `#!/bin/sh\n{ cat; echo "$@"; } > ${file}.new\necho $$ > ${file}.pid\nmv ${file}.new ${file}\nexit 1\n`,
  )
  chmodSync(path, 0o700)
  return { path, file }
}

test.each(['plain', 'json'] as const)(
  'the command is told the alias on stdin, with %s lines too',
  async (form) => {
    const { path, file } = witness()
    const { pipes } = await open({ form, notifyCommand: [path, 'x'] }, { isTTY: false })
    ui?.tell(message('a secret'))
    await until(() => existsSync(file), 'the command to run')
    expect(readFileSync(file, 'utf8')).toBe('new message from ada\nx\n')
    await until(() => isOver(file), 'its end')
    await ui?.[Symbol.asyncDispose]()
    expect(pipes.stderr).toMatch(/the notify command failed once; the last: the command ended with 1, /)
  },
)

test('the command is told the text if that is asked for', async () => {
  const { path, file } = witness()
  await open({ notifyText: true, notifyCommand: [path] })
  ui?.tell(message('one\ntwo'))
  await until(() => existsSync(file), 'the command to run')
  expect(readFileSync(file, 'utf8')).toBe('new message from ada: one two\n\n')
})

test('a command that there is not is told before anything else', async () => {
  const error = await open({ notifyCommand: ['/nowhere/x'] }).catch((error: unknown) => error)
  if (!(error instanceof UserError)) throw new Error('no UserError', { cause: error })
  expect([error.exit, error.message, error.hint]).toEqual([
    ...[2, 'there is no file /nowhere/x', '--notify-command takes a program and its arguments'],
  ])
})
