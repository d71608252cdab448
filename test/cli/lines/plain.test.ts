import { afterEach, describe, expect, test, vi } from 'vitest'
import { explainReport } from '../../../src/cli/explainwhy.ts'
import { openPlain } from '../../../src/cli/lines/plain.ts'
import type { Ui } from '../../../src/cli/ui.ts'
import type { TalkEvent } from '../../../src/session/command.ts'
import { until } from '../emulator.ts'
import { idOf, Pipes } from '../pipes.ts'
import { report } from '../reports.ts'

const at = new Date(2026, 0, 2, 9, 5).getTime()
const under = { buddy: 'ada', session: 1, fingerprint: 'ab'.repeat(56), trust: 'by-code' } as const
const secured: TalkEvent = { kind: 'secured', path: 'direct', ms: 9, pq: true, ...under }
const message = (text: string): TalkEvent => ({ kind: 'message', id: '0', text, at, ...under })
const delivered = (n: number): TalkEvent => ({ kind: 'delivered', buddy: 'ada', id: idOf(n), ms: 3 })

let ui: Ui | undefined
afterEach(async () => {
  await ui?.[Symbol.asyncDispose]()
  vi.useRealTimers()
})

test('messages go to stdout with their time of day, everything else to stderr', () => {
  const pipes = new Pipes()
  ui = openPlain(pipes.options())
  ui.tell({ kind: 'listening', profile: 'home', port: 4711, addresses: [] })
  ui.tell({ kind: 'phase', buddy: 'ada', phase: 'looking', ms: 0 })
  ui.tell(secured)
  ui.tell(message('hello'))
  ui.tell({ kind: 'lost', buddy: 'ada', why: 'left' })
  expect(pipes.stdout).toBe('09:05 ada  hello\n')
  expect(pipes.stderr.split('\n')).toEqual([
    '14:02 * reachable as home on UDP port 4711',
    '14:02 * looking for ada',
    '14:02 * secured with ada: met by code, directly over the internet',
    `14:02 * fingerprint ${Array(14).fill('ABABABAB').join(' ')}`,
    '14:02 * ada has left',
    '',
  ])
})

test('an answer, an edit and a deletion say in front of the text, or beside it, what they are', () => {
  const pipes = new Pipes()
  ui = openPlain(pipes.options())
  const about = { at: at + 60_000, ...under }
  ui.tell(secured)
  ui.tell({ kind: 'message', id: 'a1', text: 'at five', at, ...under })
  ui.tell({ kind: 'message', id: 'a2', text: 'yes', at, about: { as: 'reply', id: 'a1' }, ...under })
  ui.tell({ kind: 'edited', id: 'a3', of: 'a1', text: 'at six\nor so', ...about })
  ui.tell({ kind: 'edited', id: 'a4', of: 'b1', text: 'of before', ...about })
  ui.tell({ kind: 'message', id: 'a8', text: 'forged', at, about: { as: 'edit', id: 'b1' }, ...under })
  ui.tell({ kind: 'message', id: 'a5', text: 'so', at, about: { as: 'reply', id: 'b1' }, ...under })
  expect(pipes.stdout.split('\n')).toEqual([
    '09:05 ada  at five',
    '09:05 >  ada: at five',
    '09:05 ada  yes',
    '09:06 ada, who edited the line of 09:05  at six',
    '                                         or so',
    '09:06 ada, who changes an earlier line  of before',
    '09:05 ada, who would change another line  forged',
    '      >  a line that is not here',
    '09:05 ada  so',
    '',
  ])
  const before = pipes.stdout
  pipes.stderr = ''
  ui.tell({ kind: 'deleted', id: 'a6', of: 'a2', ...about })
  ui.tell({ kind: 'deleted', id: 'a7', of: 'b1', ...about })
  expect([pipes.stdout, pipes.stderr]).toEqual([before, '14:02 * ada deleted the line of 09:05\n'])
})

