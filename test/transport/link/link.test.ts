import { describe, expect, test } from 'vitest'
import type { Address, Local } from '../../../src/machine.ts'
import { Host } from '../../../src/transport/enet/host.ts'
import { Link } from '../../../src/transport/link/link.ts'
import { hkdf } from '../../../src/transport/link/noise.ts'
import { Sealed } from '../../../src/transport/link/sealed.ts'
import { address } from '../../support/network.ts'
import { bitFlips, establish, frameOf, kindsOf, octets, randomOf, truncations } from './pair.ts'
import { homes, Wire } from './wire.ts'

const elsewhere = address('10.9.9.9:9')
const sides = ['initiator', 'responder'] as const
const kindOf = kindsOf(1)

test('both sides come up, talk both ways, and end in order, what was queued first', () => {
  const wire = Wire.open()
  expect(sides.map((side) => wire.kinds(side))).toEqual([['up'], ['up']])
  for (let i = 0; i < 50; i++) {
    wire.say('initiator', `down ${i}`)
    wire.say('responder', `up ${i}`)
  }
  wire.say('initiator', 'bulk', 1)
  wire.links.initiator.disconnect(wire.now)
  wire.run(1_000)
  expect(wire.texts('responder').filter((text) => text.startsWith('0'))).toEqual(
    Array.from({ length: 50 }, (_, i) => `0 down ${i}`),
  )
  expect(wire.texts('responder')).toContain('1 bulk')
  expect(sides.map((side) => wire.kinds(side).at(-1))).toEqual(['ended', 'ended'])
  expect(sides.map((side) => wire.links[side].deadline)).toEqual([Infinity, Infinity])
})

test('every datagram is a data frame of at most 1,232 octets, also under bulk', () => {
  const wire = Wire.open()
  wire.links.initiator.send(octets(300_000, 7), { channel: 1 })
  wire.run(2_000)
  const message = wire.events.responder.at(-1)
  expect(message?.kind === 'message' && message.bytes.length).toBe(300_000)
  expect(new Set(wire.sent.map(({ bytes }) => bytes[0]))).toEqual(new Set([0xf3]))
  expect(Math.max(...wire.sent.map(({ bytes }) => bytes.length))).toBe(1_232)
})

describe('within one machine', () => {
  const isHere = (peer: Address): boolean => peer === homes.responder || peer === homes.initiator
  const sizes = (wire: Wire): number[] => wire.sent.splice(0).map(({ bytes }) => bytes.length)

  test('a frame has 4,129 octets at most', () => {
    const wire = Wire.open(1, { isHere })
    wire.links.initiator.send(octets(300_000, 7), { channel: 1 })
    wire.run(2_000)
    const message = wire.events.responder.at(-1)
    expect(message?.kind === 'message' && message.bytes.length).toBe(300_000)
    expect(Math.max(...sizes(wire))).toBe(4_129)
  })

  test('on a path that leaves it new messages go in frames for any path; what was cut before arrives', () => {
    const wire = Wire.open(1, { isHere })
    sizes(wire)
    wire.passes = () => false
    wire.links.initiator.send(octets(20_000, 7), { channel: 1 })
    wire.run(10)
    expect(Math.max(...sizes(wire))).toBe(4_129)
    wire.passes = () => true
    wire.from.responder = elsewhere
    wire.links.initiator.moved([wire.pathTo('initiator', elsewhere)], wire.now)
    wire.run(5_000)
    expect(wire.links.initiator.path.peer).toBe(elsewhere)
    const arrived = () =>
      wire.events.responder.flatMap((event) => (event.kind === 'message' ? [event.bytes.length] : []))
    expect(arrived()).toEqual([20_000])
    expect(Math.max(...sizes(wire))).toBe(4_129)
    wire.links.initiator.send(octets(20_000, 7), { channel: 1 })
    wire.run(5_000)
    expect(arrived()).toEqual([20_000, 20_000])
    expect(Math.max(...sizes(wire))).toBe(1_232)
  })

  test('an address that is another’s by now gets frames for any path', () => {
    let isOurs = true
    const wire = Wire.open(1, { isHere: () => isOurs })
    isOurs = false
    wire.links.initiator.moved([wire.links.initiator.path], wire.now)
    wire.links.initiator.send(octets(20_000, 7), { channel: 1 })
    wire.run(5_000)
    expect(Math.max(...sizes(wire))).toBe(1_232)
  })
})

