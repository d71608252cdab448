import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/crypto.ts'
import { Incoming } from '../../src/transfer/incoming.ts'
import { keepSize, keepTime, windowSize } from '../../src/transfer/limits.ts'
import { manifestRoot } from '../../src/transfer/manifest.ts'
import type { Offer } from '../../src/transfer/offer.ts'
import type { TransferOutput } from '../../src/transfer/transfer.ts'
import { PieceHasher } from '../../src/transfer/tree.ts'
import type { Work, WorkResult } from '../../src/transfer/work.ts'
import { content } from './content.ts'
import { Sink } from './disk.ts'
import { Forger, hostileId, hostileKey } from './hostile.ts'
import { encodeManifest, keptOf } from './manifests.ts'

/** An honest manifest of one file. */
function offering(octets: Uint8Array): { offer: Offer; bytes: Uint8Array } {
  const pieces = [...new PieceHasher(octets.length, 0).push(octets)].flatMap(({ hash }) => [...hash])
  const file = { kind: 'file', path: 'a', mode: 0o644, size: octets.length, start: 0 } as const
  const bytes = encodeManifest(Uint8Array.from(pieces), [file])
  const offer: Offer = {
    ...{
      transfer: hostileId,
      stream: 9,
      name: 'a',
      form: 'files',
      octets: octets.length,
      files: 1,
      folders: 0,
    },
    ...{ root: manifestRoot(bytes), manifestSize: bytes.length },
  }
  return { offer, bytes }
}

/** A receiver whose sender and disk do as the test says. */
class Receiver {
  readonly incoming: Incoming
  readonly sink = new Sink()
  readonly outputs: TransferOutput[] = []
  forger: Forger
  now = 0
  /** Works wait here while the disk is slow. */
  readonly slow: Work[] = []
  disk: 'quick' | 'slow' = 'quick'

  constructor(offer: Offer) {
    this.incoming = new Incoming(offer, hostileKey())
    this.forger = new Forger(offer)
  }

  pump(): void {
    while (this.incoming.deadline <= this.now)
      for (const output of this.incoming.drain(this.now)) {
        this.outputs.push(output)
        if (output.kind !== 'work') continue
        this.slow.push(output.work)
        if (this.disk === 'quick') this.work()
      }
  }

  /** Whatever waits for the disk. */
  work(): void {
    for (const work of this.slow.splice(0)) {
      const result = this.sink.do(work)
      if (result) this.incoming.worked(result, this.now)
    }
  }

  hears(frame: Uint8Array): void {
    this.incoming.receive(frame)
    this.pump()
  }

  hearsAll(octets: Uint8Array, from = 0): void {
    for (let at = from; at < octets.length; at += 65_536)
      this.hears(this.forger.data(at, octets.subarray(at, at + 65_536)))
  }

  works(kind: Work['kind']): Work[] {
    return this.outputs.flatMap((output) =>
      output.kind === 'work' && output.work.kind === kind ? [output.work] : [],
    )
  }

  get frames(): number {
    return this.outputs.filter(({ kind }) => kind === 'frame').length
  }
}

const octets = content(600_000)
const { offer, bytes } = offering(octets)

test('nothing is asked of the disk before the whole manifest is there and right', () => {
  const receiver = new Receiver(offer)
  receiver.incoming.accept()
  receiver.pump()
  receiver.hears(receiver.forger.manifest(bytes.subarray(0, -1)))
  expect(receiver.slow.length + receiver.sink.works.length).toBe(0)
  receiver.hears(receiver.forger.manifest(bytes.subarray(-1)))
  expect(receiver.sink.works).toEqual(['place'])
})

