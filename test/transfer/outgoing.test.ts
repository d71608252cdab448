import { describe, expect, test } from 'vitest'
import { windowSize } from '../../src/transfer/limits.ts'
import type { Offer, Verb } from '../../src/transfer/offer.ts'
import { Outgoing } from '../../src/transfer/outgoing.ts'
import type { TransferOutput } from '../../src/transfer/transfer.ts'
import { Writer } from '../../src/wire/writer.ts'
import { content } from './content.ts'
import { Source, type Tree } from './disk.ts'
import { Forger, hostileKey } from './hostile.ts'
import { id } from './pair.ts'

const tree: Tree = new Map<string, Uint8Array | 'folder'>([
  ['d', 'folder'],
  ['d/a', content(400_000)],
  ['d/b', content(100_000, 2)],
])
const octets = 500_000

/** A sender whose offer went out, and a receiver who may say anything. */
class Offered {
  readonly outgoing: Outgoing
  readonly source: Source
  readonly outputs: TransferOutput[] = []
  offer: Offer | undefined
  forger: Forger | undefined
  readonly #form: Offer['form']

  constructor(tree: Tree, form: Offer['form'] = 'files') {
    this.#form = form
    this.source = new Source(tree)
    this.outgoing = new Outgoing({ transfer: id, name: 'gift', form })
    this.connect(1)
  }

  connect(stream: number): void {
    this.outgoing.connect(stream)
    this.pump()
  }

