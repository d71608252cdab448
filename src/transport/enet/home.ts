/** What a connection and its host know of each other. */
import type { Address } from '../../machine.ts'
import type { Bandwidth } from './bandwidth.ts'
import type { Command } from './command.ts'
import type { Sending } from './congestion.ts'
import type { Slot } from './handshake.ts'
import type { Limits, Timeout } from './limits.ts'
import type { Envelope } from './packer.ts'
import type { HostEvent } from './peer.ts'

/** What a connection needs of its host. */
export interface Home {
  /** Something may be due at once. */
  wake(): void
  tell(event: HostEvent): void
  /** The host's own. */
  bandwidth(): Bandwidth
  /** A last word of a connection that is forgotten. */
  farewell(to: Address, envelope: Envelope, command: Command): void
  /** The bandwidth of one more or one less peer is to be told to the others. */
  recalculate(): void
  /** The slot is free again; its session numbers stay. */
  release(slot: Slot): void
}

export interface ConnectionOptions {
  readonly home: Home
  readonly slot: Slot
  readonly address: Address
  readonly sending: Sending
  readonly channels: number
  readonly mtu: number
  readonly pathMtu: number
  readonly headerSize: number // octets of a datagram's header
  readonly pingInterval: number
  readonly timeout: Timeout
  readonly limits: Limits
  readonly highWater: number
}
