/**
 * The built program as a child process without a terminal: what it prints, line
 * by line, what it answers on stdin, and how it ends. `dist/` must be there.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** The built entry. */
export const entry: string = join(import.meta.dirname, '../../dist/otrtalk.js')

/** Ms. Two Noise handshakes, a DAKE and a machine that does other work fit well within. */
export const patience = 45_000

export interface Started {
  /** Where OTRTALK_HOME points; none is set without. */
  readonly home?: string
  /** Added to a small environment, over it. */
  readonly env?: Readonly<Record<string, string>>
  /** What to run, default: node and the built entry; e.g. an installed `otrtalk`, or `ip netns exec …`. */
  readonly command?: readonly string[]
  /** Where it runs; where we are without. */
  readonly cwd?: string
  /** Of stdout; UTF-8 by default. */
  readonly encoding?: BufferEncoding
}

/** How a process ended: the text is whole. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder for OTRTALK_HOME, removed on disposal. */
export async function freshHome(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'otrtalk-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Runs to the end, with `input` on stdin. */
export function execute(
  args: readonly string[],
  options: Started & { input?: string | Uint8Array } = {},
): Promise<Ended> {
  const program = new Program(args, options)
  program.end(options.input ?? '')
  return program.ended()
}

export class Program implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: string[] = []
  readonly #asked = new Set<() => void>()
  readonly #closed: Promise<Ended>
  #done = false
  #stdout = ''
  #stderr = ''

  constructor(args: readonly string[], options: Started = {}) {
    const [file, ...first] = options.command ?? [process.execPath, entry]
    this.#child = spawn(file!, [...first, ...args], { env: environment(options), cwd: options.cwd })
    this.#child.stdin.on('error', () => {}) // it may end before it reads
    this.#child.stdout.setEncoding(options.encoding ?? 'utf8').on('data', (text: string) => {
      this.#stdout += text
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#lines.push(line)
      this.#wake()
    })
    this.#closed = this.#close()
  }

  /** Of the process itself: `ip netns exec` becomes what it runs. */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(this.#complaint('it did not start'))
    return this.#child.pid
  }

  /** Every complete line of stdout so far. */
  get lines(): readonly string[] {
    return this.#lines
  }

  get stderr(): string {
    return this.#stderr
  }

  /** The first line, of those that were printed or within `ms`, that holds `wanted`. Throws with all output otherwise. */
  async line(wanted: string | ((line: string) => boolean), ms = patience): Promise<string> {
    const fits = typeof wanted === 'string' ? (line: string) => line.includes(wanted) : wanted
    const expired = AbortSignal.timeout(ms)
    expired.addEventListener('abort', () => this.#wake(), { once: true })
    for (;;) {
      const found = this.#lines.find(fits)
      if (found !== undefined) return found
      if (this.#done || expired.aborted) throw new Error(this.#complaint(`no line with ${wanted}`))
      await new Promise<void>((resolve) => {
        this.#asked.add(resolve)
      })
    }
  }

  /** The first JSON line with this `event`. */
  async event(name: string, ms = patience): Promise<Readonly<Record<string, unknown>>> {
    const line = await this.line((text) => isEvent(text, name), ms)
    return JSON.parse(line)
  }

  write(text: string): void {
    this.#child.stdin.write(text)
  }

  end(text: string | Uint8Array = ''): void {
    this.#child.stdin.end(text)
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Waits for the end; kills it, and throws, after `ms`. */
  async ended(ms = patience): Promise<Ended> {
    let late: NodeJS.Timeout | undefined
    const expired = new Promise<'late'>((resolve) => {
      late = setTimeout(() => resolve('late'), ms)
    })
    const result = await Promise.race([this.#closed, expired])
    clearTimeout(late)
    if (result !== 'late') return result
    this.#child.kill('SIGKILL')
    throw new Error(this.#complaint(`it did not end within ${ms} ms`))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }

  async #close(): Promise<Ended> {
    const [code, signal] = await once(this.#child, 'close')
    this.#done = true
    this.#wake()
    return { code, signal, stdout: this.#stdout, stderr: this.#stderr }
  }

  #wake(): void {
    for (const resolve of this.#asked) resolve()
    this.#asked.clear()
  }

  #complaint(what: string): string {
    return `${what}; command: ${this.#child.spawnargs.join(' ')}\nstdout:\n${this.#stdout}\nstderr:\n${this.#stderr}`
  }
}

/** Nothing of the machine's own settings, and no colour. */
export function environment({ home, env }: Started): Record<string, string> {
  const { PATH = '' } = process.env
  return {
    PATH,
    HOME: home ?? tmpdir(),
    LANG: 'C.UTF-8',
    ...(home === undefined ? {} : { OTRTALK_HOME: home }),
    ...env,
  }
}

function isEvent(line: string, name: string): boolean {
  try {
    return JSON.parse(line).event === name
  } catch {
    return false
  }
}