describe('a list of files that takes long to read', () => {
  /** 1,000 empty folders behind the file: two slices, and one step for what is left. */
  const many = (octets: Uint8Array): { offer: Offer; bytes: Uint8Array } => {
    const { offer, bytes } = offering(octets)
    const folders = Array.from(
      { length: 1_000 },
      (_, i) => ({ kind: 'folder', path: `${i}`, mode: 0 }) as const,
    )
    const whole = Uint8Array.from([...bytes, ...encodeManifest(new Uint8Array(0), folders)])
    const listed = { root: manifestRoot(whole), manifestSize: whole.length, folders: 1_000 }
    return { offer: { ...offer, ...listed, name: 'a and 1000 more' } as Offer, bytes: whole }
  }
  const accepted = (offer: Offer): Receiver => {
    const receiver = new Receiver(offer)
    receiver.incoming.accept()
    receiver.pump()
    return receiver
  }
  const frames = (receiver: Receiver, octets: Uint8Array): void => {
    for (let at = 0; at < octets.length; at += 65_536)
      receiver.incoming.receive(receiver.forger.data(at, octets.subarray(at, at + 65_536)))
  }

  test('is read a slice at a time, and content that came meanwhile is not lost', () => {
    const { offer, bytes } = many(octets)
    const receiver = accepted(offer)
    receiver.incoming.receive(receiver.forger.manifest(bytes))
    frames(receiver, octets)
    expect([...receiver.incoming.drain(0)]).toEqual([])
    expect(receiver.incoming.deadline).toBe(-Infinity)
    receiver.pump()
    expect(receiver.incoming.state.kind).toBe('done')
    expect(sha256(receiver.sink.files[0]!.content)).toEqual(sha256(octets))
  })

  test('holds no more content than its sender may send, nor in other order', () => {
    const { offer, bytes } = many(content(windowSize + 65_536))
    const receiver = accepted(offer)
    receiver.incoming.receive(receiver.forger.manifest(bytes))
    frames(receiver, content(windowSize))
    expect(receiver.incoming.state.kind).toBe('running')
    receiver.incoming.receive(receiver.forger.data(windowSize, Uint8Array.of(1)))
    expect(receiver.incoming.state).toEqual({ kind: 'failed', by: 'us', why: 'broken' })
    const other = accepted(offer)
    other.incoming.receive(other.forger.manifest(bytes))
    other.incoming.receive(other.forger.data(1, Uint8Array.of(1)))
    expect(other.incoming.state).toEqual({ kind: 'failed', by: 'us', why: 'broken' })
  })

  test('is read on without the link, and content of the former session is not taken', () => {
    const { offer, bytes } = many(octets)
    const receiver = accepted(offer)
    receiver.incoming.receive(receiver.forger.manifest(bytes))
    frames(receiver, octets.subarray(0, 65_536))
    receiver.incoming.disconnect()
    receiver.pump()
    expect(receiver.sink.works).toEqual(['place'])
    const again = { ...offer, stream: 10 }
    receiver.forger = new Forger(again)
    receiver.incoming.connect(again, hostileKey())
    receiver.pump()
    receiver.hearsAll(octets)
    expect(receiver.incoming.state.kind).toBe('done')
  })
})

test('a write is never larger than 512 KiB and a chunk, and two wait at most', () => {
  const receiver = new Receiver(offer)
  receiver.disk = 'slow'
  receiver.incoming.accept()
  receiver.pump()
  receiver.hears(receiver.forger.manifest(bytes))
  receiver.hearsAll(octets)
  expect(receiver.slow.map(({ kind }) => kind)).toEqual(['place', 'write', 'write'])
  while (receiver.slow.length > 0) {
    receiver.work()
    receiver.pump()
  }
  for (const work of receiver.works('write')) {
    const size = work.kind === 'write' ? work.parts.reduce((sum, part) => sum + part.octets.length, 0) : 0
    expect(size).toBeLessThanOrEqual(9 * 65_536)
  }
  expect(receiver.incoming.state.kind).toBe('done')
  expect(sha256(receiver.sink.files[0]!.content)).toEqual(sha256(octets))
})

