/**
 * The twelve commands of ENet 1.3.17 (include/enet/protocol.h), octet for
 * octet. All integers are big-endian; a command is a header of four octets
 * (number with flags, channel, reliable sequence number) and its fields.
 */

/** What every command begins with. */
interface Head {
  readonly flags: number // upper four bits of the first octet: `wantsAck`, `isUnsequenced`
  readonly channel: number // 0xFF: the peer itself, not one of its channels
  readonly sequence: number // u16, the reliable sequence number
}

export const wantsAck = 0x80
export const isUnsequenced = 0x40
export const controlChannel = 0xff

export interface Acknowledge extends Head {
  readonly kind: 'acknowledge'
  readonly receivedSequence: number // u16
  readonly receivedSentTime: number // u16, ms
}

/** The fields that CONNECT and VERIFY_CONNECT share; u32 unless said. */
interface Terms extends Head {
  readonly outgoingPeer: number // u16, the sender's slot
  readonly incomingSession: number // u8, 0xFF: none yet
  readonly outgoingSession: number // u8
  readonly mtu: number
  readonly windowSize: number // octets
  readonly channels: number
  readonly incomingBandwidth: number // octets per second, 0: no limit
  readonly outgoingBandwidth: number
  readonly throttleInterval: number // ms
  readonly throttleAcceleration: number
  readonly throttleDeceleration: number
  readonly connectId: number // four opaque octets
}

export interface Connect extends Terms {
  readonly kind: 'connect'
  readonly data: number // u32
}

export interface VerifyConnect extends Terms {
  readonly kind: 'verify-connect'
}

export interface Disconnect extends Head {
  readonly kind: 'disconnect'
  readonly data: number // u32
}

export interface Ping extends Head {
  readonly kind: 'ping'
}

export interface SendReliable extends Head {
  readonly kind: 'send-reliable'
  readonly payload: Uint8Array
}

export interface SendUnreliable extends Head {
  readonly kind: 'send-unreliable'
  readonly unreliableSequence: number // u16
  readonly payload: Uint8Array
}

/** One piece of a message. */
interface Piece extends Head {
  readonly start: number // u16: sequence number of the first piece
  readonly count: number // u32, as all below
  readonly number: number
  readonly total: number // octets of the message
  readonly offset: number
  readonly payload: Uint8Array
}

export interface SendFragment extends Piece {
  readonly kind: 'send-fragment'
}

export interface SendUnsequenced extends Head {
  readonly kind: 'send-unsequenced'
  readonly group: number // u16
  readonly payload: Uint8Array
}

export interface BandwidthLimit extends Head {
  readonly kind: 'bandwidth-limit'
  readonly incoming: number // u32, octets per second, 0: no limit
  readonly outgoing: number
}

export interface ThrottleConfigure extends Head {
  readonly kind: 'throttle-configure'
  readonly interval: number // u32, ms
  readonly acceleration: number
  readonly deceleration: number
}

export interface SendUnreliableFragment extends Piece {
  readonly kind: 'send-unreliable-fragment'
}

export type Command =
  | Acknowledge
  | Connect
  | VerifyConnect
  | Disconnect
  | Ping
  | SendReliable
  | SendUnreliable
  | SendFragment
  | SendUnsequenced
  | BandwidthLimit
  | ThrottleConfigure
  | SendUnreliableFragment

const numbers = {
  acknowledge: 1,
  connect: 2,
  'verify-connect': 3,
  disconnect: 4,
  ping: 5,
  'send-reliable': 6,
  'send-unreliable': 7,
  'send-fragment': 8,
  'send-unsequenced': 9,
  'bandwidth-limit': 10,
  'throttle-configure': 11,
  'send-unreliable-fragment': 12,
} as const satisfies Record<Command['kind'], number>

/** Octets by command number, without a payload; 0: no such command. */
const sizes = [0, 8, 48, 44, 8, 4, 6, 8, 24, 8, 12, 16, 24, 0, 0, 0] as const

export const acknowledgeSize = sizes[numbers.acknowledge]
export const fragmentHeadSize = sizes[numbers['send-fragment']]

/** Octets that `encodeCommand` writes. */
export function commandSize(command: Command): number {
  const size = sizes[numbers[command.kind]]
  return 'payload' in command ? size + command.payload.length : size
}

/** The command at `at`; its payload is a view. `undefined` if there is none, or not all of it. */
export function decodeCommand(bytes: Uint8Array, at: number): Command | undefined {
  if (at + 4 > bytes.length) return undefined
  const number = bytes[at]! & 0x0f
  const size = sizes[number]!
  if (size === 0 || at + size > bytes.length) return undefined
  const flags = bytes[at]! & 0xf0
  const channel = bytes[at + 1]!
  const sequence = u16(bytes, at + 2)
  const head = { flags, channel, sequence }
  switch (number) {
    case numbers.acknowledge: {
      const [receivedSequence, receivedSentTime] = [u16(bytes, at + 4), u16(bytes, at + 6)]
      return { kind: 'acknowledge', flags, channel, sequence, receivedSequence, receivedSentTime }
    }
    case numbers.connect:
      return { kind: 'connect', ...head, ...terms(bytes, at), data: u32(bytes, at + 44) }
    case numbers['verify-connect']:
      return { kind: 'verify-connect', ...head, ...terms(bytes, at) }
    case numbers.disconnect:
      return { kind: 'disconnect', flags, channel, sequence, data: u32(bytes, at + 4) }
    case numbers.ping:
      return { kind: 'ping', flags, channel, sequence }
    case numbers['bandwidth-limit']:
      return { kind: 'bandwidth-limit', ...head, incoming: u32(bytes, at + 4), outgoing: u32(bytes, at + 8) }
    case numbers['throttle-configure']: {
      const [acceleration, deceleration] = [u32(bytes, at + 8), u32(bytes, at + 12)]
      return { kind: 'throttle-configure', ...head, interval: u32(bytes, at + 4), acceleration, deceleration }
    }
    default:
      return decodeSend(bytes, at, number)
  }
}

