/** A host and what it refuses: what wants an acknowledgement, and gets none in the turn in which it comes. */
import type { Datagram, Machine, Output } from '../../../src/machine.ts'
import { type Command, wantsAck } from '../../../src/transport/enet/command.ts'
import { decodeDatagram } from '../../../src/transport/enet/datagram.ts'
import type { HostEvent } from '../../../src/transport/enet/peer.ts'

/** A command of channel 1 that does not come, however often it is sent. */
export interface Hole {
  readonly number: number
  readonly copies: number // that are lost
}

export class Watched implements Machine<HostEvent> {
  refused = 0
  /** Numbers from the first that is missing to the last that came, at most; of channel 1. */
  span = 0
  /** What was sent in each turn. */
  readonly turns: { datagrams: number; acknowledgements: number }[] = []
  readonly #host: Machine<HostEvent>
  readonly #hole: Hole | undefined
  #turn = { datagrams: 0, acknowledgements: 0 }
  #copies = 0 // of the hole's number
  readonly #waiting = new Set<number>() // channel and number
  readonly #ahead = new Set<number>() // numbers that came, beyond `prefix`
  #prefix = 0 // the last number before which none is missing

  constructor(host: Machine<HostEvent>, hole?: Hole) {
    this.#host = host
    this.#hole = hole
  }

  get deadline(): number {
    return this.#host.deadline
  }

  receive(datagram: Datagram, now: number): void {
    const commands = decodeDatagram(datagram.bytes)?.commands ?? []
    if (commands.some((command) => this.#isHole(command))) return
    for (const { flags, channel, sequence } of commands) {
      if ((flags & wantsAck) === 0 || channel === 0xff) continue
      this.#waiting.add((channel << 16) | sequence)
      if (channel === 1) this.#came(sequence)
    }
    this.#host.receive(datagram, now)
  }

  *drain(now: number): Generator<Output<HostEvent>> {
    const turn = this.#turn
    for (const out of this.#host.drain(now)) {
      if (out.kind === 'send') {
        turn.datagrams++
        for (const command of decodeDatagram(out.datagram.bytes)?.commands ?? []) {
          if (command.kind === 'acknowledge') {
            turn.acknowledgements++
            this.#waiting.delete((command.channel << 16) | command.sequence)
          }
        }
      }
      yield out
    }
    if (this.#host.deadline <= now) return // the turn goes on
    this.turns.push(turn)
    this.#turn = { datagrams: 0, acknowledgements: 0 }
    this.refused += this.#waiting.size
    this.#waiting.clear()
  }

  #isHole({ channel, sequence, flags }: Command): boolean {
    if (!this.#hole || channel !== 1 || sequence !== this.#hole.number || (flags & wantsAck) === 0)
      return false
    return ++this.#copies <= this.#hole.copies
  }

  #came(sequence: number): void {
    const ahead = (sequence - this.#prefix) & 0xffff
    if (ahead === 0 || ahead >= 0x8000) return
    this.#ahead.add(sequence)
    this.span = Math.max(this.span, ahead)
    while (this.#ahead.delete((this.#prefix + 1) & 0xffff)) this.#prefix = (this.#prefix + 1) & 0xffff
  }
}
