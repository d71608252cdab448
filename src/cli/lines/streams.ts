/**
 * What plain lines and JSON lines have in common: three streams, the end of
 * each, and the signals. A closed pipe is an end as good as any.
 */
import type { TalkEvent } from '../../session/command.ts'
import type { SafeText } from '../safetext.ts'
import { legible, onLeavingSignal } from '../terminal.ts'
import type { UiEnd, UiOptions } from '../ui.ts'
import { Feed } from './feed.ts'

export interface StreamsOptions {
  /** UTF-16 units of a line of stdin. */
  readonly maxLine: number
  /** Says a line of stdin; yields its id, or undefined if nothing was said. */
  readonly say: (line: string) => string | undefined
}

export class Streams {
  readonly done: Promise<UiEnd>
  readonly #options: UiOptions
  readonly #stdout: NodeJS.WriteStream
  readonly #stderr: NodeJS.WriteStream
  readonly #signals: Disposable
  #settle!: { readonly end: (end: UiEnd) => void; readonly fail: (error: unknown) => void }
  #feed: Feed | undefined
  #hasEnded = false

  constructor(options: UiOptions, lines: StreamsOptions) {
    const { env, stdin, stdout, stderr, patience = defaultPatience, heldUntil } = options
    this.#options = options
    this.#stdout = legible(stdout, env)
    this.#stderr = legible(stderr, env)
    this.done = new Promise((end, fail) => {
      this.#settle = { end, fail }
    })
    this.#signals = onLeavingSignal((signal) => {
      // Behind the terminal’s own ^C: a shell begins a new line only where a signal ended the program.
      if (signal === 'SIGINT' && stdin.isTTY && stderr.isTTY) this.#stderr.write('\n')
      this.end({ kind: 'signal', signal })
    })
    stdout.on('error', this.#onError)
    stdout.on('drain', this.#unblock)
    stderr.on('error', ignore) // nobody reads remarks: no reason to stop
    if (options.listensOnly) return
    // The caller has what we act on only after it has us.
    setImmediate(() => {
      if (this.#hasEnded) return
      const onEnd = (unconfirmed: number): void => {
        if (heldUntil) void heldUntil.then(() => this.end({ kind: 'ended', unconfirmed }))
        else this.end({ kind: 'ended', unconfirmed })
      }
      const onInterrupt = (): void => this.end({ kind: 'signal', signal: 'SIGINT' })
      this.#feed = new Feed({ stdin, patience, onEnd, onInterrupt, ...lines })
      if (stdout.writableNeedDrain) this.#feed.block(true)
    })
  }

  /** Data. */
  print(text: SafeText): void {
    if (this.#hasEnded || this.#stdout.write(`${text}\n`)) return
    this.#feed?.block(true)
    if (this.#options.stdout.writableLength > maxUnread) this.end({ kind: 'pipe' })
  }

  /** A remark. */
  remark(text: SafeText): void {
    if (!this.#hasEnded) this.#stderr.write(`${text}\n`)
  }

  hear(event: TalkEvent): void {
    this.#feed?.hear(event)
  }

  /** Whether what is typed from here on is shown. */
  hide(isHidden: boolean): void {
    this.#feed?.hide(isHidden)
  }

  end(end: UiEnd): void {
    this.#close()
    this.#settle.end(end)
  }

  readonly #unblock = (): void => this.#feed?.block(false)

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') {
      this.end({ kind: 'pipe' })
      return
    }
    this.#close()
    this.#settle.fail(error)
  }

  /** The error handlers stay: what is still in the pipe may fail later. */
  #close(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#feed?.[Symbol.dispose]()
    this.#signals[Symbol.dispose]()
    this.#options.stdout.off('drain', this.#unblock)
  }
}

const ignore = (): void => {}

const defaultPatience = 60_000 // ms: what a buddy needs who has just lost his network
const maxUnread = 2 ** 26 // octets of output that nobody reads: then nobody will