describe('before the DAKE has ended', () => {
  test('a link lives 15 s after it is up, and no longer', () => {
    const wire = new Wire()
    wire.run(14_900)
    expect(sides.map((side) => wire.kinds(side))).toEqual([['up'], ['up']])
    wire.run(200)
    expect(sides.map((side) => wire.kinds(side))).toEqual([
      ['up', 'lost'],
      ['up', 'lost'],
    ])
  })

  test('an unlocked link lives on', () => {
    const wire = Wire.open()
    wire.run(600_000)
    expect(sides.map((side) => wire.kinds(side))).toEqual([['up'], ['up']])
  })

  test('a responder that never hears a frame sends nothing and is lost after 15 s', () => {
    const wire = new Wire()
    wire.passes = () => false
    wire.run(20_000)
    expect(wire.sent.filter(({ from }) => from === 'responder')).toEqual([])
    expect(sides.map((side) => wire.kinds(side))).toEqual([['lost'], ['lost']])
  })

  test('only channel 0 is heard; the other follows at the end, in order', () => {
    const wire = new Wire()
    wire.run(100)
    wire.say('initiator', 'early', 1)
    wire.say('initiator', 'now')
    wire.say('initiator', 'later', 1)
    wire.run(100)
    expect(wire.texts('responder')).toEqual(['0 now'])
    wire.links.responder.unlock()
    wire.run(100)
    expect(wire.texts('responder')).toEqual(['0 now', '1 early', '1 later'])
  })

  test('64 KiB may wait on the other channel; more loses the link', () => {
    const fill = (count: number): string[] => {
      const wire = new Wire()
      wire.run(100)
      for (let i = 0; i < count; i++) wire.links.initiator.send(octets(8_128, 1), { channel: 1 })
      wire.run(100)
      return wire.kinds('responder')
    }
    expect(fill(8)).toEqual(['up'])
    expect(fill(9)).toEqual(['up', 'lost'])
  })

  test('a message of more than 64 KiB is not taken, and is after it', () => {
    const wire = new Wire()
    wire.run(100)
    wire.links.responder.send(octets(70_000, 1), { channel: 0 })
    wire.run(1_000)
    expect(wire.kinds('initiator')).toEqual(['up'])
    wire.links.initiator.unlock()
    wire.run(5_000)
    expect(wire.kinds('initiator')).toEqual(['up', 'message'])
  })

  test('keys do not step, after 2^20 frames neither; then they do', () => {
    const wire = new Wire()
    wire.run(100)
    wire.receive('initiator', authentic({ counter: 2 ** 20, kind: 3 }))
    wire.links.initiator.releaseKeys() // it is `unlock` that ends the first DAKE
    wire.say('initiator', 'still the first generation')
    wire.run(100)
    expect(wire.sent.at(-1)!.bytes[1]).toBe(0)
    for (const side of sides) wire.links[side].unlock()
    wire.say('initiator', 'the second')
    wire.run(100)
    expect(wire.sent.at(-1)!.bytes[1]).toBe(1)
  })

  test('another DAKE holds the keys again', () => {
    const wire = new Wire()
    wire.run(100)
    for (const side of sides) wire.links[side].unlock()
    wire.links.initiator.holdKeys()
    wire.run(300_000)
    expect(new Set(wire.sent.map(({ bytes }) => bytes[1]))).toEqual(new Set([0]))
    wire.links.initiator.releaseKeys()
    wire.run(300_000)
    expect(wire.sent.at(-1)!.bytes[1]).toBeGreaterThan(1)
  })
})

