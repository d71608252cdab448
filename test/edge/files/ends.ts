/** Both ends of a transfer on real folders, with nothing but function calls between them. */
import { Disk } from '../../../src/edge/files/disk.ts'
import { partName, Sink } from '../../../src/edge/files/sink.ts'
import type { Skipped } from '../../../src/edge/files/walk.ts'
import { Incoming } from '../../../src/transfer/incoming.ts'
import { maxManifest } from '../../../src/transfer/limits.ts'
import { decodeOffer, encodeOffer, type Offer, transferId } from '../../../src/transfer/offer.ts'
import { Outgoing } from '../../../src/transfer/outgoing.ts'
import type { Transfer, TransferState } from '../../../src/transfer/transfer.ts'
import { decoded } from '../../transfer/manifests.ts'

export const sender = 'ab'.repeat(56) // a fingerprint

export class Ends implements AsyncDisposable {
  readonly skipped: [path: string, why: Skipped][] = []
  readonly outgoing: Outgoing
  incoming: Incoming | undefined
  readonly source: Disk
  readonly sink: Disk
  readonly #into: string
  readonly #transfer
  #waiting: (() => void) | undefined
  #faults: unknown[] = []
  #isConnected = false
  #isCut = false

  /** @param run - another one, another transfer */
  constructor({ paths, into, run = 1 }: { paths: readonly string[]; into: string; run?: number }) {
    this.#into = into
    this.#transfer = transferId(new Uint8Array(16).fill(run))
    const onFault = (error: unknown): void => {
      this.#faults.push(error)
      this.#waiting?.()
    }
    this.source = new Disk({
      answer: (result) => {
        this.outgoing.worked(result)
        this.#pump()
      },
      onFault,
    })
    this.sink = new Disk({
      answer: (result) => {
        this.incoming?.worked(result, performance.now())
        this.#pump()
      },
      onFault,
    })
    this.outgoing = new Outgoing({ transfer: this.#transfer, name: 'gift', form: 'files' })
    this.source.send(this.#transfer, { paths, onSkipped: (path, why) => this.skipped.push([path, why]) })
  }

  get transfer() {
    return this.#transfer
  }

  /** Until both have ended, or `isEnough`. */
  async play(
    isEnough: () => boolean = () => false,
  ): Promise<readonly [TransferState, TransferState | undefined]> {
    if (!this.#isConnected) this.outgoing.connect(1)
    this.#isConnected = true
    this.#pump()
    while (!isEnough() && !(hasEnded(this.outgoing) && (!this.incoming || hasEnded(this.incoming)))) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve
      })
      if (this.#faults.length > 0) throw this.#faults[0]
    }
    return [this.outgoing.state, this.incoming?.state]
  }

  /** Nothing more is said or done: as after kill -9 of both. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isCut = true
    await this.source[Symbol.asyncDispose]()
    await this.sink[Symbol.asyncDispose]()
  }

  #pump(): void {
    if (this.#isCut) return
    const now = performance.now()
    for (let turns = 0; turns < 100_000 && this.#turn(now); turns++);
    this.#waiting?.()
  }

  #turn(now: number): boolean {
    let isBusy = false
    for (const out of this.outgoing.drain(now, 1 << 20)) {
      isBusy = true
      if (out.kind === 'frame') this.incoming?.receive(out.bytes)
      else if (out.kind === 'answer') this.incoming?.answered(out.answer)
      else if (out.kind === 'work') this.source.do(out.work)
      else if (out.kind === 'offer') this.#offer(out.offer)
    }
    for (const out of this.incoming?.drain(now) ?? []) {
      isBusy = true
      if (out.kind === 'frame') this.outgoing.receive(out.bytes)
      else if (out.kind === 'answer') this.outgoing.answered(out.answer)
      else if (out.kind === 'work') this.sink.do(out.work)
    }
    return isBusy
  }

  #offer(offer: Offer): void {
    const key = (): Uint8Array => new Uint8Array(64).fill(9)
    const heard = decodeOffer(encodeOffer(offer))!
    queueMicrotask(() => {
      this.outgoing.secured(key())
      this.incoming = new Incoming(heard, key())
      void this.#accept(heard).then(() => this.#pump())
    })
  }

  async #accept(offer: Offer): Promise<void> {
    if (offer.form !== 'files') throw new Error('these ends have files')
    const sink = new Sink({ into: this.#into, part: partName(sender, offer.root) })
    const kept = await sink.kept(maxManifest)
    const manifest = kept && decoded(kept.manifest, offer)
    this.sink.receive(this.#transfer, sink)
    if (kept && manifest) this.incoming?.accept({ manifest, cursor: await sink.sound(manifest, kept.cursor) })
    else this.incoming?.accept()
  }
}

const hasEnded = ({ state }: Transfer): boolean => /^(?:done|rejected|cancelled|failed)$/.test(state.kind)
