/** What was kept is shown as such wherever it is asked for, and never as a line of the conversation there is. */
import { afterEach, describe, expect, test } from 'vitest'
import { openJson } from '../../src/cli/lines/json.ts'
import { openPlain } from '../../src/cli/lines/plain.ts'
import { focused, type Model, newModel, update } from '../../src/cli/model.ts'
import { parse } from '../../src/cli/parse.ts'
import { respond } from '../../src/cli/respond.ts'
import { nothingPrinted, print } from '../../src/cli/screen/inline.ts'
import { windowOf } from '../../src/cli/screen/window.ts'
import type { Ui } from '../../src/cli/ui.ts'
import type { EarlierLine, TalkEvent } from '../../src/session/command.ts'
import { until } from './emulator.ts'
import { Pipes } from './pipes.ts'

const fingerprint = 'ab'.repeat(56)
const now = new Date(2026, 0, 2, 14, 2).getTime()
const at = new Date(2026, 0, 1, 9, 5).getTime()
const his: EarlierLine = { from: 'buddy', id: 'a', at, text: 'hi\u001b[2J', fingerprint }
const lines: readonly EarlierLine[] = [
  his,
  { from: 'you', id: 'b', at, text: 'hello', fingerprint, settled: 'delivered' },
  { from: 'you', id: 'c', at, text: 'lost?', fingerprint },
  { from: 'buddy', id: 'd', at, text: 'better', fingerprint, edited: true },
  { from: 'buddy', id: 'e', at, text: '', fingerprint, deleted: true },
]
const began: TalkEvent = { kind: 'earlier', buddy: 'ada', why: 'began', lines }
const asked: TalkEvent = { ...began, why: 'asked' }
const under = { buddy: 'ada', session: 1, fingerprint, trust: 'by-code' } as const
const message: TalkEvent = { kind: 'message', id: 'm', text: 'now', at: now, ...under }
const secured: TalkEvent = { kind: 'secured', path: 'lan', ms: 5, pq: true, ...under }
const rule = 'earlier, since 2026-01-01 09:05, under key ABABABAB…'

const start = newModel('home', [{ alias: 'ada', trust: 'by-code' }])
const play = (...events: readonly TalkEvent[]): Model =>
  events.reduce((model, event) => update(model, { kind: 'told', event }, now), start)
const rowsOf = (model: Model) =>
  windowOf(focused(model)!, { columns: 80, rows: 40 }, undefined).map(({ kind, label, text, mark }) =>
    [kind, label, text, mark].filter(Boolean).join(' | '),
  )
const kept = [
  'earlier | ada | hi␛[2J | (earlier)',
  'earlier | you | hello | (earlier)',
  'earlier | you | lost? | (earlier, not confirmed)',
  'earlier | ada | better | (earlier, edited)',
  'earlier | ada | (deleted by its author) | (earlier)',
]

let ui: Ui | undefined
afterEach(() => ui?.[Symbol.asyncDispose]())

