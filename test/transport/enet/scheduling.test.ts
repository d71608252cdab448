/** Talk before files, on an emulated line: what a short message waits for, and what is sent for it. */
import { expect, test } from 'vitest'
import { decodeDatagram } from '../../../src/transport/enet/datagram.ts'
import { maxCommands } from '../../../src/transport/enet/limits.ts'
import { Flow, type FlowOptions } from '../../support/line/bulk.ts'
import { Line } from '../../support/line/line.ts'
import { Watched } from '../../support/line/watched.ts'

const slow = { delay: 25, rate: 10, queue: 256 } // a datagram takes 1.1 ms

interface Said {
  readonly at: number
  leftAt: number
  heardAt: number
}

/** Says lines of 64 octets, one every 97 ms, on channel 0. */
function talk(line: Line, flow: Flow, count: number): Said[] {
  const all: Said[] = []
  flow.onTalk = (bytes, now) => {
    all[bytes[0]!]!.heardAt = now
  }
  const { passes } = line
  line.passes = (datagram, from) => {
    for (const command of decodeDatagram(datagram.bytes)?.commands ?? [])
      if ('payload' in command && command.channel === 0) all[command.payload[0]!]!.leftAt = line.now
    return passes(datagram, from)
  }
  for (let i = 0; i < count; i++) {
    all.push({ at: line.now, leftAt: Infinity, heardAt: Infinity })
    flow.peer!.send(new Uint8Array(64).fill(i), { channel: 0 })
    line.run(97)
  }
  line.run(5_000, () => all.every(({ heardAt }) => heardAt < Infinity))
  return all
}

const longest = (times: readonly number[]): number => Math.max(...times)

test('a short line during a bulk transfer leaves within 5 ms, and waits only in the line’s queue, below 1.5 round trips', () => {
  const line = new Line(slow)
  const flow = new Flow(line, {})
  flow.octets = Infinity
  line.run(2_000)
  line.measure()
  const said = talk(line, flow, 100)
  const { wait, utilisation } = line.tally('left')
  expect(longest(said.map(({ at, leftAt }) => leftAt - at))).toBeLessThanOrEqual(5)
  expect(longest(said.map(({ leftAt, heardAt }) => heardAt - leftAt))).toBeLessThanOrEqual(25 + wait.max + 3)
  expect(wait.max).toBeLessThan(1.5 * 50)
  expect(utilisation).toBeGreaterThan(0.9)
})

test('a lone short line leaves at once', () => {
  const line = new Line(slow)
  const flow = new Flow(line, {})
  line.run(10_000)
  const said = talk(line, flow, 50)
  expect(longest(said.map(({ at, leftAt }) => leftAt - at))).toBe(0)
  expect(longest(said.map(({ at, heardAt }) => heardAt - at))).toBeLessThanOrEqual(26)
})

test('what is to be acknowledged of a turn goes out in that turn, 32 in a datagram', () => {
  const watches: Watched[] = []
  const watch: NonNullable<FlowOptions['watch']> = (receiver) => {
    watches.push(new Watched(receiver))
    return watches[0]!
  }
  const line = new Line({ delay: 5, rate: 1_000, queue: 512 })
  const flow = new Flow(line, { watch })
  flow.octets = 10e6
  line.run(5_000, () => flow.delivered >= flow.octets)
  const { turns, refused } = watches[0]!
  const most = longest(turns.map(({ acknowledgements }) => acknowledgements))
  expect([flow.isRight, refused]).toEqual([true, 0])
  expect(most).toBeGreaterThan(maxCommands)
  for (const { datagrams, acknowledgements } of turns)
    expect(datagrams).toBeLessThanOrEqual(Math.max(1, Math.ceil(acknowledgements / maxCommands)))
  expect(line.tally('right').datagrams).toBeLessThan(line.tally('left').datagrams / 10)
})

test('who minds `room` has no more than the high-water mark and a message waiting, in an outage as well', () => {
  const line = new Line({ ...slow, outages: [[2_000, 5_000]] })
  const flow = new Flow(line, { sender: { highWater: 100_000 }, messageSize: 10_000 })
  flow.octets = 5e6
  line.run(60_000, () => flow.delivered >= flow.octets)
  expect([flow.isRight, flow.delivered]).toEqual([true, 5e6])
  expect(flow.waiting).toBeGreaterThan(100_000)
  expect(flow.waiting).toBeLessThan(100_000 + 10_000)
})