/** The five commands with a payload. */
function decodeSend(bytes: Uint8Array, at: number, number: number): Command | undefined {
  const begin = at + sizes[number]!
  const end = begin + u16(bytes, number === numbers['send-reliable'] ? at + 4 : at + 6)
  if (end > bytes.length) return undefined
  const flags = bytes[at]! & 0xf0
  const channel = bytes[at + 1]!
  const sequence = u16(bytes, at + 2)
  const payload = bytes.subarray(begin, end)
  if (number === numbers['send-reliable']) return { kind: 'send-reliable', flags, channel, sequence, payload }
  const start = u16(bytes, at + 4)
  if (number === numbers['send-unreliable'])
    return { kind: 'send-unreliable', flags, channel, sequence, unreliableSequence: start, payload }
  if (number === numbers['send-unsequenced'])
    return { kind: 'send-unsequenced', flags, channel, sequence, group: start, payload }
  return {
    kind: number === numbers['send-fragment'] ? 'send-fragment' : 'send-unreliable-fragment',
    flags,
    channel,
    sequence,
    start,
    count: u32(bytes, at + 8),
    number: u32(bytes, at + 12),
    total: u32(bytes, at + 16),
    offset: u32(bytes, at + 20),
    payload,
  }
}

function terms(bytes: Uint8Array, at: number): Omit<Terms, keyof Head> {
  return {
    outgoingPeer: u16(bytes, at + 4),
    incomingSession: bytes[at + 6]!,
    outgoingSession: bytes[at + 7]!,
    mtu: u32(bytes, at + 8),
    windowSize: u32(bytes, at + 12),
    channels: u32(bytes, at + 16),
    incomingBandwidth: u32(bytes, at + 20),
    outgoingBandwidth: u32(bytes, at + 24),
    throttleInterval: u32(bytes, at + 28),
    throttleAcceleration: u32(bytes, at + 32),
    throttleDeceleration: u32(bytes, at + 36),
    connectId: u32(bytes, at + 40),
  }
}

/** Writes a command at `at`, where there must be room, and returns where it ends. */
export function encodeCommand(command: Command, into: Uint8Array, at: number): number {
  const number = numbers[command.kind]
  into[at] = command.flags | number
  into[at + 1] = command.channel
  put16(into, at + 2, command.sequence)
  switch (command.kind) {
    case 'acknowledge':
      put16(into, at + 4, command.receivedSequence)
      put16(into, at + 6, command.receivedSentTime)
      break
    case 'connect':
      putTerms(into, at, command)
      put32(into, at + 44, command.data)
      break
    case 'verify-connect':
      putTerms(into, at, command)
      break
    case 'disconnect':
      put32(into, at + 4, command.data)
      break
    case 'ping':
      break
    case 'bandwidth-limit':
      put32(into, at + 4, command.incoming)
      put32(into, at + 8, command.outgoing)
      break
    case 'throttle-configure':
      put32(into, at + 4, command.interval)
      put32(into, at + 8, command.acceleration)
      put32(into, at + 12, command.deceleration)
      break
    case 'send-reliable':
      put16(into, at + 4, command.payload.length)
      return putPayload(into, at + 6, command.payload)
    case 'send-unreliable':
      put16(into, at + 4, command.unreliableSequence)
      put16(into, at + 6, command.payload.length)
      return putPayload(into, at + 8, command.payload)
    case 'send-unsequenced':
      put16(into, at + 4, command.group)
      put16(into, at + 6, command.payload.length)
      return putPayload(into, at + 8, command.payload)
    case 'send-fragment':
    case 'send-unreliable-fragment':
      put16(into, at + 4, command.start)
      put16(into, at + 6, command.payload.length)
      put32(into, at + 8, command.count)
      put32(into, at + 12, command.number)
      put32(into, at + 16, command.total)
      put32(into, at + 20, command.offset)
      return putPayload(into, at + 24, command.payload)
    default:
      command satisfies never
  }
  return at + sizes[number]
}

function putTerms(into: Uint8Array, at: number, terms: Terms): void {
  put16(into, at + 4, terms.outgoingPeer)
  into[at + 6] = terms.incomingSession
  into[at + 7] = terms.outgoingSession
  put32(into, at + 8, terms.mtu)
  put32(into, at + 12, terms.windowSize)
  put32(into, at + 16, terms.channels)
  put32(into, at + 20, terms.incomingBandwidth)
  put32(into, at + 24, terms.outgoingBandwidth)
  put32(into, at + 28, terms.throttleInterval)
  put32(into, at + 32, terms.throttleAcceleration)
  put32(into, at + 36, terms.throttleDeceleration)
  put32(into, at + 40, terms.connectId)
}

function putPayload(into: Uint8Array, at: number, payload: Uint8Array): number {
  into.set(payload, at)
  return at + payload.length
}

// By hand, as they run for every command of every datagram: a Reader costs an array per field.
export const u16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!

export const u32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0

export function put16(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 8
  into[at + 1] = value
}

export function put32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24
  into[at + 1] = value >>> 16
  into[at + 2] = value >>> 8
  into[at + 3] = value
}
