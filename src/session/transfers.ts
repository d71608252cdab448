/**
 * Files and streams that go to one buddy and come from him, whatever the
 * session. Each is a machine of `src/transfer`; here they are connected to the
 * conversation there is, take turns, and become what is told. Work for the disk
 * passes through: what came of it comes back by `worked`.
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { equal, wipe } from '../crypto.ts'
import { Queue } from '../queue.ts'
import { endBy } from '../transfer/ending.ts'
import { frameHead } from '../transfer/frames.ts'
import { Incoming } from '../transfer/incoming.ts'
import { maxManifest } from '../transfer/limits.ts'
import {
  type Answer,
  decodeAnswer,
  decodeOffer,
  encodeAnswer,
  encodeOffer,
  type Offer,
  type TransferId,
  transferId,
  type Why,
} from '../transfer/offer.ts'
import { Outgoing } from '../transfer/outgoing.ts'
import type { Kept, Sending, TransferOutput, TransferState } from '../transfer/transfer.ts'
import type { Work, WorkResult } from '../transfer/work.ts'
import type { Acquaintance } from './acquaintance.ts'
import {
  hasEnded,
  type Steering,
  type TalkEvent,
  type TransferCommand,
  type TransferTold,
} from './command.ts'
import type { Current } from './live.ts'
import { Meter } from './pace.ts'
import type { Payload } from './payload.ts'
import type { Session } from './session.ts'
import { stageOf } from './transferstage.ts'

export interface TransfersOptions {
  /** Who may be told, and shown. */
  readonly acquaintance: Acquaintance
  readonly events: Queue<TalkEvent>
}

/** Of a transfer that is begun here. */
export interface Sent {
  readonly transfer: TransferId
  readonly name: string
  readonly form: 'files' | 'stream'
  /** Whom alone it is for. */
  readonly to: string | undefined
  /** Another process offers it again: the end of this one is not its end. */
  readonly lasts: boolean
  /** Of what an earlier process has offered under this id: nothing else goes. */
  readonly root: Uint8Array | undefined
}

type Entry = {
  readonly transfer: TransferId
  readonly name: string
  readonly meter: Meter
  toldAt: number // ms: when its progress was
  octets: number // that were told
  asked: number // works that are not answered
} & (
  | {
      readonly direction: 'out'
      readonly machine: Sending
      readonly lasts: boolean
      to: string | undefined
      stream: number
    }
  | { readonly direction: 'in'; readonly machine: Incoming; readonly to: string; stream: number }
)

/** What an offer of the buddy's says, for whoever decides where it goes. */
export interface Offered {
  readonly offer: Offer
  readonly fingerprint: string
}

export class Transfers {
  readonly #options: TransfersOptions
  readonly #entries = new Map<string, Entry>()
  readonly #outputs = new Queue<Work>() // of transfers that are forgotten
  #session: Session | undefined // to which all are connected
  #streams = 0 // of ours: none is used twice
  #turn = 0 // whose it is to send first
  #early: Early[] = [] // offers that came while the vault was written

  constructor(options: TransfersOptions) {
    this.#options = options
  }

  get isQuiet(): boolean {
    return this.#outputs.length === 0
  }

