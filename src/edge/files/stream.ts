/**
 * A stream between the process that owns the profile and the one that has the
 * pipe, which may be the same: over a socket in our own folder, so that bulk
 * octets pass neither the control socket nor anybody's JSON.
 *
 *     to be sent   frames: length u32 | octets; a length of 0 is the end, and
 *                  no other end counts: a process that is killed sends none
 *     received     octets; when all are written, our half is closed, and the
 *                  other side answers one octet once whoever reads has them all
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { UserError } from '../../error.ts'
import type { Part } from '../../transfer/work.ts'

/** Reads no further ahead than it is asked. */
export class PipeSource {
  readonly #socket: Socket
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)
  #left = 0 // octets of the frame that is read
  #hasEnded = false

  constructor(path: string) {
    this.#socket = connect(path)
    this.#chunks = this.#socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  /** The next octets, as many as there are: at least one, but at the end. @throws UserError when it ends before its end */
  async read(size: number): Promise<Uint8Array> {
    if (this.#left === 0 && !this.#hasEnded) await this.#head()
    if (this.#hasEnded) return new Uint8Array(0)
    if (this.#rest.length === 0) await this.#more()
    const octets = this.#rest.subarray(0, Math.min(size, this.#left))
    this.#rest = this.#rest.subarray(octets.length)
    this.#left -= octets.length
    return new Uint8Array(octets)
  }

  /** Whoever feeds it is told that nobody reads any more. */
  close(): void {
    this.#socket.destroy()
  }

  async #head(): Promise<void> {
    while (this.#rest.length < 4) await this.#more()
    this.#left = this.#rest.readUInt32BE()
    this.#rest = this.#rest.subarray(4)
    this.#hasEnded = this.#left === 0
  }

  async #more(): Promise<void> {
    const next = await this.#chunks.next().catch((cause: unknown) => ({ done: true as const, cause }))
    if (next.done) throw cut('cause' in next ? next.cause : undefined)
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value])
  }
}

/** Writes no faster than somebody reads. */
export class PipeSink {
  readonly #socket: Socket
  readonly #over: Promise<unknown>
  readonly #gone: Promise<never>
  #closed: (fault: unknown) => void = () => {}
  #fault: unknown

  constructor(path: string) {
    this.#socket = connect({ path, allowHalfOpen: true })
    this.#over = once(this.#socket, 'data') // nothing else is ever said to us
    this.#socket.on('error', (error) => {
      this.#fault ??= error
    })
    this.#gone = new Promise((_, reject) => {
      this.#closed = reject
    })
    for (const each of [this.#over, this.#gone]) each.catch(() => {}) // heard where it is waited for
    this.#socket.once('close', () => {
      this.#fault ??= new Error('the pipe is closed')
      this.#closed(this.#fault)
    })
  }

  /** Done when the system has it. */
  async write(parts: readonly Part[]): Promise<void> {
    for (const { octets } of parts) await this.#one(octets)
  }

  /** Done when whoever reads has it all. */
  async finish(): Promise<void> {
    this.#socket.end()
    try {
      await Promise.race([this.#over, this.#gone])
    } catch (cause) {
      throw unread(cause)
    }
  }

  close(): void {
    this.#socket.destroy()
  }

  #one(octets: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#fault !== undefined) reject(unread(this.#fault))
      else this.#socket.write(octets, (error) => (error ? reject(unread(error)) : resolve()))
    })
  }
}

/** All of it is with whoever reads. */
export const received: Uint8Array = Uint8Array.of(1)

const cut = (cause: unknown): UserError =>
  new UserError('the stream broke off: the process that sends it has gone', { cause })

const unread = (cause: unknown): UserError =>
  new UserError('nobody reads the stream any more', { hint: 'what it was written to has ended', cause })
