/**
 * C ENet as a peer (Debian's libenet-dev): test/peers/enet_peer.c is built into a temporary folder. Without gcc or
 * libenet nothing can be said, and `missing` says so. And our host without a link, on a real socket.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll } from 'vitest'
import { randomBytes } from '../../src/crypto.ts'
import { type Run, run } from '../../src/edge/run.ts'
import type { Datagram, Local, Machine, Notice, Output } from '../../src/machine.ts'
import { Host, type HostOptions } from '../../src/transport/enet/host.ts'
import type { HostEvent } from '../../src/transport/enet/peer.ts'
import { splitAddress } from '../../src/wire/address.ts'

const folder = mkdtempSync(join(tmpdir(), 'otrtalk-enet-'))
const program = join(folder, 'enet_peer')
export const missing: string | undefined = build()

function build(): string | undefined {
  try {
    const source = join(import.meta.dirname, '../peers/enet_peer.c')
    execFileSync('gcc', ['-O2', source, '-o', program, '-lenet'], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    return `no C ENet to talk to (gcc and libenet-dev are needed): ${String(error).split('\n')[0]}`
  }
}

/** A host that opens its own local end, as the link does for it otherwise. */
export class Bare implements Machine<HostEvent> {
  readonly host: Host
  readonly #local: Local = { kind: 'udp4' }
  #isOpen = false
  readonly onOpened: (port: number) => void

  constructor(options: Partial<HostOptions>, onOpened: (port: number) => void) {
    this.onOpened = onOpened
    const defaults = { local: this.#local, random: randomBytes, peerCount: 4, channelLimit: 4 }
    this.host = new Host({ ...defaults, acceptsConnects: false, ...options })
  }

  receive(datagram: Datagram, now: number): void {
    this.host.receive(datagram, now)
  }

  notice(notice: Notice): void {
    if (notice.kind === 'opened') this.onOpened(splitAddress(notice.at).port)
  }

  *drain(now: number): Generator<Output<HostEvent>> {
    if (!this.#isOpen) yield { kind: 'open', local: this.#local }
    this.#isOpen = true
    yield* this.host.drain(now)
  }

  get deadline(): number {
    return this.#isOpen ? this.host.deadline : -Infinity
  }
}

/** What is to be ended with the file: its tests may wait beside one another. */
export const left: (() => void)[] = []
afterAll(() => {
  for (const leave of left.splice(0)) leave()
  rmSync(folder, { recursive: true, force: true })
})

/** What came so far; `first` waits for what is not there yet. */
class Seen<T> {
  readonly all: T[] = []
  readonly #waiting = new Set<() => void>()

  push(item: T): void {
    this.all.push(item)
    for (const look of this.#waiting) look()
  }

  first<U extends T>(is: (item: T) => item is U): Promise<U> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.all.find(is)
        if (found !== undefined) resolve(found)
      }
      this.#waiting.add(look)
      look()
    })
  }
}

export interface Started {
  readonly runner: Run<Bare>
  readonly port: number
  readonly events: readonly HostEvent[]
  /** The first event of a kind, also one that came before. */
  event<K extends HostEvent['kind']>(kind: K): Promise<Extract<HostEvent, { kind: K }>>
}

/** A host of ours on a socket of its own. */
export async function start(
  options: Partial<HostOptions>,
  onEvent: (event: HostEvent, runner: Run<Bare>) => void = () => {},
): Promise<Started> {
  const events = new Seen<HostEvent>()
  const ports = new Seen<number>()
  const runner: Run<Bare> = run(new Bare(options, (port) => ports.push(port)), {
    bind: { udp4: '127.0.0.1' },
    onEvent(event) {
      events.push(event)
      onEvent(event, runner)
    },
  })
  left.push(() => runner[Symbol.dispose]())
  const port = await ports.first((port): port is number => port > 0)
  return {
    runner,
    port,
    events: events.all,
    event: (kind) =>
      events.first((event): event is Extract<HostEvent, { kind: typeof kind }> => isOf(event, kind)),
  }
}

const isOf = <K extends HostEvent['kind']>(
  event: HostEvent,
  kind: K,
): event is Extract<HostEvent, { kind: K }> => event.kind === kind

export interface Program {
  line(text: string): Promise<string>
  readonly ended: Promise<unknown>
}

/** The C program; `line` waits for one that contains a text. */
export function peer(...args: readonly string[]): Program {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  left.push(() => child.kill())
  const lines = new Seen<string>()
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  return {
    ended: once(child, 'close'),
    line: (text) => lines.first((line): line is string => line.includes(text)),
  }
}
