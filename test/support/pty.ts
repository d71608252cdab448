/**
 * A program in a real pseudo-terminal, and a terminal emulator that shows what
 * a person would see. The terminal outlives the program, so that a test can ask
 * in which state it was left.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type IPty, spawn } from '@lydell/node-pty'
import xterm from '@xterm/headless'
import { entry, environment, patience, type Started } from './program.ts'

export interface PtyOptions extends Started {
  readonly cols?: number
  readonly rows?: number
}

/** Keys as a terminal sends them. */
export const keys = {
  enter: '\r',
  altEnter: '\x1b\r',
  tab: '\t',
  escape: '\x1b',
  backspace: '\x7f',
  delete: '\x1b[3~',
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  home: '\x1b[H',
  end: '\x1b[F',
  pageUp: '\x1b[5~',
  pageDown: '\x1b[6~',
  ctrlC: '\x03',
  ctrlD: '\x04',
  ctrlJ: '\n',
  ctrlL: '\x0c',
  ctrlZ: '\x1a',
} as const

/** What a program may change of a terminal and has to put back. */
export interface TerminalState {
  readonly alternateScreen: boolean
  readonly cursorShown: boolean
  readonly bracketedPaste: boolean
  readonly mouse: boolean
  /** It is told when the terminal gets the focus. */
  readonly focusReports: boolean
  /** The line discipline: echo, line by line, signals from keys, output newlines. */
  readonly sane: boolean
}

/** How every program should leave the terminal. */
export const untouched: TerminalState = {
  alternateScreen: false,
  cursorShown: true,
  bracketedPaste: false,
  mouse: false,
  focusReports: false,
  sane: true,
}

export interface PtyEnded {
  /** As a shell tells it: 128 and the signal's number when a signal ended it. */
  readonly code: number
}

/** Runs the program as a shell does and tells, in a sequence nobody else uses, how it left the line discipline. */
const shell = `trap : HUP INT QUIT TERM; "$@"; code=$?; printf '\\033]7777;%s\\007' "$(stty -a | tr '\\n' ' ')"; exit $code`

/** Starts the built program, or `options.command`, with `args` in a terminal of 80 x 24. */
export function start(args: readonly string[], options: PtyOptions = {}): Pty {
  return new Pty(args, options)
}

export class Pty implements AsyncDisposable {
  readonly #pty: IPty
  readonly #terminal: xterm.Terminal
  readonly #path: string
  readonly #asked = new Set<() => void>()
  readonly #closed: Promise<PtyEnded>
  #cursorShown = true
  #raw = ''
  #title = ''
  #unparsed = 0
  #leftSane: boolean | undefined
  #result: PtyEnded | undefined

