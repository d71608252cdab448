import { expect, test } from 'vitest'
import { Discovery } from '../../src/discovery/discovery.ts'
import { decodeMessage, encodeMessage, type Message } from '../../src/discovery/krpc.ts'
import type { Local } from '../../src/machine.ts'
import { realMessages } from '../discovery/hostile.ts'
import { pairOf, seeded, wallStart } from '../discovery/swarm.ts'
import { address } from '../support/network.ts'

const local: Local = { kind: 'udp4' }

test.each(['client', 'node'] as const)('200,000 mutations of real messages leave a %s at work', (mode) => {
  const random = seeded(99)
  const asked = address('45.1.1.1:6881')
  const discovery = new Discovery({
    local,
    random,
    wall: (now) => wallStart + now,
    mode,
    bootstrap: [asked],
    limits: { items: 50, peers: 50, perSource: 20, perTarget: 5 },
    now: 0,
  })
  discovery.announce([], 0)
  discovery.seek('bob', pairOf('x', 0), 0)
  const pick = (): number => (random(1)[0]! << 8) | random(1)[0]!
  const transactions: Uint8Array[] = []
  const kinds = new Set<string>()
  let read = 0
  let now = 0
  for (let i = 0; i < 200_000; i++) {
    now += pick() & 63
    for (const out of discovery.drain(now)) {
      if (out.kind === 'event') kinds.add(out.event.kind)
      if (out.kind !== 'send') continue
      const message = decodeMessage(out.datagram.bytes)
      if (message?.kind === 'query') transactions.push(message.transaction)
    }
    transactions.splice(0, transactions.length - 20)
    const original = realMessages[i % realMessages.length]!
    // Answers to what was asked, so that the mutations reach the lookups.
    const message: Message =
      original.kind === 'query'
        ? original
        : { ...original, transaction: transactions.pop() ?? original.transaction }
    const bytes = encodeMessage(message)
    for (let n = pick() & 3; n > 0; n--) bytes[pick() % bytes.length] = pick() & 255
    if (decodeMessage(bytes)) read++
    const peer = pick() & 1 ? asked : address(`45.2.${pick() & 127}.1:6881`)
    discovery.receive({ local, peer, bytes }, now)
  }
  expect(read).toBeGreaterThan(60_000)
  expect(kinds).toContain('joined')
  expect(discovery.nodes().length).toBeLessThanOrEqual(200)
  expect(discovery.stored).toBeLessThanOrEqual(100)
})