test('what a person types may change and take back what he said, and what he reads is told where it is wanted', async () => {
  const pipes = new Pipes()
  Object.assign(pipes.stdin, { isTTY: true })
  const options = pipes.options({ hints: true })
  Object.assign(options.stdout, { isTTY: true, columns: 80 })
  ui = openPlain(options)
  ui.tell(secured)
  ui.tell({ kind: 'message', id: 'a1', text: 'well?', at, ...under })
  expect(pipes.acts).toEqual([{ kind: 'read', buddy: 'ada', ids: ['a1'] }])
  pipes.stdin.write('/reply yes\n/edit no\n/original\n/delete\n')
  await until(() => pipes.acts.length === 4, 'said')
  expect(pipes.acts.slice(1)).toEqual([
    { kind: 'say', buddy: 'ada', id: idOf(1), text: 'yes', about: { as: 'reply', id: 'a1' } },
    { kind: 'say', buddy: 'ada', id: idOf(2), text: 'no', about: { as: 'edit', id: idOf(1) } },
    { kind: 'say', buddy: 'ada', id: idOf(3), text: '', about: { as: 'delete', id: idOf(1) } },
  ])
  expect(pipes.stderr).toContain('you said at 14:02: “yes”; edited once since')
  expect(pipes.stderr).toContain('you deleted “no”; the program of ada may have kept it')
  ui.tell({ kind: 'undelivered', buddy: 'ada', id: idOf(3), why: 'too-many' })
  expect(pipes.stderr).toContain('too many lines are waiting already (that a line is deleted)')
})

test.each([
  ['nobody wants to know', {}, true],
  ['stdout is no terminal', { hints: true }, false],
] as const)('nobody is told that a line was read where %s', (_, more, isTTY) => {
  const pipes = new Pipes()
  const options = pipes.options(more)
  Object.assign(options.stdout, { isTTY, columns: 80 })
  ui = openPlain(options)
  ui.tell(secured)
  ui.tell(message('hello'))
  expect(pipes.acts).toEqual([])
})

test('no line of a message begins where a message begins', () => {
  const pipes = new Pipes()
  ui = openPlain(pipes.options())
  ui.tell(secured)
  ui.tell(message('one\n09:06 bob  forged\r09:07 bob  \x1b[2K\x1b[Gforged'))
  expect(pipes.stdout).toBe('09:05 ada  one\n           09:06 bob  forged␍09:07 bob  ␛[2K␛[Gforged\n')
})

test('on a terminal a long line is broken before the terminal does it, for the same reason', () => {
  const pipes = new Pipes()
  const options = pipes.options()
  Object.assign(options.stdout, { isTTY: true, columns: 30 })
  ui = openPlain(options)
  ui.tell(secured)
  ui.tell(message(`${'x'.repeat(18)}09:06 bob  forged 👨\u200d👩\u200d👧\u200d👦👨\u200d👩\u200d👧\u200d👦`))
  const rows = pipes.stdout.trimEnd().split('\n')
  expect(rows[0]).toBe(`09:05 ada  ${'x'.repeat(18)}`)
  expect(rows.length).toBe(3)
  for (const row of rows.slice(1)) expect(row).toMatch(/^ {11}\S/)
})

test('lines of stdin are said as they are, slashes and all', async () => {
  const pipes = new Pipes()
  ui = openPlain(pipes.options())
  pipes.stdin.write('first\n\n/quit\r\n  indented ä')
  await until(() => pipes.said.length === 2, 'two lines said')
  pipes.stdin.write('öü\nhalf')
  await until(() => pipes.said.length === 3, 'three lines said')
  expect(pipes.acts[0]).toEqual({ kind: 'say', buddy: 'ada', id: idOf(1), text: 'first' })
  expect(pipes.said).toEqual(['first', '/quit', '  indented äöü'])
})

test('a key that has the fingerprint that was given is not to be compared', async () => {
  const pipes = new Pipes()
  const { fingerprint } = secured
  const unverified = { ...secured, trust: 'unverified' } as const
  ui = openPlain(pipes.options({ buddies: [{ alias: 'ada', trust: 'unverified', given: fingerprint }] }))
  ui.tell(unverified)
  expect(pipes.stderr).toContain('; it is the one you gave')
  expect(pipes.stderr).not.toContain('compare')
})

test('what a person types may be a command', async () => {
  const pipes = new Pipes()
  Object.assign(pipes.stdin, { isTTY: true })
  ui = openPlain(pipes.options())
  pipes.stdin.write('hi\n//slash\n/qiut\n/quit now\n/close\n/fingerprint\n/quit\nnever said\n')
  expect(await ui.done).toEqual({ kind: 'left' })
  expect(pipes.said).toEqual(['hi', '/slash'])
  expect(pipes.acts.at(-1)).toEqual({ kind: 'close', buddy: 'ada' })
  expect(pipes.stderr).toContain('there is no command /qiut')
  expect(pipes.stderr).toContain('/quit takes nothing after it')
  expect(pipes.stderr).toContain('ada has not answered yet: no fingerprint is known')
})