describe('on the screen', () => {
  test('what was kept of an earlier run stands above a divider that names the key', () => {
    expect(rowsOf(play(began))).toEqual([...kept, `divider | ${rule}`])
  })

  test('it stands above whatever was told before it was read', () => {
    const rows = rowsOf(play(secured, message, began))
    expect(rows.slice(0, 6)).toEqual([...kept, `divider | ${rule}`])
    expect(rows.slice(6).at(-1)).toBe('theirs | ada | now')
    const moved = play(secured, message, began, message)
    expect(focused(moved)!.lines.map(({ seq }) => seq)).toEqual([-6, -5, -4, -3, -2, -1, 0, 1, 2])
  })

  test('what was asked for stands below, between two dividers', () => {
    const rows = rowsOf(play(secured, message, asked))
    expect(rows.at(-7)).toBe(`divider | ${rule}`)
    expect(rows.slice(-6)).toEqual([...kept, 'divider | so far what was kept'])
  })

  test('a line that still waits to be delivered is shown once: as one that waits', () => {
    const waiting: TalkEvent = { kind: 'waiting', buddy: 'ada', id: 'c', text: 'lost?', at }
    const texts = rowsOf(play(waiting, began)).filter((row) => row.includes('lost?'))
    expect(texts).toEqual([expect.stringMatching(/^ours /)])
  })

  test('nothing that was kept says nothing by itself, and is said when it is asked for', () => {
    expect(rowsOf(play({ ...began, lines: [] }))).toEqual([])
    expect(rowsOf(play({ ...asked, lines: [] })).join()).toContain(
      'nothing is kept of the conversations with ada',
    )
  })

  test('it is no news, and no line of it is late or unread', () => {
    const other = newModel('home', [{ alias: 'bob', trust: 'by-code' }])
    const after = update(other, { kind: 'told', event: began }, now)
    expect(after.conversations.map(({ buddy, unread }) => [buddy, unread])).toEqual([
      ['bob', 0],
      ['ada', 0],
    ])
  })

  test('is printed once where the terminal keeps the lines', () => {
    const paper = { columns: 80, now }
    const first = print(play(began), nothingPrinted, paper)
    expect(first.rows.filter(({ kind }) => kind === 'earlier')).toHaveLength(5)
    expect(print(play(began), first.printed, paper).rows).toEqual([])
  })
})

describe('/history', () => {
  const here = { model: start, fingerprint: undefined, now, newId: () => 'x', on: 'screen' } as const

  test('asks for as many lines as it is told, or 20', () => {
    expect(respond(parse('/history'), here).recalls).toEqual({ buddy: 'ada', count: 20 })
    expect(respond(parse('/history 7'), here).recalls).toEqual({ buddy: 'ada', count: 7 })
  })

  test.each(['/history 0', '/history all', '/history -3'])('%s is refused in words', (typed) => {
    const { recalls, notices } = respond(parse(typed), here)
    expect(recalls).toBeUndefined()
    expect(notices[0]?.text).toContain('/history takes a number of lines')
  })
})

describe('in lines', () => {
  test('it goes to stderr, with its date: stdout has what comes', () => {
    const pipes = new Pipes()
    ui = openPlain(pipes.options())
    ui.tell(asked)
    expect(pipes.stdout).toBe('')
    expect(pipes.stderr.split('\n').slice(0, 3)).toEqual([
      `14:02 * ${rule}`,
      '14:02 * 2026-01-01 09:05 ada  hi␛[2J (earlier)',
      '14:02 * 2026-01-01 09:05 you  hello (earlier)',
    ])
  })

  test('with --json it is asked for by its number of lines, and is one event', async () => {
    const pipes = new Pipes()
    const recalled: unknown[] = []
    const recall = (...args: readonly unknown[]) => recalled.push(args)
    ui = openJson(pipes.options({ recall }))
    pipes.stdin.write('{"history":3}\n{"history":0}\n{"history":"3"}\n')
    await until(() => pipes.stdout.split('\n').length === 3, 'two refused')
    expect(recalled).toEqual([['ada', 3, 'asked']])
    expect(pipes.stdout).toContain('\\"history\\" is no number of lines')
    ui.tell({ ...asked, lines: [his] })
    expect(pipes.stdout.split('\n').at(-2)).toBe(
      `{"event":"earlier","buddy":"ada","lines":[{"from":"buddy","id":"a","at":${at},"text":"hi\\u001b[2J","fingerprint":"${fingerprint}"}]}`,
    )
  })

  test('through another process there is none: it says who has it', async () => {
    const pipes = new Pipes()
    ui = openJson(pipes.options())
    pipes.stdin.write('{"history":3}\n')
    await until(() => pipes.stdout.includes('otrtalk history reads it'), 'refused')
    expect(pipes.acts).toEqual([])
  })
})
