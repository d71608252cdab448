import { describe, expect, test } from 'vitest'
import { wantsAck } from '../../../src/transport/enet/command.ts'
import { Outgoing } from '../../../src/transport/enet/flight.ts'
import { type Beyond, Lane } from '../../../src/transport/enet/lane.ts'

const held = 4 << 20 // octets that a receiver of ours holds

/** A channel that sends messages of a size, as long as it may. */
class Channel {
  readonly lane: Lane
  #sequence = 0

  constructor(beyond: Beyond) {
    this.lane = new Lane(beyond)
  }

  /** Octets that left. */
  send(size: number, most = Infinity): number {
    const payload = new Uint8Array(size)
    let octets = 0
    for (; octets < most; octets += size) {
      const sequence = (this.#sequence + 1) & 0xffff
      const item = new Outgoing({ kind: 'send-reliable', flags: wantsAck, channel: 0, sequence, payload })
      if (this.lane.mustWait(item)) break
      this.#sequence = sequence
      this.lane.sends(item)
    }
    return octets
  }
}

describe('what a channel sends beyond a gap', () => {
  test('is no more than the receiver holds, and goes on when the gap is filled', () => {
    const channel = new Channel({ octets: 0 })
    const sent = channel.send(1_000)
    expect(sent).toBeGreaterThan(3_400_000)
    expect(sent * 1.128).toBeLessThan(held)
    channel.lane.acknowledged(2)
    expect(channel.send(1_000)).toBe(0)
    channel.lane.acknowledged(1)
    expect(channel.send(1_000)).toBe(2_000)
  })

  test('counts for all channels, and leaves 64 KiB to each', () => {
    const beyond = { octets: 0 }
    const [talk, file] = [new Channel(beyond), new Channel(beyond)]
    const sent = file.send(1_000)
    const chatted = talk.send(1_000)
    expect(chatted).toBeGreaterThan(50_000)
    expect(chatted).toBeLessThan(65_536)
    expect((sent + chatted) * 1.128).toBeLessThan(held)
    for (let sequence = 1; sequence <= 1_000; sequence++) file.lane.acknowledged(sequence)
    expect(talk.send(1_000, 500_000)).toBe(500_000)
  })
})

test('a channel gives up the memory of a long flight once all of it is acknowledged', () => {
  const long = new Channel({ octets: 0 })
  const count = long.send(1_000) / 1_000
  expect(long.lane.sent.slots).toBeGreaterThan(2_000)
  for (let sequence = 1; sequence <= count; sequence++) long.lane.acknowledged(sequence)
  expect(long.lane.sent.slots).toBeLessThan(300)
})
