/**
 * The end of a stream that the process with the pipe has: a socket in our own
 * folder, to which the one that has the profile connects. What goes over it:
 * src/edge/files/stream.ts.
 */
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { hex } from '@scure/base'
import { randomBytes } from '../../crypto.ts'
import { UserError } from '../../error.ts'
import type { Place } from '../control/place.ts'
import { received } from './stream.ts'

export class Pipe implements Disposable {
  /** What the other process connects to. */
  readonly path: string
  readonly #server: Server
  readonly #connected: Promise<Socket>
  #socket: Socket | undefined

  private constructor(path: string, server: Server) {
    this.path = path
    this.#server = server
    this.#connected = new Promise((resolve) => {
      server.once('connection', (socket: Socket) => {
        this.#socket = socket
        socket.on('error', () => {}) // `close` follows
        resolve(socket)
      })
    })
  }

  static async open({ folder }: Pick<Place, 'folder'>): Promise<Pipe> {
    const path = join(folder, `${hex.encode(randomBytes(8))}.pipe`)
    const server = createServer({ allowHalfOpen: true })
    server.maxConnections = 1
    server.listen(path)
    await once(server, 'listening')
    return new Pipe(path, server)
  }

  /** Hands over all of `source`, and that it ended; done when nobody wants more of it. @throws what `source` fails with */
  async feed(source: Readable): Promise<void> {
    const socket = await this.#connected
    socket.resume()
    const gone = new Promise<'gone'>((resolve) => {
      for (const sign of ['end', 'close']) socket.once(sign, () => resolve('gone')) // nothing is said to us
    })
    const chunks = source[Symbol.asyncIterator]()
    for (;;) {
      const next = await Promise.race([chunks.next(), gone])
      if (next === 'gone') break
      if (next.done) {
        socket.end(head(0))
        await gone
        return
      }
      const chunk = Buffer.from(next.value)
      if (chunk.length === 0) continue
      socket.write(head(chunk.length))
      if (!socket.write(chunk)) await Promise.race([once(socket, 'drain').catch(() => undefined), gone])
    }
    socket.destroy()
    source.destroy() // whoever writes into it is told
  }

  /** Writes all that comes, and says so; done when it is with whoever reads. @throws UserError if nobody reads any more */
  async drain(into: Writable): Promise<void> {
    const socket = await this.#connected
    const failed = new Promise<never>((_, reject) => into.once('error', (cause) => reject(unread(cause))))
    failed.catch(() => {}) // heard where it is waited for
    socket.on('data', (chunk) => {
      if (into.write(chunk)) return
      socket.pause()
      into.once('drain', () => socket.resume())
    })
    try {
      await Promise.race([once(socket, 'end'), failed])
      await Promise.race([new Promise((resolve) => into.write('', resolve)), failed])
    } catch (error) {
      socket.destroy()
      throw error
    }
    socket.end(received)
  }

  /** What is not handed over is lost. */
  [Symbol.dispose](): void {
    this.#socket?.destroy()
    this.#server.close()
    rmSync(this.path, { force: true })
  }
}

function head(length: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(length)
  return octets
}

const unread = (cause: Error): UserError =>
  new UserError('nobody reads standard output any more', { hint: 'the rest of the stream is lost', cause })
