/** A person at a shell: bash in a pseudo-terminal, which tells how each command ended. */
import { readFileSync } from 'node:fs'
import { patience, type Started } from './program.ts'
import { Pty } from './pty.ts'

export interface ShellOptions extends Started {
  /** Stands in the prompt. */
  readonly name: string
  readonly folder: string
}

/** How a command ended, and the rows below it. */
export interface Ran {
  readonly code: number
  readonly rows: readonly string[]
}

/** Wide, so that nothing a command prints is wrapped. */
export const size = { cols: 300, rows: 30 } as const

export class Shell implements AsyncDisposable {
  readonly name: string
  readonly pty: Pty
  #typed = ''
  #ended = 0
  #isOpen = true
  readonly #told: number[] = []
  #read = 0

  private constructor({ name, folder, env, ...started }: ShellOptions) {
    this.name = name
    const command = ['env', '-C', folder, 'bash', '--noprofile', '--norc', '--noediting', '-i']
    // biome-ignore lint/suspicious/noTemplateCurlyInString: bash puts the exit code in
    const prompt = '\x1b]7778;${?}\x07'
    this.pty = new Pty([], {
      ...started,
      ...size,
      command,
      env: { ...env, PS1: `${prompt}${name}$ `, PS2: '', HISTFILE: '' },
    })
  }

  static async open(options: ShellOptions): Promise<Shell> {
    const shell = new Shell(options)
    await shell.pty.waitFor(() => shell.#codes.length === 1)
    shell.#ended = 1 // its first prompt
    return shell
  }

  /** The command that runs, or ran last. */
  get command(): string {
    return this.#typed
  }

  get isBusy(): boolean {
    return this.#codes.length < this.#ended
  }

  /** Types a command, that has no end yet. */
  type(command: string): void {
    this.#typed = command
    this.#ended++
    this.pty.type(`${command}\r`)
  }

  /** Waits for the end of what was typed, for the person's answers to what it asks. */
  async ended(answers: readonly Answer[] = [], ms = patience): Promise<Ran> {
    for (const [question, answer] of answers) {
      await this.pty.waitFor(() => this.rows.join('\n').includes(question) || !this.isBusy, ms)
      if (!this.isBusy) throw new Error(`it never asked “${question}”:\n${this.pty.screen}`)
      this.pty.type(`${answer}\r`)
      await this.pty.waitFor(() => !this.rows.at(-1)?.trimEnd().endsWith(question) || !this.isBusy, ms)
    }
    await this.pty.waitFor(() => !this.isBusy, ms)
    return { code: this.#codes.at(-1)!, rows: this.rows.slice(0, -1) }
  }

  /** What stands below the command; a whole screen while it has one. */
  get rows(): readonly string[] {
    const { raw, scrollback } = this.pty
    const rows = scrollback.split('\n')
    if (raw.lastIndexOf('\x1b[?1049h') > raw.lastIndexOf('\x1b[?1049l')) return rows
    const typed = `${this.name}$ ${this.#typed}`.trimEnd()
    const from = rows.findLastIndex((row) => row.endsWith(typed)) // a ^C may stand before it
    return from < 0 ? [] : rows.slice(from + 1)
  }

  /** Exit codes, one for each prompt there was; what was read once is not read again. */
  get #codes(): readonly number[] {
    const { raw } = this.pty
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the prompt begins with one
    for (const found of raw.slice(this.#read).matchAll(/\x1b\]7778;(\d+)\x07/g))
      this.#told.push(Number(found[1]))
    this.#read = Math.max(this.#read, raw.lastIndexOf('\x07') + 1)
    return this.#told
  }

  /** Ends what it started, also in the background. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    for (const pid of below(this.pty.pid)) kill(pid)
    await this.pty[Symbol.asyncDispose]()
  }
}

/** A part of a question, and what is typed then. */
export type Answer = readonly [question: string, answer: string]

function below(pid: number): readonly number[] {
  let children: string
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  } catch {
    return []
  }
  const pids = children.trim().split(' ').filter(Boolean).map(Number)
  return pids.flatMap((child) => [child, ...below(child)])
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended
  }
}