  /** When `drain` has something to do, in this conversation or in none. */
  deadline(current: Current | undefined): number {
    if (this.#outputs.length > 0) return -Infinity
    if (this.#entries.size === 0) return Infinity
    const on = this.#on(current)
    if (on && this.#session !== on.session) return -Infinity
    const mayFlow = on !== undefined && on.session.bulkRoom > 0
    let deadline = Infinity
    for (const entry of this.#entries.values()) {
      if (mayFlow && entry.machine.isReady) return -Infinity
      const told = isMoving(entry) ? entry.toldAt + progressGap : Infinity
      deadline = Math.min(deadline, entry.machine.deadline, told)
    }
    return deadline
  }

  /** Begins to read what is to be sent, and offers it as soon as it can. */
  send({ transfer, name, form, to, lasts, root }: Sent, now: number): void {
    if (this.#entries.has(transfer)) return
    const machine = new Outgoing({ transfer, name, form, root })
    this.#add({ transfer, name, direction: 'out', machine, lasts, to, stream: 0, ...untold(now) })
  }

  /** What an offer that waits for an answer says, and whose it is. */
  offered(transfer: string): Offered | undefined {
    const entry = this.#entries.get(transfer)
    const isOpen = entry?.direction === 'in' && entry.machine.state.kind === 'offered'
    return isOpen ? { offer: entry.machine.offer, fingerprint: entry.to } : undefined
  }

  /** False if it was no offer any more. @param kept - what is on disk of an earlier run */
  accept(transfer: string, kept: Kept | undefined): boolean {
    const entry = this.#entries.get(transfer)
    return entry?.direction === 'in' && entry.machine.accept(kept)
  }

  reject(transfer: string, why: Why): void {
    const entry = this.#entries.get(transfer)
    if (entry?.direction === 'in') entry.machine.reject(why)
  }

  steer(transfer: string, how: Steering): void {
    const machine = this.#entries.get(transfer)?.machine
    if (how === 'pause') machine?.pause()
    else if (how === 'go') machine?.go()
    else if (how === 'withdraw') machine?.cancel()
    else machine?.fail('gone')
  }

  /** What came of a work; false if nobody here asked for it: somebody else may have given his transfer the same id. */
  worked(result: WorkResult, now: number): boolean {
    const entry = this.#entries.get(result.transfer)
    if (!entry || entry.asked === 0) return false
    entry.asked--
    entry.machine.worked(result, now)
    return true
  }

  /** A message in the conversation there is. @param key - of the offer that it carries: 64 octets, from here on ours */
  receive(current: Current, { offer, answer }: Payload, key: Uint8Array | undefined, now: number): void {
    const answered = answer && decodeAnswer(answer)
    const entry = answered && this.#entries.get(answered.transfer)
    if (entry?.to === current.fingerprint) entry.machine.answered(answered!)
    else if (answered && !entry) this.#hearOfFormer(answered)
    if (!offer || !key) return
    const { acquaintance } = this.#options
    const offered = decodeOffer(offer)
    if (!offered) wipe(key)
    else if (acquaintance.isMet) this.#hear(current, { offer: offered, key }, now)
    else if (acquaintance.isPending && this.#early.length < maxEarly)
      this.#early.push({ offer: offered, key })
    else wipe(key)
  }

  /** He is a buddy from here on: what came too early is shown. */
  met(current: Current, now: number): void {
    for (const early of this.#early.splice(0)) this.#hear(current, early, now)
  }

  /** A frame of channel 1; whoever's it is knows it by the number in it. */
  bulk(frame: Uint8Array): void {
    const head = frameHead(frame)
    if (!head) return
    const wanted = head.from === 'sender' ? 'in' : 'out'
    for (const { direction, stream, machine } of this.#entries.values()) {
      if (direction !== wanted || stream !== head.stream) continue
      machine.receive(frame)
      return
    }
  }

  /** The conversation is over, or its keys are other ones: what goes on is offered again. */
  lost(): void {
    this.#session = undefined
    for (const { key } of this.#early.splice(0)) wipe(key)
    for (const entry of this.#entries.values()) {
      entry.stream = 0 // of the next session: his numbers begin anew with his program
      entry.machine.disconnect()
    }
  }

  /** Offers that nobody has answered are withdrawn; what is half done stays on the disks, for another time. */
  close(current: Current | undefined, now: number): void {
    for (const entry of this.#entries.values()) {
      const { machine } = entry
      if (entry.direction === 'in' || entry.lasts) continue // he waits, and we may be back
      if (isUnderWay(machine.state)) machine.fail('gone')
      else machine.cancel()
    }
    this.#keep(this.drain(current, now))
    for (const entry of this.#entries.values()) {
      if (isEnd(entry.machine.state)) continue
      this.#tell({ ...this.#about(entry), state: 'failed', by: 'us', why: 'closed' })
      this.#outputs.push({ transfer: entry.transfer, kind: 'abandon', leaves: 'all' })
    }
    this.#entries.clear()
    this.lost()
  }

  /** What is to be done before anything is told that came in since `drain`: who is replaced lets go of his folder. */
  *works(): Generator<WorkOutput> {
    for (const work of this.#outputs.take()) yield { kind: 'work', work }
  }

  /** Does what is due, then sends by turns, as far as there is room. */
  *drain(current: Current | undefined, now: number): Generator<WorkOutput> {
    yield* this.works()
    const on = this.#on(current)
    if (on && this.#session !== on.session) this.#connect(on)
    for (let goesOn = this.#entries.size > 0; goesOn; ) {
      goesOn = false
      for (const entry of this.#inTurn()) {
        const frames = yield* this.#run(entry, on, now)
        if (frames > 0 && entry.machine.isReady && on !== undefined && on.session.bulkRoom > 0) goesOn = true
      }
    }
  }

  #on(current: Current | undefined): Current | undefined {
    return current && this.#options.acquaintance.mayTalk(current) ? current : undefined
  }

  #connect({ session, fingerprint }: Current): void {
    this.#session = session
    for (const entry of this.#entries.values()) {
      if (entry.direction === 'in') continue // he offers it again
      if (entry.to !== undefined && entry.to !== fingerprint) continue
      entry.to = fingerprint
      this.#offer(entry)
    }
  }

  #offer(entry: Entry & { direction: 'out' }): void {
    entry.stream = ++this.#streams
    entry.machine.connect(entry.stream)
  }

  #add(entry: Entry): void {
    this.#entries.set(entry.transfer, entry)
    if (entry.direction === 'in' || this.#session === undefined) return
    this.#session = undefined // the next drain connects
  }

  /** Each in its turn, another one first each time. */
  #inTurn(): readonly Entry[] {
    const all = [...this.#entries.values()]
    const first = this.#turn++ % Math.max(1, all.length)
    return [...all.slice(first), ...all.slice(0, first)]
  }

  /** @returns how many frames it sent */
  *#run(entry: Entry, on: Current | undefined, now: number): Generator<WorkOutput, number> {
    let [frames, key]: [number, Uint8Array | undefined] = [0, undefined]
    const room = Math.min(1, on?.session.bulkRoom ?? 0) // one frame, then it is another's turn
    for (const out of entry.machine.drain(now, room)) {
      switch (out.kind) {
        case 'work':
          if (out.work.kind !== 'abandon') entry.asked++
          yield out
          break
        case 'frame':
          frames++
          on?.session.sendBulk(out.bytes)
          break
        case 'offer':
          key = on?.session.offerTransfer(encodeOffer(out.offer), hexToBytes(entry.transfer), now)
          break
        case 'answer':
          on?.session.answerTransfer(encodeAnswer(out.answer), now)
          break
        case 'event':
          this.#changed(entry, out.event.state, now)
          break
        default:
          out satisfies never
      }
    }
    if (key && entry.direction === 'out') entry.machine.secured(key)
    if (isMoving(entry) && now >= entry.toldAt + progressGap) this.#progress(entry, now)
    if (isEnd(entry.machine.state)) this.#ended(entry)
    return frames
  }

  /** Work that was asked for between two turns is done in the next. */
  #keep(outputs: Iterable<WorkOutput>): void {
    for (const { work } of outputs) this.#outputs.push(work)
  }

  /** An earlier process of ours may have accepted it. */
  #hearOfFormer(answer: Answer): void {
    const end = endBy(answer, undefined)
    if (!end || !this.#options.acquaintance.isMet) return
    const { transfer } = answer
    this.#tell({
      ...{ kind: 'transfer', buddy: this.#alias, transfer, name: '', direction: 'in' },
      ...stageOf(end),
    })
  }

  #hear(current: Current, { offer, key }: Early, now: number): void {
    const known = this.#entries.get(offer.transfer)
    const { fingerprint } = current
    if (known?.direction === 'in' && known.to === fingerprint) {
      known.stream = offer.stream
      known.machine.connect(offer, key)
      if (known.machine.state.kind === 'offered') this.#tellOffer(current, offer) // it still has to be answered
      return
    }
    if (!known) this.#supersede(offer, { transfer: offer.transfer, to: fingerprint }, now)
    const why =
      known || this.#open.length >= maxTransfers ? 'policy' : this.#isMuch(offer) ? 'large' : undefined
    if (why === undefined) {
      this.#take(current, { offer, key }, now)
      return
    }
    wipe(key)
    const { transfer } = offer
    current.session.answerTransfer(encodeAnswer({ transfer, verb: 'reject', why, file: undefined }), now)
  }

  /** All lists of files together are no longer than one may be: each is held until the last file is there. */
  #isMuch(offer: Offer): boolean {
    const held = this.#open.reduce(
      (sum, { machine, direction }) => sum + (direction === 'in' ? listSize(machine.offer) : 0),
      0,
    )
    return held > 0 && held + listSize(offer) > maxManifest
  }

