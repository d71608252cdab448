/** The screen in a terminal emulator, at each of four sizes: as a person sees it. */
import { afterEach, describe, expect, test } from 'vitest'
import { openScreen } from '../../src/cli/screen/screen.ts'
import type { Ui, UiOptions } from '../../src/cli/ui.ts'
import type { TalkEvent } from '../../src/session/command.ts'
import { Emulator, until } from '../cli/emulator.ts'
import { expectPicture, pictureOf, sizes } from './picture.ts'

type Size = readonly [columns: number, rows: number]

const minute = 60_000
const evening = new Date(2026, 0, 1, 23, 58).getTime()
const morning = new Date(2026, 0, 2, 9, 0).getTime()

/** A test's own: every octet the same. */
const fingerprints = { ada: 'ab'.repeat(56), bob: 'cd'.repeat(56), own: '0f'.repeat(56) }
const under = (buddy: 'ada' | 'bob', trust: 'by-code' | 'unverified' = 'unverified') =>
  ({ buddy, session: buddy === 'ada' ? 1 : 2, fingerprint: fingerprints[buddy], trust }) as const

const secured = (buddy: 'ada' | 'bob'): TalkEvent => ({
  ...{ kind: 'secured', path: 'direct', ms: 9, pq: true },
  ...under(buddy),
})
const message = (text: string, at = morning, buddy: 'ada' | 'bob' = 'ada'): TalkEvent => ({
  ...{ kind: 'message', id: '0', text, at },
  ...under(buddy),
})
const asked: TalkEvent = { kind: 'asked', question: 'Where did we meet, 你好?', ...under('ada') }

class Stage {
  readonly emulator: Emulator
  /** Shows what is drawn beyond the edge of the other. */
  readonly wider: Emulator
  readonly acts: object[] = []
  ui!: Ui
  now = morning
  #ids = 0

  constructor([columns, rows]: Size) {
    this.emulator = new Emulator(columns, rows, 'apart')
    this.wider = new Emulator(columns + excess, rows, 'apart')
    const { write } = this.emulator.stdout
    Object.assign(this.emulator.stdout, {
      write: (text: string, ...rest: []) => {
        this.wider.stdout.write(text)
        return write(text, ...rest)
      },
    })
  }

  async open(more: Partial<UiOptions> = {}): Promise<this> {
    const { stdin, stdout } = this.emulator
    const buddies = ['ada', 'bob', '文字', 'zoë'].map((alias) => ({ alias, trust: 'verified' as const }))
    this.ui = await openScreen({
      ...{ profile: 'home', fingerprint: fingerprints.own, buddies, env: {} },
      ...{ stdin, stdout, stderr: stdout, now: () => this.now, act: (command) => this.acts.push(command) },
      random: (size) => new Uint8Array(size).fill(++this.#ids),
      ...more,
    })
    await until(() => this.emulator.isRaw, 'raw mode')
    return this
  }

  shows(text: string): Promise<string[]> {
    return until(async () => {
      const rows = await this.emulator.rows()
      return rows.some((row) => row.includes(text)) && rows
    }, `${text} on the screen`)
  }

  tell(...events: readonly TalkEvent[]): void {
    for (const event of events) this.ui.tell(event)
  }

  /** One after another, as from a keyboard: each is read before the next comes. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.emulator.type(key)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  resize(columns: number, rows: number): void {
    this.wider.terminal.resize(columns + excess, rows)
    this.emulator.resize(columns, rows)
  }

  /** The picture that has this text; drawn anew it is the same, and nothing is beyond the edge. */
  async picture(text: string): Promise<string> {
    await this.shows(text)
    await this.#still()
    const picture = pictureOf(this.emulator.terminal)
    const { length } = this.emulator.output
    this.emulator.type('\f') // Ctrl-L draws every cell
    await until(() => this.emulator.output.length > length, 'the screen drawn anew')
    await this.#still()
    expect(picture).toBe(pictureOf(this.emulator.terminal))
    const { cols } = this.emulator.terminal
    for (const row of await this.wider.rows()) expect(row.length).toBeLessThanOrEqual(cols)
    return picture
  }

  async #still(): Promise<void> {
    for (let length = -1; length !== this.emulator.output.length; ) {
      length = this.emulator.output.length
      await new Promise((resolve) => setTimeout(resolve, quietTime))
    }
    await Promise.all([this.emulator.parsed(), this.wider.parsed()])
  }
}

const excess = 40
const quietTime = 110 // ms: more than a frame of ink, and settling after a resize, take

let stage: Stage | undefined
afterEach(async () => {
  await stage?.ui[Symbol.asyncDispose]()
  stage = undefined
})

const stageOf = async (size: Size, more?: Partial<UiOptions>): Promise<Stage> => {
  stage = new Stage(size)
  return await stage.open(more)
}

