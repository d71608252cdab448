/**
 * A gateway counts the seconds since its table of mappings was begun, and says
 * so in every answer. Where the count does not fit the time that went by, it
 * has lost its state: our mapping is gone.
 */

export interface Epoch {
  readonly seconds: number // as the gateway said
  readonly at: number // ms on our clock when it came
}

/** RFC 6886, section 3.6: the gateway's clock may run 1/8 slow, and 2 s are for the way. */
export function hasNatPmpLostState(before: Epoch, after: Epoch): boolean {
  const passed = (after.at - before.at) / 1_000
  return after.seconds < before.seconds + (passed * 7) / 8 - 2
}

/** RFC 6887, section 8.5: neither clock may run 1/16 slower than the other. */
export function hasPcpLostState(before: Epoch, after: Epoch): boolean {
  const client = (after.at - before.at) / 1_000
  const server = after.seconds - before.seconds
  if (server < -1) return true
  return client + 2 < server - server / 16 || server + 2 < client - client / 16
}