test('/why asks, and the answer is a page of remarks', async () => {
  const pipes = new Pipes()
  Object.assign(pipes.stdin, { isTTY: true })
  ui = openPlain(pipes.options())
  pipes.stdin.write('/why\n')
  await until(() => pipes.acts.length === 1, 'asked')
  expect(pipes.acts).toEqual([{ kind: 'why', buddy: 'ada' }])
  ui.tell({ kind: 'why', buddy: 'ada', report })
  const page = explainReport(report, 'ada')
  expect(page.length).toBeGreaterThan(5)
  expect(pipes.stderr).toBe(page.map((line) => `14:02 * ${line}\n`).join(''))
  expect(pipes.stdout).toBe('')
})

test('an answer is typed unseen, corrected as on a terminal, and what follows is said again', async () => {
  const pipes = new Pipes()
  const raw: boolean[] = []
  Object.assign(pipes.stdin, { isTTY: true, setRawMode: (isRaw: boolean) => raw.push(isRaw) })
  ui = openPlain(pipes.options())
  ui.tell(secured)
  pipes.stdin.write('/verify Where did we meet?\n')
  await until(() => raw.length === 1, 'nothing shown')
  for (const keys of [
    'Paris',
    '\x15',
    'Rimex',
    '\x7f',
    '\x7f',
    '\x7f',
    '\x7f',
    '\x1b[A\x1bOD',
    'ome',
    '\rsaid again\n',
  ])
    pipes.stdin.write(keys)
  await until(() => pipes.acts.length === 2, 'two acts')
  expect(pipes.acts).toEqual([
    { kind: 'verify', buddy: 'ada', question: 'Where did we meet?', secret: 'Rome' },
    { kind: 'say', buddy: 'ada', id: idOf(1), text: 'said again' },
  ])
  expect(raw).toEqual([true, false])
  expect(pipes.stderr).not.toMatch(/Rome|Paris/)
})

test('Ctrl-C while an answer is typed leaves, and the terminal shows again what is typed', async () => {
  const pipes = new Pipes()
  const raw: boolean[] = []
  Object.assign(pipes.stdin, { isTTY: true, setRawMode: (isRaw: boolean) => raw.push(isRaw) })
  ui = openPlain(pipes.options())
  ui.tell(secured)
  pipes.stdin.write('/verify Where?\n')
  await until(() => raw.length === 1, 'nothing shown')
  pipes.stdin.write('Ro\x03')
  expect(await ui.done).toEqual({ kind: 'signal', signal: 'SIGINT' })
  expect(raw).toEqual([true, false])
})

test('the end of stdin leaves when all is confirmed, the last line without a newline too', async () => {
  const pipes = new Pipes()
  ui = openPlain(pipes.options())
  pipes.stdin.end('one\ntwo')
  await until(() => pipes.said.length === 2, 'two lines said')
  const ended = vi.fn()
  void ui.done.then(ended)
  ui.tell(secured)
  ui.tell({ kind: 'sent', buddy: 'ada', id: idOf(1) })
  ui.tell(delivered(1))
  await new Promise(setImmediate)
  expect(ended).not.toHaveBeenCalled()
  ui.tell(delivered(2))
  expect(await ui.done).toEqual({ kind: 'ended', unconfirmed: 0 })
})

test('the end of an empty stdin leaves at once', async () => {
  const pipes = new Pipes()
  ui = openPlain(pipes.options())
  pipes.stdin.end()
  expect(await ui.done).toEqual({ kind: 'ended', unconfirmed: 0 })
})

test('what was not delivered is named, and counts at the end', async () => {
  const pipes = new Pipes()
  ui = openPlain(pipes.options())
  pipes.stdin.end('one\ntwo\n')
  await until(() => pipes.said.length === 2, 'two lines said')
  ui.tell({ kind: 'undelivered', buddy: 'ada', id: idOf(1), why: 'too-long' })
  ui.tell(delivered(2))
  expect(await ui.done).toEqual({ kind: 'ended', unconfirmed: 1 })
  expect(pipes.stderr).toContain('not delivered: it is too long for one message (one)')
})

