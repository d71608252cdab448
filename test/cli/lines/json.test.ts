import { afterEach, describe, expect, test } from 'vitest'
import { jsonLine } from '../../../src/cli/lines/event.ts'
import { openJson } from '../../../src/cli/lines/json.ts'
import type { Ui } from '../../../src/cli/ui.ts'
import type { TalkEvent } from '../../../src/session/command.ts'
import { until } from '../emulator.ts'
import { idOf, Pipes } from '../pipes.ts'

const under = { buddy: 'ada', session: 1, fingerprint: 'ab', trust: 'by-code' } as const

let ui: Ui | undefined
afterEach(() => ui?.[Symbol.asyncDispose]())

describe('an event is one line, its name first', () => {
  test.each<[TalkEvent, string]>([
    [
      { profile: 'home', kind: 'listening', addresses: ['127.0.0.1:1'], port: 1 },
      '{"event":"listening","profile":"home","port":1,"addresses":["127.0.0.1:1"]}',
    ],
    [
      { ms: 7, kind: 'phase', phase: 'looking', buddy: 'ada' },
      '{"event":"phase","buddy":"ada","phase":"looking","ms":7}',
    ],
    [
      { ...under, kind: 'secured', path: 'lan', ms: 3, pq: true },
      '{"event":"secured","buddy":"ada","fingerprint":"ab","trust":"by-code","path":"lan","ms":3,"session":1,"pq":true}',
    ],
    [
      { ...under, kind: 'message', id: 'i', text: 'hi', at: 5 },
      '{"event":"message","buddy":"ada","id":"i","text":"hi","at":5,"trust":"by-code","fingerprint":"ab","session":1}',
    ],
    [{ kind: 'sent', buddy: 'ada', id: 'i' }, '{"event":"sent","buddy":"ada","id":"i"}'],
    [
      { kind: 'delivered', buddy: 'ada', id: 'i', ms: 2 },
      '{"event":"delivered","buddy":"ada","id":"i","ms":2}',
    ],
    [
      { kind: 'undelivered', buddy: 'ada', id: 'i', why: 'closed' },
      '{"event":"undelivered","buddy":"ada","id":"i","why":"closed"}',
    ],
    [{ kind: 'lost', buddy: 'ada', why: 'left' }, '{"event":"lost","buddy":"ada","why":"left"}'],
    [
      { kind: 'refused', buddy: 'ada', why: 'wrong-version' },
      '{"event":"refused","buddy":"ada","why":"wrong-version"}',
    ],
    [
      { kind: 'refused', buddy: 'ada', why: 'clock', clocks: { ours: 2, theirs: 1 } },
      '{"event":"refused","buddy":"ada","why":"clock","clocks":{"ours":2,"theirs":1}}',
    ],
    [{ kind: 'network', state: 'joined' }, '{"event":"network","state":"joined"}'],
  ])('%j', (event, line) => {
    expect(jsonLine(event)).toBe(`${line}\n`)
    const pipes = new Pipes()
    ui = openJson(pipes.options())
    ui.tell(event)
    expect(pipes.stdout).toBe(`${line}\n`)
    expect(pipes.stderr).toBe('')
  })
})

test('text comes raw, with what could control a terminal escaped', () => {
  const text = 'a\nb\x1b]0;x\x07\x9b31m\u202e\u2028\ud800"\\'
  const line = jsonLine({ ...under, kind: 'message', id: 'i', text, at: 5 })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
  expect(line.slice(0, -1)).toMatch(/^[^\0-\x1f\x7f-\x9f\u2028\u202e]*$/)
  expect(JSON.parse(line)).toMatchObject({ text })
})

test('stdin takes what to say, with an id of its own if it likes', async () => {
  const pipes = new Pipes()
  ui = openJson(pipes.options())
  pipes.stdin.write('{"say":"hi\\nthere"}\n\n{"say":"/quit","id":"0123456789abcdef"}\n{"say":"\\ud800x"}\n')
  await until(() => pipes.acts.length === 3, 'three texts said')
  expect(pipes.acts).toEqual([
    { kind: 'say', buddy: 'ada', id: idOf(1), text: 'hi\nthere' },
    { kind: 'say', buddy: 'ada', id: '0123456789abcdef', text: '/quit' },
    { kind: 'say', buddy: 'ada', id: idOf(2), text: '\ufffdx' },
  ])
})

