/** What passes an interface of a host, by tcpdump: one line for each packet that a filter takes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Lab } from './lab.ts'

export class Capture implements AsyncDisposable {
  readonly lines: string[] = []
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Resolves when it sees packets. @param at - an interface, or any */
  static async on(lab: Lab, host: string, { at, filter }: { at: string; filter: string }): Promise<Capture> {
    const [file, ...args] = [
      ...lab.on(host),
      'tcpdump',
      '-n',
      '-l',
      '-q',
      '--immediate-mode',
      '-i',
      at,
      filter,
    ]
    const child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const capture = new Capture(child)
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line !== '') capture.lines.push(line)
    })
    for await (const line of createInterface({ input: child.stderr }))
      if (line.includes('listening on')) return capture
    throw new Error(`tcpdump on ${host} ended`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.kill('SIGINT')
    await once(this.#child, 'close')
  }
}
