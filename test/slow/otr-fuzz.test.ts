/**
 * Octets and peers of chance against OTR, for 40 s, or as long as is asked:
 *
 *     OTRTALK_FUZZ_MINUTES=10 npm run test:slow -- test/slow/otr-fuzz.test.ts
 *
 * A failure names its seed: OTRTALK_FUZZ_SEED=… runs the same again.
 */
import { expect, test } from 'vitest'
import { armor, unarmor } from '../../src/otr/armor.ts'
import { Attempts, ProofLimits, Refusals } from '../../src/otr/attempts.ts'
import type { Conversation, Received } from '../../src/otr/conversation.ts'
import { readMpi } from '../../src/otr/dh.ts'
import { decodePoint, decodeScalar } from '../../src/otr/ed448.ts'
import { extraKeys } from '../../src/otr/extrakey.ts'
import { fragment, Reassembly } from '../../src/otr/fragment.ts'
import { fingerprintOf } from '../../src/otr/identity.ts'
import { decodeMessage } from '../../src/otr/message.ts'
import { pad } from '../../src/otr/padding.ts'
import { validateClientProfile } from '../../src/otr/profile.ts'
import { Smp } from '../../src/otr/smp.ts'
import {
  decodeSmp1,
  decodeSmp2,
  decodeSmp3,
  decodeSmp4,
  encodeSmp1,
  encodeSmp2,
  encodeSmp3,
  encodeSmp4,
} from '../../src/otr/smpmessage.ts'
import { decodePlaintext, type Tlv, tlvType } from '../../src/otr/tlv.ts'
import { Reader } from '../../src/wire/reader.ts'
import { Hostile } from '../otr/hostile.ts'
import { alice, aliceWith, bob, bobWith, seeded, wallTime } from '../otr/pair.ts'
import { Dice } from '../support/dice.ts'

const seconds = 60 * Number(process.env['OTRTALK_FUZZ_MINUTES'] ?? 40 / 60)
const firstSeed = Number(process.env['OTRTALK_FUZZ_SEED'] ?? Date.now() % 1_000_000_000)
const timeout = 1_000 * seconds + 120_000