test('stdin takes answers, edits and deletions, and what a script knows of typing and reading', async () => {
  const pipes = new Pipes()
  ui = openJson(pipes.options())
  const [a, b] = [idOf(0xa1), idOf(0xa2)]
  for (const line of [
    { say: 'yes', reply: a },
    { edit: a, text: 'no', id: b },
    { delete: a },
    { typing: true },
    { typing: false },
    { read: [a, b] },
  ])
    pipes.stdin.write(`${JSON.stringify(line)}\n`)
  await until(() => pipes.acts.length === 6, 'six acts')
  expect(pipes.acts).toEqual([
    { kind: 'say', buddy: 'ada', id: idOf(1), text: 'yes', about: { as: 'reply', id: a } },
    { kind: 'say', buddy: 'ada', id: b, text: 'no', about: { as: 'edit', id: a } },
    { kind: 'say', buddy: 'ada', id: idOf(2), text: '', about: { as: 'delete', id: a } },
    { kind: 'typing', buddy: 'ada', state: 'begun' },
    { kind: 'typing', buddy: 'ada', state: 'ended' },
    { kind: 'read', buddy: 'ada', ids: [a, b] },
  ])
})

test.each([
  ['{"say":"x","reply":"1"}', '"reply" is not 16 hex digits'],
  ['{"edit":"0123456789abcdeF","text":"x"}', '"edit" is not 16 hex digits'],
  ['{"edit":"0123456789abcdef"}', '"text" is no text'],
  ['{"edit":"0123456789abcdef","text":""}', '"text" is no text'],
  ['{"delete":7}', '"delete" is not 16 hex digits'],
  ['{"typing":1}', '"typing" is not true or false'],
  ['{"read":"0123456789abcdef"}', '"read" is no list of ids'],
  ['{"read":["x"]}', '"read" is no list of ids'],
])('%s is an error that says so', async (line, words) => {
  const pipes = new Pipes()
  ui = openJson(pipes.options())
  pipes.stdin.write(`${line}\n`)
  await until(() => pipes.stdout !== '', 'an error')
  expect([JSON.parse(pipes.stdout).message, pipes.acts]).toEqual([words, []])
})

test('stdin may ask why at any time', async () => {
  const pipes = new Pipes()
  ui = openJson(pipes.options())
  pipes.stdin.write('{"why":true}\n{"why":"yes"}\n')
  await until(() => pipes.stdout.includes('"why\\" is not true'), 'an error')
  expect(pipes.acts).toEqual([{ kind: 'why', buddy: 'ada' }])
})

test('stdin takes verifications, in the form in which a prompt takes them', async () => {
  const pipes = new Pipes()
  ui = openJson(pipes.options())
  const under = { buddy: 'ada', session: 1, fingerprint: 'ff', trust: 'unverified' } as const
  ui.tell({ kind: 'secured', path: 'lan', ms: 1, pq: true, ...under })
  pipes.stdin.write('{"verify":{"question":"Where  did\\nwe meet?","secret":" Rome "}}\n')
  pipes.stdin.write('{"verify":{"secret":"Re\u0301mi"}}\n{"answer":"Rome"}\n{"cancel":true}\n')
  await until(() => pipes.acts.length === 4, 'four acts')
  expect(pipes.acts).toEqual([
    { kind: 'verify', buddy: 'ada', question: 'Where did we meet?', secret: 'Rome' },
    { kind: 'verify', buddy: 'ada', secret: 'R\u00e9mi' },
    { kind: 'answer', buddy: 'ada', secret: 'Rome' },
    { kind: 'cancel', buddy: 'ada' },
  ])
})

test('a verification before the conversation is secured, or after it, is an error that says so', async () => {
  const pipes = new Pipes()
  ui = openJson(pipes.options())
  const errors = (): number => pipes.stdout.split('"a verification needs a secured conversation"').length - 1
  pipes.stdin.write('{"verify":{"secret":"Rome"}}\n')
  await until(() => errors() === 1, 'one error')
  const under = { buddy: 'ada', session: 1, fingerprint: 'ff', trust: 'unverified' } as const
  ui.tell({ kind: 'secured', path: 'lan', ms: 1, pq: true, ...under })
  ui.tell({ kind: 'lost', buddy: 'ada', why: 'left' })
  pipes.stdin.write('{"answer":"Rome"}\n')
  await until(() => errors() === 2, 'another error')
  expect(pipes.acts).toEqual([])
})

