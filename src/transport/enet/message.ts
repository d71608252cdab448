/**
 * From a message to its commands (ENet 1.3.17, enet_peer_send and
 * setup_outgoing_command): what is too long for a datagram is cut into pieces.
 */
import { type Command, isUnsequenced, wantsAck } from './command.ts'
import { next } from './sequence.ts'

/**
 * `unreliable`: at most once, never after a newer one of its channel; when too
 * long for a datagram it goes reliably. `unreliable-fragments`: the same, but
 * cut into unreliable pieces. `unsequenced`: at most once, in any order; when
 * too long it goes reliably.
 */
export type Delivery = 'reliable' | 'unreliable' | 'unreliable-fragments' | 'unsequenced'

/** The numbers that were given last. */
export interface Numbers {
  readonly sequence: number // reliable, of the channel
  readonly unreliable: number // since that one
  readonly group: number // unsequenced, of the connection
}

export interface Shape {
  readonly channel: number
  readonly delivery: Delivery
  readonly pieceSize: number // octets of payload that a piece may have
  readonly numbers: Numbers
}

/** The commands of a message, numbered; their payloads are views of it. */
export function commandsOf(message: Uint8Array, shape: Shape): Command[] {
  const { channel, pieceSize, numbers } = shape
  // The counter of unreliable messages does not wrap: a reliable one lets it begin again.
  const delivery =
    numbers.unreliable < 0xffff || shape.delivery === 'unsequenced' ? shape.delivery : 'reliable'
  if (message.length > pieceSize) return cut(message, { ...shape, delivery })
  const payload = message
  if (delivery === 'unsequenced') {
    const group = (numbers.group + 1) & 0xffff
    return [{ kind: 'send-unsequenced', flags: isUnsequenced, channel, sequence: 0, group, payload }]
  }
  if (delivery === 'reliable')
    return [{ kind: 'send-reliable', flags: wantsAck, channel, sequence: next(numbers.sequence), payload }]
  const unreliableSequence = numbers.unreliable + 1
  const { sequence } = numbers
  return [{ kind: 'send-unreliable', flags: 0, channel, sequence, unreliableSequence, payload }]
}

/** Reliable pieces take a number each; unreliable ones share that of the reliable message before, and their own. */
function cut(message: Uint8Array, { channel, delivery, pieceSize, numbers }: Shape): Command[] {
  const isReliable = delivery !== 'unreliable-fragments'
  const kind = isReliable ? 'send-fragment' : 'send-unreliable-fragment'
  const flags = isReliable ? wantsAck : 0
  const start = isReliable ? next(numbers.sequence) : numbers.unreliable + 1
  const total = message.length
  const count = Math.ceil(total / pieceSize)
  const commands = new Array<Command>(count)
  for (let number = 0, offset = 0; number < count; number++, offset += pieceSize) {
    const sequence = isReliable ? (start + number) & 0xffff : numbers.sequence
    const payload = message.subarray(offset, offset + pieceSize)
    commands[number] = { kind, flags, channel, sequence, start, count, number, total, offset, payload }
  }
  return commands
}
