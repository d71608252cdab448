import { expect, test } from 'vitest'
import { Agreement } from '../../../src/transport/enet/agreement.ts'
import type { Connect } from '../../../src/transport/enet/command.ts'
import { windowFor } from '../../../src/transport/enet/handshake.ts'

test.each([
  [0, 0, 65_536],
  [131_072, 0, 8_192],
  [0, 131_072, 8_192],
  [131_072, 655_360, 8_192],
  [655_360, 131_072, 8_192],
  [131_071, 0, 4_096],
  [5, 0, 4_096],
  [0xffffffff, 0, 65_536],
])(
  'a side that sends %i octets a second and one that takes %i have a window of %i',
  (sent, taken, window) => {
    expect(windowFor(sent, taken)).toBe(window)
  },
)

const connect = (change: Partial<Connect>): Connect => ({
  kind: 'connect',
  flags: 0x80,
  channel: 0xff,
  sequence: 1,
  outgoingPeer: 0xf123,
  incomingSession: 0xff,
  outgoingSession: 0xff,
  mtu: 1_400,
  windowSize: 65_536,
  channels: 2,
  incomingBandwidth: 0,
  outgoingBandwidth: 0,
  throttleInterval: 5_000,
  throttleAcceleration: 2,
  throttleDeceleration: 2,
  connectId: 1,
  data: 0,
  ...change,
})

const own = { incoming: 0, outgoing: 0 }
const agreement = (mtu = 1_199): Agreement => {
  const slot = { number: 3, incomingSession: 0xff, outgoingSession: 0xff }
  return new Agreement({ slot, channels: 2, mtu, own })
}

test.each([
  [0, 576],
  [575, 576],
  [900, 900],
  [1_400, 1_199],
  [0xffffffff, 1_199],
])('an MTU of %i is taken as %i', (asked, mtu) => {
  const ours = agreement()
  expect(ours.accept(connect({ mtu: asked }), own).mtu).toBe(mtu)
  expect(ours.mtu).toBe(mtu)
})

test.each([
  [0, 4_096],
  [5_000, 5_000],
  [0xffffffff, 65_536],
])('a window of %i is answered by %i', (asked, window) => {
  expect(agreement().accept(connect({ windowSize: asked }), own).windowSize).toBe(window)
})

test('the other side’s slot has 12 bits, whatever it says', () => {
  const ours = agreement()
  ours.accept(connect({}), own)
  expect(ours.outgoingPeer).toBe(0x123)
})

test('the answer may lower MTU, window and channels, never raise them, and its sessions have two bits', () => {
  const ours = agreement()
  const { data: _data, ...asked } = ours.ask(7, { data: 0, own })
  const head = { kind: 'verify-connect', flags: 0x80, channel: 0xff, sequence: 1 } as const
  const more = { mtu: 4_096, windowSize: 1 << 20, channels: 200, incomingSession: 0xfe, outgoingSession: 0x7 }
  expect(ours.verify({ ...asked, ...head, ...more })).toBe(true)
  expect([ours.mtu, ours.windowSize, ours.channels]).toEqual([1_199, 65_536, 2])
  expect([ours.slot.incomingSession, ours.slot.outgoingSession]).toEqual([2, 3])
  expect(ours.verify({ ...asked, ...head, mtu: 1, windowSize: 5_000, channels: 1 })).toBe(true)
  expect([ours.mtu, ours.windowSize, ours.channels]).toEqual([576, 5_000, 1])
})

test.each([
  { connectId: 8 },
  { throttleInterval: 1 },
  { throttleAcceleration: 1 },
  { throttleDeceleration: 1 },
  { channels: 0 },
  { channels: 256 },
])('an answer with %o is none', (change) => {
  const ours = agreement()
  const { data: _data, ...asked } = ours.ask(7, { data: 0, own })
  const head = { kind: 'verify-connect', flags: 0x80, channel: 0xff, sequence: 1 } as const
  expect(ours.verify({ ...asked, ...head, ...change })).toBe(false)
  expect(ours.verify({ ...asked, ...head })).toBe(true)
})
