/**
 * The sender of files or of a stream. It reads and hashes all there is, offers
 * it, and sends from where the receiver says, never more than `windowSize`
 * beyond what is written there. It outlives sessions: see `Transfer`.
 */
import { equal } from '../crypto.ts'
import { Course } from './course.ts'
import { endBy, failed, farewell, says, type Words } from './ending.ts'
import { Line, type ReceiverFrame, readReceiverFrame } from './frames.ts'
import { chunkSize, windowSize } from './limits.ts'
import { type Manifest, manifestRoot } from './manifest.ts'
import type { Answer, Offer, OfferedContent, TransferId, Why } from './offer.ts'
import { Reading } from './reading.ts'
import { FileSupply, StreamSupply } from './supply.ts'
import type { Failure, Sending, TransferEnd, TransferOutput, TransferState } from './transfer.ts'
import type { DiskFault, Work, WorkResult } from './work.ts'

export interface OutgoingOptions {
  readonly transfer: TransferId
  /** Shown to the receiver of a stream: 1 to 255 octets of UTF-8. Files are offered under their own. */
  readonly name: string
  readonly form: Offer['form']
  /** Of what an earlier process has offered under this id: what is not that any more fails. */
  readonly root?: Uint8Array | undefined
}

type Content =
  | { readonly kind: 'reading'; readonly reading: Reading }
  | {
      readonly kind: 'files'
      readonly name: string
      readonly manifest: Manifest
      readonly root: Uint8Array
      readonly supply: FileSupply
    }
  | { readonly kind: 'stream'; readonly supply: StreamSupply }

type Session =
  | { readonly kind: 'none' }
  | { readonly kind: 'begun'; readonly stream: number }
  | { readonly kind: 'asked'; readonly offer: Offer } // its message is on its way; the key is not known yet
  | { readonly kind: 'offered'; readonly line: Line }
  | { readonly kind: 'accepted'; readonly line: Line } // and not yet told where to start
  | { readonly kind: 'running'; readonly line: Line }

export class Outgoing implements Sending {
  readonly #name: string
  readonly #course: Course
  #content: Content
  #session: Session = { kind: 'none' }
  #end: TransferEnd | undefined
  #farewell: Words | undefined // until it could be said
  readonly #former: Uint8Array | undefined // root of what was offered before
  #got = 0
  #isHeardOf: boolean // the receiver may know of it, from this session or another
  #manifestAt = 0 // what of the manifest was sent in this session
  #endSent: 'no' | 'yes' = 'no' // of a stream, in this session

  constructor({ transfer, name, form, root }: OutgoingOptions) {
    this.#course = new Course(transfer)
    this.#name = name
    this.#former = root
    this.#isHeardOf = root !== undefined
    this.#content =
      form === 'files'
        ? { kind: 'reading', reading: new Reading() }
        : { kind: 'stream', supply: new StreamSupply() }
  }

