import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aead, nobleAead } from '../../../src/crypto.ts'
import { hkdf } from '../../../src/transport/link/noise.ts'
import { content, Sealed } from '../../../src/transport/link/sealed.ts'
import { bitFlips, establish, frameOf, octets, truncations } from './pair.ts'

const text = octets(20, 0x61)

function start() {
  const { initiator, responder } = establish()
  const ck = initiator.ck.slice()
  return { ck, initiator: new Sealed(initiator, 0), responder: new Sealed(responder, 0) }
}

test('what one side seals the other opens, once', () => {
  const { initiator, responder } = start()
  for (const [from, to] of [
    [initiator, responder],
    [responder, initiator],
  ] as const) {
    const frame = from.seal(content.enet, text, 0)
    expect(frame.length).toBe(33 + text.length)
    expect(to.open(frame, 0)).toEqual({ kind: 0, content: text, isNewest: true })
    expect(to.open(frame, 0)).toBeUndefined()
    expect(from.open(from.seal(content.enet, text, 0), 0)).toBeUndefined() // reflected
  }
})

test('a frame holds the octets of docs/Protocol.md, with node’s cipher as with noble’s', () => {
  const { ck, initiator, responder } = start()
  initiator.seal(content.enet, text, 0)
  const frame = initiator.seal(content.echo, text, 0)
  const header = Uint8Array.of(0xf3, 0, 0, 0, 0xff, 0xfe, 0xfd, 0xfc, 1, 0, 0, 0, 0, 0, 0, 0)
  const nonce = Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)
  const [key] = hkdf(ck)
  for (const cipher of [aead(key), nobleAead(key)]) {
    const sealed = cipher.seal(nonce, header, Uint8Array.of(2, ...text))
    expect(frame).toEqual(Uint8Array.of(...header, ...sealed))
  }
  expect(responder.open(frame, 0)).toMatchObject({ kind: 2 })
})

test('node’s and noble’s cipher give the same octets and refuse the same', () => {
  const octets = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
  fc.assert(
    fc.property(
      octets(32),
      octets(12),
      octets(16),
      fc.uint8Array({ maxLength: 1_300 }),
      (key, n, aad, given) => {
        const [node, noble] = [aead(key), nobleAead(key)]
        const sealed = node.seal(n, aad, given)
        expect(noble.seal(n, aad, given)).toEqual(sealed)
        const into = new Uint8Array(16 + sealed.length) // as a frame is: a header, then what is sealed
        for (const cipher of [node, noble]) {
          cipher.seal(n, aad, given, into.fill(0).subarray(16))
          expect(into.subarray(16)).toEqual(sealed)
          into.set(given, 16)
          cipher.seal(n, aad, into.subarray(16, 16 + given.length), into.subarray(16)) // where it lies
          expect(into.subarray(16)).toEqual(sealed)
        }
        expect([node.open(n, aad, sealed), noble.open(n, aad, sealed)]).toEqual([given, given])
        sealed[sealed.length - 1]! ^= 1
        expect([node.open(n, aad, sealed), noble.open(n, aad, sealed)]).toEqual([undefined, undefined])
      },
    ),
    { numRuns: 30 },
  )
})

test('no damaged frame opens, and none spoils the true one', () => {
  const { initiator, responder } = start()
  const frame = initiator.seal(content.enet, text, 0)
  for (const damaged of [...bitFlips(frame), ...truncations(frame)])
    expect(responder.open(damaged, 0)).toBeUndefined()
  expect(responder.open(Uint8Array.of(...frame, 0), 0)).toBeUndefined()
  expect(responder.open(frame, 0)).toBeDefined()
})

test('frames open in any order within 2,048 of the newest, and only the newest says so', () => {
  const { initiator, responder } = start()
  const frames = Array.from({ length: 2_100 }, () => initiator.seal(content.keepAlive, octets(0, 0), 0))
  expect(responder.open(frames[2_099]!, 0)?.isNewest).toBe(true)
  expect(responder.open(frames[51]!, 0)).toBeUndefined()
  expect(responder.open(frames[52]!, 0)?.isNewest).toBe(false)
  expect(responder.open(frames[52]!, 0)).toBeUndefined()
})

test('a wiped link opens nothing and refuses to seal', () => {
  const { initiator, responder } = start()
  const frame = initiator.seal(content.enet, text, 0)
  responder.wipe()
  expect(responder.open(frame, 0)).toBeUndefined()
  expect(() => responder.seal(content.enet, text, 0)).toThrow('ended')
})

test('a link wipes the keys it was given, at its end or at the first step, and zeros open nothing', () => {
  const { initiator, responder } = establish()
  const [ended, stepping] = [new Sealed(initiator, 0), new Sealed(responder, 0)]
  ended.wipe()
  expect(initiator.ck).toEqual(octets(32, 0))
  const zeros = frameOf(octets(32, 0), { header: { generation: 0, index: 0x01020304, counter: 0 } })
  expect(ended.open(zeros, 0)).toBeUndefined()
  stepping.open(new Sealed(establish().initiator, 0).seal(content.keepAlive, octets(0, 0), 120_000), 120_000)
  expect(stepping.generation).toBe(1)
  expect(responder.ck).toEqual(octets(32, 0))
})

