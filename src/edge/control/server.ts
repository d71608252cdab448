/**
 * The socket of the process that owns a profile: who connects is greeted, and
 * handed on once it has named the version. Only the holder of the profile's
 * lock may open it: what is at its path is of a process that died.
 */
import { once } from 'node:events'
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { diskFault } from '../store.ts'
import { Channel } from './channel.ts'
import type { LineFault } from './lines.ts'
import type { Place } from './place.ts'
import { type Fault, type Hello, longestRequest, readVersion, version } from './protocol.ts'

/** What one client is to its owner. */
export interface Guest {
  hear(line: string): Promise<void>
  /** It has gone. */
  leave(): void
}

export interface ServerOptions {
  readonly place: Place
  readonly hello: Omit<Hello, 'otrtalk'>
  /** Makes a guest of who has named the version. */
  readonly welcome: (channel: Pick<Channel, 'send' | 'end'>) => Guest
}

/** @throws UserError if the system has no room for it */
export async function openServer(options: ServerOptions): Promise<ControlServer> {
  const { place } = options
  const server = createServer()
  try {
    rmSync(place.path, { force: true })
    server.listen(place.path)
    await once(server, 'listening')
    chmodSync(place.path, 0o600)
  } catch (error) {
    server.close()
    throw diskFault(error, `cannot open the control socket ${place.path}`)
  }
  return new ControlServer(server, options)
}

export class ControlServer implements AsyncDisposable {
  readonly #server: Server
  readonly #options: ServerOptions
  readonly #channels = new Set<Channel>()

  constructor(server: Server, options: ServerOptions) {
    this.#server = server
    this.#options = options
    server.on('connection', (socket) => this.#greet(socket))
    server.on('error', () => {}) // of one that could not be accepted: there is nobody to tell
  }

  /** Says goodbye to all. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const channel of this.#channels) {
      channel.send({ kind: 'bye', why: 'left' })
      channel.end()
    }
    await closed
  }

  #greet(socket: Socket): void {
    let guest: Guest | undefined
    const mute = setTimeout(() => socket.destroy(), muteTime)
    const channel = new Channel(socket, {
      longest: longestRequest,
      onLine: async (line) => {
        if (guest) return await guest.hear(line)
        clearTimeout(mute)
        if (readVersion(line) === version) guest = this.#options.welcome(channel)
        else refuse(channel, otherVersion)
      },
      onFault: (fault) => refuse(channel, lineFaults[fault]),
      onClosed: () => {
        clearTimeout(mute)
        this.#channels.delete(channel)
        guest?.leave()
      },
    })
    this.#channels.add(channel)
    channel.send({ otrtalk: version, ...this.#options.hello })
    if (this.#channels.size > mostClients) refuse(channel, tooMany)
  }
}

function refuse(channel: Channel, fault: Omit<Fault, 'kind' | 'exit'>): void {
  channel.send({ kind: 'fault', ...fault, exit: 5 } satisfies Fault)
  channel.end()
}

const otherVersion = {
  of: 'hello',
  message: `the first line must be {"otrtalk":${version}}: no other version is spoken here`,
  hint: 'use the same otrtalk in both places',
} as const

const tooMany = {
  of: 'hello',
  message: '64 programs talk through this one already',
  hint: 'try again when one of them has ended',
} as const

const lineFaults = {
  'too-long': { of: 'line', message: 'a line is longer than 64 KiB' },
  'no-text': { of: 'line', message: 'a line is no UTF-8' },
} as const satisfies Record<LineFault, object>

const mostClients = 64
const muteTime = 10_000 // ms