test('a message before the link is up is our fault; after its end it is lost with it', () => {
  const wire = new Wire()
  expect(() => wire.say('initiator', 'x')).toThrow('before the link is up')
  wire.links.initiator.disconnect(wire.now)
  wire.run(0)
  expect(wire.kinds('initiator')).toEqual(['ended'])
  expect(() => wire.say('initiator', 'x')).not.toThrow()
  expect([wire.links.initiator.room, wire.links.initiator.rtt]).toEqual([0, undefined])
})

/** A frame as the responder of `Wire` would send it to the initiator. */
function authentic({
  counter,
  ...rest
}: {
  counter: number
  kind: number
  content?: Uint8Array
}): Uint8Array {
  const { ck, peerIndex: index } = establish(1).responder
  const header = { generation: 0, index, counter }
  return frameOf(hkdf(ck)[1], { header, content: octets(0, 0), ...rest })
}

test('the keys are gone with the link, however it ends', () => {
  const path = { local: { kind: 'udp4' }, peer: elsewhere } as const
  const ends: ((link: Link) => unknown)[] = [
    (link) => link.disconnect(0),
    (link) => [...link.drain(0), ...link.drain(9_999), ...link.drain(10_000), ...link.drain(15_000)],
  ]
  for (const end of ends) {
    const established = establish().initiator
    const link = new Link({ established, path, random: randomOf(1), now: 0 })
    expect(established.ck).not.toEqual(octets(32, 0))
    end(link)
    expect(established.ck).toEqual(octets(32, 0))
  }
})

test('a challenge is echoed to where it came from, if it is one; unknown kinds only keep the link alive', () => {
  const wire = Wire.open()
  wire.run(5_000)
  const answers = (kind: number, size: number, counter: number): number[] => {
    wire.receive('initiator', authentic({ kind, content: octets(size, 5), counter }))
    return wire.drain('initiator').map(({ bytes }) => bytes.length)
  }
  expect(answers(1, 8, 10_001)).toEqual([41])
  expect([answers(1, 7, 10_002), answers(1, 9, 10_003), answers(1, 0, 10_004)]).toEqual([[], [], []])
  expect([answers(2, 8, 10_005), answers(3, 0, 10_006), answers(4, 8, 10_007)]).toEqual([[], [], []])
})

test('a buddy who connects with another number of channels is let go', () => {
  const wire = new Wire()
  const initiator = new Sealed(establish(1).initiator, 0)
  const inside: Local = { kind: 'udp4' }
  const options = { random: randomOf(1), peerCount: 1, channelLimit: 1, acceptsConnects: false, mtu: 1_199 }
  const host = new Host({ local: inside, ...options })
  host.connect(elsewhere, { channels: 1 })
  for (let turns = 0; turns < 5; turns++) {
    for (const out of host.drain(wire.now))
      if (out.kind === 'send') wire.receive('responder', initiator.seal(0, out.datagram.bytes, 0))
    for (const { bytes } of wire.drain('responder')) {
      const opened = initiator.open(bytes, 0)
      if (opened?.kind === 0)
        host.receive({ local: inside, peer: elsewhere, bytes: opened.content }, wire.now)
      if (opened?.kind === 1) wire.receive('responder', initiator.seal(2, opened.content, 0))
    }
  }
  expect(wire.kinds('responder')).toEqual(['lost'])
})

