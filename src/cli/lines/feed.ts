/**
 * Lines of a stream that become what is said: read no faster than it is
 * confirmed, and when they end, its receipts are waited for.
 */
import type { TalkEvent } from '../../session/command.ts'
import { isCharacter, Strokes } from '../prompts/strokes.ts'

export interface FeedOptions {
  readonly stdin: NodeJS.ReadStream
  /** UTF-16 units; a longer line is taken in pieces. */
  readonly maxLine: number
  /** Milliseconds without progress after the end of the stream. */
  readonly patience: number
  /** Says a line; yields its id, or undefined if nothing was said. */
  readonly say: (line: string) => string | undefined
  /** Once, when all is settled after the end of the stream, or patience is. */
  readonly onEnd: (unconfirmed: number) => void
  /** Ctrl-C while nothing is shown: the terminal makes no signal of it then. */
  readonly onInterrupt: () => void
}

export class Feed implements Disposable {
  readonly #options: FeedOptions
  readonly #unconfirmed = new Set<string>()
  readonly #strokes = new Strokes()
  #rest = ''
  #undelivered = 0
  #isBlocked = false
  #hasEnded = false
  #isDisposed = false
  #isHidden = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: FeedOptions) {
    this.#options = options
    const { stdin } = options
    stdin.setEncoding('utf8')
    stdin.on('data', this.#read)
    stdin.on('end', this.#finish)
    stdin.on('error', this.#finish)
    if (stdin.readableEnded) setImmediate(this.#finish) // somebody has read all of it
  }

  /** Receipts make room for the next lines. */
  hear(event: TalkEvent): void {
    switch (event.kind) {
      case 'delivered':
      case 'undelivered':
        if (this.#unconfirmed.delete(event.id) && event.kind === 'undelivered') this.#undelivered++
        this.#take()
        break
      case 'sent':
      case 'secured':
        break
      default:
        return // an attempt is no progress
    }
    if (this.#hasEnded) this.#await()
  }

  /** While whoever reads our output does not keep up, nothing is read either. */
  block(isBlocked: boolean): void {
    this.#isBlocked = isBlocked
    this.#take()
  }

  /** Whether the terminal shows what is typed: a terminal that does not hands over each key as it is pressed. */
  hide(isHidden: boolean): void {
    const { stdin } = this.#options
    if (isHidden === this.#isHidden || !stdin.isTTY) return
    this.#isHidden = isHidden
    stdin.setRawMode(isHidden)
  }

  [Symbol.dispose](): void {
    const { stdin } = this.#options
    this.hide(false)
    this.#isDisposed = true
    clearTimeout(this.#timer)
    stdin.off('data', this.#read)
    stdin.off('end', this.#finish)
    stdin.off('error', this.#finish)
    stdin.pause()
  }

  readonly #read = (chunk: string): void => {
    if (this.#isHidden) this.#press(chunk)
    else this.#rest += chunk
    this.#take()
  }

  /** Keys of a line that is not shown, as a terminal would take them: erase, erase all, enter, leave. */
  #press(keys: string): void {
    for (const key of this.#strokes.read(keys)) {
      const start = this.#rest.lastIndexOf('\n') + 1
      if (key === '\x03') this.#options.onInterrupt()
      else if (key === '\x7f' || key === '\b') {
        const line = [...this.#rest.slice(start)].slice(0, -1).join('')
        this.#rest = this.#rest.slice(0, start) + line
      } else if (key === '\x15') this.#rest = this.#rest.slice(0, start)
      else if (key === '\r' || key === '\n') this.#rest += '\n'
      else if (key >= ' ' && isCharacter(key)) this.#rest += key
    }
  }

  readonly #finish = (): void => {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#take()
    this.#await()
  }

  #take(): void {
    let from = 0
    while (!this.#isFull) {
      const end = this.#lineEnd(from)
      if (end === undefined) break
      const id = this.#options.say(this.#rest.slice(from, end).replace(/\r$/u, ''))
      if (id !== undefined) this.#unconfirmed.add(id)
      from = this.#rest[end] === '\n' ? end + 1 : end
    }
    this.#rest = this.#rest.slice(from)
    if (this.#isFull) this.#options.stdin.pause()
    else if (!this.#hasEnded) this.#options.stdin.resume()
  }

  /** Where the line ends that begins at `from`; undefined if its end is not there yet. */
  #lineEnd(from: number): number | undefined {
    const { maxLine } = this.#options
    const end = this.#rest.indexOf('\n', from)
    const length = (end < 0 ? this.#rest.length : end) - from
    if (length > maxLine) {
      const cut = from + maxLine
      return /[\ud800-\udbff]/.test(this.#rest[cut - 1]!) ? cut - 1 : cut // not within a character
    }
    if (end >= 0) return end
    return this.#hasEnded && length > 0 ? this.#rest.length : undefined
  }

  get #isFull(): boolean {
    return this.#isDisposed || this.#isBlocked || this.#unconfirmed.size >= maxUnconfirmed
  }

  #await(): void {
    clearTimeout(this.#timer)
    if (this.#unconfirmed.size === 0 && this.#rest === '') this.#options.onEnd(this.#undelivered)
    else this.#timer = setTimeout(this.#giveUp, this.#options.patience)
  }

  readonly #giveUp = (): void => {
    const unsaid = this.#rest.split('\n').filter((line) => line !== '').length
    this.#options.onEnd(this.#undelivered + this.#unconfirmed.size + unsaid)
  }
}

const maxUnconfirmed = 64 // lines: what is on its way between two machines at 100 ms and 600 lines a second
