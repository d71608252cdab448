/** Two processes that measure a way between them: one serves, the other asks and says what came of it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A program that understands bench/peers/task.ts. */
export interface Program {
  /** Before the task. */
  readonly command: readonly string[]
}

/** Where the two run: put before a command, and the server's address. */
export interface Place {
  readonly server: readonly string[]
  readonly client: readonly string[]
  readonly host: string
}

export const loopback: Place = { server: [], client: [], host: '127.0.0.1' }

/** One of bench/peers. */
export function peer(file: string, ...options: readonly string[]): Program {
  const path = join(import.meta.dirname, 'peers', `${file}.ts`)
  return {
    command: [process.execPath, join(import.meta.dirname, '../scripts/ts.mjs'), path, ...options],
  }
}

/** What the client of a task prints, one object a line, merged. */
export type Answer = Readonly<Record<string, unknown>>

export interface Task {
  readonly kind: 'bulk' | 'ping'
  readonly options: readonly string[]
  /** What is waited for beyond the client's result: a line with such a key, by one of them. */
  readonly until?: { readonly by: 'client' | 'server'; readonly key: string }
}

/**
 * Runs a task to its end.
 *
 * @throws Error when one of them fails, or the server did not get what the client sent
 */
export async function measure(
  client: Program,
  server: Program,
  { kind, options, until }: Task,
  place: Place = loopback,
): Promise<Answer> {
  const manner = ['--bind', place.host, '--seconds', '300', ...(kind === 'ping' ? ['--echo'] : [])]
  await using serving = new Child([...place.server, ...server.command, 'server', ...manner])
  const { port } = await serving.answer('port')
  const task = [kind, place.host, `${port}`, ...options]
  await using asking = new Child([...place.client, ...client.command, ...task])
  const answer = await asking.answer(results[kind])
  if (kind === 'bulk') {
    const { bytes } = await serving.answer('bytes')
    const surplus = Number(bytes) - Number(answer['bytes'])
    if (surplus < 0 || surplus > 4) throw new Error(`${answer['bytes']} octets were sent, and ${bytes} came`)
  }
  if (!until) return answer
  return await (until.by === 'client' ? asking : serving).answer(until.key) // before they are let go of
}

const results = { bulk: 'MBps', ping: 'rtts_us' } as const

/** A process that prints JSON lines; killed when it is let go of. */
export class Child implements AsyncDisposable {
  static readonly #running = new Set<ChildProcess>()
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  readonly #said: Answer[] = []
  readonly #lines: string[] = []
  #wake = (): void => {}
  #isClosed = false

  constructor([file, ...args]: readonly string[]) {
    this.#child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    if (Child.#running.size === 0) process.once('exit', Child.#killAll)
    Child.#running.add(this.#child)
    this.#closed = once(this.#child, 'close').finally(() => {
      this.#isClosed = true
      Child.#running.delete(this.#child)
      if (Child.#running.size === 0) process.off('exit', Child.#killAll)
      this.#wake()
    })
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.#lines.push(line)
      if (line.startsWith('{')) this.#said.push(JSON.parse(line))
      this.#wake()
    })
  }

  /** The first line with such a key, and what was said before it. */
  async answer(key: string): Promise<Answer> {
    const at = await this.#first(() => this.#said.findIndex((said) => key in said))
    return Object.assign({}, ...this.#said.slice(0, at + 1))
  }

  /** Waits for a line that contains a text. */
  async line(text: string): Promise<void> {
    await this.#first(() => this.#lines.findIndex((line) => line.includes(text)))
  }

  /** All that it printed. */
  get lines(): readonly string[] {
    return this.#lines
  }

  /** It has ended, whether asked to or not. */
  get over(): Promise<unknown> {
    return this.#closed
  }

  /** Asks it to end; everything it said. */
  async ended(): Promise<readonly Answer[]> {
    await this[Symbol.asyncDispose]()
    return this.#said
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isClosed) this.#child.kill()
    await this.#closed
  }

  /** The benchmark ends before it let go of them. */
  static #killAll = (): void => {
    for (const child of Child.#running) child.kill()
  }

  async #first(find: () => number): Promise<number> {
    for (;;) {
      const at = find()
      if (at >= 0) return at
      if (this.#isClosed) throw new Error(`${this.#child.spawnargs.join(' ')} ended too early`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