test('a frame for another index does not open, even under the right key', () => {
  const { ck, initiator } = start()
  const key = hkdf(ck)[1]
  expect(
    initiator.open(frameOf(key, { header: { generation: 0, index: 0x01020305, counter: 0 } }), 0),
  ).toBeUndefined()
  expect(
    initiator.open(frameOf(key, { header: { generation: 0, index: 0x01020304, counter: 0 } }), 0),
  ).toBeDefined()
})

describe('generations', () => {
  const seal = (from: Sealed, now: number) => from.seal(content.enet, text, now)

  test('the initiator steps after 120 s of use, the other side with the first frame that opens', () => {
    const { initiator, responder } = start()
    expect(seal(initiator, 119_999)[1]).toBe(0)
    const stepped = seal(initiator, 120_000)
    expect(stepped[1]).toBe(1)
    expect(seal(responder, 500_000)[1]).toBe(0) // never by itself
    expect(responder.open(stepped, 120_010)).toBeDefined()
    expect(seal(responder, 120_010)[1]).toBe(1)
  })

  test('the keys of each are those of ck’ = HKDF(ck, "step")', () => {
    const { ck, initiator } = start()
    const frame = seal(initiator, 120_000)
    const [next] = hkdf(ck, new TextEncoder().encode('step'))
    const sealed = nobleAead(hkdf(next)[0]).seal(
      octets(12, 0),
      frame.subarray(0, 16),
      Uint8Array.of(0, ...text),
    )
    expect(frame.subarray(16)).toEqual(sealed)
  })

  test('a step after 2^20 frames of the other side', () => {
    const { ck, initiator } = start()
    const counted = (counter: number) =>
      frameOf(hkdf(ck)[1], { header: { generation: 0, index: 0x01020304, counter } })
    expect(initiator.open(counted(2 ** 20 - 2), 0)).toBeDefined()
    expect(seal(initiator, 0)[1]).toBe(0)
    expect(initiator.open(counted(2 ** 20 - 1), 0)).toBeDefined()
    expect(seal(initiator, 0)[1]).toBe(1)
  })

  test('no step while it is held', () => {
    const { initiator } = start()
    initiator.hold()
    expect(seal(initiator, 900_000)[1]).toBe(0)
    initiator.release()
    expect(seal(initiator, 900_000)[1]).toBe(1)
  })

  test('no second step before the other side has followed the first', () => {
    const { initiator, responder } = start()
    const first = seal(initiator, 120_000)
    expect(seal(initiator, 900_000)[1]).toBe(1)
    responder.open(first, 900_000)
    initiator.open(seal(responder, 900_000), 900_000)
    expect(seal(initiator, 900_000)[1]).toBe(2)
  })

  test('the responder opens the old generation 10 s more, then erases its key', () => {
    const { initiator, responder } = start()
    const [old, older] = [seal(initiator, 0), seal(initiator, 0)]
    expect(responder.deadline).toBe(Infinity)
    expect(responder.open(seal(initiator, 120_000), 120_000)?.isNewest).toBe(true)
    expect(responder.deadline).toBe(130_000)
    expect(responder.open(old, 129_999)?.isNewest).toBe(false)
    expect(responder.open(old, 129_999)).toBeUndefined()
    expect(responder.open(older, 130_000)).toBeUndefined()
    expect(responder.deadline).toBe(Infinity)
  })

  test('the initiator opens it until 10 s after the other side followed', () => {
    const { initiator, responder } = start()
    const late = seal(responder, 0)
    const lost = seal(initiator, 120_000)
    const before = [seal(responder, 125_000), seal(responder, 200_000)]
    expect(before.map((frame) => initiator.open(frame, 200_000)?.isNewest)).toEqual([true, true])
    responder.open(lost, 200_000)
    expect(initiator.open(seal(responder, 200_000), 200_000)?.isNewest).toBe(true)
    expect(initiator.deadline).toBe(210_000)
    expect(initiator.open(late, 209_999)?.isNewest).toBe(false)
    initiator.expire(210_000)
    expect(initiator.deadline).toBe(Infinity)
  })

  test('a forged frame of the next generation moves nothing', () => {
    const { initiator, responder } = start()
    const stepped = seal(initiator, 120_000)
    for (const damaged of bitFlips(stepped)) expect(responder.open(damaged, 120_000)).toBeUndefined()
    expect(responder.generation).toBe(0)
    expect(seal(responder, 120_000)[1]).toBe(0)
    expect(responder.open(stepped, 120_000)).toBeDefined()
    expect(responder.generation).toBe(1)
  })

  test('a responder’s claim to have stepped is not believed', () => {
    const { ck, initiator } = start()
    const key = hkdf(hkdf(ck, new TextEncoder().encode('step'))[0])[1]
    const claim = frameOf(key, { header: { generation: 1, index: 0x01020304, counter: 0 } })
    expect(initiator.open(claim, 0)).toBeUndefined()
    expect(initiator.generation).toBe(0)
  })

  test('300 steps, their number mod 256, with frames of either side lost around each', () => {
    const { initiator, responder } = start()
    const heard = { initiator: 0, responder: 0 }
    for (let i = 0; i < 1_200; i++) {
      const now = i * 40_000
      const [down, up] = [seal(initiator, now), seal(responder, now)]
      if (i % 5 !== 0 && responder.open(down, now)) heard.responder++
      if (i % 7 !== 0 && initiator.open(up, now)) heard.initiator++
    }
    expect(heard).toEqual({ responder: 960, initiator: 1_028 })
    expect(initiator.generation).toBeGreaterThan(290)
    expect(initiator.generation - responder.generation).toBeLessThanOrEqual(1)
  })
})