  get state(): TransferState {
    if (this.#end) return this.#end
    if (this.#content.kind === 'reading') return { kind: 'reading' }
    const { kind } = this.#session
    if (kind === 'none') return { kind: 'waiting' }
    return kind === 'accepted' || kind === 'running' ? this.#course.state : { kind: 'offered' }
  }

  get octets(): number {
    return this.#content.kind === 'reading' ? this.#content.reading.octets : this.#got
  }

  get of(): number | undefined {
    if (this.#content.kind === 'reading') return this.#content.reading.of
    return this.#content.kind === 'files' ? this.#content.manifest.octets : undefined
  }

  get root(): Uint8Array | undefined {
    return this.#content.kind === 'files' ? this.#content.root : this.#former
  }

  get isUnsaid(): boolean {
    return this.#farewell !== undefined
  }

  get deadline(): number {
    const canOffer = this.#session.kind === 'begun' && this.#content.kind !== 'reading'
    const isDue = canOffer || this.#isHungry || this.#course.isDue(this.state)
    return isDue ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }

  get isReady(): boolean {
    if (!this.#isRunning || this.#content.kind === 'reading') return false
    if (this.#content.kind === 'files' && this.#manifestAt < this.#content.manifest.bytes.length) return true
    const { supply } = this.#content
    if (supply.isReady) return supply.position < this.#got + windowSize
    return this.#content.kind === 'stream' && this.#endSent === 'no' && this.#content.supply.end !== undefined
  }

  connect(stream: number): void {
    this.disconnect()
    if (!this.#end) this.#session = { kind: 'begun', stream }
    else if (this.#farewell) this.#course.say(this.#farewell)
    this.#farewell = undefined
  }

  secured(key: Uint8Array): void {
    if (this.#session.kind !== 'asked') return
    this.#session = { kind: 'offered', line: new Line(this.#session.offer, key, 'sender') }
  }

  disconnect(): void {
    if ('line' in this.#session) this.#session.line.wipe()
    this.#session = { kind: 'none' }
    this.#course.disconnect()
  }

  receive(frame: Uint8Array): void {
    if (!('line' in this.#session) || this.#content.kind === 'reading') return
    const { line, kind } = this.#session
    const opened = line.open(frame)
    const told = opened && readReceiverFrame(opened)
    if (!told || !this.#take(told, kind === 'running')) {
      this.#fail('broken')
      return
    }
    if (told.kind === 'start') this.#start(line)
  }

  answered(answer: Answer): void {
    if (this.#end || !('line' in this.#session)) return
    const end = endBy(answer, this.#path(answer.file))
    if (end) {
      this.#conclude(end)
      return
    }
    this.#course.hear(answer)
    if (answer.verb === 'accept' && this.#session.kind === 'offered')
      this.#session = { kind: 'accepted', line: this.#session.line }
    if (answer.verb === 'done') {
      if (this.#isSent) this.#conclude({ kind: 'done', path: '' })
      else this.#fail('broken')
    }
  }

  worked(result: WorkResult): void {
    if (this.#end) return
    switch (result.kind) {
      case 'surveyed':
        if (this.#content.kind === 'reading') this.#read(this.#content.reading.surveyed(result.entries))
        return
      case 'read':
        this.#filled(result.octets)
        return
      case 'failed':
        this.#fail(this.#isGone(result.why) ? 'gone' : result.why, result.file)
        return
      default:
        throw new RangeError(`outgoing: nobody asked for what is ${result.kind}`)
    }
  }

  pause(): void {
    this.#course.steer('pause', { isAccepted: this.#isAccepted })
  }

  go(): void {
    this.#course.steer('go', { isAccepted: this.#isAccepted })
  }

  cancel(): void {
    this.#conclude({ kind: 'cancelled', by: 'us' })
  }

  fail(why: Why): void {
    this.#fail(why)
  }

  *drain(_now: number, room: number): Generator<TransferOutput> {
    this.#offer()
    yield* this.#course.take(this.state)
    while (this.#isHungry) yield { kind: 'work', work: this.#ask() }
    for (let left = room; left > 0 && this.isReady; ) {
      const bytes = this.#frame()
      left -= bytes.length
      yield { kind: 'frame', bytes }
    }
  }

  get #isAccepted(): boolean {
    return this.#session.kind === 'accepted' || this.#session.kind === 'running'
  }

  get #isRunning(): boolean {
    return this.#session.kind === 'running' && !this.#course.isPaused
  }

  get #isHungry(): boolean {
    if (this.#end) return false
    if (this.#content.kind === 'reading') return this.#content.reading.isHungry
    return this.#isRunning && this.#content.supply.isHungry
  }

  /** Everything left, in this session or in those before it. */
  get #isSent(): boolean {
    const isRunning = this.#session.kind === 'running'
    switch (this.#content.kind) {
      case 'reading':
        return false
      case 'files':
        return !isRunning || this.#content.supply.position === this.#content.manifest.octets
      case 'stream':
        return this.#content.supply.end !== undefined && (!isRunning || this.#endSent === 'yes')
      default:
        return this.#content satisfies never
    }
  }

  #offer(): void {
    if (this.#session.kind !== 'begun' || this.#content.kind === 'reading') return
    const { stream } = this.#session
    const name = this.#content.kind === 'files' ? this.#content.name : this.#name
    const offer = { transfer: this.#course.transfer, stream, name, ...offered(this.#content) }
    this.#isHeardOf = true
    this.#session = { kind: 'asked', offer }
    this.#course.push({ kind: 'offer', offer })
  }

  #ask(): Work {
    const { kind } = this.#content
    const asked = kind === 'reading' ? this.#content.reading.ask() : this.#content.supply.ask()
    if (asked === 'survey') return { kind: 'survey', transfer: this.#course.transfer }
    return { kind: 'read', transfer: this.#course.transfer, ranges: asked }
  }

  #filled(octets: readonly Uint8Array[]): void {
    if (this.#content.kind === 'reading') {
      this.#read(this.#content.reading.filled(octets))
      return
    }
    const file = this.#content.supply.filled(octets)
    if (file !== undefined) this.#fail('changed', file)
  }

  /** Another step of reading is done: with a fault, or with all. */
  #read(fault: Failure | undefined): void {
    if (this.#content.kind !== 'reading') return
    if (fault) {
      this.#conclude({ kind: 'failed', by: 'us', ...fault })
      return
    }
    const { manifest, name } = this.#content.reading
    if (!manifest) return
    const root = manifestRoot(manifest.bytes)
    const supply = new FileSupply(manifest.files, manifest.octets)
    if (this.#former && !equal(this.#former, root)) this.#fail('changed')
    else this.#content = { kind: 'files', name, manifest, root, supply }
  }

  /** False if the receiver cannot honestly say so. */
  #take(told: ReceiverFrame, isRunning: boolean): boolean {
    if (this.#content.kind === 'reading' || (told.kind === 'start') === isRunning) return false
    const { supply } = this.#content
    if (told.kind === 'start') {
      const size = this.#content.kind === 'files' ? this.#content.manifest.bytes.length : 0
      if (told.manifest > size || !supply.seek(told.position)) return false
      this.#manifestAt = told.manifest
    } else if (told.position < this.#got || told.position > supply.position) return false
    else supply.forget(told.position)
    this.#got = told.position
    return true
  }

  #start(line: Line): void {
    this.#session = { kind: 'running', line }
    this.#endSent = 'no'
    if (this.#course.isPausedByUs) this.#course.say(says('pause'))
  }

  /** The next frame; only if `isReady`. */
  #frame(): Uint8Array {
    if (this.#session.kind !== 'running' || this.#content.kind === 'reading')
      throw new RangeError('outgoing: nothing is to be sent')
    const { line } = this.#session
    const { supply } = this.#content
    if (this.#content.kind === 'files') {
      const octets = this.#content.manifest.bytes.subarray(this.#manifestAt, this.#manifestAt + chunkSize)
      this.#manifestAt += octets.length
      if (octets.length > 0) return line.seal({ kind: 'manifest', octets })
    }
    const { position } = supply
    const parts = supply.take(Math.min(chunkSize, this.#got + windowSize - position))
    if (this.#content.kind === 'files')
      return parts.every(isZero)
        ? line.seal({ kind: 'hole', position, size: supply.position - position })
        : line.data(position, parts)
    if (parts.length > 0) return line.data(position, parts)
    this.#endSent = 'yes'
    return line.seal({ kind: 'end', position, hash: this.#content.supply.end! })
  }

  /** What an earlier process has offered is not where it was: it may be there another time. */
  #isGone(why: DiskFault): boolean {
    return why === 'disk' && this.#content.kind === 'reading' && this.#former !== undefined
  }

  #path(file: number | undefined): string | undefined {
    if (file === undefined || this.#content.kind === 'stream') return undefined
    const { files } = this.#content.kind === 'files' ? this.#content.manifest : this.#content.reading
    return files[file]?.path
  }

  #fail(why: Why, file?: number): void {
    this.#conclude(failed('us', why, this.#path(file)), file)
  }

  #conclude(end: TransferEnd, file?: number): void {
    if (this.#end) return
    this.#end = end
    const words = farewell(end, file)
    const isThere = this.#session.kind !== 'none'
    this.disconnect()
    if (this.#isHeardOf && !isThere) this.#farewell = words
    else if (this.#isHeardOf && words) this.#course.say(words)
    this.#course.push({
      kind: 'work',
      work: { kind: 'abandon', transfer: this.#course.transfer, leaves: 'all' },
    })
  }
}

function offered(content: Exclude<Content, { kind: 'reading' }>): OfferedContent {
  if (content.kind === 'stream') return { form: 'stream' }
  const { root, manifest } = content
  const { bytes, octets, files, folders } = manifest
  return {
    ...{ form: 'files', root, manifestSize: bytes.length },
    ...{ octets, files: files.length, folders: folders.length },
  }
}

function isZero(octets: Uint8Array): boolean {
  for (let i = 0; i < octets.length; i++) if (octets[i] !== 0) return false
  return true
}
