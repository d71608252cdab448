/** What BBR does on lines in virtual time that lose, or change; see docs/decisions/034-bbr.md. */
import { describe, expect, test } from 'vitest'
import { broadband, bulk, Flow, full } from '../support/line/bulk.ts'
import { Line } from '../support/line/line.ts'

/** 100 Mbit/s with a queue of 256 datagrams. */

describe('a line that loses', () => {
  const cells = [
    { delay: 50, loss: 0, least: 0.7 },
    { delay: 50, loss: 0.01, least: 0.65 },
    { delay: 50, loss: 0.05, least: 0.5 },
    { delay: 10, loss: 0.01, least: 0.8 },
    { delay: 10, loss: 0.05, least: 0.6 },
  ]
  test.each(cells)('is filled: $loss of all datagrams, $delay ms away', ({ delay, loss, least }) => {
    const { isWhole, goodput, retransmitted } = bulk({ ...broadband, delay, loss, megabytes: 25 })
    expect(isWhole).toBe(true)
    expect(goodput).toBeGreaterThan(least * full)
    expect(retransmitted).toBeLessThan(loss + 0.02)
  })

  test('a bottleneck without a queue is not taken for one', () => {
    const { isWhole, goodput, retransmitted } = bulk({ ...broadband, queue: 16, delay: 10, megabytes: 25 })
    expect(isWhole).toBe(true)
    expect(goodput).toBeGreaterThan(0.5 * full)
    expect(retransmitted).toBeLessThan(0.05)
  })
})

describe('processes that do not always run', () => {
  const cells = [
    { rate: 200, loss: 0.01, awake: 10, asleep: 5, least: 0.5 },
    { rate: 200, loss: 0.01, awake: 10, asleep: 20, least: 0.2 },
    { rate: 200, loss: 0, awake: 10, asleep: 20, least: 0.2 },
    { rate: 100, loss: 0.01, awake: 10, asleep: 40, least: 0.15 },
    { rate: 20, loss: 0.01, awake: 10, asleep: 40, least: 0.2 },
  ]
  test.each(cells)(
    '$rate Mbit/s, $loss lost, $asleep ms of sleep after $awake: use what they have of the time',
    ({ least, ...cell }) => {
      const { awake, asleep, ...line } = cell
      const { isWhole, goodput, retransmitted } = bulk({
        ...{ ...line, queue: 256, delay: 25, seed: 5, sleep: { awake, asleep } },
        megabytes: 25,
      })
      expect(isWhole).toBe(true)
      expect(goodput).toBeGreaterThan((least * cell.rate) / 8)
      expect(retransmitted).toBeLessThan(0.05)
    },
  )
})

describe('a path that changes', () => {
  const patient = { timeout: { limit: 32, minimum: 90_000, maximum: 90_000 } }
  /** MB/s of the next second. */
  const rateOf = (line: Line, flow: Flow): number => {
    const before = flow.delivered
    line.run(1_000)
    return (flow.delivered - before) / 1e6
  }
  const begun = (changes: NonNullable<ConstructorParameters<typeof Line>[0]>): [Line, Flow] => {
    const line = new Line({ rate: 50, queue: 256, delay: 20, ...changes })
    const flow = new Flow(line, { sender: patient, receiver: patient })
    flow.octets = Infinity
    return [line, flow]
  }

  test('to ten times the rate is followed', () => {
    const [line, flow] = begun({ rate: 10, changes: [{ at: 5_000, rate: 100 }] })
    line.run(20_000)
    expect(rateOf(line, flow)).toBeGreaterThan(0.75 * 12.5)
  })

  test('to a tenth of the rate is followed, and the queue drained', () => {
    const [line, flow] = begun({ rate: 100, changes: [{ at: 5_000, rate: 10 }] })
    line.run(20_000)
    line.measure()
    expect(rateOf(line, flow)).toBeGreaterThan(0.75 * 1.25)
    expect(line.tally('left').wait.mean).toBeLessThan(60)
  })

  test('to a longer one is followed', () => {
    const [line, flow] = begun({ changes: [{ at: 5_000, delay: 80 }] })
    line.run(30_000)
    expect(rateOf(line, flow)).toBeGreaterThan(0.8 * 6.25)
  })

  test('is searched anew when it is said to be another', () => {
    const [line, flow] = begun({ rate: 5, changes: [{ at: 4_000, rate: 100 }] })
    line.run(4_000)
    flow.peer!.rerouted()
    line.run(2_000)
    expect(rateOf(line, flow)).toBeGreaterThan(0.75 * 12.5)
  })

  test('is used again after ten seconds in which all was lost, within four seconds', () => {
    const [line, flow] = begun({ outages: [[5_000, 15_000]] })
    line.run(19_000)
    expect(flow.isRight).toBe(true)
    expect(rateOf(line, flow)).toBeGreaterThan(0.7 * 6.25)
  })
})
