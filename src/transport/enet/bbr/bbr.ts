/**
 * BBR, version 3 (draft-ietf-ccwg-bbr; the names of its sections stand in
 * quotes): sends at the rate at which the path delivers, and keeps little more
 * in flight than fits on it. Where we depart from the draft, and why, says
 * `docs/decisions/034-bbr.md`: loss without a queue is taken for the line's,
 * and the first search learns the bottleneck's rate from packet trains.
 */
import type { Congestion, Obstacle, Packet, Terms } from '../congestion.ts'
import { maxWindow } from '../limits.ts'
import type { RoundTrip } from '../roundtrip.ts'
import { PacketThrottle, throttleScale } from '../throttle.ts'
import { LineLoss } from './noise.ts'
import { Pacer } from './pacer.ts'
import { PathModel } from './path.ts'
import { type RateSample, RateSampler } from './rate.ts'
import { Trains } from './trains.ts'

type State = 'startup' | 'drain' | 'down' | 'cruise' | 'refill' | 'up' | 'probe-rtt'

/** How the acknowledgements that come in relate to a probe for bandwidth. */
type Phase = 'none' | 'refilling' | 'starting' | 'feedback' | 'stopping'

export class Bbr implements Congestion {
  readonly #random: () => number
  readonly #throttle = new PacketThrottle() // of unreliable messages, and where bandwidth is limited
  #sampler = new RateSampler()
  #pacer = new Pacer()
  #trains = new Trains()
  #line = new LineLoss()
  #hadQueue = false // in this round
  #roundAt = { delivered: 0, lost: 0 }
  #path = new PathModel(0)
  #terms = { mtu: 1_400, windowSize: maxWindow }
  #share = throttleScale
  #state: State = 'startup'
  #inFlight = 0
  #window = 0 // C.cwnd
  #windowBefore = 0 // BBR.prior_cwnd
  #isWindowLimited = false
  #wasWindowLimited = false
  #recalls = 0 // in a row
  #isRestarting = false // after a pause
  #rtt = Infinity // ms, the latest: a queue shows in it
  // "Exiting Acceleration Based on Bandwidth Plateau"
  #isFull = false // BBR.full_bw_reached
  #isFullNow = false
  #fullRate = 0
  #fullRounds = 0
  #drainRound = 0
  // "ProbeBW"
  #phase: Phase = 'none'
  #cycleAt = 0
  #wait = 0 // ms, until the next probe
  #roundsSinceProbe = 0
  #isProbeSample = false
  #wasTooHigh = false
  #wasPrecautious = false
  #upAcknowledged = 0
  #upPerIncrease = Infinity
  #upRounds = 0
  // "Updating the Model Upon Packet Loss"
  #longTerm = Infinity // BBR.inflight_longterm
  #shortTermRate = Infinity
  #shortTerm = Infinity // BBR.inflight_shortterm
  #latestRate = 0
  #latestDelivered = 0
  #isLossRoundStart = false
  #lossRound = 0
  #lostInRound = 0 // octets
  #lossesInRound = 0
  #isCongested = false // in this round
  #isLosingMuch = false // in this round
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