test.each([
  ['no json', 'a line of stdin is no JSON'],
  ['{"say":', 'a line of stdin is no JSON'],
  ['null', 'a line of stdin says nothing'],
  ['[]', 'a line of stdin says nothing'],
  ['"say"', 'a line of stdin says nothing'],
  ['{"text":"x"}', 'a line of stdin says nothing'],
  ['{"say":1}', '"say" is no text'],
  ['{"say":""}', '"say" is no text'],
  ['{"say":"x","id":"1"}', '"id" is not 16 hex digits'],
  ['{"say":"x","id":7}', '"id" is not 16 hex digits'],
  ['{"verify":"Rome"}', '"verify" has no "secret"'],
  ['{"verify":{"question":"Where?"}}', '"verify" has no "secret"'],
  ['{"verify":{"question":7,"secret":"x"}}', '"question" is no text of 300 characters'],
  [`{"verify":{"question":"${'?'.repeat(301)}","secret":"x"}}`, '"question" is no text of 300 characters'],
  ['{"verify":{"secret":" "}}', '"secret" is no text of 1 to 300 characters'],
  ['{"answer":7}', '"answer" is no text of 1 to 300 characters'],
  [`{"answer":"${'x'.repeat(301)}"}`, '"answer" is no text of 1 to 300 characters'],
  ['{"cancel":false}', '"cancel" is not true'],
])('%s is an error event, and nothing is said', async (line, error) => {
  const pipes = new Pipes()
  ui = openJson(pipes.options())
  pipes.stdin.write(`${line}\n`)
  await until(() => pipes.stdout, 'an error')
  expect(JSON.parse(pipes.stdout)).toEqual({
    ...{ event: 'error', message: error, hint: expect.stringContaining('{"say":"text"}') },
  })
  expect(pipes.acts).toEqual([])
})

test('a line that says nothing is answered by all that a line can say', async () => {
  const pipes = new Pipes()
  ui = openJson(pipes.options())
  pipes.stdin.write('{}\n')
  await until(() => pipes.stdout, 'an error')
  const { hint } = JSON.parse(pipes.stdout)
  for (const word of ['say', 'edit', 'verify', 'drop', 'history', 'send', 'accept', 'reject', 'pause', 'go'])
    expect(hint).toContain(`{"${word}":`)
})

describe('with everybody', () => {
  const all = (): Pipes => {
    const pipes = new Pipes()
    const { buddy: _, ...options } = pipes.options({
      buddies: ['ada', 'bob'].map((alias) => ({ alias, trust: 'by-code' })),
    })
    ui = openJson(options)
    return pipes
  }

  test('a line says to whom it goes, and a verification needs a conversation with that buddy', async () => {
    const pipes = all()
    ui?.tell({ kind: 'secured', path: 'lan', ms: 1, pq: true, ...under })
    pipes.stdin.write('{"to":"bob","say":"hi"}\n{"to":"ada","answer":"Rome"}\n{"to":"bob","answer":"Rome"}\n')
    await until(() => pipes.stdout.includes('"event":"error"'), 'an error')
    expect(pipes.acts).toEqual([
      { kind: 'say', buddy: 'bob', id: idOf(1), text: 'hi' },
      { kind: 'answer', buddy: 'ada', secret: 'Rome' },
    ])
    expect(pipes.stdout).toContain('a verification needs a secured conversation')
  })

  test.each([
    ['{"say":"hi"}', 'a line of stdin names nobody: "to" is missing'],
    ['{"to":"eve","say":"hi"}', '"to" is no buddy here'],
    ['{"to":7,"say":"hi"}', '"to" is no text'],
  ])('%s is an error event, and nothing is said', async (line, message) => {
    const pipes = all()
    pipes.stdin.write(`${line}\n`)
    await until(() => pipes.stdout, 'an error')
    expect(JSON.parse(pipes.stdout)).toMatchObject({ event: 'error', message })
    expect(pipes.acts).toEqual([])
  })
})

test('a line to another buddy than the one of the conversation is an error', async () => {
  const pipes = new Pipes()
  ui = openJson(pipes.options())
  pipes.stdin.write('{"to":"bob","say":"hi"}\n{"to":"ada","say":"ho"}\n')
  await until(() => pipes.said.length === 1, 'one said')
  expect(JSON.parse(pipes.stdout)).toMatchObject({ message: '"to" is no buddy here', hint: 'there are: ada' })
  expect(pipes.said).toEqual(['ho'])
})

test('the end of stdin waits for the receipts', async () => {
  const pipes = new Pipes()
  ui = openJson(pipes.options())
  pipes.stdin.end('{"say":"hi"}\n')
  await until(() => pipes.acts.length === 1, 'a text said')
  ui.tell({ kind: 'delivered', buddy: 'ada', id: idOf(1), ms: 1 })
  expect(await ui.done).toEqual({ kind: 'ended', unconfirmed: 0 })
})

test('a closed pipe is an end, not an error', async () => {
  const pipes = new Pipes()
  ui = openJson(pipes.options())
  pipes.broken = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
  ui.tell({ kind: 'network', state: 'joined' })
  expect(await ui.done).toEqual({ kind: 'pipe' })
})