describe('a wrong datagram gets no answer and changes nothing:', () => {
  const quiet = (
    wire: Wire,
    side: (typeof sides)[number],
    bytes: Uint8Array,
    from = homes.initiator,
  ): void => {
    const { deadline, dropped } = wire.links[side]
    wire.receive(side, bytes, from)
    expect(wire.drain(side)).toEqual([])
    expect(wire.links[side].deadline).toBe(deadline)
    expect(wire.links[side].dropped).toBe(dropped + 1)
  }

  test('each bit of a frame flipped, each length cut, from the right address or not', () => {
    const wire = Wire.open()
    wire.say('initiator', 'a text of some length')
    const [frame] = wire.drain('initiator')
    for (const bytes of [...bitFlips(frame!.bytes), ...truncations(frame!.bytes)]) {
      quiet(wire, 'responder', bytes)
      quiet(wire, 'responder', bytes, elsewhere)
    }
    wire.deliver(frame!)
    wire.run(10)
    expect(wire.texts('responder')).toEqual(['0 a text of some length'])
  })

  test('each frame of a conversation again, and back to its sender', () => {
    const wire = Wire.open()
    for (let i = 0; i < 20; i++) {
      for (const side of sides) wire.say(side, `${i}`)
      wire.run(50)
    }
    expect(wire.sent.length).toBeGreaterThan(10)
    for (const { from, bytes } of [...wire.sent]) {
      quiet(wire, from === 'initiator' ? 'responder' : 'initiator', bytes)
      quiet(wire, from, bytes)
      quiet(wire, from, bytes, elsewhere)
    }
    expect(wire.texts('responder')).toHaveLength(20)
  })

  test('a frame of another link of the same pair', () => {
    const [wire, rival] = [Wire.open(1), Wire.open(2)]
    rival.say('initiator', 'from the rival')
    for (const { bytes } of rival.drain('initiator')) quiet(wire, 'responder', bytes)
  })

  test('anything, once it is over', () => {
    const wire = Wire.open()
    wire.say('initiator', 'late')
    const [frame] = wire.drain('initiator')
    wire.links.responder.disconnect(wire.now)
    wire.run(6_000)
    expect(wire.kinds('responder')).toEqual(['up', 'ended'])
    quiet(wire, 'responder', frame!.bytes)
  })
})

describe('silence', () => {
  test('an idle link sends a frame each 72 to 120 s once that was measured, and 3 octets a second with UDP and IPv6', () => {
    const wire = Wire.open()
    wire.run(1_200_000)
    wire.sent.length = 0
    const start = wire.now
    const times: number[] = []
    while (wire.now < start + 3_600_000) {
      const before = wire.sent.length
      wire.run(100)
      for (const { from } of wire.sent.slice(before)) if (from === 'initiator') times.push(wire.now)
    }
    expect(new Set(wire.sent.map(({ bytes }) => bytes.length))).toEqual(new Set([41]))
    const total = wire.sent.reduce((octets, { bytes }) => octets + bytes.length + 48, 0)
    expect(total / 3_600).toBeLessThan(3)
    const gaps = times.slice(1).map((time, i) => time - times[i]!)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(71_900)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(120_100)
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeGreaterThan(10_000)
  })

  test('that must not be measured: a keep-alive 15 to 25 s after the last frame, and nothing else', () => {
    const wire = Wire.open(1, { mayMeasure: false })
    wire.run(60_000)
    wire.sent.length = 0
    wire.run(600_000)
    expect(new Set(wire.sent.map(({ bytes }) => bytes.length))).toEqual(new Set([41]))
    expect(wire.sent.length).toBeGreaterThanOrEqual(2 * 24)
    expect(wire.sent.length).toBeLessThanOrEqual(2 * 40)
  })

  test('towards another address does not put off the keep-alive of the path', () => {
    const wire = Wire.open(1, { mayMeasure: false })
    wire.run(5_000)
    wire.passes = () => false
    for (let i = 0; i < 8; i++) {
      wire.run(9_000)
      wire.receive('initiator', authentic({ counter: 10_000 + 2 * i, kind: 9 })) // he is there
      const question = authentic({ counter: 10_001 + 2 * i, kind: 1, content: octets(8, 1) })
      wire.receive('initiator', question, elsewhere)
    }
    const kept = wire.sent.filter(({ from, bytes }) => from === 'initiator' && kindOf(bytes, from) === 3)
    expect(kept.length).toBeGreaterThanOrEqual(2)
    expect(kept.every(({ peer }) => peer === homes.responder)).toBe(true)
  })

  const lostAfter = (wire: Wire, side: (typeof sides)[number]): number => {
    const start = wire.now
    while (!wire.kinds(side).includes('lost')) {
      wire.run(100)
      if (wire.now > start + 120_000) throw new Error('not lost')
    }
    return wire.now - start
  }

  test('of a dead buddy loses an idle link 40 s after the last frame', () => {
    const wire = Wire.open()
    wire.run(60_000)
    wire.passes = () => false
    const after = lostAfter(wire, 'initiator')
    expect(after).toBeGreaterThan(40_000 - 25_000)
    expect(after).toBeLessThanOrEqual(40_100)
  })

  test('after something was said loses it in 10 s', () => {
    const wire = Wire.open()
    wire.run(60_000)
    wire.run(1_000_000) // past all measurements
    wire.passes = () => false
    wire.say('initiator', 'are you there?')
    expect(lostAfter(wire, 'initiator')).toBeLessThanOrEqual(10_100)
  })

  test('of one side only, as its NAT forgot it, is found by both', () => {
    const wire = Wire.open()
    wire.passes = ({ from }) => from === 'initiator'
    expect(lostAfter(wire, 'initiator')).toBeLessThanOrEqual(40_100)
  })

  test('of every keep-alive of the other side makes ours come sooner', () => {
    const wire = Wire.open(1, { mayMeasure: false })
    wire.run(5_000)
    wire.passes = ({ from, bytes }) => from === 'initiator' || kindOf(bytes, from) !== 3
    wire.run(300_000)
    wire.sent.length = 0
    wire.run(60_000)
    const sent = wire.sent.filter(({ from, bytes }) => from === 'initiator' && kindOf(bytes, from) === 3)
    expect(sent.length).toBeGreaterThan(60 / 10)
    expect(wire.kinds('initiator')).toEqual(['up'])
  })

  test('right after an acknowledgement is no more than silence: nobody waits for an answer to that', () => {
    const wire = Wire.open(1, { mayMeasure: false })
    wire.run(5_000)
    wire.say('initiator', 'the last line')
    wire.run(10)
    wire.passes = () => false
    wire.run(15_000)
    expect(sides.map((side) => wire.kinds(side))).toEqual([['up'], ['up', 'message']])
  })

  test('of 14 s, with a keep-alive lost, costs an idle link nothing', () => {
    const wire = Wire.open()
    for (let i = 0; i < 20; i++) {
      wire.run(27_000 + i * 500)
      wire.passes = () => false
      wire.run(14_000)
      wire.passes = () => true
    }
    wire.say('initiator', 'still here')
    wire.run(2_000)
    expect(wire.texts('responder')).toEqual(['0 still here'])
  })

  test('of a machine that slept is forgiven: the other side is asked first', () => {
    const wire = Wire.open()
    wire.run(60_000)
    wire.now += 3_600_000 // nobody drained meanwhile
    wire.run(1_000)
    expect(sides.map((side) => wire.kinds(side))).toEqual([['up'], ['up']])
  })
})

