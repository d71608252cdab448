/**
 * The receiver of files or of a stream. Until `accept` it takes no frame and
 * asks nothing of the disk; then it names where to begin, checks what comes,
 * and says how far it is written. It outlives sessions: see `Transfer`.
 */
import { equal, wipe } from '../crypto.ts'
import { Course } from './course.ts'
import { endBy, failed, farewell, leaves, says } from './ending.ts'
import { Line, readSenderFrame, type SenderFrame } from './frames.ts'
import { FileLanding, type Landing, type LandingFault, StreamLanding } from './landing.ts'
import { gotSize, gotTime, keepSize, keepTime, windowSize } from './limits.ts'
import { type Manifest, ManifestReader } from './manifest.ts'
import type { Answer, Offer, Why } from './offer.ts'
import type { Kept, Receiving, TransferEnd, TransferOutput, TransferState } from './transfer.ts'
import { pieceSizeOf } from './tree.ts'
import type { Content as Placed, WorkResult } from './work.ts'

type Content =
  | { readonly kind: 'offered' } // nobody has accepted it
  | { readonly kind: 'manifest'; readonly reader: ManifestReader }
  | { readonly kind: 'landing'; readonly landing: Landing; readonly manifest: Manifest | undefined }
  | { readonly kind: 'finishing'; readonly landing: Landing; readonly manifest: Manifest | undefined }
  | { readonly kind: 'over'; readonly written: number } // its list of files is nobody's any more

type Session =
  | { readonly kind: 'none' }
  | { readonly kind: 'open'; readonly line: Line }
  | { readonly kind: 'accepted'; readonly line: Line } // and not yet told where to begin, while we pause
  | { readonly kind: 'started'; readonly line: Line }

export class Incoming implements Receiving {
  readonly #course: Course
  #offer: Offer
  #session: Session
  #content: Content = { kind: 'offered' }
  #end: TransferEnd | undefined
  #got = 0 // as the sender was told last
  #gotAt = Number.NEGATIVE_INFINITY // ms: not sooner again
  #kept = 0
  #keeping: 'idle' | 'asked' = 'idle'
  #keepAt = Number.POSITIVE_INFINITY
  #early: ContentFrame[] = [] // content that came while the manifest was read

  constructor(offer: Offer, key: Uint8Array) {
    this.#offer = offer
    this.#course = new Course(offer.transfer)
    this.#session = { kind: 'open', line: new Line(offer, key, 'receiver') }
  }