  constructor(args: readonly string[], options: PtyOptions) {
    const { cols = 80, rows = 24 } = options
    const command = options.command ?? [process.execPath, entry]
    this.#terminal = new xterm.Terminal({ cols, rows, scrollback: 10_000, allowProposedApi: true })
    this.#watchTerminal()
    this.#pty = spawn('/bin/sh', ['-c', shell, 'sh', ...command, ...args], {
      name: 'xterm-256color',
      cols,
      rows,
      env: environment(options),
    })
    this.#path = terminalPath(this.#pty)
    this.#pty.onData((data) => this.#show(data))
    this.#closed = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode }) => {
        this.#result = { code: exitCode }
        resolve(this.#result)
        this.#wake()
      })
    })
  }

  /** The program's process. */
  get pid(): number {
    const { pid } = this.#pty
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return Number.parseInt(children, 10)
  }

  /** What is on the screen: rows without the spaces at their ends. */
  get screen(): string {
    const { active } = this.#terminal.buffer
    return this.#rows(active.baseY, active.baseY + this.#terminal.rows)
  }

  /** The whole of the normal screen with what scrolled off it. */
  get scrollback(): string {
    return this.#rows(0, this.#terminal.buffer.active.length)
  }

  /** Every octet the program wrote, as text. */
  get raw(): string {
    const end = this.#raw.indexOf('\x1b]7777;')
    return end < 0 ? this.#raw : this.#raw.slice(0, end)
  }

  /** What the program set as the window's title. */
  get title(): string {
    return this.#title
  }

  /** Column and row of the caret on the screen, from 0. */
  get cursor(): { readonly x: number; readonly y: number } {
    const { cursorX, cursorY } = this.#terminal.buffer.active
    return { x: cursorX, y: cursorY }
  }

  get state(): TerminalState {
    const { modes, buffer } = this.#terminal
    return {
      alternateScreen: buffer.active.type === 'alternate',
      cursorShown: this.#cursorShown,
      bracketedPaste: modes.bracketedPasteMode,
      mouse: modes.mouseTrackingMode !== 'none',
      focusReports: modes.sendFocusMode,
      sane: this.#leftSane ?? isSane(execFileSync('stty', ['-a', '-F', this.#path], { encoding: 'utf8' })),
    }
  }

  /** Waits until the screen holds a text, or a predicate says yes. Throws with the screen after `ms` or at the program's end. */
  async waitFor(wanted: string | ((screen: string) => boolean), ms = patience): Promise<string> {
    const fits = typeof wanted === 'string' ? (screen: string) => screen.includes(wanted) : wanted
    const expired = AbortSignal.timeout(ms)
    expired.addEventListener('abort', () => this.#wake(), { once: true })
    for (;;) {
      const { screen } = this
      if (fits(screen)) return screen
      if (expired.aborted || (this.#result !== undefined && this.#unparsed === 0)) {
        const end = this.#result === undefined ? '' : ` (ended with ${this.#result.code})`
        throw new Error(`the screen never showed ${wanted}${end}:\n${screen}`)
      }
      await new Promise<void>((resolve) => {
        this.#asked.add(resolve)
      })
    }
  }

  /** Text as a person types it: octets arrive as they are. */
  type(text: string): void {
    this.#pty.write(text)
  }

  key(name: keyof typeof keys): void {
    this.#pty.write(keys[name])
  }

  /** Text from the clipboard: in brackets when the program asked for them. */
  paste(text: string): void {
    const { bracketedPasteMode } = this.#terminal.modes
    this.#pty.write(bracketedPasteMode ? `\x1b[200~${text}\x1b[201~` : text)
  }

  resize(cols: number, rows: number): void {
    this.#terminal.resize(cols, rows)
    this.#pty.resize(cols, rows)
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    process.kill(this.pid, signal)
  }

  /** Waits for the end of the program; kills it, and throws with the screen, after `ms`. */
  async ended(ms = patience): Promise<PtyEnded> {
    let late: NodeJS.Timeout | undefined
    const expired = new Promise<'late'>((resolve) => {
      late = setTimeout(() => resolve('late'), ms)
    })
    const result = await Promise.race([this.#closed, expired])
    clearTimeout(late)
    if (result === 'late') {
      this.#end()
      throw new Error(`it did not end within ${ms} ms:\n${this.screen}`)
    }
    await new Promise<void>((resolve) => this.#terminal.write('', resolve))
    return result
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#result === undefined) this.#end()
    await this.#closed
    this.#terminal.dispose()
  }

  /** The program first: it would outlive its shell. */
  #end(): void {
    try {
      process.kill(this.pid, 'SIGKILL')
    } catch {
      // it has just ended by itself
    }
    this.#pty.kill('SIGKILL')
  }

  #show(data: string): void {
    this.#raw += data
    this.#unparsed++
    this.#terminal.write(data, () => {
      this.#unparsed--
      this.#wake()
    })
  }

  #wake(): void {
    for (const resolve of this.#asked) resolve()
    this.#asked.clear()
  }

  /** What the emulator does not tell of itself, and what it answers when it is asked. */
  #watchTerminal(): void {
    const show = (shown: boolean) => (params: (number | number[])[]) => {
      if (params.includes(25)) this.#cursorShown = shown
      return false
    }
    this.#terminal.parser.registerCsiHandler({ prefix: '?', final: 'h' }, show(true))
    this.#terminal.parser.registerCsiHandler({ prefix: '?', final: 'l' }, show(false))
    this.#terminal.parser.registerOscHandler(7777, (modes) => {
      this.#leftSane = isSane(modes)
      return true
    })
    this.#terminal.onTitleChange((title) => {
      this.#title = title
    })
    this.#terminal.onData((answer) => {
      if (this.#result === undefined) this.#pty.write(answer)
    })
  }

  #rows(from: number, to: number): string {
    const { active } = this.#terminal.buffer
    const rows: string[] = []
    for (let row = from; row < to; row++) rows.push(active.getLine(row)?.translateToString(true) ?? '')
    return rows.join('\n').trimEnd()
  }
}

/** node-pty knows the path, its types do not. */
function terminalPath(pty: IPty): string {
  const path = 'ptsName' in pty ? pty.ptsName : undefined
  if (typeof path !== 'string') throw new Error('node-pty does not tell the path of its terminal')
  return path
}

/** Whether `stty -a` says: echo, line by line, signals from keys, newlines as they should be. */
function isSane(modes: string): boolean {
  const words = new Set(modes.split(/[\s;]+/))
  return ['icanon', 'echo', 'isig', 'icrnl', 'opost', 'onlcr'].every((word) => words.has(word))
}
