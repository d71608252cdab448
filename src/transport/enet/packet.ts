/** What controllers see of a command that is on its way. */

/** A reliable command with a payload, as its controller sees it. */
export interface Packet {
  readonly size: number // octets of payload
  readonly octets: number // of the whole command
  readonly number: number // of the latest sending, among all of the connection
  readonly sentAt: number // ms with fractions, of the latest sending
  readonly attempts: number
  readonly isInFlight: boolean // false: taken for lost, and not yet sent again
  /** The controller's own notes on the latest sending. */
  snapshot: Snapshot | undefined
}

/** The sender's state as a packet leaves; the draft's per-packet state. */
export interface Snapshot {
  readonly delivered: number
  readonly deliveredAt: number
  readonly firstSentAt: number
  readonly inFlight: number // with the packet
  readonly lost: number
  readonly sent: number // with the packet, since the connection began
  readonly isAppLimited: boolean
}

/** Who goes first: what was queued first, or the lowest channel, so that talk never waits behind bulk data. */
export type Order = 'first-queued' | 'lowest-channel'
