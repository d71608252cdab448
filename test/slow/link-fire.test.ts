/** Links whose keys step and whose addresses change while they carry all they can, in virtual time. */
import { expect, test } from 'vitest'
import { connect, type End, openNat } from '../transport/link/ends.ts'
import { octets } from '../transport/link/pair.ts'

const size = 5_000
const [talk, bulk] = [0, 1]

/** Numbers of the pieces of bulk that came, told apart by their first octets. */
const pieces = (end: End): number[] =>
  end.host.events.flatMap((event) =>
    event.kind === 'message' && event.channel === bulk
      ? [new DataView(event.bytes.slice().buffer).getUint32(0)]
      : [],
  )

const lines = (end: End): number[] =>
  end.host.events.flatMap((event) =>
    event.kind === 'message' && event.channel === talk ? [Number(new TextDecoder().decode(event.bytes))] : [],
  )

function piece(number: number): Uint8Array {
  const bytes = octets(size, 7)
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

test.each([1, 2])(
  'bulk both ways for 400 s, three steps of the keys, a change of either address each 4 s: all once, in order (seed %i)',
  (seed) => {
    const { network, one, two } = connect({ seed, nats: [openNat, openNat], latency: [10, 40], loss: 0.01 })
    const generations = new Set<number>()
    for (const end of [one, two]) {
      const receive = end.receive.bind(end)
      end.receive = (datagram, now) => {
        if (datagram.bytes[0] === 0xf3) generations.add(datagram.bytes[1]!)
        receive(datagram, now)
      }
    }
    const count = 1_000
    let stalled = 0
    for (let i = 0; i < count; i++) {
      for (const end of [one, two]) {
        end.link!.send(piece(i), { channel: bulk })
        end.link!.send(new TextEncoder().encode(`${i}`), { channel: talk })
      }
      if (i % 10 === 9) (i % 20 === 9 ? one : two).host.rebind()
      const before = [pieces(one).length, pieces(two).length]
      network.run(400)
      const after = [pieces(one).length, pieces(two).length]
      if (after.some((came, side) => came === before[side])) stalled++
    }
    network.run(20_000)
    const expected = Array.from({ length: count }, (_, i) => i)
    for (const end of [one, two]) {
      expect(pieces(end)).toEqual(expected)
      expect(lines(end)).toEqual(expected)
      expect(end.kinds().filter((kind) => kind === 'path').length).toBeGreaterThan(40)
    }
    expect([...generations]).toEqual([0, 1, 2, 3])
    expect(stalled).toBeLessThan(count / 4)
  },
)
