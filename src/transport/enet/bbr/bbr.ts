/**
 * BBR, version 3 (draft-ietf-ccwg-bbr; the names of its sections stand in
 * quotes): sends at the rate at which the path delivers, and keeps little more
 * in flight than fits on it. Where we depart from the draft, and why, says
 * `docs/decisions/034-bbr.md`: loss without a queue is taken for the line's,
 * and the first search learns the bottleneck's rate from packet trains.
 */
import type { Congestion, Obstacle, Terms } from '../congestion.ts'
import { maxWindow } from '../limits.ts'
import type { Packet } from '../packet.ts'
import { PacketThrottle, throttleScale } from '../throttle.ts'
import { Bounds } from './bounds.ts'
import { FullPipe } from './fullpipe.ts'
import { Losses } from './losses.ts'
import { Pacer } from './pacer.ts'
import { PathModel } from './path.ts'
import { type RateSample, RateSampler } from './rate.ts'
import { Trains } from './trains.ts'

type State = 'startup' | 'drain' | 'down' | 'cruise' | 'refill' | 'up' | 'probe-rtt'

/** How the acknowledgements that come in relate to a probe for bandwidth. */
type Phase = 'none' | 'refilling' | 'starting' | 'feedback' | 'stopping'

export class Bbr implements Congestion {
  readonly throttle = new PacketThrottle()
  readonly #random: () => number
  readonly #sampler = new RateSampler()
  readonly #pacer = new Pacer()
  #path = new PathModel()
  #trains = new Trains()
  #pipe = new FullPipe()
  #losses = new Losses()
  #bounds = new Bounds()
  #terms = { mtu: 1_400, windowSize: maxWindow }
  #state: State = 'startup'
  #inFlight = 0
  #window = 0 // C.cwnd
  #windowBefore = 0 // BBR.prior_cwnd
  #isWindowLimited = false
  #wasWindowLimited = false
  #recalls = 0 // in a row
  #isRestarting = false // after a pause
  #isHeld = true // nothing was sent for another reason than the pace
  #rtt = Infinity // ms, the latest
  #drainRound = 0
  // "ProbeBW"
  #phase: Phase = 'none'
  #cycleAt = 0
  #wait = 0 // ms, until the next probe
  #roundsSinceProbe = 0
  #isProbeSample = false
  #wasTooHigh = false
  #wasPrecautious = false
  // "ProbeRTT"
  #probeRttUntil = 0
  #hasProbeRttRound = false

  /** @param random - 0..1: when to probe is drawn, so that flows do not move in step */
  constructor(random: () => number) {
    this.#random = random
    this.#window = initialPackets * this.#packet
  }

  allows({ octets }: Packet): boolean {
    return this.#inFlight + octets <= Math.min(this.#window, this.#allowed)
  }

  get paced(): number {
    return this.#path.minRtt < 1 ? -Infinity : this.#pacer.at
  }