test('receipts are waited for as long as there is progress, and `patience` after it', async () => {
  const pipes = new Pipes()
  ui = openPlain(pipes.options({ patience: 60 }))
  pipes.stdin.end('one\ntwo\n')
  await until(() => pipes.said.length === 2, 'two lines said')
  for (let i = 0; i < 6; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    ui.tell({ kind: 'sent', buddy: 'ada', id: idOf(1) })
  }
  ui.tell(delivered(1))
  const start = performance.now()
  const attempts = setInterval(() => ui?.tell({ kind: 'phase', buddy: 'ada', phase: 'looking', ms: 0 }), 10)
  expect(await ui.done).toEqual({ kind: 'ended', unconfirmed: 1 })
  clearInterval(attempts)
  expect(performance.now() - start).toBeGreaterThan(50)
})

test('stdin is read no faster than it is confirmed: 64 lines ahead', async () => {
  const pipes = new Pipes()
  ui = openPlain(pipes.options())
  pipes.stdin.write(Array.from({ length: 200 }, (_, i) => `${i}\n`).join(''))
  await until(() => pipes.said.length >= 64, '64 lines said')
  await new Promise(setImmediate)
  expect(pipes.said.length).toBe(64)
  for (let n = 1; n <= 10; n++) ui.tell(delivered(n))
  expect(pipes.said.length).toBe(74)
})

test('a line without an end is said in pieces of 10,000, none cut within a character', async () => {
  const pipes = new Pipes()
  ui = openPlain(pipes.options())
  pipes.stdin.end(`x${'👍'.repeat(6000)}`)
  await until(() => pipes.said.length === 2, 'two pieces')
  expect(pipes.said.map((text) => text.length)).toEqual([9999, 2002])
  expect(pipes.said.join('')).toBe(`x${'👍'.repeat(6000)}`)
})

test('a closed pipe is an end, not an error', async () => {
  const pipes = new Pipes()
  ui = openPlain(pipes.options())
  pipes.broken = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
  ui.tell(message('x'))
  expect(await ui.done).toEqual({ kind: 'pipe' })
})

test('any other fault of stdout is told', async () => {
  const pipes = new Pipes()
  ui = openPlain(pipes.options())
  pipes.broken = Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  ui.tell(message('x'))
  await expect(ui.done).rejects.toThrow('no space left')
})

test.each(['before', 'after'])(
  'while stdout takes nothing, stdin is not read: stuck %s reading began',
  async (when) => {
    const pipes = new Pipes()
    const options = pipes.options()
    ui = openPlain(options)
    if (when === 'after') await new Promise(setImmediate)
    pipes.stick(true)
    for (let i = 0; i < 20; i++) ui.tell(message('x'.repeat(2000)))
    pipes.stdin.write('said later\n')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(pipes.said).toEqual([])
    expect(options.stdout.listenerCount('drain')).toBe(1)
    pipes.stick(false)
    await until(() => pipes.said.length === 1, 'the line is said')
  },
)

test('of whoever only listens stdin is left alone', async () => {
  const pipes = new Pipes()
  const { buddy: _, ...options } = pipes.options({ listensOnly: true })
  ui = openPlain(options)
  pipes.stdin.end('x\n')
  const ended = vi.fn()
  void ui.done.then(ended)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(ended).not.toHaveBeenCalled()
  expect(pipes.acts).toEqual([])
})

