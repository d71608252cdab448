/** Packets as a controller sees them, without a connection around. */
import type { Packet } from '../../../../src/transport/enet/packet.ts'

export class Sent implements Packet {
  readonly size = 1_000
  readonly octets = 1_000
  readonly attempts = 1
  isInFlight = true
  snapshot: Packet['snapshot']
  readonly number: number
  readonly sentAt: number

  constructor(number: number, sentAt: number) {
    this.number = number
    this.sentAt = sentAt
  }
}