  configure({ mtu, windowSize, throttle }: Terms): void {
    if (this.#sampler.delivered === 0) this.#window = initialPackets * mtu
    this.#terms = { mtu, windowSize }
    this.#throttle.configure(throttle)
  }

  limit(share: number): void {
    this.#share = share
    this.#throttle.limit(share)
  }

  admits(): boolean {
    return this.#throttle.admits()
  }

  sampled(sample: number): void {
    this.#throttle.sampled(sample)
  }

  estimated(estimate: RoundTrip, now: number): void {
    this.#throttle.estimated(estimate, now)
  }

  sent(packet: Packet, now: number): void {
    this.#restart(now)
    packet.snapshot = this.#sampler.sent(packet, this.#inFlight)
    this.#inFlight += packet.octets
    this.#pacer.sent(packet.octets, now)
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
    if (++this.#recalls < 2) return
    this.#saveWindow()
    this.#window = this.#minimum
  }

  /** HandleLostPacket. */
  lost({ octets, snapshot }: Packet, now: number): void {
    this.#inFlight -= octets
    this.#sampler.lost += octets
    this.#lostInRound += octets
    this.#lossesInRound++
    if (!snapshot) return
    const lost = this.#sampler.lost - snapshot.lost
    const own = noiseMargin * this.#line.share * snapshot.inFlight
    if (this.#isQueueing && lost > own) this.#isCongested = true
    if (!this.#isTooHigh(lost, snapshot.inFlight)) return
    this.#isCongested = this.#isLosingMuch = true
    if (!this.#isProbeSample) return
    const before = snapshot.inFlight - octets
    const share = this.#lossThreshold
    const fits = before + (share * before - (lost - octets)) / (1 - share)
    this.#handleTooHigh({ inFlight: fits, isAppLimited: snapshot.isAppLimited }, now)
  }

  /** What was known holds still; a loss that was none has cost at most a round. */
  spurious(): void {
    this.#shortTermRate = this.#shortTerm = Infinity
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
    if (by === 'window') this.#isWindowLimited = true
    else if (this.#inFlight < this.#window) this.#sampler.limited(this.#inFlight)
  }

  cleared(): void {
    this.#inFlight = 0
    this.#pacer.reset()
  }

  rerouted(now: number): void {
    const { delivered, lost } = this.#sampler
    this.#path = new PathModel(now)
    this.#trains = new Trains()
    this.#line = new LineLoss()
    this.#path.startRound(delivered)
    this.#lossRound = delivered
    this.#sampler.lost = lost
    this.#pacer.rate = 0
    this.#window = initialPackets * this.#packet
    this.#longTerm = Infinity
    this.#isFull = this.#wasTooHigh = this.#wasPrecautious = this.#isProbeSample = false
    this.#phase = 'none'
    this.#resetShortTerm()
    this.#resetCongestion()
    this.#resetFull(0)
    this.#state = 'startup'
  }

  #updateModel(sample: RateSample, now: number): void {
    const path = this.#path
    const { delivered } = this.#sampler
    // UpdateLatestDeliverySignals
    this.#latestRate = Math.max(this.#latestRate, sample.rate)
    this.#latestDelivered = Math.max(this.#latestDelivered, sample.delivered)
    this.#isLossRoundStart = sample.priorDelivered >= this.#lossRound
    if (this.#isLossRoundStart) this.#lossRound = delivered
    path.countRound(sample, delivered)
    if (path.isRoundStart) {
      this.#roundsSinceProbe++
      this.#wasWindowLimited = this.#isWindowLimited
      this.#isWindowLimited = false
      this.#measureLine()
    }
    this.#hadQueue ||= this.#isQueueing
    path.addRate(sample)
    path.addAggregation(sample.newlyAcknowledged, this.#rate, this.#window, now)
    this.#checkFull(sample)
    this.#checkStartup(sample)
    if (this.#isLossRoundStart) this.#adaptShortTerm()
    this.#checkDrain(now)
    this.#updateCycle(sample, now)
    path.addRtt(sample.rtt, now)
    this.#checkProbeRtt(sample, now)
    // AdvanceLatestDeliverySignals
    if (!this.#isLossRoundStart) return
    this.#latestRate = sample.rate
    this.#latestDelivered = sample.delivered
    this.#lostInRound = this.#lossesInRound = 0
    this.#isCongested = this.#isLosingMuch = false
  }

  #measureLine(): void {
    const { delivered, lost } = this.#sampler
    if (!this.#hadQueue) this.#line.add(lost - this.#roundAt.lost, delivered - this.#roundAt.delivered)
    this.#roundAt = { delivered, lost }
    this.#hadQueue = this.#isQueueing
  }

  // "Startup", "Drain"

  /** A probe that has built a queue and gained nothing need not be repeated twice to be believed. */
  #checkFull({ rate, isAppLimited }: RateSample): void {
    if (this.#isFullNow || !this.#path.isRoundStart || isAppLimited) return
    if (rate >= this.#fullRate * 1.25) {
      this.#resetFull(rate)
      return
    }
    const isQueueOurs = this.#state === 'up' && this.#isQueueing
    this.#isFullNow = ++this.#fullRounds >= (isQueueOurs ? 1 : fullRounds)
    if (this.#isFullNow) this.#fill()
  }

  #resetFull(rate: number): void {
    this.#fullRate = rate
    this.#fullRounds = 0
    this.#isFullNow = false
  }

  #fill(): void {
    this.#isFull = true
    this.#path.isStarting = false
  }

  #checkStartup({ rate, isAppLimited }: RateSample): void {
    if (this.#state !== 'startup') return
    // What the trains tell is reached: no need to see it three times.
    if (this.#trains.isKnown && !isAppLimited && rate > nearly * (1 - this.#line.share) * this.#trains.rate)
      this.#fill()
    if (this.#isLossRoundStart && this.#isLosingMuch && this.#lossesInRound >= startupLosses) {
      this.#fill()
      this.#longTerm = Math.max(this.#bdp(1), this.#latestDelivered)
    }
    if (!this.#isFull) return
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
    this.#resetCongestion()
    this.#upPerIncrease = Infinity
    this.#roundsSinceProbe = Math.floor(this.#random() * 2)
    this.#wait = 2_000 + 1_000 * this.#random()
    this.#cycleAt = now
    this.#phase = 'stopping'
    this.#path.startRound(this.#sampler.delivered)
    this.#state = 'down'
  }

  #startRefill(): void {
    this.#resetShortTerm()
    this.#upRounds = this.#upAcknowledged = 0
    this.#wasPrecautious = false
    this.#phase = 'refilling'
    this.#path.startRound(this.#sampler.delivered)
    this.#state = 'refill'
  }

  #startUp(rate: number): void {
    this.#phase = 'starting'
    this.#path.startRound(this.#sampler.delivered)
    this.#resetFull(rate)
    this.#state = 'up'
    this.#raiseSlope()
  }

  #updateCycle(sample: RateSample, now: number): void {
    if (!this.#isFull || this.#adaptLongTerm(sample, now)) return
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
    if (this.#wasTooHigh && this.#inFlight >= this.#longTerm) {
      this.#wasPrecautious = true
      return true
    }
    if (!this.#isLimitedByLongTerm) return this.#isFullNow
    this.#resetFull(rate)
    return false
  }

  get #isLimitedByLongTerm(): boolean {
    return (this.#isWindowLimited || this.#wasWindowLimited) && this.#window >= this.#longTerm
  }

  get #withHeadroom(): number {
    if (this.#longTerm === Infinity) return Infinity
    return Math.max(this.#longTerm - Math.max(this.#packet, headroom * this.#longTerm), this.#minimum)
  }

  #raiseSlope(): void {
    const growth = 2 ** this.#upRounds
    this.#upRounds = Math.min(this.#upRounds + 1, 30)
    this.#upPerIncrease = Math.max(this.#window / growth, this.#packet)
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
    if (this.#isTooHigh(sample.lost, sample.inFlight)) {
      if (this.#isProbeSample) this.#handleTooHigh(sample, now)
      return false
    }
    if (this.#longTerm === Infinity) return false
    this.#longTerm = Math.max(this.#longTerm, sample.inFlight)
    if (this.#state === 'up') this.#probeUpward(sample)
    return false
  }

  #probeUpward({ newlyAcknowledged }: RateSample): void {
    if (!this.#isLimitedByLongTerm) return
    this.#upAcknowledged += newlyAcknowledged
    const increases = Math.floor(this.#upAcknowledged / this.#upPerIncrease)
    if (increases > 0) {
      this.#upAcknowledged -= increases * this.#upPerIncrease
      this.#longTerm += increases * this.#packet
    }
    if (this.#path.isRoundStart) this.#raiseSlope()
  }

  // "Updating the Model Upon Packet Loss"

  /** IsInflightTooHigh; a line that loses without a queue is no sign of it, unless it loses very much. */
  #isTooHigh(lost: number, inFlight: number): boolean {
    const share = lost / inFlight
    const isMuch = share > blindLossThreshold && inFlight > blindPackets * this.#packet
    return share > this.#lossThreshold && (this.#isQueueing || isMuch)
  }

  get #lossThreshold(): number {
    return lossThreshold + noiseMargin * this.#line.share
  }

  get #isQueueing(): boolean {
    const { minRtt } = this.#path
    return this.#rtt > minRtt + Math.max(minRtt / 8, queueFloor)
  }

  #handleTooHigh(
    { inFlight, isAppLimited }: Pick<RateSample, 'inFlight' | 'isAppLimited'>,
    now: number,
  ): void {
    this.#wasTooHigh = true
    this.#isProbeSample = false
    if (!isAppLimited) this.#longTerm = Math.max(inFlight, Math.min(this.#bdp(1), this.#window) * beta)
    if (this.#state === 'up') this.#startDown(now)
  }

  /** AdaptLowerBoundsFromCongestion. */
  #adaptShortTerm(): void {
    if (this.#isProbing || !this.#isCongested) return
    if (this.#shortTermRate === Infinity) this.#shortTermRate = this.#path.maxRate
    if (this.#shortTerm === Infinity) this.#shortTerm = this.#window
    this.#shortTermRate = Math.max(this.#latestRate, beta * this.#shortTermRate)
    this.#shortTerm = Math.max(this.#latestDelivered, beta * this.#shortTerm)
  }

  #resetShortTerm(): void {
    this.#shortTermRate = this.#shortTerm = Infinity
  }

  #resetCongestion(): void {
    this.#isCongested = this.#isLosingMuch = false
    this.#lostInRound = this.#lossesInRound = 0
    this.#latestRate = this.#latestDelivered = 0
  }

  // "ProbeRTT", "Restarting From Idle"

  #checkProbeRtt({ delivered }: RateSample, now: number): void {
    if (this.#state !== 'probe-rtt' && this.#path.isProbeRttDue && !this.#isRestarting) {
      this.#saveWindow()
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
    this.#resetShortTerm()
    if (this.#isFull) {
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
    return Math.min(this.#path.maxRate, this.#shortTermRate)
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
    if (this.#isFull || rate > pacer.rate || this.#trains.rate < Infinity) pacer.rate = rate
    pacer.quantum = this.#train
    pacer.burst = Math.min(Math.max(creditTime * pacer.rate, 2 * packet, pacer.quantum), maxBurst * packet)
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
    if (this.#isFull) this.#window = Math.min(this.#window + newlyAcknowledged, most)
    else if (this.#window < most || this.#sampler.delivered < initialPackets * this.#packet)
      this.#window += newlyAcknowledged
    this.#window = Math.max(this.#window, this.#minimum)
    if (this.#state === 'probe-rtt') this.#window = Math.min(this.#window, this.#probeRttWindow)
    this.#window = Math.min(this.#window, Math.max(this.#cap, this.#minimum))
  }

  /** BoundCwndForModel. */
  get #cap(): number {
    const state = this.#state
    if (state === 'cruise' || state === 'probe-rtt') return Math.min(this.#withHeadroom, this.#shortTerm)
    return this.#isInProbeBw ? Math.min(this.#longTerm, this.#shortTerm) : this.#shortTerm
  }

  #saveWindow(): void {
    this.#windowBefore = Math.max(this.#windowBefore, this.#window)
  }

  /** What the peer, or the bandwidth of a host, leaves; ENet's window where one of them limits it. */
  get #allowed(): number {
    const { mtu, windowSize } = this.#terms
    if (windowSize >= maxWindow && this.#share >= throttleScale) return Infinity
    return Math.max(mtu, Math.floor((this.#share * windowSize) / throttleScale))
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
const lossThreshold = 0.02
const blindLossThreshold = 0.15 // without a queue: so much that it may be a bottleneck that has none
const noiseMargin = 1.5 // of what the line loses: a round's share varies
const blindPackets = 64 // in flight: of fewer, one lost datagram of acknowledgements seems as many
const beta = 0.7
const headroom = 0.15
const fullRounds = 3
const startupLosses = 6
const queueFloor = 2 // ms: less is an event loop's noise
const nearly = 0.95 // of the bottleneck's rate
const creditTime = 4 // ms
const longestTrain = 32 // packets: 3 ms at 100 Mbit/s
const maxBurst = 64 // packets