  get state(): TransferState {
    if (this.#end) return this.#end
    if (this.#session.kind === 'none') return { kind: 'waiting' }
    return this.#content.kind === 'offered' ? { kind: 'offered' } : this.#course.state
  }

  get offer(): Offer {
    return this.#offer
  }

  get octets(): number {
    return this.#content.kind === 'over' ? this.#content.written : (this.#landing?.written ?? 0)
  }

  get of(): number | undefined {
    return this.#offer.form === 'files' ? this.#offer.octets : undefined
  }

  get deadline(): number {
    const isDue = this.#isHeavy || this.#isWhole || this.#canStart || this.#isReading
    return isDue || this.#course.isDue(this.state)
      ? Number.NEGATIVE_INFINITY
      : Math.min(this.#gotDue, this.#keepDue)
  }

  readonly isReady = false // what it has to say has room beside the content of others

  connect(offer: Offer, key: Uint8Array): void {
    if (offer.transfer !== this.#course.transfer) throw new RangeError('incoming: this is another transfer')
    this.disconnect()
    if (this.#end) {
      wipe(key)
      this.#sayEnd(this.#end)
      return
    }
    const isKnown = isSameContent(offer, this.#offer)
    this.#offer = offer
    this.#session = { kind: 'open', line: new Line(offer, key, 'receiver') }
    if (!isKnown) this.#fail('broken')
  }

  disconnect(): void {
    if (this.#session.kind !== 'none') this.#session.line.wipe()
    this.#session = { kind: 'none' }
    this.#early = []
    this.#course.disconnect()
    this.#keepAt = Number.NEGATIVE_INFINITY // who knows when it goes on
  }

  accept(kept?: Kept): boolean {
    if (this.#end || this.#content.kind !== 'offered') return false
    if (this.#offer.form === 'stream') {
      this.#place(new StreamLanding(), { kind: 'stream' })
      return true
    }
    if (kept) this.#open(kept.manifest, resumable(kept.cursor, kept.manifest.octets))
    else this.#content = { kind: 'manifest', reader: new ManifestReader(this.#offer) }
    return true
  }

  reject(why: Why): void {
    this.#conclude({ kind: 'rejected', by: 'us', why })
  }

  receive(frame: Uint8Array): void {
    if (this.#session.kind !== 'started') return
    const opened = this.#session.line.open(frame)
    const told = opened && readSenderFrame(opened)
    if (!told) {
      this.#fail('broken')
      return
    }
    this.#check(this.#take(told))
  }

  answered(answer: Answer): void {
    if (this.#end) return
    const end = endBy(answer, this.#path(answer.file))
    if (end)
      this.#conclude(end) // also where it was not offered anew: the sender has given it up meanwhile
    else if (this.#session.kind !== 'none') this.#course.hear(answer)
  }

  worked(result: WorkResult, now: number): void {
    if (this.#end) return
    switch (result.kind) {
      case 'placed':
        this.#keepAt = now + keepTime
        return
      case 'written':
        this.#landing?.wrote()
        return
      case 'kept':
        this.#keeping = 'idle'
        return
      case 'finished':
        this.#conclude({
          kind: 'done',
          path: result.path,
          ...(result.renamed && { renamed: result.renamed }),
        })
        return
      case 'failed':
        this.#fail(result.why, result.file)
        return
      default:
        throw new RangeError(`incoming: nobody asked for what is ${result.kind}`)
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

  *drain(now: number): Generator<TransferOutput> {
    if (this.#isReading) this.#read()
    this.#start()
    yield* this.#course.take(this.state)
    const { transfer } = this.#course
    while (this.#isHeavy) yield { kind: 'work', work: { kind: 'write', transfer, ...this.#landing!.next() } }
    if (now >= this.#gotDue) yield this.#tell(now)
    if (now >= this.#keepDue) yield this.#keep(now)
    if (this.#isWhole) yield this.#finish()
  }

  get #landing(): Landing | undefined {
    return 'landing' in this.#content ? this.#content.landing : undefined
  }

  get #isAccepted(): boolean {
    return this.#session.kind === 'accepted' || this.#session.kind === 'started'
  }

  get #canStart(): boolean {
    if (this.#session.kind === 'open') return this.#content.kind !== 'offered'
    return this.#session.kind === 'accepted' && !this.#course.isPausedByUs
  }

  get #isReading(): boolean {
    return this.#content.kind === 'manifest' && this.#content.reader.isBusy
  }

  get #isHeavy(): boolean {
    return this.#content.kind === 'landing' && !this.#end && this.#content.landing.isHeavy
  }

  get #isWhole(): boolean {
    return this.#content.kind === 'landing' && !this.#end && this.#content.landing.isComplete
  }

  /** When the sender is to hear how much is written. */
  get #gotDue(): number {
    const written = this.#session.kind === 'started' ? (this.#landing?.written ?? 0) : 0
    if (written <= this.#got) return Number.POSITIVE_INFINITY
    return written >= this.#got + gotSize ? Number.NEGATIVE_INFINITY : this.#gotAt
  }

  /** When the cursor is to be stored. */
  get #keepDue(): number {
    const cursor = this.#content.kind === 'landing' && !this.#end ? this.#content.landing.cursor : 0
    if (cursor <= this.#kept || this.#keeping === 'asked') return Number.POSITIVE_INFINITY
    return cursor >= this.#kept + keepSize ? Number.NEGATIVE_INFINITY : this.#keepAt
  }

  #start(): void {
    if (this.#session.kind === 'open' && this.#content.kind !== 'offered') {
      this.#session = { kind: 'accepted', line: this.#session.line }
      this.#course.say(says('accept'))
      if (this.#course.isPausedByUs) this.#course.say(says('pause'))
    }
    if (this.#session.kind !== 'accepted' || this.#course.isPausedByUs) return
    const { line } = this.#session
    this.#session = { kind: 'started', line }
    const manifest =
      this.#content.kind === 'manifest' ? this.#content.reader.length : manifestSize(this.#offer)
    this.#got = this.#landing?.position ?? 0
    this.#course.push({ kind: 'frame', bytes: line.seal({ kind: 'start', manifest, position: this.#got }) })
  }

  #take(told: SenderFrame): LandingFault | undefined {
    if (this.#content.kind === 'manifest') return this.#takeFirst(told, this.#content.reader)
    if (told.kind === 'manifest') return broken
    const landing = this.#landing
    if (landing?.position !== told.position) return broken
    if (told.kind === 'end') return landing.end(told.hash)
    if (endOf(told) > this.#got + windowSize) return broken
    return told.kind === 'data' ? landing.data(told.octets) : landing.hole(told.size)
  }

  /** Content waits until the manifest is read; no more of it than its sender may send before he hears of us. */
  #takeFirst(told: SenderFrame, reader: ManifestReader): LandingFault | undefined {
    if (told.kind === 'manifest') return reader.push(told.octets) ? undefined : broken
    if (told.kind === 'end' || !reader.isWhole || this.#early.length === mostEarly) return broken
    const last = this.#early.at(-1)
    if (told.position !== (last ? endOf(last) : this.#got) || endOf(told) > this.#got + windowSize)
      return broken
    this.#early.push(told)
    return undefined
  }

  #read(): void {
    if (this.#content.kind !== 'manifest') return
    const manifest = this.#content.reader.read()
    if (manifest === 'more') return
    if (typeof manifest === 'string') {
      this.#fail(manifest)
      return
    }
    const early = this.#early
    this.#early = []
    this.#open(manifest, 0)
    for (const told of early) this.#check(this.#end ? undefined : this.#take(told))
  }

  #check(fault: LandingFault | undefined): void {
    if (fault) this.#fail(fault.why, fault.file)
  }

  #open(manifest: Manifest, cursor: number): void {
    this.#kept = cursor
    this.#place(new FileLanding(manifest, cursor), { kind: 'files', manifest, cursor })
  }

  #place(landing: Landing, content: Placed): void {
    const manifest = content.kind === 'files' ? content.manifest : undefined
    this.#content = { kind: 'landing', landing, manifest }
    const { transfer } = this.#course
    this.#course.push({ kind: 'work', work: { kind: 'place', transfer, offer: this.#offer, content } })
  }

  /** Only when it is due. */
  #tell(now: number): TransferOutput {
    if (this.#session.kind !== 'started' || !this.#landing) throw new RangeError('incoming: nothing to tell')
    this.#got = this.#landing.written
    this.#gotAt = now + gotTime
    return { kind: 'frame', bytes: this.#session.line.seal({ kind: 'got', position: this.#got }) }
  }

  #keep(now: number): TransferOutput {
    this.#kept = this.#landing?.cursor ?? 0
    this.#keeping = 'asked'
    this.#keepAt = now + keepTime
    return { kind: 'work', work: { kind: 'keep', transfer: this.#course.transfer, cursor: this.#kept } }
  }

  #finish(): TransferOutput {
    if (this.#content.kind === 'landing') this.#content = { ...this.#content, kind: 'finishing' }
    return { kind: 'work', work: { kind: 'finish', transfer: this.#course.transfer } }
  }

  #path(file: number | undefined): string | undefined {
    if (file === undefined || !('manifest' in this.#content)) return undefined
    return this.#content.manifest?.files[file]?.path
  }

  #fail(why: Why, file?: number): void {
    this.#conclude(failed('us', why, this.#path(file)), file)
  }

  #conclude(end: TransferEnd, file?: number): void {
    if (this.#end) return
    this.#end = end
    if (this.#session.kind !== 'none') this.#sayEnd(end, file)
    this.disconnect()
    const { transfer } = this.#course
    if (this.#content.kind !== 'offered' && end.kind !== 'done')
      this.#course.push({ kind: 'work', work: { kind: 'abandon', transfer, leaves: leaves(end) } })
    this.#content = { kind: 'over', written: this.octets }
  }

  #sayEnd(end: TransferEnd, file?: number): void {
    const words = end.kind === 'done' ? says('done') : farewell(end, file)
    if (words) this.#course.say(words)
  }
}

const manifestSize = (offer: Offer): number => (offer.form === 'files' ? offer.manifestSize : 0)

/** Offered anew it is the same: who has something else to send offers another transfer. */
function isSameContent(a: Offer, b: Offer): boolean {
  if (a.name !== b.name) return false
  if (a.form === 'stream' || b.form === 'stream') return a.form === b.form
  const isSameList = a.files === b.files && a.folders === b.folders && a.manifestSize === b.manifestSize
  return isSameList && a.octets === b.octets && equal(a.root, b.root)
}

/** Where to go on: the beginning of the piece that the cursor is in. */
function resumable(cursor: number, octets: number): number {
  return cursor >= octets ? octets : cursor - (cursor % pieceSizeOf(octets))
}

const broken: LandingFault = { why: 'broken', file: undefined }

type ContentFrame = Extract<SenderFrame, { kind: 'data' | 'hole' }>

const endOf = (frame: ContentFrame): number =>
  frame.position + (frame.kind === 'data' ? frame.octets.length : frame.size)

/** Frames: those of the first window, if they have half a KiB each. */
const mostEarly = 16_384
