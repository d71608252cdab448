/**
 * When an idle link speaks, so that the NATs on its path keep the way open, and
 * how long it may be silent: it measures. It asks the other side to say nothing
 * for a while and to echo then; if the echo comes though neither sent anything
 * meanwhile, our NAT keeps a way that long. docs/Protocol.md, "Keep-alive".
 */
import { equal, type Random } from '../../crypto.ts'
import { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'
import { content, type Role } from './sealed.ts'
import { never, type Span } from './silence.ts'

/** What is to be sent on the current path. */
export interface Duty {
  readonly kind: number // of the frame
  readonly octets: Uint8Array
}

type Measurement =
  | { readonly kind: 'none' }
  | { readonly kind: 'asking'; readonly octets: Uint8Array; readonly gap: number; readonly until: number }
  | { readonly kind: 'waiting'; readonly octets: Uint8Array; readonly gap: number; readonly until: number }
  | { readonly kind: 'agreeing'; readonly octets: Uint8Array; readonly gap: number; readonly echoAt: number }
  | { readonly kind: 'silent'; readonly octets: Uint8Array; readonly gap: number; readonly echoAt: number }

export interface KeepAliveOptions {
  readonly role: Role
  readonly random: Random
  readonly now: number
  /** False: keeps the first gap. For a path that a silence too long would close for good. */
  readonly mayMeasure: boolean
}

export class KeepAlive {
  readonly #role: Role
  readonly #random: Random
  readonly #mayMeasure: boolean
  #step = cautious
  #isProven = false // that the NAT keeps a way for the gap of this step
  #failures: number[] = [] // of each step
  #measurement: Measurement = none
  #sentAt: number
  #heardAt: number
  #dueAt: number // the next keep-alive
  #part: number // of the gap, until it: drawn at each keep-alive, as the system's randomness costs more than a frame
  #askAt: number // not before
  #repeats: number[] = [] // when the other side is told once more that we have moved
  #unanswered = 0 // asks in a row
  #understanding: 'unknown' | 'shown' | 'none' = 'unknown' // whether the other side takes part
  #theirs = ladder[cautious]! // ms: the other side's gap, as it says
  #missed = 0 // keep-alives of the other side, in a row
  #agreed: Span = never
  #measuredUntil = -Infinity

  constructor({ role, random, now, mayMeasure }: KeepAliveOptions) {
    this.#role = role
    this.#random = random
    this.#mayMeasure = mayMeasure
    if (!mayMeasure) this.#settle()
    this.#sentAt = this.#heardAt = this.#askAt = now
    this.#part = this.#draw()
    this.#dueAt = now + this.gap * this.#part
  }

  /** ms: the longest that we are silent. */
  get gap(): number {
    return ladder[this.#step]!
  }

  /** The part of a silence that was agreed on in which what is sent may not arrive before its end. */
  get agreed(): Span {
    return this.#agreed
  }

  get deadline(): number {
    const measurement = this.#measurement
    switch (measurement.kind) {
      case 'none':
        return Math.min(this.#dueAt, this.#repeats[0] ?? Infinity, this.#measuresAt)
      case 'asking':
        return Math.min(this.#dueAt, measurement.until)
      case 'waiting':
        return measurement.until
      case 'agreeing':
        return measurement.echoAt - measurement.gap
      default:
        return measurement.echoAt
    }
  }

  /** A frame was sent on the current path. */
  sent(kind: number, now: number): void {
    this.#sentAt = now
    this.#dueAt = now + this.gap * this.#part
    if (kind === content.enet || kind === content.challenge) this.#measurement = none
  }

  /** A frame opened that came on the current path; `hear` what it says after this. */
  heard({ kind, octets }: Duty, now: number): void {
    this.#heardAt = now
    this.#agreed = never
    if (kind !== content.echo && kind !== content.challenge) this.#repeats = []
    const told = kind === content.keepAlive ? toldGap(octets) : undefined
    const measurement = this.#measurement
    if (measurement.kind === 'asking' && told === measurement.gap) {
      this.#wait(measurement, now)
      return
    }
    this.#theirs = told ?? this.#theirs
    const isAwaited = measurement.kind === 'waiting' && kind === content.echo
    if (measurement.kind !== 'asking' && !isAwaited) this.#end(now)
  }

  /** The frame broke a silence that was longer than the other side said: one of its keep-alives was missing. */
  missed(now: number): void {
    if (now < this.#measuredUntil + settleTime) return
    if (++this.#missed < tolerated) return
    this.#missed = 0
    this.#step = Math.max(0, this.#step - 1)
    this.#isProven = false
    this.#dueAt = now
  }

  /** The other side spoke within its time. */
  kept(): void {
    this.#missed = 0
  }

  /** Whether an echo is the one that a measurement waits for. */
  awaits(octets: Uint8Array): boolean {
    return this.#measurement.kind === 'waiting' && equal(this.#measurement.octets, octets)
  }

  /** The echo came, on the current path or on another: then our way was open and the other side's was not. */
  echoed(octets: Uint8Array, path: 'current' | 'another', now: number): void {
    const measurement = this.#measurement
    if (measurement.kind !== 'waiting' || !equal(measurement.octets, octets)) return
    if (path === 'current' && now >= measurement.until - grace - tooEarly) this.#succeed(measurement.gap, now)
    else this.#fail(measurement.gap, now)
  }

  /** The other side measures: keeps silent if that hinders nobody, and gives the ms of the silence. */
  asked(octets: Uint8Array, isIdle: boolean, now: number): number | undefined {
    const ask = readAsk(octets)
    if (!ask || !isIdle || !this.#mayMeasure) return undefined
    if (ask.gap >= this.#limit || ask.gap > above(this.gap)) return undefined
    this.#understanding = 'shown'
    const isFree = this.#measurement.kind === 'none' || this.#role === 'responder'
    if (!isFree) return undefined
    this.#measurement = { kind: 'agreeing', ...ask, echoAt: now + ask.gap }
    this.#agree(ask.gap, now)
    return ask.gap
  }

  /**
   * The path is another one: what was measured is worth nothing there. The
   * other side is told at once, and again until it is heard there.
   */
  moved(now: number): void {
    this.#step = this.#understanding === 'none' ? base : cautious
    this.#isProven = false
    this.#failures = []
    this.#measurement = none
    this.#unanswered = this.#missed = 0
    this.#askAt = now
    this.#dueAt = now
    this.#repeats = repeatedAt.map((after) => now + after)
  }

  /** What is due; ask until there is nothing. */
  due(isIdle: boolean, now: number): Duty | undefined {
    const measurement = this.#measurement
    switch (measurement.kind) {
      case 'none':
        return this.#dueWhenFree(isIdle, now)
      case 'asking':
        if (now >= measurement.until) this.#giveUpAsking(now)
        return now >= this.#dueAt ? this.#speak(this.gap, now) : undefined
      case 'waiting':
        if (now < measurement.until) return undefined
        this.#fail(measurement.gap, now)
        return this.#speak(this.gap, now)
      case 'agreeing':
        this.#measurement = { ...measurement, kind: 'silent' }
        return this.#speak(measurement.gap, now)
      case 'silent':
        if (now < measurement.echoAt) return undefined
        this.#measurement = none
        return { kind: content.echo, octets: measurement.octets }
      default:
        return measurement satisfies never
    }
  }

  #dueWhenFree(isIdle: boolean, now: number): Duty | undefined {
    if (now >= this.#dueAt || now >= (this.#repeats[0] ?? Infinity)) return this.#speak(this.gap, now)
    if (now < this.#measuresAt) return undefined
    if (isIdle) return this.#ask(now)
    this.#askAt = now + this.#idleTime
    return undefined
  }

  /** @param gap - ms of silence to expect of us */
  #speak(gap: number, now: number): Duty {
    this.#repeats = this.#repeats.filter((at) => at > now)
    this.#part = this.#draw()
    this.#dueAt = now + this.gap * this.#part // whether it can be sent or not
    return {
      kind: content.keepAlive,
      octets: new Writer(toldSize)
        .u16(gap / 1_000)
        .zeros(toldSize - 2)
        .done(),
    }
  }

  #ask(now: number): Duty {
    const gap = ladder[this.#wanted]!
    const octets = this.#random(8)
    this.#measurement = { kind: 'asking', octets, gap, until: now + agreeTime }
    return {
      kind: content.echoLater,
      octets: new Writer(10)
        .u16(gap / 1_000)
        .bytes(octets)
        .done(),
    }
  }

  #wait({ octets, gap }: Measurement & { kind: 'asking' }, now: number): void {
    this.#unanswered = 0
    this.#understanding = 'shown'
    this.#measurement = { kind: 'waiting', octets, gap, until: now + gap + grace }
    this.#agree(gap, now)
  }

  #agree(gap: number, now: number): void {
    const until = now + gap + grace
    this.#measuredUntil = until
    // Who waits 10 s for an answer waits for the end of a shorter one anyway.
    if (gap > ladder[base]!) this.#agreed = { from: now + ladder.findLast((step) => step < gap)!, until }
  }

  /** A version that does not know the question, or somebody whose NAT forgets sooner: neither is asked often. */
  #giveUpAsking(now: number): void {
    this.#measurement = none
    this.#askAt = now + this.#idleTime
    if (++this.#unanswered < tolerated) return
    this.#unanswered = 0
    this.#askAt = now + unansweredPause
    if (this.#understanding === 'unknown') this.#settle()
  }

  /** What is right for most NATs is all that can be known. */
  #settle(): void {
    this.#understanding = 'none'
    this.#step = base
  }

  /** What was not due in the silence is due from here on, not overdue. */
  #end(now: number): void {
    if (this.#measurement.kind === 'none') return
    this.#measurement = none
    this.#dueAt = Math.max(this.#dueAt, now)
    this.#askAt = Math.max(this.#askAt, now)
  }

  #succeed(gap: number, now: number): void {
    this.#end(now)
    this.#step = ladder.indexOf(gap)
    this.#isProven = true
    this.#dueAt = now // the way is as old as was proven
  }

  /** Twice, as the echo may just have been lost; but what is in use is left at the first failure. */
  #fail(gap: number, now: number): void {
    this.#end(now)
    const step = ladder.indexOf(gap)
    this.#failures[step] = (this.#failures[step] ?? 0) + 1
    if (step === this.#step) this.#step = Math.max(0, step - 1)
    this.#dueAt = now
  }

  /** The step to be measured next. */
  get #wanted(): number {
    return this.#isProven ? this.#step + 1 : this.#step
  }

  /** ms: a gap that our NAT did not keep. */
  get #limit(): number {
    const failed = this.#failures.findIndex((times) => times >= tolerated)
    return failed < 0 ? Infinity : ladder[failed]! // an index of -1 is looked for in a dictionary: 0.3 µs a frame
  }

  get #measuresAt(): number {
    const gap = ladder[this.#wanted]
    if (!this.#mayMeasure || gap === undefined || gap >= this.#limit) return Infinity
    if (gap > above(this.#theirs)) return Infinity // they know of no silence near that
    return Math.max(this.#askAt, Math.max(this.#sentAt, this.#heardAt) + this.#idleTime)
  }

  /** ms without a frame either way, before a measurement; less than any gap. */
  get #idleTime(): number {
    return Math.min(longestIdle, this.gap / 2)
  }

  #draw(): number {
    const [octet] = this.#random(1)
    return shortest + (octet! / 255) * (1 - shortest)
  }
}

/**
 * ms: how long the sender of a keep-alive may be silent; `undefined` if it says
 * nothing that we know. What follows the two octets only makes the frame as
 * long as the challenge that it has to pay for where its sender moved to.
 */
export function toldGap(octets: Uint8Array): number | undefined {
  if (octets.length !== 2 && octets.length !== toldSize) return undefined
  return bounded(new Reader(octets).u16())
}

/** u16 seconds | 8 octets to be echoed */
function readAsk(octets: Uint8Array): { readonly gap: number; readonly octets: Uint8Array } | undefined {
  if (octets.length !== 10) return undefined
  const reader = new Reader(octets)
  const gap = bounded(reader.u16())
  return gap === undefined ? undefined : { gap, octets: reader.bytes(8) }
}

/** The step above this gap. */
const above = (gap: number): number => ladder.find((step) => step > gap) ?? gap

const bounded = (seconds: number): number | undefined =>
  seconds >= 1 && seconds <= longest ? seconds * 1_000 : undefined

const none: Measurement = { kind: 'none' }

/**
 * ms. NAT mappings of UDP live 30 s as a rule, some 10 (RFC 4787 wants 120). Up
 * to 25 s a step is so small that who waits 10 s for an answer waits for any
 * failure.
 */
const ladder: readonly number[] = [5_000, 10_000, 18_000, 25_000, 40_000, 60_000, 90_000, 120_000]
const cautious = 1 // the first that is measured
const base = 3 // kept where nothing can be measured
const longest = 120 // s
const shortest = 0.6 // of the gap: drawn anew for each keep-alive, so that an idle link has no beat
const longestIdle = 5_000 // ms
const agreeTime = 3_000 // ms for the other side to say that it will be silent
const grace = 1_500 // ms: a round trip
/** ms after a silence that was agreed on until who asked for it speaks. */
export const longestAgreed = 2 * grace
const tooEarly = 1_000 // ms: clocks run differently, frames take their time
const toldSize = 8
const tolerated = 2
const unansweredPause = 900_000 // ms
const settleTime = 10_000 // ms
const repeatedAt = [250, 500, 1_000] // ms after a move
