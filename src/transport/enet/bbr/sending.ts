import type { Random } from '../../../crypto.ts'
import type { Sending } from '../congestion.ts'
import { Rack } from '../rack.ts'
import { Bbr } from './bbr.ts'

/** Sends as fast as the path carries, and keeps its queue short. */
export const bbr = (random: Random): Sending => ({
  congestion: new Bbr(() => (random(1)[0] ?? 0) / 256),
  recovery: new Rack(),
  order: 'lowest-channel',
  acknowledging: 'again-after-loss',
})