describe('roaming', () => {
  test('a link follows its buddy to a new address, without a break, once that has echoed', () => {
    const wire = Wire.open()
    wire.run(5_000)
    wire.from.initiator = elsewhere
    wire.say('initiator', 'from elsewhere')
    wire.run(500)
    expect(wire.events.responder).toContainEqual({
      kind: 'path',
      path: { local: wire.locals.responder, peer: elsewhere },
    })
    expect(wire.links.responder.path.peer).toBe(elsewhere)
    wire.say('responder', 'found you')
    wire.run(500)
    expect(wire.texts('initiator')).toEqual(['0 found you'])
    expect(wire.kinds('initiator')).not.toContain('path')
  })

  test('a keep-alive is enough, even if the first challenge is lost', () => {
    const wire = Wire.open()
    wire.run(5_000)
    wire.from.initiator = elsewhere
    let lost = 0
    wire.passes = ({ from, peer }) => from === 'initiator' || peer !== elsewhere || lost++ > 0
    wire.run(30_000)
    expect(wire.links.responder.path.peer).toBe(elsewhere)
  })

  test('back and forth a hundred times', () => {
    const wire = Wire.open()
    for (let i = 0; i < 100; i++) {
      const side = sides[i % 2]!
      wire.from[side] = address(`10.7.7.${i + 1}:${i + 1}`)
      wire.say(side, `${i}`)
      wire.run(300)
    }
    expect(wire.texts('initiator')).toHaveLength(50)
    expect(wire.texts('responder')).toHaveLength(50)
  })

  test('a question for a sign of life shows where its sender is; the trial of a path does not', () => {
    const wire = Wire.open(1, { mayMeasure: false })
    wire.run(5_000)
    const answers = (counter: number, value: number): unknown[] => {
      wire.receive('initiator', authentic({ kind: 1, content: octets(8, value), counter }), elsewhere)
      const sent = wire.drain('initiator').filter(({ peer }) => peer === elsewhere)
      return sent.map(({ bytes }) => kindOf(bytes, 'initiator'))
    }
    // 41 octets are no more than one answer: its echo, or a challenge, which is a sign of life as well.
    expect([answers(10_000, 7), answers(10_001, 0)]).toEqual([[2], [1]])
  })

  test('a copy of a newer frame from elsewhere moves nothing, and gets no more octets than it has', () => {
    const wire = Wire.open()
    wire.run(5_000)
    wire.say('initiator', 'copied on its way')
    const [frame] = wire.drain('initiator')
    wire.receive('responder', frame!.bytes, elsewhere)
    wire.run(30_000)
    expect(wire.links.responder.path.peer).toBe(homes.initiator)
    const there = wire.sent.filter(({ peer }) => peer === elsewhere)
    const size = there.reduce((octets, { bytes }) => octets + bytes.length, 0)
    expect(size).toBeGreaterThan(0)
    expect(size).toBeLessThanOrEqual(frame!.bytes.length)
  })

  test('a hundred copies from a hundred addresses: four are challenged, and the true one after 5 s', () => {
    const wire = Wire.open()
    wire.run(5_000)
    for (let i = 0; i < 100; i++) {
      wire.say('initiator', `${i}`)
      const [frame] = wire.drain('initiator')
      if (frame) wire.receive('responder', frame.bytes, address(`10.8.8.8:${i + 1}`))
    }
    wire.run(2_000)
    const tried = new Set(
      wire.sent.filter(({ from, peer }) => from === 'responder' && peer !== homes.initiator),
    )
    expect(new Set([...tried].map(({ peer }) => peer)).size).toBe(4)
    wire.run(5_000)
    wire.from.initiator = elsewhere
    wire.say('initiator', 'moved')
    wire.run(1_000)
    expect(wire.links.responder.path.peer).toBe(elsewhere)
  })

  test('an old frame from elsewhere is taken, and its sender not challenged', () => {
    const wire = Wire.open()
    wire.run(5_000)
    wire.say('initiator', 'old')
    const [old] = wire.drain('initiator')
    wire.run(1_500) // sent again, so something newer comes first
    wire.receive('responder', old!.bytes, elsewhere)
    wire.run(1_000)
    expect(wire.sent.filter(({ peer }) => peer === elsewhere)).toEqual([])
  })

  test('a responder sends, with its response, no more than init and frames brought until there is an echo', () => {
    const wire = new Wire()
    wire.passes = ({ from }) => from === 'initiator'
    const sizes = (side: (typeof sides)[number]): number[] =>
      wire.sent.flatMap(({ from, bytes }) => (from === side ? [bytes.length] : []))
    const total = (side: (typeof sides)[number]): number =>
      sizes(side).reduce((sum, size) => sum + size + 48, 0)
    wire.run(10)
    expect(sizes('initiator')).toEqual([41, 85]) // challenge, CONNECT
    expect(sizes('responder').sort()).toEqual([41, 41, 81]) // challenge, echo, VERIFY_CONNECT
    for (let i = 0; i < 30; i++) {
      wire.run(50)
      expect(76 + 48 + total('responder')).toBeLessThanOrEqual(192 + 48 + total('initiator'))
    }
  })

  test('an initiator sends no more than 311 octets to where a response came from, unless it hears something', () => {
    const wire = new Wire()
    wire.passes = () => false
    wire.run(60_000)
    expect(wire.kinds('initiator')).toEqual(['lost'])
    const sizes = wire.sent.flatMap(({ from, bytes }) => (from === 'initiator' ? [bytes.length] : []))
    expect(sizes).toEqual([41, 85, 41]) // challenge, CONNECT; a challenge again
    expect(sizes.reduce((sum, size) => sum + size + 48, 0)).toBe(311)
  })

  test('an initiator may say what it likes one round trip after the response, and is proven the other side then', () => {
    const wire = new Wire()
    const flight = (side: (typeof sides)[number]): void => {
      for (const sent of wire.drain(side)) wire.deliver(sent)
    }
    flight('initiator')
    flight('responder')
    flight('initiator')
    expect(wire.kinds('initiator')).toEqual(['up'])
    wire.say('initiator', 'x'.repeat(5_000))
    flight('initiator')
    flight('responder')
    expect(wire.texts('responder')).toEqual([`0 ${'x'.repeat(5_000)}`])
  })

  test('a side that is heard only from where it never echoes is lost, as nobody may be where we send to', () => {
    const wire = Wire.open()
    wire.deliver = ({ from, peer, bytes }) => {
      if (from === 'responder') wire.receive('initiator', bytes, elsewhere)
      else if (peer === homes.responder) wire.receive('responder', bytes)
    }
    const since = wire.now
    wire.say('initiator', 'hello')
    wire.run(9_000)
    expect(wire.texts('responder')).toEqual(['0 hello']) // he hears us, and answers
    expect(wire.kinds('initiator')).not.toContain('lost')
    wire.run(1_100)
    expect(wire.kinds('initiator').at(-1)).toBe('lost')
    expect(wire.sent.some(({ from, peer }) => from === 'initiator' && peer === elsewhere)).toBe(true) // asked there
    expect(wire.now - since).toBeLessThan(11_000)
  })

  test('an initiator that got its response from where no init went sends a challenge, and ENet waits for its echo', () => {
    const both = establish(1)
    const path = { local: { kind: 'udp4' }, peer: elsewhere } as const
    const options = { path, random: randomOf(1), now: 0 }
    const link = new Link({ ...options, established: both.initiator, isAsked: false })
    const kindsAt = (now: number): (number | undefined)[] =>
      [...link.drain(now)].map((out) =>
        out.kind === 'send' ? kindOf(out.datagram.bytes, 'initiator') : undefined,
      )
    expect([kindsAt(0), kindsAt(250), kindsAt(3_000)]).toEqual([[1], [], []]) // 35 are left of 124
    expect(link.deadline).toBeGreaterThan(3_000)
  })

  test('an echo from elsewhere, in the last moment before the link is lost, is a sign of life', () => {
    const wire = Wire.open()
    wire.passes = () => false
    wire.say('initiator', 'hello')
    wire.run(9_000)
    wire.receive('initiator', authentic({ counter: 500, kind: 9, content: octets(8, 0) }), elsewhere)
    wire.settle()
    const challenge = wire.sent.findLast(({ peer }) => peer === elsewhere)!
    wire.receive('responder', challenge.bytes)
    const echo = wire.drain('responder').find(({ bytes }) => kindOf(bytes, 'responder') === 2)!
    wire.run(900)
    wire.receive('initiator', echo.bytes, elsewhere)
    wire.run(2_000)
    expect(wire.links.initiator.path.peer).toBe(elsewhere)
    expect(wire.kinds('initiator')).not.toContain('lost')
  })

  test('a responder follows the first frame to where the initiator is, and sends no more than its octets there', () => {
    const wire = new Wire()
    wire.from.initiator = elsewhere
    wire.passes = ({ from }) => from === 'initiator'
    const heard = (): number =>
      wire.sent
        .filter(({ from }) => from === 'initiator')
        .reduce((octets, { bytes }) => octets + bytes.length, 0)
    const sent = (): number =>
      wire.sent
        .filter(({ from }) => from === 'responder')
        .reduce((octets, { bytes }) => octets + bytes.length, 0)
    while (wire.kinds('responder').length === 0) {
      wire.run(100)
      expect(sent()).toBeLessThanOrEqual(heard())
    }
    expect(sent()).toBeGreaterThan(0)
    expect(wire.sent.every(({ from, peer }) => from === 'initiator' || peer === elsewhere)).toBe(true)
  })
})
