/** The whole screen before an emulator of a terminal, and what it is told. */
import { openScreen } from '../../../src/cli/screen/screen.ts'
import type { Ui, UiOptions } from '../../../src/cli/ui.ts'
import type { Command, TalkEvent } from '../../../src/session/command.ts'
import { Emulator, until } from '../emulator.ts'

export const at = new Date(2026, 0, 2, 14, 2).getTime()
export const under = { buddy: 'ada', session: 1, fingerprint: 'ab'.repeat(56), trust: 'by-code' } as const
export const secured: TalkEvent = { kind: 'secured', path: 'direct', ms: 9, pq: true, ...under }
export const message = (text: string, buddy = 'ada'): TalkEvent => ({
  kind: 'message',
  id: '0',
  text,
  at,
  ...under,
  buddy,
})

export class Stage implements AsyncDisposable {
  readonly acts: Command[] = []
  readonly emulator: Emulator
  ui!: Ui
  #ids = 0

  constructor(columns: number, rows: number) {
    this.emulator = new Emulator(columns, rows)
  }

  async open(more: Partial<UiOptions> = {}): Promise<this> {
    const { stdin, stdout } = this.emulator
    this.ui = await openScreen({
      ...{ profile: 'home', buddies: [{ alias: 'ada', trust: 'verified' }], buddy: 'ada', env: {} },
      ...{ stdin, stdout, stderr: stdout, now: () => at, act: (command) => this.acts.push(command) },
      random: (size) => new Uint8Array(size).fill(++this.#ids),
      ...more,
    })
    await until(() => this.emulator.isRaw, 'raw mode')
    return this
  }

  /** The rows once one of them has the text. */
  shows(text: string | RegExp): Promise<string[]> {
    return until(async () => {
      const rows = await this.emulator.rows()
      return rows.some((row) => (typeof text === 'string' ? row.includes(text) : text.test(row))) && rows
    }, `${text} on the screen`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ui[Symbol.asyncDispose]()
  }
}

/** Wide characters, emoji, right to left, stacks, long words and lines: what a layout breaks on. */
export const difficult = [
  '你好，世界 — これは広い文字です',
  '👨\u200d👩\u200d👧\u200d👦 🇩🇪 👍🏽 ❤\ufe0f joined',
  'שלום עולם and مرحبا',
  `Z${'\u0301'.repeat(30)}algo`,
  'w'.repeat(150),
  'several words in a rather long line that must be broken somewhere between two words',
  'two\nlines',
  '\x1b[31m\x1b]0;owned\x07\x1b[2J',
]
