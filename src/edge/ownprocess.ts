/**
 * One process of a command of the user's own, and the group that it leads: what
 * it starts ends with it where it has to be stopped.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecOptions, Job, Outcome } from './exec.ts'
import type { Environment } from './home.ts'

export class Run {
  /** When it has ended and, if it was stopped, all of its group. */
  readonly ended: Promise<Outcome>
  readonly #child: ChildProcess
  readonly #began = performance.now()
  #killedAt: number | undefined
  #stopped: 'timeout' | 'left' | undefined
  #grace: NodeJS.Timeout | undefined

  constructor(job: Job, { command, env, timeoutMs, onLine }: ExecOptions) {
    const [argv0, ...args] = command.argv
    this.#child = spawn(command.path, args, {
      argv0,
      env: environmentFor(job.buddy, env),
      detached: true, // a group of its own, and no terminal to ask anything at
      stdio: onLine ? ['pipe', 'pipe', 'pipe'] : ['pipe', 'ignore', 'ignore'],
    })
    const { stdin, stdout, stderr } = this.#child
    stdin?.on('error', () => {}) // it need not read
    stdin?.end(job.text)
    this.ended = this.#end(timeoutMs)
    for (const output of [stdout, stderr]) if (output && onLine) void tellLines(output, onLine)
  }

  get ms(): number {
    return performance.now() - this.#began
  }

  /** Asks it to end; who has not ended after 2 s is not asked again. */
  stop(why: 'timeout' | 'left'): void {
    if (this.#stopped) return
    this.#stopped = why
    this.#signal('SIGTERM')
    this.#grace = setTimeout(this.kill, grace)
  }

  /** At once. */
  readonly kill = (): void => {
    this.#signal('SIGKILL')
    this.#killedAt ??= performance.now()
  }

  async #end(timeoutMs: number): Promise<Outcome> {
    const child = this.#child
    const late = setTimeout(() => this.stop('timeout'), timeoutMs)
    const closed = new Promise((resolve) => child.once('close', resolve))
    try {
      const [code, signal] = await once(child, 'exit')
      const stopped = this.#stopped // what comes after it does not count
      clearTimeout(late)
      await Promise.race([closed, sleep(lingering, undefined, { ref: false })])
      while (this.#stopped && this.#isGroupLeft && !this.#isGivenUp) await sleep(pollEvery)
      return stopped ? { kind: stopped } : outcomeOf(code, signal)
    } catch (error) {
      return { kind: 'not-started', why: error instanceof Error ? error.message : String(error) }
    } finally {
      clearTimeout(late)
      clearTimeout(this.#grace)
      child.stdin?.destroy()
      // What is still in these is told, and waited for by nobody: who is in the background may have them for long.
      for (const output of [child.stdout, child.stderr]) if (output instanceof Socket) output.unref()
    }
  }

  /** A group outlives its leader: nobody else is given its number before all of it has ended. */
  get #isGroupLeft(): boolean {
    return this.#signal(0)
  }

  /** A killed process takes its time to die on a busy machine; one that no init buries is in its group forever. */
  get #isGivenUp(): boolean {
    return this.#killedAt !== undefined && performance.now() - this.#killedAt >= dying
  }

  #signal(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child
    if (pid === undefined) return false // it was not started
    try {
      return process.kill(-pid, signal)
    } catch {
      return false // nobody is there any more
    }
  }
}

function outcomeOf(code: number | null, signal: NodeJS.Signals | null): Outcome {
  if (signal) return { kind: 'killed', signal }
  return code === 0 ? { kind: 'done' } : { kind: 'failed', code: code ?? 1 }
}

/** Ours, without what says where a passphrase is. */
function environmentFor(buddy: string, env: Environment): NodeJS.ProcessEnv {
  const passed = Object.entries(env).filter(([name]) => !/^OTRTALK_PASS/i.test(name))
  return { ...Object.fromEntries(passed), OTRTALK_BUDDY: buddy }
}

async function tellLines(output: Readable, onLine: NonNullable<ExecOptions['onLine']>): Promise<void> {
  let rest = ''
  try {
    for await (const chunk of output.setEncoding('utf8')) {
      const lines = `${rest}${chunk}`.split('\n').flatMap(pieces)
      rest = lines.pop() ?? ''
      for (const line of lines) await onLine(line)
    }
  } catch {
    // what was in the pipe when it was given up
  }
  if (rest !== '') await onLine(rest)
}

const pieces = (line: string): readonly string[] => line.match(piece) ?? ['']

const grace = 2_000 // ms from SIGTERM to SIGKILL
const dying = 1_000 // ms from SIGKILL until nobody is waited for
const pollEvery = 20 // ms
const lingering = 200 // ms: something in the background may keep the pipes open
const piece = /.{1,4096}/gsu // characters of a line that are told at once