/** Plays games of one seed each until the time is over; how many there were. */
function until(share: number, play: (dice: Dice) => void): number {
  const end = performance.now() + 1_000 * seconds * share
  let seed = firstSeed
  for (; performance.now() < end; seed++) {
    try {
      play(new Dice(seed))
    } catch (cause) {
      throw new Error(`OTRTALK_FUZZ_SEED=${seed}: ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      })
    }
  }
  return seed - firstSeed
}

const fingerprints = { alice: fingerprintOf(alice.identity), bob: fingerprintOf(bob.identity) }

/** What an honest run of SMP, a DAKE and a conversation send. */
function samples(): {
  readonly messages: Uint8Array[]
  readonly smp: Tlv[]
  readonly plaintexts: Uint8Array[]
} {
  const [one, two] = [aliceWith(), bobWith()]
  const messages = [two.start(0)]
  for (let from = two, to = one, i = 0; i < 3 && messages[i]; [from, to] = [to, from], i++) {
    messages.push(...to.receive(messages[i]!, 0).replies)
  }
  for (const text of ['', 'a', 'a line']) messages.push(one.encrypt({ text }, 0), two.encrypt({ text }, 0))
  const ssid = new Uint8Array(8)
  const side = (own: 'alice' | 'bob', peer: 'alice' | 'bob') => smpOf(own, peer, ssid, () => 1)
  const [a, b] = [side('alice', 'bob'), side('bob', 'alice')]
  const smp = [a.start({ secret: 'a', question: 'who?' }, 0)]
  b.receive(smp[0]!, 0)
  smp.push(b.answer({ secret: 'b', run: 1 })!)
  smp.push(a.receive(smp[1]!, 0).reply!)
  smp.push(b.receive(smp[2]!, 0).reply!)
  const plaintexts = smp.map(({ value }) =>
    pad(Uint8Array.from([0, 0, 2, value.length >> 8, value.length & 255, ...value])),
  )
  return { messages, smp, plaintexts }
}

function smpOf(own: 'alice' | 'bob', peer: 'alice' | 'bob', ssid: Uint8Array, nextRun: () => number): Smp {
  const limits = { attempts: new Attempts(), proofs: new ProofLimits(), refusals: new Refusals() }
  const fixed = { ssid, ...limits, random: seeded(`fuzz ${own}`), nextRun }
  return new Smp({ own: fingerprints[own], peer: fingerprints[peer], ...fixed })
}

test('every decoder gives a value or none, and what it gives is what was read', { timeout }, () => {
  const { messages, smp, plaintexts } = samples()
  const all = [...messages, ...plaintexts, ...smp.map(({ value }) => value), alice.profile, bob.profile]
  const reassembly = new Reassembly(0x202)
  const games = until(0.3, (dice) => {
    const bytes = dice.below(8) === 0 ? dice.bytes(dice.below(200)) : dice.mutated(dice.pick(all), all)
    decodeMessage(bytes)
    const plaintext = decodePlaintext(bytes)
    if (plaintext) extraKeys(new Uint8Array(64), plaintext.tlvs)
    const decoded = [
      [decodeSmp1(bytes), encodeSmp1] as const,
      [decodeSmp2(bytes), encodeSmp2] as const,
      [decodeSmp3(bytes), encodeSmp3] as const,
      [decodeSmp4(bytes), encodeSmp4] as const,
    ]
    for (const [message, encode] of decoded)
      if (message) expect((encode as (m: unknown) => Uint8Array)(message)).toEqual(bytes)
    validateClientProfile(bytes, { senderTag: 0x101, wall: wallTime })
    decodePoint(bytes.subarray(0, 57))
    decodeScalar(bytes)
    readMpi(new Reader(bytes))
    expect(unarmor(armor(bytes))).toEqual(bytes)
    unarmor(`?OTR:${String.fromCharCode(...bytes.subarray(0, 100))}.`)
    const pieces = fragment(armor(bytes), {
      identifier: dice.below(200),
      senderTag: 0x101,
      receiverTag: 0x202,
      maxSize: 60,
    })
    for (const piece of pieces) {
      const text =
        dice.below(20) === 0 ? piece.replace(/[\da-f]/, dice.pick(['', ',', '|', 'g', '0', '99999'])) : piece
      reassembly.receive(text, dice.below(4_000_000))
    }
    expect(reassembly.waiting).toBeLessThanOrEqual(100)
    expect(reassembly.size).toBeLessThanOrEqual(1 << 20)
  })
  console.log(`${games} games of the decoders from seed ${firstSeed}`)
  expect(games).toBeGreaterThan(100)
})

/** One session between a conversation and a peer who has its keys. */
class Game {
  readonly #dice: Dice
  readonly #victim: Conversation
  readonly #hostile: Hostile
  readonly #smp: Smp
  readonly #others: readonly Uint8Array[]
  readonly #sent: Uint8Array[] = []
  #asked = 0
  #runs = 0
  #now = 0
  #isClosed = false
  readonly told = new Set<string>() // of SMP

  constructor(dice: Dice, others: readonly Uint8Array[]) {
    this.#dice = dice
    this.#others = others
    this.#victim = aliceWith({ padding: dice.pick(['none', 'classes']) })
    this.#hostile = new Hostile(this.#victim)
    this.#smp = smpOf('bob', 'alice', this.#hostile.ssid, () => ++this.#runs)
  }

  play(): void {
    for (let i = 0; i < 60 && !this.#isClosed; i++) this.#dice.pick(this.#moves)()
    if (!this.#isClosed) this.#close()
    for (const message of this.#sent) {
      if (decodeMessage(message).kind !== 'data') continue // a new DAKE is another matter
      const { replies, events } = this.#victim.receive(message, this.#now)
      expect([replies, events.filter(({ kind }) => kind !== 'refused')]).toEqual([[], []])
    }
  }

  #tlv(value: Uint8Array): Tlv {
    return { type: this.#dice.pick([2, 3, 4, 5, 6, 7, 0, 8, 0x100]), value }
  }

  /** A message of the samples, of this session or another, that is no longer what it was. */
  #mutated(): Uint8Array {
    return this.#dice.mutated(this.#dice.pick(this.#others), this.#others)
  }

  /** What either side may do next; what the victim's own user does is always allowed. */
  readonly #moves: readonly (() => void)[] = [
    () => this.#give(this.#hostile.message([this.#tlv(this.#mutated())], 'text')),
    () => this.#give(this.#hostile.plain(this.#dice.bytes(this.#dice.below(60)))),
    () => {
      const tlvs = Array.from({ length: this.#dice.below(9) }, () =>
        this.#tlv(this.#dice.bytes(this.#dice.below(9))),
      )
      this.#give(this.#hostile.message(tlvs))
    },
    () => this.#sent.length > 0 && this.#give(this.#dice.pick(this.#sent)),
    () => this.#give(this.#mutated()),
    () => {
      if (!this.#smp.hurdle(this.#now))
        this.#offer(this.#smp.start({ secret: 'hostile', question: 'who?' }, this.#now))
    },
    () => {
      if (!this.#victim.smpHurdle(this.#now))
        this.#take([this.#victim.startSmp({ secret: 'victim' }, this.#now)])
    },
    () => this.#dice.below(4) === 0 && this.#take([this.#victim.abortSmp(this.#now)]),
    () => this.#take([this.#victim.encrypt({ text: 'a line' }, this.#now)]),
    () => this.#victim.allowSmp(),
    () => this.#victim.prepare(this.#now),
    () => {
      this.#now += this.#dice.pick([1, 1_000, 20_000, 60_000])
    },
    () => this.#dice.below(10) === 0 && this.#close(),
    () => this.#answer(),
    () => this.#answer(),
    () => this.#answer(),
  ]

  /** The victim's user answers the question that was asked last, or one before it. */
  #answer(): void {
    const run = this.#asked - (this.#dice.below(8) === 0 ? 1 : 0)
    this.#take([this.#victim.answerSmp({ secret: 'victim', run }, this.#now)])
  }

  /** A message of SMP, honest or nearly. */
  #offer(tlv: Tlv): void {
    const isHonest = this.#dice.below(5) > 0
    const value = isHonest ? tlv.value : this.#dice.mutated(tlv.value, this.#others)
    this.#give(this.#hostile.message([{ type: tlv.type, value: value.subarray(0, 65_535) }]))
  }

  #give(message: Uint8Array): void {
    this.#sent.push(message)
    const start = performance.now()
    const received = this.#victim.receive(message, this.#now)
    expect(performance.now() - start).toBeLessThan(5_000)
    this.#watch(received)
    this.#take(received.replies)
  }

  #watch({ replies, events }: Received): void {
    expect(replies.length).toBeLessThanOrEqual(1)
    for (const event of events) {
      if ('fingerprint' in event) expect(event.fingerprint).toBe(fingerprints.bob)
      if (event.kind === 'finished') this.#isClosed = true
      if (event.kind === 'message') for (const { type } of event.tlvs) expect(type).toBeGreaterThan(7)
      if (event.kind !== 'smp') continue
      this.told.add(event.state)
      expect(event.state).not.toBe('succeeded') // nobody guesses the secret
      if (event.state === 'asked') this.#asked = event.run
    }
  }

  /** The hostile side reads what it gets, and goes on with SMP. */
  #take(messages: readonly (Uint8Array | undefined)[]): void {
    for (const message of messages) {
      if (!message || decodeMessage(message).kind !== 'data') continue
      for (const tlv of this.#hostile.read(message)) {
        if (tlv.type < tlvType.smp1 || tlv.type > tlvType.smpAbort) continue
        const { reply, event } = this.#smp.receive(tlv, this.#now)
        const answer =
          event?.state === 'asked' ? this.#smp.answer({ secret: 'hostile', run: event.run }) : reply
        if (answer && !this.#isClosed) this.#offer(answer)
      }
    }
  }

  #close(): void {
    this.#isClosed = true
    this.#victim.close(this.#now)
  }
}

test('no peer makes a conversation throw, answer twice, believe a wrong secret or speak after its end', {
  timeout,
}, () => {
  const { messages, smp } = samples()
  const others = [...messages, ...smp.map(({ value }) => value)]
  const told = new Set<string>()
  const games = until(0.7, (dice) => {
    const game = new Game(dice, others)
    game.play()
    for (const state of game.told) told.add(state)
  })
  console.log(`${games} games of a conversation from seed ${firstSeed}`)
  // Every state was reached: it is no fuzzing of the door alone.
  if (games > 50) expect([...told].sort()).toEqual(['aborted', 'asked', 'failed', 'running'])
})
