/**
 * A command of the user's own, run once for each text: one at a time for each
 * buddy, in order, few at once, none for long. There is no shell; the text goes
 * to its stdin, and nothing of it into arguments or environment, which others
 * on the machine may see (docs/decisions/031-own-commands.md).
 */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'
import type { Environment } from './home.ts'
import { Run } from './ownprocess.ts'

/** A command that is there; made by `findCommand`. */
export interface OwnCommand {
  readonly path: string
  /** Its name as the user gave it, and its arguments. */
  readonly argv: readonly [name: string, ...rest: string[]]
}

export interface Job {
  readonly buddy: string
  /** Names it in what is told of it later. */
  readonly id: string
  /** All that the command finds on its stdin, as UTF-8. */
  readonly text: string
}

export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly code: number }
  /** By a signal that is not ours: it crashed, or somebody ended it. */
  | { readonly kind: 'killed'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'timeout' }
  /** It was there when we looked, and could not be started; why, as the system puts it. */
  | { readonly kind: 'not-started'; readonly why: string }
  /** Too much waits already: it was not run. */
  | { readonly kind: 'queue-full' }
  /** The program ended before it was run, or before it was done. */
  | { readonly kind: 'left' }

export interface ExecOptions {
  readonly command: OwnCommand
  readonly env: Environment
  readonly timeoutMs: number
  /** A line that it prints. Nothing more is read until what is returned settles; without this it prints nowhere. */
  readonly onLine?: (line: string) => Promise<unknown> | undefined
  /** Once for each job. */
  readonly onEnd: (job: Job, outcome: Outcome, ms: number) => void
}

/** Disposal ends what runs, and settles when nothing of it is left. */
export class Exec implements AsyncDisposable {
  readonly #options: ExecOptions
  readonly #running = new Map<string, Run>() // by buddy
  readonly #waiting: Job[] = []
  #waitingOctets = 0
  #hasLeft = false

  constructor(options: ExecOptions) {
    this.#options = options
    process.on('exit', this.kill)
  }

  run(job: Job): void {
    const octets = Buffer.byteLength(job.text)
    const isFull = this.#waiting.length >= maxWaiting || this.#waitingOctets + octets > maxWaitingOctets
    if (this.#hasLeft) this.#options.onEnd(job, { kind: 'left' }, 0)
    else if (isFull) this.#options.onEnd(job, { kind: 'queue-full' }, 0)
    else {
      this.#waiting.push(job)
      this.#waitingOctets += octets
      this.#start()
    }
  }

  /** Ends what runs at once: for when there is no time left. */
  readonly kill = (): void => {
    for (const run of this.#running.values()) run.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasLeft = true
    for (const job of this.#waiting.splice(0)) this.#options.onEnd(job, { kind: 'left' }, 0)
    const running = [...this.#running.values()]
    for (const run of running) run.stop('left')
    await Promise.all(running.map(({ ended }) => ended))
    process.off('exit', this.kill)
  }

  #start(): void {
    while (this.#running.size < maxRunning) {
      const at = this.#waiting.findIndex(({ buddy }) => !this.#running.has(buddy))
      const job = at < 0 ? undefined : this.#waiting.splice(at, 1)[0]
      if (!job) return
      this.#waitingOctets -= Buffer.byteLength(job.text)
      const run = new Run(job, this.#options)
      this.#running.set(job.buddy, run)
      void run.ended.then((outcome) => {
        this.#running.delete(job.buddy)
        this.#options.onEnd(job, outcome, run.ms)
        if (!this.#hasLeft) this.#start()
      })
    }
  }
}

export type Found =
  | { readonly kind: 'found'; readonly command: OwnCommand }
  | { readonly kind: 'missing' | 'not-executable'; readonly name: string }

/** Looks a command up as a shell does: in the folders of PATH, or where its name has a slash at that place. */
export function findCommand(argv: OwnCommand['argv'], { PATH }: Environment): Found {
  const [name] = argv
  const folders = name.includes('/') ? [''] : (PATH ?? usualPath).split(delimiter)
  const places = name === '' ? [] : folders.map((folder) => resolve(folder, name)).filter(isFile)
  const path = places.find(isExecutable)
  if (path !== undefined) return { kind: 'found', command: { path, argv } }
  return { kind: places.length > 0 ? 'not-executable' : 'missing', name }
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const usualPath = '/usr/local/bin:/usr/bin:/bin' // where none is named: never the folder that we are in
const maxRunning = 4 // buddies at once: what a small machine bears
const maxWaiting = 1_000 // messages
const maxWaitingOctets = 2 ** 24 // of their texts