  #take(current: Current, { offer, key }: Early, now: number): void {
    const { transfer, name, stream } = offer
    const machine = new Incoming(offer, key)
    const to = current.fingerprint
    this.#add({ transfer, name, direction: 'in', machine, to, stream, ...untold(now) })
    this.#tellOffer(current, offer)
  }

  #tellOffer(current: Current, offer: Offer): void {
    const { transfer, name, form } = offer
    const content =
      offer.form === 'files' ? { files: offer.files, folders: offer.folders, octets: offer.octets } : {}
    const under = this.#options.acquaintance.under(current)
    this.#tell({ kind: 'offered', transfer, name, form, ...content, ...under })
  }

  /** His program was started anew, and has another name for what we have a part of: only one can be written. */
  #supersede(offer: Offer, by: Pick<Entry, 'transfer' | 'to'>, now: number): void {
    for (const entry of this.#entries.values()) {
      const { machine, direction, transfer, to } = entry
      if (direction !== 'in' || transfer === by.transfer || to !== by.to) continue
      const former = machine.offer
      const isSame = former.form === 'files' && offer.form === 'files' && equal(former.root, offer.root)
      if (!isSame || machine.state.kind !== 'waiting') continue
      machine.fail('gone')
      this.#keep(this.#run(entry, undefined, now)) // its end is told before the new one begins
    }
  }

  #changed(entry: Entry, state: TransferState, now: number): void {
    const { machine, meter } = entry
    if (state.kind === 'running' || state.kind === 'reading') meter.restart(machine.octets, now)
    if (state.kind === 'done' && machine.octets !== entry.octets) this.#progress(entry, now)
    if (state.kind === 'offered' && entry.direction === 'in') return // told with all that it says
    const root = entry.direction === 'out' && state.kind === 'offered' ? entry.machine.root : undefined
    this.#tell({ ...this.#about(entry), ...stageOf(state), ...(root && { root: bytesToHex(root) }) })
  }

  /** What he may not have heard of, as the link broke, he is told again when he offers it anew. */
  #ended({ transfer, direction, machine }: Entry): void {
    if (direction === 'out' && !machine.isUnsaid) this.#entries.delete(transfer)
    const over = [...this.#entries.values()].filter(({ machine }) => isEnd(machine.state))
    for (const { transfer } of over.slice(0, Math.max(0, over.length - maxEnded)))
      this.#entries.delete(transfer)
  }

  #progress(entry: Entry, now: number): void {
    const { machine, transfer, meter } = entry
    const { octets, of } = machine
    entry.toldAt = now
    entry.octets = octets
    const { rate, left } = meter.measure({ octets, of }, now)
    const known = { ...(of !== undefined && { of }), ...(left !== undefined && { left }) }
    this.#tell({ kind: 'progress', buddy: this.#alias, transfer, octets, rate, ...known })
  }

  #about({
    transfer,
    name,
    direction,
  }: Entry): Pick<TransferTold, 'kind' | 'buddy' | 'transfer' | 'name' | 'direction'> {
    return { kind: 'transfer', buddy: this.#alias, transfer, name, direction }
  }

  get #open(): readonly Entry[] {
    return [...this.#entries.values()].filter(({ machine }) => !isEnd(machine.state))
  }

  get #alias(): string {
    return this.#options.acquaintance.alias
  }

  #tell(event: TalkEvent): void {
    this.#options.events.push(event)
  }
}