  /** Until nothing is left to do without another word of the receiver's. */
  pump(): void {
    while (this.outgoing.deadline <= 0 || this.outgoing.isReady)
      for (const output of this.outgoing.drain(0, 65_536)) {
        this.outputs.push(output)
        if (output.kind === 'offer') {
          this.offer = output.offer
          this.outgoing.secured(hostileKey())
          this.forger = new Forger(output.offer, 'receiver')
        }
        const result = output.kind === 'work' ? this.source.do(output.work, this.#form) : undefined
        if (result) this.outgoing.worked(result)
      }
  }

  says(verb: Verb, file?: number): void {
    this.outgoing.answered({ transfer: id, verb, why: verb === 'failed' ? 'damaged' : undefined, file })
    this.pump()
  }

  start(position: number | bigint, manifest = 0): void {
    this.hears(16, new Writer().u64(BigInt(position)).u32(manifest).done())
  }

  got(position: number | bigint): void {
    this.hears(17, new Writer().u64(BigInt(position)).done())
  }

  hears(kind: number, body: Uint8Array): void {
    this.outgoing.receive(this.forger!.raw(kind, body))
    this.pump()
  }

  get frames(): number {
    return this.outputs.filter(({ kind }) => kind === 'frame').length
  }

  get verbs(): Verb[] {
    return this.outputs.flatMap((output) => (output.kind === 'answer' ? [output.answer.verb] : []))
  }
}

const manifestSize = ({ offer }: Offered): number => (offer?.form === 'files' ? offer.manifestSize : 0)

describe('a receiver who lies ends the transfer', () => {
  test.each<[string, (offered: Offered) => void]>([
    ['starts behind the end', (o) => o.start(octets + 1)],
    ['starts at 2^53', (o) => o.start(2n ** 53n)],
    ['starts at 2^64 - 1', (o) => o.start(2n ** 64n - 1n)],
    ['starts behind the manifest', (o) => o.start(0, manifestSize(o) + 1)],
    ['starts at the 2^32 - 1st octet of the manifest', (o) => o.start(0, 0xffff_ffff)],
    ['starts twice', (o) => [o.start(0), o.start(0)]],
    ['has got something before he started', (o) => o.got(0)],
    ['has got what was not sent', (o) => [o.start(0), o.got(octets + 1)]],
    ['has got 2^64 - 1', (o) => [o.start(0), o.got(2n ** 64n - 1n)]],
    ['has got less than before', (o) => [o.start(0), o.got(100_000), o.got(99_999)]],
    ['has got less than he started at', (o) => [o.start(300_000), o.got(299_999)]],
    ['sends a sender’s frame', (o) => [o.start(0), o.hears(2, new Uint8Array(20))]],
    ['sends a kind that is none', (o) => [o.start(0), o.hears(18, new Uint8Array(8))]],
    ['sends half a position', (o) => [o.start(0), o.hears(17, new Uint8Array(7))]],
    ['sends an octet too much', (o) => [o.start(0), o.hears(17, new Uint8Array(9))]],
    [
      'sends a frame in the clear',
      (o) => o.outgoing.receive(Uint8Array.of(0x80, 0, 0, 1, 16, ...Array(12).fill(0))),
    ],
    ['sends nothing', (o) => o.outgoing.receive(new Uint8Array(0))],
    [
      'plays back a frame',
      (o) => {
        o.start(0)
        const frame = o.forger!.raw(17, new Uint8Array(8))
        o.outgoing.receive(frame)
        o.outgoing.receive(frame)
      },
    ],
    [
      'mirrors a frame',
      (o) => {
        o.start(0)
        const frame = o.outputs.find((output) => output.kind === 'frame')
        if (frame?.kind === 'frame') o.outgoing.receive(frame.bytes)
      },
    ],
    [
      'uses the key of another offer',
      (o) => {
        o.outgoing.receive(new Forger({ ...o.offer!, name: 'x' }, 'receiver').raw(16, new Uint8Array(12)))
      },
    ],
  ])('%s', (_, lie) => {
    const offered = new Offered(tree)
    lie(offered)
    offered.pump()
    expect(offered.outgoing.state).toEqual({ kind: 'failed', by: 'us', why: 'broken' })
    expect(offered.verbs).toEqual(['failed'])
    const sent = offered.frames
    offered.start(0)
    expect(offered.frames).toBe(sent)
  })

  test('says that all is done while it is sent', () => {
    const large = new Offered(new Map([['a', content(windowSize + 1)]]))
    large.start(0)
    large.says('done')
    expect(large.outgoing.state).toEqual({ kind: 'failed', by: 'us', why: 'broken' })
  })

  test('says that a stream is done before it has an end', () => {
    const stream = new Offered(new Map([['a', content(10_000)]]), 'stream')
    stream.says('done')
    expect(stream.outgoing.state).toEqual({ kind: 'failed', by: 'us', why: 'broken' })
  })
})

test('nothing leaves before the receiver has started, whatever he says', () => {
  const offered = new Offered(tree)
  for (const verb of ['go', 'pause', 'accept', 'accept', 'go'] as const) offered.says(verb)
  expect([offered.frames, offered.outgoing.state.kind]).toEqual([0, 'running'])
})

test('what the receiver has is not sent: the manifest, or content', () => {
  const offered = new Offered(tree)
  offered.start(450_000, manifestSize(offered))
  expect(offered.frames).toBe(1)
  offered.got(octets)
  offered.says('done')
  expect(offered.outgoing.state.kind).toBe('done')
  expect(offered.verbs).toEqual([])
})

test('a receiver who has all of it from before is believed', () => {
  const offered = new Offered(tree)
  offered.says('done')
  expect(offered.outgoing.state.kind).toBe('done')
})

test('a thousand pauses and goes cost nothing, and it goes on', () => {
  const offered = new Offered(tree)
  offered.says('accept')
  for (let i = 0; i < 1_000; i++) offered.says(i % 2 ? 'go' : 'pause')
  expect(offered.outgoing.state).toEqual({ kind: 'running' })
  offered.says('pause')
  offered.start(0)
  expect([offered.frames, offered.outgoing.state]).toEqual([0, { kind: 'paused', by: 'them' }])
  offered.says('go')
  expect(offered.frames).toBeGreaterThan(octets / 65_536)
})

test('the receiver’s failure names the file', () => {
  const offered = new Offered(tree)
  offered.start(0)
  offered.says('failed', 1)
  expect(offered.outgoing.state).toEqual({ kind: 'failed', by: 'them', why: 'damaged', path: 'd/b' })
  const other = new Offered(tree)
  other.says('failed', 99)
  expect(other.outgoing.state).toEqual({ kind: 'failed', by: 'them', why: 'damaged' })
})

describe('what cannot be sent is told before it is offered', () => {
  test.each<[string, Tree, object]>([
    ['a name', new Map([['a ', content(1)]]), { why: 'names', path: 'a ', rule: 'ending' }],
    [
      'two names that clash',
      new Map([
        ['a', content(1)],
        ['A', content(1)],
      ]),
      { why: 'names', path: 'A', rule: 'clash' },
    ],
    ['nothing', new Map(), { why: 'gone' }],
  ])('%s', (_, tree, fault) => {
    const { outgoing, offer, verbs } = new Offered(tree)
    expect([outgoing.state, offer, verbs]).toEqual([{ kind: 'failed', by: 'us', ...fault }, undefined, []])
  })

  test('more than 2^53 octets', () => {
    const outgoing = new Outgoing({ transfer: id, name: 'x', form: 'files' })
    expect([...outgoing.drain(0, 0)].map(({ kind }) => kind)).toEqual(['event', 'work'])
    const size = Number.MAX_SAFE_INTEGER
    const entries = ['a', 'b'].map((path) => ({ kind: 'file' as const, path, mode: 0o644, size }))
    outgoing.worked({ kind: 'surveyed', transfer: id, entries })
    expect(outgoing.state).toEqual({ kind: 'failed', by: 'us', why: 'large' })
  })
})

test('names go out in NFC, modes without setuid', () => {
  const offered = new Offered(new Map([['cafe\u0301', 'folder']]))
  offered.start(0)
  expect(offered.offer).toMatchObject({ octets: 0, files: 0, manifestSize: 10 })
})

test('files are offered under their own name, whatever it is called here; a stream under the given one', () => {
  expect(new Offered(new Map([['cafe\u0301', 'folder']])).offer).toMatchObject({ name: 'café', folders: 1 })
  const two = new Map<string, 'folder'>([
    ['b', 'folder'],
    ['b/c', 'folder'],
    ['a', 'folder'],
  ])
  expect(new Offered(two).offer).toMatchObject({ name: 'b and 1 more', folders: 3 })
  expect(new Offered(new Map(), 'stream').offer?.name).toBe('gift')
})

test('a file that is shorter when it is read again fails by its name', () => {
  const offered = new Offered(tree)
  offered.source.change(1, content(99_999, 2))
  offered.start(0)
  expect(offered.outgoing.state).toEqual({ kind: 'failed', by: 'us', why: 'changed', path: 'd/b' })
  expect(offered.outputs.at(-2)).toMatchObject({ kind: 'work', work: { kind: 'abandon' } })
  expect(offered.verbs).toEqual(['failed'])
})

test('what the disk says is told, with the file', () => {
  const outgoing = new Outgoing({ transfer: id, name: 'x', form: 'files' })
  const entries = [{ kind: 'file' as const, path: 'secret', mode: 0, size: 4 }]
  outgoing.worked({ kind: 'surveyed', transfer: id, entries })
  outgoing.worked({ kind: 'failed', transfer: id, why: 'denied', file: 0 })
  expect(outgoing.state).toEqual({ kind: 'failed', by: 'us', why: 'denied', path: 'secret' })
})

test('an end that could not be said is said in the next session', () => {
  const offered = new Offered(tree)
  offered.says('accept')
  offered.outgoing.disconnect()
  offered.outgoing.cancel()
  offered.pump()
  expect(offered.verbs).toEqual([])
  offered.connect(2)
  expect(offered.verbs).toEqual(['cancel'])
  offered.connect(3)
  expect(offered.verbs).toEqual(['cancel'])
})

test('10,000 small files take 40 questions of the disk to read, and as many to send', () => {
  const hundred = content(100)
  const many: Tree = new Map(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, hundred]))
  const offered = new Offered(many)
  const works = (): number =>
    offered.outputs.filter((output) => output.kind === 'work' && output.work.kind === 'read').length
  expect(works()).toBe(40)
  offered.start(0)
  expect(works()).toBe(80)
  expect(offered.frames).toBeLessThan(30)
})

test('a stream is read no further than it is sent, and half a megabyte', () => {
  const offered = new Offered(new Map([['a', content(2_000_000)]]), 'stream')
  const reads = (): number => offered.outputs.filter(({ kind }) => kind === 'work').length
  expect(reads()).toBe(0)
  offered.says('accept')
  expect(reads()).toBe(0)
  offered.outgoing.pause()
  offered.start(0)
  expect(reads()).toBe(0)
  offered.outgoing.go()
  offered.pump()
  expect(offered.verbs).toEqual(['pause', 'pause', 'go'])
  expect(reads()).toBe(21)
})
