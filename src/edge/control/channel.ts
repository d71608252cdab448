/** One end of a control connection: lines in, lines out, and a peer that may do neither. */
import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { type LineFault, Lines } from './lines.ts'
import { lineOf } from './protocol.ts'

export interface ChannelOptions {
  /** Octets of a line that comes. */
  readonly longest: number
  /** One line after another: the next one is read when this is done. */
  readonly onLine: (line: string) => void | Promise<void>
  /** What came is no line: nothing more is read. */
  readonly onFault: (fault: LineFault) => void
  /** Once: nothing can be said or heard any more. */
  readonly onClosed: () => void
}

export class Channel implements Disposable {
  readonly #socket: Socket
  readonly #options: ChannelOptions
  readonly #lines: Lines
  #isOver = false
  /** What was said has left us, or never will. */
  #flushed: () => void = () => {}

  constructor(socket: Socket, options: ChannelOptions) {
    this.#socket = socket
    this.#options = options
    this.#lines = new Lines(options.longest)
    socket.on('data', this.#read)
    socket.on('error', () => {}) // `close` follows
    socket.on('drain', () => this.#flushed())
    socket.on('close', () => {
      this.#isOver = true
      this.#flushed()
      options.onClosed()
    })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Whoever does not read is dropped. */
  send(value: object): void {
    if (this.#isOver) return
    this.#socket.write(lineOf(value))
    if (this.#socket.writableLength > mostUnread) this[Symbol.dispose]()
  }

  /** What was sent is flushed, for as long as that may take. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#socket.off('data', this.#read)
    this.#socket.resume() // else its end is never seen
    this.#socket.end()
    const late = setTimeout(() => this.#socket.destroy(), flushTime)
    this.#socket.once('close', () => clearTimeout(late))
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#socket.destroy()
  }

  readonly #read = (chunk: Buffer): void => {
    const { lines, fault } = this.#lines.push(chunk)
    this.#socket.pause() // no more than a chunk waits, whatever a line asks for
    void this.#take(lines, fault).then(() => {
      if (!this.#isOver) this.#socket.resume()
    })
  }

  /** Who asks for much waits until he has read what he was told, and lets others have their turn. */
  async #take(lines: readonly string[], fault: LineFault | undefined): Promise<void> {
    let since = performance.now()
    for (const line of lines) {
      if (this.#isOver) return
      await this.#options.onLine(line)
      if (this.#socket.writableNeedDrain && !this.#isOver) await this.#flush()
      if (performance.now() < since + longestTurn) continue
      await turn()
      since = performance.now()
    }
    if (fault && !this.#isOver) this.#options.onFault(fault)
  }

  async #flush(): Promise<void> {
    const late = setTimeout(() => this[Symbol.dispose](), patience)
    await new Promise<void>((resolve) => {
      this.#flushed = resolve
    })
    clearTimeout(late)
  }
}

const mostUnread = 1024 * 1024 // octets
const flushTime = 500 // ms
const patience = 5_000 // ms with somebody who asks and does not read
const longestTurn = 5 // ms: conversations and other clients wait that long
