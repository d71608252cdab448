/** A real terminal emulator behind the streams of a program; newlines as a terminal's driver makes them. */
import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import xterm from '@xterm/headless'
import { unicodeOf, type Widths } from './widths.ts'

export class Emulator {
  readonly terminal: xterm.Terminal
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  /** All that was written. */
  output = ''
  title = ''
  isRaw = false
  /** What the terminal says of itself when it is asked. */
  answers = ''
  bells = 0
  /** Of what a program may do to a terminal beside drawing: by number. */
  readonly systemCommands: number[] = []

  constructor(columns: number, rows: number, widths: Widths = 'old') {
    this.terminal = new xterm.Terminal({
      cols: columns,
      rows,
      allowProposedApi: true,
      scrollback: 1000,
      convertEol: true,
    })
    this.terminal.onTitleChange((title) => {
      this.title = title
    })
    this.terminal.onData((answer) => {
      this.answers += answer
    })
    this.terminal.onBell(() => this.bells++)
    for (const command of systemCommands) {
      this.terminal.parser.registerOscHandler(command, () => {
        this.systemCommands.push(command)
        return false
      })
    }
    if (widths !== 'old') {
      this.terminal.unicode.register(unicodeOf(widths))
      this.terminal.unicode.activeVersion = widths
    }
    const stdin = Object.assign(new PassThrough(), {
      isTTY: true,
      setRawMode: (isRaw: boolean) => {
        this.isRaw = isRaw
      },
      ref: () => {},
      unref: () => {},
    })
    this.stdin = stdin as unknown as NodeJS.ReadStream
    const stdout = Object.assign(new EventEmitter(), {
      ...{ isTTY: true, columns, rows, writable: true, writableLength: 0 },
      write: (text: string, ...rest: readonly unknown[]) => {
        this.output += text
        this.terminal.write(text)
        const done = rest.at(-1)
        if (typeof done === 'function') queueMicrotask(() => done())
        return true
      },
    })
    this.stdout = stdout as unknown as NodeJS.WriteStream
  }

  /** What the user types, or the terminal sends. */
  type(text: string): void {
    this.stdin.push(text)
  }

  resize(columns: number, rows: number): void {
    this.terminal.resize(columns, rows)
    Object.assign(this.stdout, { columns, rows })
    this.stdout.emit('resize')
  }

  /** The rows on the screen, without what is blank at their ends. */
  async rows(): Promise<string[]> {
    await this.parsed()
    const { active } = this.terminal.buffer
    return Array.from({ length: this.terminal.rows }, (_, y) => {
      return active.getLine(active.baseY + y)?.translateToString(true) ?? ''
    })
  }

  async cursor(): Promise<{ x: number; y: number }> {
    await this.parsed()
    const { cursorX: x, cursorY: y } = this.terminal.buffer.active
    return { x, y }
  }

  /** All that was written is on the screen. */
  parsed(): Promise<void> {
    return new Promise((resolve) => this.terminal.write('', resolve))
  }
}

/** Title, colours, folder, links, notifications, clipboard, shells' marks, pictures. */
const systemCommands = [0, 1, 2, 4, 7, 8, 9, 10, 11, 12, 52, 99, 104, 133, 633, 777, 1337]

/** Waits in real time until a check passes: the program under test draws when it likes. */
export async function until<T>(
  check: () => T | Promise<T>,
  what: string,
): Promise<Exclude<T, false | undefined>> {
  const end = performance.now() + 10_000
  for (;;) {
    const value = await check()
    if (value) return value as Exclude<T, false | undefined>
    if (performance.now() > end) throw new Error(`in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
