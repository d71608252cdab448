/**
 * What a link costs in which nobody speaks: octets on the wire, IPv4 and UDP
 * with them, behind virtual NATs that forget after a while. The target of the
 * design is 0.1 kB/s.
 */
import { connect, type End, portRestricted } from '../test/transport/link/ends.ts'
import type { Bench, Figure } from './bench.ts'

export const bench: Bench = { name: 'link-idle', run }

async function* run(): AsyncIterable<Figure> {
  for (const seconds of [10, 30, 100, 300]) {
    const nat = { ...portRestricted, lifetime: { ms: seconds * 1_000, refreshedBy: 'outbound' } } as const
    const { network, one, two } = connect({ seed: seconds, nats: [nat, nat], latency: [20, 60] })
    const early = spent([one, two])
    network.run(measuring)
    const before = spent([one, two])
    network.run(hour)
    const after = spent([one, two])
    yield {
      name: `idle link, a side, NAT of ${seconds} s`,
      value: (after.octets - before.octets) / 2 / (hour / 1_000),
      unit: 'B/s',
      note: `${((after.frames - before.frames) / 2 / 60).toFixed(1)} frames a minute; ${(
        (before.octets - early.octets) / 2 / (measuring / 1_000)
      ).toFixed(1)} B/s in the first 20 min, while it measures`,
    }
  }
}

function spent(ends: readonly End[]): { readonly frames: number; readonly octets: number } {
  const sent = ends.map(({ link }) => link!.sent)
  const frames = sent.reduce((sum, each) => sum + each.frames, 0)
  return { frames, octets: sent.reduce((sum, each) => sum + each.octets, frames * ipAndUdp) }
}

const measuring = 1_200_000 // ms
const hour = 3_600_000 // ms
const ipAndUdp = 28 // octets