/** Does what is asked of the transfers with somebody. */
export function obey(transfers: Transfers, command: TransferCommand, now: number): void {
  const { kind, transfer } = command
  if (kind === 'accept') transfers.accept(transfer, undefined)
  else if (kind === 'reject') transfers.reject(transfer, command.why)
  else if (kind !== 'send') transfers.steer(transfer, kind)
  else {
    const { name, form, fingerprint: to, once, root } = command
    const lasts = form === 'files' && !once
    const id = transferId(hexToBytes(transfer))
    transfers.send({ transfer: id, name, form, to, lasts, root: root ? hexToBytes(root) : undefined }, now)
  }
}

/** An offer and the keys that came with it. */
interface Early {
  readonly offer: Offer
  readonly key: Uint8Array
}

type WorkOutput = Extract<TransferOutput, { kind: 'work' }>

const untold = (now: number) => ({ meter: new Meter(), toldAt: now, octets: 0, asked: 0 })

const isMoving = ({ machine, octets }: Entry): boolean =>
  machine.octets !== octets && (machine.state.kind === 'running' || machine.state.kind === 'reading')

const isUnderWay = ({ kind }: TransferState): boolean => kind === 'running' || kind === 'paused'

const listSize = (offer: Offer): number => (offer.form === 'files' ? offer.manifestSize : 0)

const isEnd = ({ kind }: TransferState): boolean => hasEnded(kind)

const progressGap = 250 // ms
const maxTransfers = 256 // with one buddy
const maxEnded = 32
const maxEarly = 8 // offers in the milliseconds that a write takes
