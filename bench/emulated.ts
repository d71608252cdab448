/**
 * A line between two network namespaces, with delay, loss, a rate and a queue (test/peers/link_emul.c). It and they
 * go when it is let go of, or with the process. Needs root and /dev/net/tun.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Figure } from './bench.ts'
import { type Contenders, contenders } from './contenders.ts'
import { Compiled } from './counterparts.ts'
import { Child, type Place } from './pair.ts'

export interface LineOptions {
  readonly rtt: number // ms
  readonly loss: number // percent, each way
  readonly rate: number // Mbit/s
  readonly seed: number
}

/** One direction of it, to the end. */
export interface Passed {
  readonly in: number // packets that were offered
  readonly offered: number // octets of them, IP's headers with them
  readonly lost: number // packets, by chance
  readonly overflow: number // packets that found the queue full
}

/** Why there is no line here, or undefined. */
function whyNoLine(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  if (!existsSync('/dev/net/tun')) return 'no /dev/net/tun'
  const missing = ['ip', 'iperf3'].filter((tool) => spawnSync('which', [tool]).status !== 0)
  if (missing.length > 0) return `${missing.join(', ')} not installed`
  if (spawnSync('ip', ['netns', 'list']).status !== 0) return 'no network namespaces'
  return undefined
}

export class EmulatedLine implements AsyncDisposable {
  static #made = 0
  static readonly #standing = new Set<EmulatedLine>()
  /** The client sends from one end, the server is at the other. */
  readonly place: Place
  readonly #names: readonly string[]
  readonly #emulator: Child

  private constructor(names: readonly string[], emulator: Child) {
    this.#names = names
    this.#emulator = emulator
    const [client = [], server = []] = names.map((name) => ['ip', 'netns', 'exec', name])
    this.place = { client, server, host: '10.78.0.2' }
  }

  /** @param emulator - link_emul, built */
  static async up(emulator: string, { rtt, loss, rate, seed }: LineOptions): Promise<EmulatedLine> {
    if (EmulatedLine.#made === 0) {
      removeOrphans()
      process.once('exit', () => {
        for (const line of EmulatedLine.#standing) for (const name of line.#names) remove(name)
      })
    }
    const number = ++EmulatedLine.#made
    const names = ['a', 'b'].map((end) => `${prefix}${process.pid}-${number}${end}`)
    for (const name of names) {
      execFileSync('ip', ['netns', 'add', name])
      execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']) // several programs at one end hear each other
      // What one run of TCP learned is no use to the next.
      const unlearned = ['sysctl', '-q', 'net.ipv4.tcp_no_metrics_save=1']
      execFileSync('ip', ['netns', 'exec', name, ...unlearned])
    }
    const options = {
      '--seconds': longest,
      '--delay': rtt / 2,
      '--loss': loss,
      '--rate': rate,
      '--queue': queue,
      '--seed': seed,
    }
    const child = new Child([emulator, ...names, ...Object.entries(options).flat().map(String)])
    const line = new EmulatedLine(names, child)
    EmulatedLine.#standing.add(line)
    await child.answer('event')
    return line
  }

  /** What passed from the client to the server, when it is over: takes the line down. */
  async passed(): Promise<Passed> {
    const passed: unknown = (await this.#emulator.ended()).find((said) => said['direction'] === 'a-to-b')
    return passed as Passed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#emulator[Symbol.asyncDispose]()
    for (const name of this.#names) remove(name)
    EmulatedLine.#standing.delete(this)
  }
}

/** What a benchmark over lines has. */
export interface Lines {
  readonly programs: Contenders
  up(options: LineOptions): Promise<EmulatedLine>
}

/** Measures over lines; where there can be none, says why and yields nothing. */
export async function* overLines(
  bench: string,
  measuring: (lines: Lines) => AsyncIterable<Figure>,
): AsyncIterable<Figure> {
  using compiled = new Compiled()
  const emulator = compiled.make('link_emul')
  const missing = whyNoLine() ?? ('why' in emulator ? emulator.why : undefined)
  if (missing !== undefined || 'why' in emulator) {
    console.error(`skipped: ${bench}: ${missing}`)
    return
  }
  const up = (options: LineOptions): Promise<EmulatedLine> => EmulatedLine.up(emulator.path, options)
  yield* measuring({ programs: contenders(bench, compiled), up })
}

/** MB/s of one TCP connection over the line, by iperf3, and the parts of it that were sent again. */
export async function tcp(
  congestion: 'bbr' | 'cubic',
  { server, client, host }: Place,
  seconds: number,
): Promise<{ readonly rate: number; readonly again: number }> {
  const port = `${5_201 + (tcpCount++ % 1_000)}`
  await using serving = new Child([...server, 'iperf3', '-s', '-1', '-p', port, '--forceflush'])
  await serving.line('listening')
  const [file, ...args] = [
    ...client,
    'iperf3',
    '-c',
    host,
    '-p',
    port,
    '-C',
    congestion,
    '-t',
    `${seconds}`,
    '-J',
  ]
  const { stdout } = await promisify(execFile)(file!, args, { maxBuffer: 2 ** 26 })
  const { end }: Report = JSON.parse(stdout)
  await serving.over // by itself, after one
  const again = (end.sum_sent.retransmits * segment) / end.sum_sent.bytes
  return { rate: end.sum_received.bits_per_second / 8e6, again }
}

/**
 * Put before a program at the client's end: its TCP sends so. By the route, as a namespace may not choose every one for
 * all that it sends.
 */
export function sendingBy(congestion: 'bbr' | 'cubic', host: string): readonly string[] {
  return ['sh', '-c', `ip route replace ${host} dev emu0 congctl ${congestion} && exec "$@"`, 'sh']
}

/** As much as is read of what iperf3 tells. */
interface Report {
  readonly end: {
    readonly sum_sent: { readonly bytes: number; readonly retransmits: number }
    readonly sum_received: { readonly bits_per_second: number }
  }
}

/** Namespaces of processes that were killed before they could remove them. */
function removeOrphans(): void {
  for (const line of execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).split('\n')) {
    const [name, pid] = /^otrtalk-line-(\d+)-\w+/.exec(line) ?? []
    if (name !== undefined && !existsSync(`/proc/${pid}`)) remove(name)
  }
}

function remove(name: string): void {
  spawnSync('ip', ['netns', 'delete', name])
}

const prefix = 'otrtalk-line-'
const queue = 256 // packets
const longest = 3_600 // s: then it ends by itself, whatever became of who made it
const segment = 1_448 // octets of TCP in a packet of 1,500
let tcpCount = 0