  configure({ mtu, windowSize }: Terms): void {
    if (this.#sampler.delivered === 0) this.#window = initialPackets * mtu
    this.#terms = { mtu, windowSize }
  }

  sent(packet: Packet, now: number): void {
    this.#restart(now)
    if (!this.#isHeld && this.#pacer.isLate(now)) this.#sampler.limited(this.#inFlight)
    packet.snapshot = this.#sampler.sent(packet, this.#inFlight)
    this.#inFlight += packet.octets
    this.#pacer.sent(packet.octets, now, this.#isHeld ? this.#pacer.burst : this.#pacer.arrears)
    this.#isHeld = false
  }

  acknowledged(packet: Packet, now: number): void {
    if (packet.isInFlight) this.#inFlight -= packet.octets
    this.#recalls = 0
    this.#sampler.acknowledged(packet, now)
    if (this.#state === 'startup') this.#trains.acknowledged(packet, now)
  }

  /** The second time in a row it is OnEnterRTO. */
  recalled({ octets }: Packet): void {
    this.#inFlight -= octets
    if (++this.#recalls === 2) this.#window = this.#minimum
  }

  /** HandleLostPacket, InflightAtLoss. */
  lost({ octets, snapshot }: Packet, now: number): void {
    this.#inFlight -= octets
    this.#sampler.lost += octets
    if (!snapshot) return
    const lost = this.#sampler.lost - snapshot.lost
    const { inFlight, isAppLimited } = snapshot
    this.#losses.add(lost, inFlight, this.#packet)
    if (!this.#isProbeSample || !this.#losses.isTooHigh(lost, inFlight, this.#packet)) return
    const before = inFlight - octets
    const { threshold } = this.#losses
    const fits = before + (threshold * before - (lost - octets)) / (1 - threshold)
    this.#handleTooHigh({ inFlight: fits, isAppLimited }, now)
  }

  spurious(): void {
    this.#bounds.undo()
  }

  /** UpdateOnACK. */
  settled(now: number): void {
    const sample = this.#sampler.take(this.#path.minRtt)
    if (!sample) return
    this.#rtt = sample.rtt
    this.#updateModel(sample, now)
    this.#setPacing()
    this.#setWindow(sample)
  }

  stopped(by: Obstacle): void {
    this.#isHeld = true
    if (by === 'window') this.#isWindowLimited = true
    else if (this.#inFlight < this.#window) this.#sampler.limited(this.#inFlight)
  }

  cleared(): void {
    this.#inFlight = 0
    this.#pacer.reset()
  }

  rerouted(): void {
    this.#path = new PathModel()
    this.#path.startRound(this.#sampler.delivered)
    this.#trains = new Trains()
    this.#pipe = new FullPipe()
    this.#losses = new Losses()
    this.#bounds = new Bounds()
    this.#pacer.rate = 0
    this.#window = initialPackets * this.#packet
    this.#wasTooHigh = this.#wasPrecautious = this.#isProbeSample = false
    this.#phase = 'none'
    this.#state = 'startup'
  }

  #updateModel(sample: RateSample, now: number): void {
    const [path, bounds] = [this.#path, this.#bounds]
    const { delivered } = this.#sampler
    bounds.hear(sample, delivered)
    path.countRound(sample, delivered)
    if (path.isRoundStart) {
      this.#roundsSinceProbe++
      this.#wasWindowLimited = this.#isWindowLimited
      this.#isWindowLimited = false
      this.#losses.measure(this.#sampler)
    }
    path.addRate(sample)
    path.addAggregation(sample.newlyAcknowledged, this.#rate, this.#window, now)
    this.#checkFull(sample)
    this.#checkStartup(sample)
    if (bounds.isRoundStart) this.#adaptShortTerm()
    this.#checkDrain(now)
    this.#updateCycle(sample, now)
    path.addRtt(sample.rtt, now)
    this.#losses.hear(sample.rtt, path.minRtt)
    this.#checkProbeRtt(sample, now)
    if (!bounds.isRoundStart) return
    bounds.advance(sample)
    this.#losses.forget()
  }

  // "Startup", "Drain"

  /** A probe that has built a queue and gained nothing need not be repeated to be believed. */
  #checkFull({ rate, isAppLimited }: RateSample): void {
    if (!this.#path.isRoundStart || isAppLimited) return
    const isQueueOurs = this.#state === 'up' && this.#losses.isQueueing
    this.#pipe.add(rate, isQueueOurs ? 1 : fullRounds)
  }

  #checkStartup({ rate, isAppLimited }: RateSample): void {
    if (this.#state !== 'startup') return
    const [trains, losses, bounds] = [this.#trains, this.#losses, this.#bounds]
    // What the trains tell is reached: no need to see it three times.
    const most = nearly * (1 - losses.line) * trains.rate
    if (trains.isKnown && !isAppLimited && rate > most) this.#pipe.isReached = true
    if (bounds.isRoundStart && !isAppLimited && losses.isMuch && losses.count >= startupLosses) {
      this.#pipe.isReached = true
      bounds.longTerm = Math.max(this.#bdp(1), bounds.latestDelivered)
    }
    if (!this.#pipe.isReached) return
    this.#path.isStarting = false
    this.#state = 'drain'
    this.#drainRound = this.#path.rounds
  }

  #checkDrain(now: number): void {
    if (this.#state !== 'drain') return
    if (this.#inFlight <= this.#target(1) || this.#path.rounds > this.#drainRound + 3) this.#startDown(now)
  }

  // "ProbeBW"

  get #isInProbeBw(): boolean {
    const state = this.#state
    return state === 'down' || state === 'cruise' || state === 'refill' || state === 'up'
  }

  get #isProbing(): boolean {
    return this.#state === 'startup' || this.#state === 'refill' || this.#state === 'up'
  }

  #startDown(now: number): void {
    this.#losses.forget()
    this.#bounds.forgetLatest()
    this.#bounds.rest()
    this.#roundsSinceProbe = Math.floor(this.#random() * 2)
    this.#wait = 2_000 + 1_000 * this.#random()
    this.#cycleAt = now
    this.#phase = 'stopping'
    this.#path.startRound(this.#sampler.delivered)
    this.#state = 'down'
  }

  #startRefill(): void {
    this.#bounds.forgetShortTerm()
    this.#bounds.rest()
    this.#wasPrecautious = false
    this.#phase = 'refilling'
    this.#path.startRound(this.#sampler.delivered)
    this.#state = 'refill'
  }

  #startUp(rate: number): void {
    this.#phase = 'starting'
    this.#path.startRound(this.#sampler.delivered)
    this.#pipe.search(rate)
    this.#state = 'up'
    this.#bounds.steepen(this.#window, this.#packet)
  }

  #updateCycle(sample: RateSample, now: number): void {
    if (!this.#pipe.isReached || this.#adaptLongTerm(sample, now)) return
    switch (this.#state) {
      case 'down':
        if (!this.#probeIfDue(now) && this.#mayCruise) this.#state = 'cruise'
        return
      case 'cruise':
        this.#probeIfDue(now)
        return
      case 'refill':
        if (!this.#path.isRoundStart) return
        this.#isProbeSample = true
        this.#startUp(sample.rate)
        return
      case 'up':
        if (!this.#mustGoDown(sample)) return
        this.#wasTooHigh = false
        this.#startDown(now)
        return
      default: // not of this cycle
    }
  }

  /** IsTimeToProbeBW, IsRenoCoexistenceProbeTime. */
  #probeIfDue(now: number): boolean {
    const renoRounds = Math.min(Math.min(this.#bdp(1), this.#window) / this.#packet, 63)
    if (now <= this.#cycleAt + this.#wait && this.#roundsSinceProbe < renoRounds) return false
    this.#startRefill()
    return true
  }

  get #mayCruise(): boolean {
    return this.#inFlight <= this.#withHeadroom && this.#inFlight <= this.#target(1)
  }

  #mustGoDown({ rate }: RateSample): boolean {
    if (this.#wasTooHigh && this.#inFlight >= this.#bounds.longTerm) {
      this.#wasPrecautious = true
      return true
    }
    if (!this.#isLimitedByLongTerm) return this.#pipe.isNow
    this.#pipe.search(rate)
    return false
  }

  get #isLimitedByLongTerm(): boolean {
    return (this.#isWindowLimited || this.#wasWindowLimited) && this.#window >= this.#bounds.longTerm
  }

  get #withHeadroom(): number {
    return Math.max(this.#bounds.withHeadroom(this.#packet), this.#minimum)
  }

  /** AdaptLongTermModel. True: the state has changed. */
  #adaptLongTerm(sample: RateSample, now: number): boolean {
    const { isRoundStart } = this.#path
    if (this.#phase === 'starting' && isRoundStart) this.#phase = 'feedback'
    if (this.#phase === 'stopping' && isRoundStart) {
      this.#isProbeSample = false
      this.#phase = 'none'
      if (this.#isInProbeBw && !sample.isAppLimited) this.#path.advance()
      if (this.#isInProbeBw && this.#wasPrecautious && !this.#wasTooHigh) {
        this.#startRefill()
        return true
      }
    }
    if (this.#losses.isTooHigh(sample.lost, sample.inFlight, this.#packet)) {
      if (this.#isProbeSample) this.#handleTooHigh(sample, now)
      return false
    }
    const bounds = this.#bounds
    if (bounds.longTerm === Infinity) return false
    bounds.longTerm = Math.max(bounds.longTerm, sample.inFlight)
    if (this.#state !== 'up' || !this.#isLimitedByLongTerm) return false
    bounds.raise(sample.newlyAcknowledged, this.#packet)
    if (isRoundStart) bounds.steepen(this.#window, this.#packet)
    return false
  }

  // "Updating the Model Upon Packet Loss"

  #handleTooHigh(
    { inFlight, isAppLimited }: Pick<RateSample, 'inFlight' | 'isAppLimited'>,
    now: number,
  ): void {
    this.#wasTooHigh = true
    this.#isProbeSample = false
    if (!isAppLimited) this.#bounds.exceeded(inFlight, Math.min(this.#bdp(1), this.#window))
    if (this.#state === 'up') this.#startDown(now)
  }

  /** AdaptLowerBoundsFromCongestion. */
  #adaptShortTerm(): void {
    if (!this.#isProbing && this.#losses.isCongested) this.#bounds.lower(this.#path.maxRate, this.#window)
  }

  // "ProbeRTT", "Restarting From Idle"

  #checkProbeRtt({ delivered }: RateSample, now: number): void {
    if (this.#state !== 'probe-rtt' && this.#path.isProbeRttDue && !this.#isRestarting) {
      this.#windowBefore = this.#window
      this.#state = 'probe-rtt'
      this.#probeRttUntil = 0
      this.#phase = 'stopping'
      this.#path.startRound(this.#sampler.delivered)
    }
    if (this.#state === 'probe-rtt') this.#probeRtt(now)
    if (delivered > 0) this.#isRestarting = false
  }

  #probeRtt(now: number): void {
    this.#sampler.limited(this.#inFlight)
    if (this.#probeRttUntil === 0) {
      if (this.#inFlight > this.#probeRttWindow) return
      this.#probeRttUntil = now + probeRttTime
      this.#hasProbeRttRound = false
      this.#path.startRound(this.#sampler.delivered)
      return
    }
    if (this.#path.isRoundStart) this.#hasProbeRttRound = true
    if (this.#hasProbeRttRound) this.#endProbeRtt(now)
  }

  #endProbeRtt(now: number): void {
    if (this.#probeRttUntil === 0 || now <= this.#probeRttUntil) return
    this.#path.probedRtt(now)
    this.#window = Math.max(this.#window, this.#windowBefore)
    this.#bounds.forgetShortTerm()
    if (this.#pipe.isReached) {
      this.#startDown(now)
      this.#state = 'cruise'
    } else this.#state = 'startup'
  }

  get #probeRttWindow(): number {
    return Math.max(this.#bdp(probeRttGain), this.#minimum)
  }

  /** HandleRestartFromIdle. */
  #restart(now: number): void {
    if (this.#inFlight > 0 || !this.#sampler.isAppLimited) return
    this.#isRestarting = true
    this.#path.restartAggregation(now)
    if (this.#isInProbeBw) this.#setPacingWith(1)
    else if (this.#state === 'probe-rtt') this.#endProbeRtt(now)
  }

  // "Updating Control Parameters"

  /** BBR.bw, octets per ms. */
  get #rate(): number {
    return Math.min(this.#path.maxRate, this.#bounds.rate)
  }

  #bdp(gain: number): number {
    const { minRtt } = this.#path
    return minRtt === Infinity ? initialPackets * this.#packet : gain * this.#rate * minRtt
  }

  /** Inflight(gain). */
  #target(gain: number): number {
    return this.#quantized(this.#bdp(gain))
  }

  #quantized(octets: number): number {
    const least = Math.max(octets, 3 * this.#quantum, this.#minimum)
    return this.#state === 'up' ? least + 2 * this.#packet : least
  }

  /** C.send_quantum, octets. */
  get #quantum(): number {
    return Math.max(Math.min(this.#pacer.rate, 65_536), 2 * this.#packet)
  }

  #setPacing(): void {
    const gain = this.#state === 'startup' ? startupGain : pacingGains[this.#state]
    this.#setPacingWith(gain)
  }

  #setPacingWith(gain: number): void {
    const packet = this.#packet
    let rate = gain * this.#rate * (1 - pacingMargin)
    if (this.#state === 'startup') {
      const known = Math.max(this.#trains.rate, this.#rate)
      rate = Math.min(rate, known)
    }
    if (rate <= 0) return
    // Else a rate near nothing, of an acknowledgement that an outage delayed, would hold the next packet for hours.
    rate = Math.max(rate, this.#minimum / Math.max(this.#rtt, 1))
    const pacer = this.#pacer
    // InitPacingRate: one short line before all else, or one after an outage, tells nothing of the path.
    if (pacer.rate === 0) rate = Math.max(rate, this.#initialRate)
    if (this.#pipe.isReached || rate > pacer.rate || this.#trains.rate < Infinity) pacer.rate = rate
    pacer.quantum = this.#train
    const [most, least] = [maxBurst * packet, Math.max(2 * packet, pacer.quantum)]
    pacer.burst = Math.min(Math.max(creditTime * pacer.rate, least), most)
    pacer.arrears = Math.min(Math.max(arrearsTime * pacer.rate, least), most)
  }

  /** Octets that leave together, to measure the bottleneck by: no more than it passes in some milliseconds. */
  get #train(): number {
    if (this.#state !== 'startup' || this.#trains.isKnown) return 0
    return Math.min(this.#window / 2, longestTrain * this.#packet, creditTime * this.#trains.rate)
  }

  get #initialRate(): number {
    return (startupGain * initialPackets * this.#packet) / Math.max(this.#path.minRtt, 1)
  }

  #setWindow({ newlyAcknowledged }: RateSample): void {
    const gain = this.#state === 'up' ? upWindowGain : this.#state === 'probe-rtt' ? probeRttGain : windowGain
    const most = this.#quantized(this.#bdp(gain) + this.#path.extraAcknowledged)
    if (this.#pipe.isReached) this.#window = Math.min(this.#window + newlyAcknowledged, most)
    else if (this.#window < most || this.#sampler.delivered < initialPackets * this.#packet)
      this.#window += newlyAcknowledged
    this.#window = Math.max(this.#window, this.#minimum)
    if (this.#state === 'probe-rtt') this.#window = Math.min(this.#window, this.#probeRttWindow)
    this.#window = Math.min(this.#window, Math.max(this.#cap, this.#minimum))
  }

  /** BoundCwndForModel. */
  get #cap(): number {
    const state = this.#state
    if (state === 'cruise' || state === 'probe-rtt')
      return Math.min(this.#withHeadroom, this.#bounds.shortTerm)
    return this.#isInProbeBw
      ? Math.min(this.#bounds.longTerm, this.#bounds.shortTerm)
      : this.#bounds.shortTerm
  }

  /** What the peer, or the bandwidth of a host, leaves; ENet's window where one of them limits it. */
  get #allowed(): number {
    const { mtu, windowSize } = this.#terms
    const { most } = this.throttle
    if (windowSize >= maxWindow && most >= throttleScale) return Infinity
    return Math.max(mtu, Math.floor((most * windowSize) / throttleScale))
  }

  /** C.SMSS. */
  get #packet(): number {
    return this.#terms.mtu
  }

  /** BBR.MinPipeCwnd. */
  get #minimum(): number {
    return 4 * this.#packet
  }
}

const initialPackets = 10 // RFC 6928
const startupGain = 2.77
const pacingGains = { drain: 0.5, down: 0.9, cruise: 1, refill: 1, up: 1.25, 'probe-rtt': 1 }
const windowGain = 2
const upWindowGain = 2.25
const probeRttGain = 0.5
const probeRttTime = 200 // ms
const pacingMargin = 0.01
const fullRounds = 3
const startupLosses = 6
const nearly = 0.95 // of the bottleneck's rate
const creditTime = 4 // ms
const arrearsTime = 20 // ms
const longestTrain = 32 // packets: 3 ms at 100 Mbit/s
const maxBurst = 64 // packets