test('who sends more than 8 MiB beyond what was said to be written is at fault', () => {
  const large = content(windowSize + 65_536)
  const { offer, bytes } = offering(large)
  const receiver = new Receiver(offer)
  receiver.disk = 'slow'
  receiver.incoming.accept()
  receiver.pump()
  receiver.hears(receiver.forger.manifest(bytes))
  receiver.hearsAll(large.subarray(0, windowSize))
  expect(receiver.incoming.state.kind).toBe('running')
  receiver.hears(receiver.forger.data(windowSize, large.subarray(windowSize)))
  expect(receiver.incoming.state).toMatchObject({ kind: 'failed', by: 'us', why: 'broken' })
})

test('1,000 frames of an octet are one part for the disk', () => {
  const small: Offer = { transfer: hostileId, stream: 9, name: 's', form: 'stream' }
  const receiver = new Receiver(small)
  receiver.disk = 'slow'
  receiver.incoming.accept()
  receiver.pump()
  for (let at = 0; at < 1_000; at++) receiver.incoming.receive(receiver.forger.data(at, Uint8Array.of(at)))
  receiver.pump()
  receiver.work()
  receiver.pump()
  receiver.work()
  const parts = receiver.works('write').map((work) => (work.kind === 'write' ? work.parts.length : 0))
  expect(parts.reduce((sum, count) => sum + count)).toBe(1)
  expect([...receiver.sink.stream]).toEqual(Array.from({ length: 1_000 }, (_, i) => i % 256))
})

describe('the cursor', () => {
  test(`is kept after ${keepTime / 1_000} s, and when the link is lost, at the last piece that is whole`, () => {
    const receiver = new Receiver(offer)
    receiver.incoming.accept()
    receiver.pump()
    receiver.hears(receiver.forger.manifest(bytes))
    receiver.hearsAll(octets.subarray(0, 300_000))
    expect([receiver.sink.cursor, receiver.incoming.deadline]).toEqual([0, 250])
    receiver.now = keepTime
    receiver.pump()
    expect(receiver.sink.cursor).toBe(262_144)
    expect(receiver.incoming.deadline).toBe(Infinity)
    receiver.hearsAll(octets.subarray(0, 530_000), 300_000)
    expect(receiver.sink.cursor).toBe(262_144)
    receiver.incoming.disconnect()
    receiver.pump()
    expect(receiver.sink.cursor).toBe(524_288)
  })

  test(`is kept each ${keepSize >> 20} MiB`, () => {
    const zeros = new Uint8Array(keepSize + 65_536)
    const { offer, bytes } = offering(zeros)
    const receiver = new Receiver(offer)
    receiver.incoming.accept()
    receiver.pump()
    receiver.hears(receiver.forger.manifest(bytes))
    for (let at = 0; at < keepSize; at += 65_536) receiver.hears(receiver.forger.hole(at, 65_536))
    expect(receiver.works('keep')).toEqual([{ kind: 'keep', transfer: hostileId, cursor: keepSize }])
    expect(receiver.sink.octets).toBe(0)
  })

  test.each([
    [262_144, 262_144],
    [262_143, 0],
    [600_000, 600_000],
    [599_999, 524_288],
    [2 ** 53 - 1, 600_000],
  ])('of a former process at %d goes on at %d', (cursor, expected) => {
    const receiver = new Receiver(offer)
    receiver.incoming.accept(keptOf(offer, bytes, cursor))
    receiver.disk = 'slow'
    receiver.pump()
    expect(receiver.slow[0]).toMatchObject({ kind: 'place', content: { cursor: expected } })
  })

  test('with another manifest is none', () => {
    const receiver = new Receiver(offer)
    receiver.incoming.accept(keptOf(offer, bytes.with(0, bytes[0]! ^ 1), 262_144))
    receiver.pump()
    expect(receiver.sink.works).toEqual([])
    receiver.hears(receiver.forger.manifest(bytes))
    receiver.hearsAll(octets)
    expect(receiver.incoming.state.kind).toBe('done')
  })
})

