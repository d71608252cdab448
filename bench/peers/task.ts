/**
 * What the peers of the benchmarks are told, the same for all of them and for C ENet (test/peers/enet_peer.c), and
 * what they answer, a line of JSON each:
 *
 *     server [--bind IP] [--echo]                                  → listening, fin
 *     bulk HOST PORT [--for SECONDS] [--size OCTETS]               → bytes, seconds, MBps
 *     ping HOST PORT [--count N] [--size OCTETS] [--interval-us N] → rtts_us
 *
 * A server that does not echo is a sink: it answers the end of what it was sent. It stays until it is killed, or its
 * time is over.
 */
import { parseArgs } from 'node:util'

export type Task = Server | Bulk | Ping

export interface Server {
  readonly kind: 'server'
  readonly bind: string
  readonly isEcho: boolean
}

export interface Bulk extends Destination {
  readonly kind: 'bulk'
  readonly duration: number // ms in which it sends as fast as it can
  readonly size: number // octets of a message
}

export interface Ping extends Destination {
  readonly kind: 'ping'
  readonly count: number
  readonly size: number
  readonly interval: number // ms from one to the next, at least
}

interface Destination {
  readonly host: string
  readonly port: number
}

/** How the peer itself is to be. */
export interface Manner {
  /** Encrypted, whatever that is there. */
  readonly isSealed: boolean
  /** `classic`, or what a host has by default. */
  readonly congestion: string | undefined
  /** The sender says where its time went. */
  readonly isProfiled: boolean
}

export function asked(args: readonly string[]): { readonly task: Task; readonly manner: Manner } {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const { sealed: isSealed, congestion, profile: isProfiled, seconds } = values
  setTimeout(() => process.exit(3), Number(seconds) * 1_000).unref() // whoever started it is gone
  return { task: taskOf(positionals, values), manner: { isSealed, congestion, isProfiled } }
}

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values']

function taskOf([kind, host = '127.0.0.1', port]: readonly string[], values: Values): Task {
  const to = { host, port: Number(port) }
  const { bind, echo: isEcho, size } = values
  if (kind === 'server') return { kind, bind, isEcho }
  if (kind === 'bulk')
    return { kind, ...to, duration: Number(values.for) * 1_000, size: Number(size ?? 65_536) }
  const [count, interval] = [Number(values.count), Number(values['interval-us']) / 1_000]
  if (kind === 'ping') return { kind, ...to, count, size: Number(size ?? 64), interval }
  throw new Error(`no task ${kind}`)
}

const options = {
  bind: { type: 'string', default: '0.0.0.0' },
  echo: { type: 'boolean', default: false },
  for: { type: 'string', default: '2' },
  size: { type: 'string' },
  count: { type: 'string', default: '5000' },
  'interval-us': { type: 'string', default: '0' },
  seconds: { type: 'string', default: '60' },
  sealed: { type: 'boolean', default: false },
  congestion: { type: 'string' },
  profile: { type: 'boolean', default: false },
} as const

/** One line of what a peer has to say. */
export function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** What a bulk sender has to say when the other side has all of it. */
export function tellBulk(bytes: number, since: number): void {
  const seconds = (performance.now() - since) / 1_000
  say({ bytes, seconds, MBps: bytes / 1e6 / seconds })
}
