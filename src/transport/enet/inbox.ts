/** The receiving side of a connection: its channels, and what belongs to none. */
import type { Command, SendUnsequenced } from './command.ts'
import { Incoming } from './incoming.ts'
import type { Limits } from './limits.ts'
import type { Place } from './sequence.ts'
import { UnsequencedWindow } from './unsequenced.ts'

export type Send = Extract<Command, { readonly payload: Uint8Array }>

export class Inbox {
  readonly #deliver: (channel: number, message: Uint8Array) => void
  readonly #channels: (Incoming | undefined)[] = []
  readonly #waiting = { octets: 0, isRepeated: false }
  readonly #unsequenced = new UnsequencedWindow()

  constructor(deliver: (channel: number, message: Uint8Array) => void) {
    this.#deliver = deliver
  }

  /** False: refused, and must not be acknowledged. */
  receive(command: Send, limits: Limits): boolean {
    this.#waiting.isRepeated = false
    switch (command.kind) {
      case 'send-reliable':
        return this.#channel(command.channel).reliable(command, limits)
      case 'send-fragment':
        return this.#channel(command.channel).fragment(command, limits)
      case 'send-unreliable':
        if (command.payload.length > limits.maximumPacketSize) return false
        this.#channel(command.channel).unreliable(command, limits)
        return true
      case 'send-unsequenced':
        return this.#receiveUnsequenced(command, limits)
      case 'send-unreliable-fragment':
        return this.#channel(command.channel).unreliableFragment(command, limits)
      default:
        return command satisfies never
    }
  }

  /** The command received last had come before. */
  get isRepeated(): boolean {
    return this.#waiting.isRepeated
  }

  /** Where a number lies, seen from the last one delivered on its channel. */
  place(channel: number, sequence: number): Place {
    return this.#channel(channel).place(sequence)
  }

  /** Forgets what is held. */
  clear(): void {
    this.#channels.length = 0
    this.#waiting.octets = 0
  }

  #receiveUnsequenced({ channel, group, payload }: SendUnsequenced, limits: Limits): boolean {
    if (payload.length > limits.maximumPacketSize) return false
    if (this.#unsequenced.accept(group)) this.#deliver(channel, payload)
    return true
  }

  #channel(channel: number): Incoming {
    let incoming = this.#channels[channel]
    if (!incoming) {
      incoming = new Incoming(this.#waiting, (message) => this.#deliver(channel, message))
      this.#channels[channel] = incoming
    }
    return incoming
  }
}
