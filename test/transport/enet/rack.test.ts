import { describe, expect, test } from 'vitest'
import { List, Outgoing } from '../../../src/transport/enet/flight.ts'
import { Rack } from '../../../src/transport/enet/rack.ts'

/** A sender of numbered commands, and what it is told of them. */
class Sender {
  now = 1_000
  readonly flying = new List()
  readonly rack = new Rack()
  #number = 0

  send(
    item = new Outgoing({ kind: 'ping', flags: 0x80, channel: 0xff, sequence: ++this.#number }),
  ): Outgoing {
    item.attempts++
    item.number = ++this.#number
    item.sentAt = this.now
    item.isInFlight = true
    this.flying.insert(item)
    this.rack.sent(item, undefined, this.now)
    return item
  }

  acknowledge(item: Outgoing, echo: 'latest' | 'earlier' = 'latest'): void {
    this.rack.heard()
    this.rack.acknowledged(item, echo, this.now)
    if (item.list === this.flying) this.flying.remove(item)
  }

  /** What is to be sent again at a time. */
  due(now = this.now): readonly Outgoing[] {
    this.now = now
    const due = this.rack.due(this.flying, now, { limit: 32, minimum: 5_000, maximum: 30_000 })
    if (due === 'gone') throw new Error('gone')
    for (const item of due) this.flying.remove(item)
    return due
  }

  /** After a round trip of 100 ms, twenty times, which leaves no doubt about it. */
  static settled(): Sender {
    const sender = new Sender()
    for (let i = 0; i < 60; i++) {
      const item = sender.send()
      sender.now += 100
      sender.acknowledge(item)
    }
    return sender
  }
}

describe('a command is lost', () => {
  test('a quarter of a round trip after one that left later was acknowledged, counted from its own leaving', () => {
    const sender = Sender.settled()
    const lost = sender.send()
    sender.now += 10
    const later = sender.send()
    sender.now += 100
    sender.acknowledge(later)
    expect(sender.rack.deadline(sender.flying)).toBe(lost.sentAt + 125)
    expect(sender.due()).toEqual([])
    expect(sender.due(lost.sentAt + 125)).toEqual([lost])
    expect(lost.isProbe).toBe(false)
  })

  test('never while nothing that left later was acknowledged', () => {
    const sender = Sender.settled()
    const first = sender.send()
    sender.now += 10
    sender.send()
    sender.now += 90
    sender.acknowledge(first)
    expect(sender.due(sender.now + 20)).toEqual([])
  })

  test('of those that left at one time, all before the one that arrived', () => {
    const sender = Sender.settled()
    const burst = [sender.send(), sender.send(), sender.send(), sender.send()]
    sender.now += 100
    sender.acknowledge(burst[2]!)
    expect(sender.due(sender.now + 25)).toEqual(burst.slice(0, 2))
  })
})

test('what was sent again and had arrived widens the time allowed for reordering', () => {
  const sender = Sender.settled()
  const slow = sender.send()
  sender.now += 10
  const later = sender.send()
  sender.now += 100
  sender.acknowledge(later)
  expect(sender.due(slow.sentAt + 125)).toEqual([slow])
  sender.send(slow)
  sender.acknowledge(slow, 'earlier')
  const next = sender.send()
  sender.now += 1
  const after = sender.send()
  sender.now += 100
  sender.acknowledge(after)
  expect(sender.due(next.sentAt + 125)).toEqual([])
  expect(sender.due(next.sentAt + 150)).toEqual([next])
})

describe('a probe', () => {
  test('goes out 25 ms after a steady round trip in which nothing was heard, and is the oldest command', () => {
    const sender = Sender.settled()
    const [first] = [sender.send(), sender.send()]
    const at = sender.rack.deadline(sender.flying)
    expect(at - sender.now).toBeCloseTo(125, 0)
    const [probe] = sender.due(at)
    expect(probe).toBe(first)
    expect(probe!.isProbe).toBe(true)
  })

  test('is followed by a second one, then by others at twice the distance each time, and at most 1 s', () => {
    const sender = Sender.settled()
    const item = sender.send()
    const distances: number[] = []
    for (let i = 0; i < 5; i++) {
      const at = sender.rack.deadline(sender.flying)
      distances.push(Math.round((at - sender.now) / 125))
      expect(sender.due(at)).toEqual([item])
      sender.send(item)
    }
    expect(distances).toEqual([1, 1, 2, 4, 8])
    expect(sender.rack.deadline(sender.flying) - sender.now).toBe(1_000)
  })

  test('is one until it has left, however often is looked', () => {
    const sender = Sender.settled()
    const [first] = [sender.send(), sender.send()]
    const at = sender.rack.deadline(sender.flying)
    expect(sender.due(at)).toEqual([first])
    expect(sender.due(at)).toEqual([])
    expect(sender.rack.deadline(sender.flying)).toBe(Infinity)
    sender.send(first)
    expect(sender.rack.deadline(sender.flying)).toBeLessThan(Infinity)
  })

  test('tells by its acknowledgement what else is lost', () => {
    const sender = Sender.settled()
    const [first, second, third] = [sender.send(), sender.send(), sender.send()]
    expect(sender.due(sender.rack.deadline(sender.flying))).toEqual([first])
    sender.send(first)
    sender.now += 100
    sender.acknowledge(first)
    expect(sender.due(sender.now + 25)).toEqual([second, third])
  })

  test('goes out at once when the way is open again', () => {
    const sender = Sender.settled()
    const item = sender.send()
    expect(sender.rack.hurried(sender.flying)).toEqual([item])
  })
})

test('a peer that acknowledges nothing is gone after its patience, and one that says anything is not', () => {
  const silent = (speaks: boolean): number => {
    const sender = Sender.settled()
    const item = sender.send()
    const began = sender.now
    while (sender.now < began + 60_000) {
      const at = sender.rack.deadline(sender.flying)
      const due = sender.rack.due(sender.flying, at, { limit: 32, minimum: 5_000, maximum: 30_000 })
      sender.now = at
      if (due === 'gone') return at - began
      if (speaks) sender.rack.heard()
      sender.flying.remove(item)
      sender.send(item)
    }
    return Infinity
  }
  expect(silent(false)).toBeGreaterThanOrEqual(5_000)
  expect(silent(false)).toBeLessThan(10_000)
  expect(silent(true)).toBe(Infinity)
})

test('another path has another round trip', () => {
  const sender = Sender.settled()
  sender.rack.rerouted()
  sender.send()
  expect(sender.rack.deadline(sender.flying) - sender.now).toBeGreaterThan(500)
})