describe.each(sizes)('at %d by %d', (columns, rows) => {
  const size = [columns, rows] as const
  const expectScreen = async (name: string, has: string): Promise<void> =>
    expectPicture(`${name}.${columns}x${rows}`, await stage!.picture(has))

  test('a conversation in several scripts, over midnight, with unread messages of others', async () => {
    const stage = await stageOf(size)
    stage.now = evening
    stage.tell(secured('ada'), secured('bob'))
    stage.tell(message('good evening', evening), message('你好，世界 — これは広い文字です', evening + minute))
    stage.now = morning
    stage.tell(message('שלום עולם and مرحبا بالعالم'), message(`Z${'\u0301'.repeat(30)}algo, e\u0301 and ñ`))
    stage.tell(message('👍 🇩🇪 ❤\ufe0f and https://example.org/a_path?x=1, a link'))
    stage.tell(
      message('two\nlines, the second of which is long enough to be broken where there is little room'),
    )
    stage.tell(message('are you there?', morning, 'bob'), message('hello?', morning, 'bob'))
    await stage.press('hi ada', '\r')
    await stage.press('and this one waits', '\r')
    await until(() => stage.acts.length === 2, 'said')
    const id = (n: number): string => `0${n}`.repeat(8)
    stage.tell(
      { kind: 'delivered', buddy: 'ada', id: id(1), ms: 3 },
      { kind: 'sent', buddy: 'ada', id: id(2) },
    )
    await expectScreen('conversation', '(sent)')
    await stage.press('\t')
    await expectScreen('unread', 'hello?')
  })

  test('notices with hints: another key, a line that did not arrive, nobody reached', async () => {
    const stage = await stageOf(size)
    stage.tell({ kind: 'phase', buddy: 'ada', phase: 'looking', ms: 1000 })
    stage.tell({ kind: 'unreached', buddy: 'ada', why: 'silent', ms: 12_000 })
    stage.tell({ kind: 'refused', buddy: 'ada', why: 'wrong-fingerprint' })
    await stage.press('hello', '\r')
    await until(() => stage.acts.length === 1, 'said')
    stage.tell({ kind: 'undelivered', buddy: 'ada', id: '01'.repeat(8), why: 'closed' })
    await expectScreen('notices', '✗ not delivered')
  })

  test('a question is answered unseen', async () => {
    const stage = await stageOf(size)
    stage.tell(secured('ada'), asked)
    await stage.press('/answer', '\r', 'Rome')
    await expectScreen('verification', '? ****')
  })

  test('a draft of many lines, the caret in the midst of wide characters', async () => {
    const stage = await stageOf(size)
    stage.tell(secured('ada'))
    for (let line = 1; line <= 12; line++) await stage.press(`line ${line} 你好`, '\n')
    await stage.press('the last one', '\x1b[A', '\x1b[A', '\x1b[F', '\x1b[D')
    await expectScreen('draft', 'the last one')
  })

  test('the help, completion and what is looked for', async () => {
    const stage = await stageOf(size)
    stage.tell(secured('ada'), message('hello there'), message('nothing'), message('Hello again'))
    await stage.press('/c', '\t')
    await expectScreen('completion', 'cancel, clear')
    await stage.press('\x15', '\x12', 'hello')
    await expectScreen('search', 'match')
    await stage.press('\x1b')
    await stage.shows('write to ada')
    await stage.press('/help', '\r')
    await expectScreen('help', 'Tab')
  })

  test('10,000 messages, from their top, midst and end', async () => {
    const stage = await stageOf(size)
    stage.tell(secured('ada'))
    for (let i = 0; i < 9_998; i++) stage.tell(message(`message ${i} ${'abc '.repeat(i % 20)}`))
    await expectScreen('10000-end', 'message 9997')
    for (let pages = 0; pages < 12; pages++) await stage.press('\x1b[5~')
    await expectScreen('10000-midst', 'Page Down')
    await stage.press('\x12', 'message 0')
    await stage.shows('match')
    await stage.press('\r')
    await expectScreen('10000-top', 'message 0')
  })

  test('10,000 characters pasted, with escapes, and the ends of pastes among them', async () => {
    const stage = await stageOf(size)
    stage.tell(secured('ada'))
    const pasted = 'x\x1b]0;owned\x07\r\n/quit\n\x1b[2J\x1b[200~\x1b[31m你好 '
    await stage.press(`\x1b[200~${pasted.repeat(Math.floor(10_000 / pasted.length))}\x1b[201~`)
    expect(stage.emulator.title).toBe('')
    expect(stage.acts).toEqual([])
    await expectScreen('paste', '␛')
  })

  test.each(sizes.filter(([to]) => to !== columns))(
    'and made %d by %d in the midst of a word',
    async (...to) => {
      const stage = await stageOf(size)
      stage.tell(secured('ada'), message('你好，世界 '.repeat(12)), message('hello'))
      await stage.press('typed be')
      stage.resize(...to)
      await stage.press('fore and after 你')
      expectPicture(`resized.${to[0]}x${to[1]}`, await stage.picture('after 你'))
    },
  )
})

test.each([
  [20, 4],
  [23, 12],
  [80, 5],
])('a window of %d by %d is too small, and says so', async (...size) => {
  const stage = await stageOf(size)
  expectPicture(`small.${size[0]}x${size[1]}`, await stage.picture('small'))
})
