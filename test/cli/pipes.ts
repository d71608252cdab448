/** Streams of a program without a terminal, and a Ui's options around them. */
import { PassThrough, Writable } from 'node:stream'
import type { UiOptions } from '../../src/cli/ui.ts'
import type { Command } from '../../src/session/command.ts'

export class Pipes {
  readonly stdin = new PassThrough()
  readonly acts: Command[] = []
  stdout = ''
  stderr = ''
  /** Instead of taking what is written to stdout. */
  broken: NodeJS.ErrnoException | undefined
  /** While it is set, stdout takes nothing more. */
  #release: (() => void) | undefined
  #isStuck = false
  #ids = 0

  get said(): string[] {
    return this.acts.flatMap((act) => (act.kind === 'say' ? [act.text] : []))
  }

  /** Stdout stops taking, and goes on. */
  stick(isStuck: boolean): void {
    this.#isStuck = isStuck
    if (!isStuck) this.#release?.()
  }

  options(more: Partial<UiOptions> = {}): UiOptions {
    const stdout = new Writable({
      highWaterMark: 1024,
      decodeStrings: false,
      write: (text: string, _encoding, done) => {
        if (!this.broken) this.stdout += text
        if (this.#isStuck) this.#release = () => done(this.broken)
        else done(this.broken)
      },
    })
    const stderr = new Writable({
      decodeStrings: false,
      write: (text: string, _encoding, done) => {
        this.stderr += text
        done()
      },
    })
    return {
      profile: 'home',
      buddies: [{ alias: 'ada', trust: 'by-code' }],
      buddy: 'ada',
      act: (command) => this.acts.push(command),
      stdin: this.stdin as unknown as NodeJS.ReadStream,
      stdout: stdout as unknown as NodeJS.WriteStream,
      stderr: stderr as unknown as NodeJS.WriteStream,
      env: {},
      now: () => new Date(2026, 0, 2, 14, 2).getTime(),
      random: (size) => new Uint8Array(size).fill(++this.#ids),
      ...more,
    }
  }
}

/** The id that the n-th line of `Pipes` gets. */
export const idOf = (n: number): string => n.toString(16).padStart(2, '0').repeat(8)
