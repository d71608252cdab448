/** Two ends of a transfer, their disks, and a link between them that may be lost. */

import { frameHead } from '../../src/transfer/frames.ts'
import { Incoming } from '../../src/transfer/incoming.ts'
import {
  type Answer,
  decodeAnswer,
  decodeOffer,
  encodeAnswer,
  encodeOffer,
  type Offer,
  transferId,
} from '../../src/transfer/offer.ts'
import { Outgoing } from '../../src/transfer/outgoing.ts'
import type { Transfer, TransferOutput, TransferState } from '../../src/transfer/transfer.ts'
import type { Work } from '../../src/transfer/work.ts'
import { Sink, Source, type Tree } from './disk.ts'
import { keptOf } from './manifests.ts'

export const id = transferId(Uint8Array.from({ length: 16 }, (_, i) => 200 + i))

export interface PairOptions {
  readonly form?: Offer['form']
  readonly name?: string
  readonly accepts?: 'at once' | 'when told'
}

/** What is on its way: each of the four moves in order, and one may overtake the other. */
export type Way = 'frames to them' | 'frames to us' | 'words to them' | 'words to us' | 'source' | 'sink'

export class Pair {
  readonly outgoing: Outgoing
  incoming: Incoming | undefined
  readonly source: Source
  sink = new Sink()
  readonly told = { us: [] as TransferState['kind'][], them: [] as TransferState['kind'][] }
  readonly seen = { frames: 0, works: 0, most: 0 }
  now = 0
  room = 256 << 10
  readonly #form: Offer['form']
  readonly #accepts: 'at once' | 'when told'
  readonly #ways: Record<Way, (() => void)[]> = {
    'frames to them': [],
    'frames to us': [],
    'words to them': [],
    'words to us': [],
    source: [],
    sink: [],
  }
  #sessions = 0

  constructor(tree: Tree, { form = 'files', name = 'gift', accepts = 'at once' }: PairOptions = {}) {
    this.#form = form
    this.#accepts = accepts
    this.source = new Source(tree)
    this.outgoing = new Outgoing({ transfer: id, name, form })
  }

  connect(): void {
    this.#sessions++
    this.outgoing.connect(this.#sessions)
  }

  /** The link is lost, with what is on its way. */
  cut(): void {
    for (const [way, steps] of Object.entries(this.#ways))
      if (way !== 'source' && way !== 'sink') steps.length = 0
    this.outgoing.disconnect()
    this.incoming?.disconnect()
  }

  /** The receiver's process ends, and another one finds what it left. */
  crash(): void {
    this.cut()
    this.#ways.sink.length = 0
    this.incoming = undefined
    this.sink.crash()
  }

  /** Ways that have something to do. */
  get busy(): Way[] {
    this.#drain()
    return (Object.keys(this.#ways) as Way[]).filter((way) => this.#ways[way].length > 0)
  }

  step(way: Way): void {
    this.#ways[way].shift()?.()
  }

  /** Until nothing is left to do, in the order of `pick`. */
  run(pick: (ways: readonly Way[]) => Way = (ways) => ways[0]!, until = (): boolean => false): void {
    for (let turn = 0; turn < 200_000 && !until(); turn++) {
      const { busy } = this
      if (busy.length === 0) {
        const next = Math.min(this.outgoing.deadline, this.incoming?.deadline ?? Infinity)
        if (next === Infinity) return
        this.now = next
        continue
      }
      this.step(pick(busy))
      this.now += 1
    }
    if (!until()) throw new Error('it never ends')
  }

  #drain(): void {
    for (
      let turns = 0;
      this.#isDue(this.outgoing) || (this.incoming && this.#isDue(this.incoming));
      turns++
    ) {
      if (turns > 1_000) throw new Error('it turns in a circle')
      for (const output of this.outgoing.drain(this.now, this.#room)) this.#sent(output)
      for (const output of this.incoming?.drain(this.now) ?? []) this.#answered(output)
    }
  }

  #isDue(end: Transfer): boolean {
    return end.deadline <= this.now || (end.isReady && this.#room > 0)
  }

  get #room(): number {
    return this.room - 65_536 * this.#ways['frames to them'].length
  }

  #sent(output: TransferOutput): void {
    switch (output.kind) {
      case 'offer': {
        const { stream } = output.offer
        const value = encodeOffer(output.offer)
        const key = (): Uint8Array => new Uint8Array(64).fill(stream)
        this.outgoing.secured(key())
        this.#ways['words to them'].push(() => this.#offered(decodeOffer(value)!, key()))
        return
      }
      case 'frame':
        this.seen.frames++
        if (frameHead(output.bytes)?.from !== 'sender') throw new Error('whose frame is it?')
        this.#ways['frames to them'].push(() => this.incoming?.receive(output.bytes))
        return
      case 'answer': {
        const answer = roundTrip(output.answer)
        this.#ways['words to them'].push(() => this.incoming?.answered(answer))
        return
      }
      case 'work':
        this.#work(output.work, 'source')
        return
      case 'event':
        this.told.us.push(output.event.state.kind)
        return
      default:
        output satisfies never
    }
  }

  #answered(output: TransferOutput): void {
    switch (output.kind) {
      case 'frame':
        if (frameHead(output.bytes)?.from !== 'receiver') throw new Error('whose frame is it?')
        this.#ways['frames to us'].push(() => this.outgoing.receive(output.bytes))
        return
      case 'answer': {
        const answer = roundTrip(output.answer)
        this.#ways['words to us'].push(() => this.outgoing.answered(answer))
        return
      }
      case 'work':
        this.#work(output.work, 'sink')
        return
      case 'event':
        this.told.them.push(output.event.state.kind)
        return
      case 'offer':
        throw new Error('a receiver offers nothing')
      default:
        output satisfies never
    }
  }

  #work(work: Work, way: 'source' | 'sink'): void {
    this.seen.works++
    const incoming = this.incoming
    this.#ways[way].push(() => {
      const result = way === 'source' ? this.source.do(work, this.#form) : this.sink.do(work)
      if (result && way === 'source') this.outgoing.worked(result)
      if (result && way === 'sink') incoming?.worked(result, this.now)
    })
    const waiting = this.#ways[way].length
    this.seen.most = Math.max(this.seen.most, waiting)
  }

  #offered(offer: Offer, key: Uint8Array): void {
    if (this.incoming) {
      this.incoming.connect(offer, key)
      return
    }
    this.incoming = new Incoming(offer, key)
    const { manifest, cursor } = this.sink
    if (this.#accepts === 'at once') this.incoming.accept(keptOf(offer, manifest, cursor))
  }
}

const roundTrip = (answer: Answer): Answer => decodeAnswer(encodeAnswer(answer))!
