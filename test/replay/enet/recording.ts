/** The vector files of ENet, read from JSON of unknown origin: what was called, told and sent, and when. */
import type { Checksums, Compression } from '../../../src/transport/enet/datagram.ts'

export interface Recording {
  readonly checksums: Checksums
  readonly compression: Compression
  readonly bandwidth: { readonly incoming: number; readonly outgoing: number } // of both hosts
  readonly mtuOfA: number
  readonly log: readonly Entry[]
}

export type Side = 'A' | 'B'

export type Entry =
  | {
      readonly kind: 'call'
      readonly at: number
      readonly side: Side
      readonly name: string
      readonly fields: Fields
    }
  | {
      readonly kind: 'event'
      readonly at: number
      readonly side: Side
      readonly name: string
      readonly fields: Fields
    }
  | Sent

export interface Sent {
  readonly kind: 'datagram'
  readonly at: number // ms since the scenario began, when the relay saw it
  readonly side: Side // the sender
  readonly n: number
  readonly isDropped: boolean
  readonly bytes: Uint8Array
}

export type Fields = Readonly<Record<string, unknown>>

/** `undefined`: not a recording of this form. */
export function readRecording(json: unknown): Recording | undefined {
  if (!isFields(json) || !isFields(json['options']) || !Array.isArray(json['log'])) return undefined
  const { options } = json
  const log: Entry[] = []
  for (const item of json['log'] as readonly unknown[]) {
    const entries = readEntry(item)
    if (!entries) return undefined
    log.push(...entries)
  }
  return {
    checksums: options['checksum_crc32'] === true ? 'checksummed' : 'plain',
    compression: options['range_coder'] === true ? 'range-coder' : 'plain',
    bandwidth: {
      incoming: number(options, 'incomingBandwidth'),
      outgoing: number(options, 'outgoingBandwidth'),
    },
    mtuOfA: number(options, 'mtu_A') || 1_400,
    log,
  }
}

export const number = (fields: Fields, name: string): number => {
  const value = fields[name]
  return typeof value === 'number' ? value : 0
}

/** One entry may be a call on both sides: `A.timeout and B.timeout`. */
function readEntry(item: unknown): Entry[] | undefined {
  if (!isFields(item) || typeof item['t'] !== 'number') return undefined
  const at = item['t']
  const { call, event, dir, hex } = item
  if (typeof call === 'string')
    return named(call)?.map((name) => ({ kind: 'call', at, ...name, fields: item }))
  if (typeof event === 'string')
    return named(event)?.map((name) => ({ kind: 'event', at, ...name, fields: item }))
  if ((dir !== 'A>B' && dir !== 'B>A') || typeof hex !== 'string') return undefined
  if (!/^(?:[\da-f]{2})*$/.test(hex) || hex.length !== 2 * number(item, 'len')) return undefined
  const bytes = new Uint8Array(Buffer.from(hex, 'hex'))
  const side = dir === 'A>B' ? 'A' : 'B'
  return [{ kind: 'datagram', at, side, n: number(item, 'n'), isDropped: item['dropped'] === true, bytes }]
}

function named(text: string): { side: Side; name: string }[] | undefined {
  const names = text.split(' and ').map((part) => /^([AB])\.([\w-]+)$/.exec(part))
  const all = names.flatMap((match) => {
    const side = match?.[1]
    return side === 'A' || side === 'B' ? [{ side, name: match![2]! } as const] : []
  })
  return all.length === names.length ? all : undefined
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