describe('with everybody', () => {
  const all = (stdinIsTTY: boolean): Pipes => {
    const pipes = new Pipes()
    Object.assign(pipes.stdin, { isTTY: stdinIsTTY })
    const { buddy: _, ...options } = pipes.options({
      buddies: ['ada', 'Bob', 'carol'].map((alias) => ({ alias, trust: 'by-code' })),
    })
    ui = openPlain(options)
    return pipes
  }

  test.each([true, false])('a line goes to whom /to chose, to nobody before: typed %j', async (isTyped) => {
    const pipes = all(isTyped)
    pipes.stdin.write('lost\n/to bob\nto him\n/to nobody\n/to carol\n//to her\n')
    await until(() => pipes.said.length === 2, 'two texts')
    expect(pipes.acts).toMatchObject([
      { kind: 'say', buddy: 'Bob', text: 'to him' },
      { kind: 'say', buddy: 'carol', text: '/to her' },
    ])
    expect(pipes.stderr).toContain('nothing was sent: whom do you write to?')
    expect(pipes.stderr).toContain('one of: ada, Bob, carol')
    expect(pipes.stderr).toContain('you write to Bob: not connected\n')
    expect(pipes.stderr).toContain('there is no buddy named nobody\n')
  })

  test.each([true, false])(
    'behind a /to that leads to nobody a line goes to nobody: typed %j',
    async (isTyped) => {
      const pipes = all(isTyped)
      pipes.stdin.write('/to bob\nto him\n/to caro\nto her\n/to carol\nto her too\n')
      await until(() => pipes.said.includes('to her too'), 'the last text')
      expect(pipes.acts).toMatchObject([
        { kind: 'say', buddy: 'Bob', text: 'to him' },
        { kind: 'say', buddy: 'carol', text: 'to her too' },
      ])
      expect(pipes.stderr).toContain('nothing was sent: whom do you write to?')
    },
  )

  test('what comes names its writer, what became of a line its reader, and who wrote is counted', async () => {
    const pipes = all(true)
    pipes.stdin.write('/to bob\nhi\n')
    await until(() => pipes.said.length === 1, 'a text')
    ui?.tell(secured)
    ui?.tell(message('one'))
    ui?.tell({ ...message('two'), buddy: 'carol' } as TalkEvent)
    ui?.tell({ kind: 'delivered', buddy: 'Bob', id: idOf(1), ms: 3 })
    ui?.tell({ kind: 'read', ids: [idOf(1)], ...under, buddy: 'Bob' })
    ui?.tell({ kind: 'waiting', buddy: 'carol', id: idOf(9), text: 'of before', at })
    ui?.tell({
      kind: 'waiting',
      buddy: 'ada',
      id: idOf(8),
      text: 'new',
      at,
      about: { as: 'edit', id: idOf(9) },
    })
    pipes.stdin.write('/buddies\n/to ada\n')
    await until(() => pipes.stderr.includes('you write to ada'), 'turned')
    expect(pipes.stdout).toMatch(/^09:05 ada {2}one\n09:05 carol {2}two/)
    expect(pipes.stderr).toContain('14:02 * delivered to Bob\n14:02 * read by Bob\n')
    expect(pipes.stderr).toContain('14:02 * waits for carol since 2026-01-02 09:05: of before\n')
    expect(pipes.stderr).toContain('14:02 * waits for ada since 2026-01-02 09:05: edited: new\n')
    expect(pipes.stderr).toContain(
      '14:02 * ada: secured, met by code, 1 new\n14:02 * Bob: not connected, you write to Bob\n',
    )
    expect(pipes.stderr).toContain(
      'you write to ada: secured, met by code; 1 came from there since you wrote last\n',
    )
  })

  test('and no buddy it is said how to get one', () => {
    const pipes = new Pipes()
    const { buddy: _, ...options } = pipes.options({ buddies: [] })
    ui = openPlain(options)
    expect(pipes.stderr).toContain(
      'you have no buddy yet\n14:02 * leave with /quit, then: otrtalk invite makes a code',
    )
  })

  test('who is alone is spoken to', async () => {
    const pipes = new Pipes()
    const { buddy: _, ...options } = pipes.options()
    ui = openPlain(options)
    pipes.stdin.write('hi\n')
    await until(() => pipes.said.length === 1, 'a text')
    expect(pipes.acts).toMatchObject([{ buddy: 'ada', text: 'hi' }])
  })
})

test('a phase is said when it is the first to come so far, and again after 10 and 30 s', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const pipes = new Pipes()
  ui = openPlain(pipes.options())
  const phase = (phase: 'looking' | 'punching', ms: number): void =>
    ui?.tell({ kind: 'phase', buddy: 'ada', phase, ms })
  phase('looking', 0)
  phase('punching', 500)
  phase('looking', 900)
  phase('punching', 1000)
  vi.advanceTimersByTime(30_500)
  expect(pipes.stderr.split('\n').map((line) => line.slice(8))).toEqual([
    'looking for ada',
    'found ada, opening a way through',
    'still found ada, opening a way through, 11 s',
    'still found ada, opening a way through, 31 s',
    '',
  ])
})

test('SIGTERM, SIGHUP and SIGINT end it', async () => {
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    const pipes = new Pipes()
    ui = openPlain(pipes.options())
    process.emit(signal, signal)
    expect(await ui.done).toEqual({ kind: 'signal', signal })
  }
})