describe('an error of the disk', () => {
  test.each<[WorkResult & { kind: 'failed' }, string]>([
    [{ kind: 'failed', transfer: hostileId, why: 'full', file: 0 }, 'a'],
    [{ kind: 'failed', transfer: hostileId, why: 'denied', file: 0 }, 'a'],
    [{ kind: 'failed', transfer: hostileId, why: 'disk', file: 0 }, 'a'],
  ])('ends it with words on both sides, and what came stays: $why', (result, path) => {
    const receiver = new Receiver(offer)
    receiver.incoming.accept()
    receiver.pump()
    receiver.hears(receiver.forger.manifest(bytes))
    receiver.incoming.worked(result, 0)
    receiver.pump()
    expect(receiver.incoming.state).toEqual({ kind: 'failed', by: 'us', why: result.why, path })
    expect(receiver.sink.state).toBe('left')
    const answer = { transfer: hostileId, verb: 'failed', why: result.why, file: 0 }
    expect(receiver.outputs).toContainEqual({ kind: 'answer', answer })
    const written = receiver.sink.works.length
    receiver.hearsAll(octets)
    expect(receiver.sink.works.length).toBe(written)
  })
})

describe('what is offered again', () => {
  const again = (offer: Offer, { stream = 10 } = {}): Offer => ({ ...offer, stream })

  test.each<[string, object]>([
    ['another root', { root: new Uint8Array(32) }],
    ['a longer list', { manifestSize: bytes.length + 1 }],
    ['more octets', { octets: octets.length + 1 }],
    ['more files', { files: 2 }],
    ['more folders', { folders: 1 }],
    ['another name', { name: 'b' }],
  ])('by the same id with %s ends it', (_, change) => {
    const receiver = new Receiver(offer)
    receiver.incoming.accept()
    receiver.pump()
    receiver.incoming.connect({ ...again(offer), ...change }, hostileKey())
    receiver.pump()
    expect(receiver.incoming.state).toEqual({ kind: 'failed', by: 'us', why: 'broken' })
  })

  test('is asked about again, if nobody has answered, and takes no frame of the former session', () => {
    const receiver = new Receiver(offer)
    const former = receiver.forger
    receiver.pump()
    receiver.incoming.disconnect()
    receiver.pump()
    receiver.incoming.connect(again(offer), hostileKey())
    receiver.pump()
    receiver.incoming.accept()
    receiver.pump()
    const states = receiver.outputs.flatMap((o) => (o.kind === 'event' ? [o.event.state.kind] : []))
    expect(states).toEqual(['offered', 'waiting', 'offered', 'running'])
    receiver.hears(former.manifest(bytes))
    expect(receiver.incoming.state).toMatchObject({ kind: 'failed', why: 'broken' })
  })

  test('when it is done is answered so at once, and nothing else happens', () => {
    const receiver = new Receiver(offer)
    receiver.incoming.accept()
    receiver.pump()
    receiver.hears(receiver.forger.manifest(bytes))
    receiver.hearsAll(octets)
    const before = receiver.outputs.length
    receiver.incoming.connect(again(offer), hostileKey())
    receiver.pump()
    expect(receiver.outputs.slice(before)).toEqual([
      { kind: 'answer', answer: { transfer: hostileId, verb: 'done', why: undefined, file: undefined } },
    ])
  })

  test('is told how it ended meanwhile', () => {
    const receiver = new Receiver(offer)
    receiver.incoming.accept()
    receiver.pump()
    receiver.incoming.disconnect()
    receiver.incoming.cancel()
    receiver.pump()
    receiver.incoming.connect(again(offer), hostileKey())
    receiver.pump()
    expect(receiver.outputs.at(-1)).toMatchObject({ kind: 'answer', answer: { verb: 'cancel' } })
  })
})

test('an end lets go of what was accepted, also while its list of files comes', () => {
  const { offer, bytes } = offering(content(1_000))
  for (const part of [bytes.subarray(0, 9), bytes]) {
    const receiver = new Receiver(offer)
    receiver.incoming.accept()
    receiver.pump()
    receiver.hears(receiver.forger.manifest(part))
    receiver.incoming.cancel()
    receiver.pump()
    expect(receiver.works('abandon')).toHaveLength(1)
    expect(receiver.incoming.accept()).toBe(false)
  }
})
