/**
 * Two people on a channel that belongs to somebody else, and an oracle who knows
 * what was really said: after each message that either side takes it checks what
 * no sequence of messages may bring about.
 */
import type { Conversation, ConversationEvent, Received } from '../../src/otr/conversation.ts'
import { fingerprintOf } from '../../src/otr/identity.ts'
import { decodeMessage } from '../../src/otr/message.ts'
import { alice, aliceWith, bob, bobWith, dakeOptions, type Person, person, seeded, wallTime } from './pair.ts'

export type Name = 'alice' | 'bob'
export const names: readonly Name[] = ['alice', 'bob']
const other = (name: Name): Name => (name === 'alice' ? 'bob' : 'alice')

/** What was put on the wire, and what became of it. */
interface Sent {
  readonly from: Name
  readonly bytes: Uint8Array
  readonly ssid: string | undefined // of a data message: under which session
  readonly text: string | undefined // of a data message that says something
  readonly at: number // ms
  isTaken: boolean // was opened
  isInFlight: boolean
}

export interface Edit {
  readonly kind: 'flip' | 'truncate' | 'extend' | 'splice'
  readonly at: number
  readonly with: number
}

const people: Record<'4' | '4q', Record<Name, Person>> = {
  '4': { alice, bob },
  '4q': { alice: person('alice', 0x101, '4q'), bob: person('bob', 0x202, '4q') },
}

export class World {
  readonly #people: Record<Name, Person>
  readonly #sides: Record<Name, Conversation>
  readonly #sent: Sent[] = []
  readonly #keys = new Set<string>() // (ECDH key, message id) of every data message
  readonly #ratchets = new Map<string, number>() // the newest one, by sender and session
  readonly #ssids: Record<Name, Set<string>> = { alice: new Set(), bob: new Set() }
  #now = 0
  #count = 0

  constructor(versions: '4' | '4q') {
    this.#people = people[versions]
    this.#sides = { alice: this.#open('alice'), bob: this.#open('bob') }
  }

  get sides(): Readonly<Record<Name, Conversation>> {
    return this.#sides
  }

  start(): void {
    this.#put('bob', this.#sides.bob.start(this.#now))
  }

  /** Says something new, if anything may be said. */
  say(name: Name): void {
    const side = this.#sides[name]
    const text = `${name} ${this.#count++}`
    if (side.isSecured) this.#put(name, side.encrypt({ text }, this.#now), text)
    else if (isDone(() => side.encrypt({ text }, this.#now)))
      throw new Error(`${name} spoke outside a session`)
  }

  close(name: Name): void {
    const { ssid } = this.#sides[name]
    const last = this.#sides[name].close(this.#now)
    if (last) this.#put(name, last, undefined, ssid)
  }

  /** The program of one side is started anew; the channel knows all that it said before. */
  restart(name: Name): void {
    this.#sides[name] = this.#open(name)
  }

  advance(ms: number): void {
    this.#now += ms
    for (const name of names) {
      const { ssid } = this.#sides[name]
      const received = this.#sides[name].expire(this.#now)
      this.#hear(name, received, ssid)
    }
  }

  /** Delivers what is next in order. */
  next(name: Name): void {
    const item = this.#sent.find(({ from, isInFlight }) => isInFlight && from !== name)
    if (item) this.#deliver(item)
  }

  /** Delivers anything that was ever sent: late, early, again, or of a session that is over. */
  pick(index: number): void {
    const item = this.#sent[index % Math.max(1, this.#sent.length)]
    if (item) this.#deliver(item)
  }

  drop(index: number): void {
    const flying = this.#sent.filter(({ isInFlight }) => isInFlight)
    const item = flying[index % Math.max(1, flying.length)]
    if (item) item.isInFlight = false
  }

  /** Gives one side anything ever sent, changed. */
  inject(name: Name, index: number, edit: Edit): void {
    const item = this.#sent[index % Math.max(1, this.#sent.length)]
    if (item) this.#receive(name, this.#edited(item.bytes, edit))
  }

  /** After whatever has happened an honest channel brings both together again. */
  settle(): void {
    this.advance(60_000) // so often is an Identity answered
    for (const item of this.#sent) item.isInFlight = false
    this.start()
    for (let round = 0; round < 2; round++) for (const name of names) this.next(name)
    const { alice, bob } = this.#sides
    if (!alice.isSecured || hex(alice.ssid) !== hex(bob.ssid))
      throw new Error('not secured on an honest channel')
    for (const name of [...names, ...names]) {
      this.say(name)
      this.next(other(name))
    }
    if (this.#sent.slice(-4).some(({ isTaken }) => !isTaken)) throw new Error('what was said was not heard')
  }

  #open(name: Name): Conversation {
    const { identity } = this.#people[other(name)]
    return (name === 'alice' ? aliceWith : bobWith)({
      ...dakeOptions(this.#people[name]),
      accepts: (fingerprint) => fingerprint === fingerprintOf(identity),
      random: seeded(`${name} ${this.#count++}`),
      wall: (now) => wallTime + now,
    })
  }

  #deliver(item: Sent): void {
    const to = other(item.from)
    const side = this.#sides[to]
    item.isInFlight = false
    const isKept = this.#now - item.at < 3_600_000 // else its key may have been dropped
    const mustOpen = isKept && !item.isTaken && item.ssid !== undefined && item.ssid === hex(side.ssid)
    this.#receive(to, item.bytes)
    if (mustOpen && !item.isTaken) throw new Error(`${to} did not open a message of its session`)
  }

  #receive(name: Name, bytes: Uint8Array): void {
    const side = this.#sides[name]
    const { ssid } = side
    const { kind } = decodeMessage(bytes)
    const received = side.receive(bytes, this.#now)
    const isEnd = received.events.some(({ kind }) => kind === 'finished' || kind === 'expired')
    if (isEnd) this.#take(name, this.#saidAs(name, bytes))
    this.#hear(name, received, ssid)

    const isProof = name === 'alice' ? kind === 'auth-i' : kind === 'auth-r'
    if (ssid === undefined && side.isSecured && !isProof) throw new Error(`${name} was secured by ${kind}`)
    if (ssid !== undefined && !side.isSecured && !isEnd)
      throw new Error(`${name} lost its session by ${kind}`)
  }

  /** The end of a session that the peer sent with this authenticator. */
  #saidAs(name: Name, bytes: Uint8Array): Sent {
    const item = this.#sent.find(
      (sent) =>
        sent.from !== name &&
        sent.text === undefined &&
        authenticatorOf(sent.bytes) === authenticatorOf(bytes),
    )
    if (!item) throw new Error(`${name} was made to end a session by what nobody said`)
    return item
  }

  #hear(name: Name, { replies, events }: Received, ssid: Uint8Array | undefined): void {
    for (const event of events) this.#check(name, event, ssid)
    for (const reply of replies) this.#put(name, reply, undefined, ssid)
  }

  #check(name: Name, event: ConversationEvent, ssid: Uint8Array | undefined): void {
    if (event.kind !== 'secured' && event.kind !== 'message') return
    const peer = this.#people[other(name)]
    if (event.fingerprint !== fingerprintOf(peer.identity)) throw new Error(`${name} names the wrong peer`)
    if (event.kind === 'secured') {
      const made = hex(event.ssid)!
      if (this.#ssids[name].has(made)) throw new Error(`${name} is in a session for the second time`)
      if (name === 'alice' && !this.#ssids.bob.has(made)) throw new Error('alice is in a session alone')
      this.#ssids[name].add(made)
      return
    }
    if (ssid === undefined) throw new Error(`${name} showed a text outside a session`)
    const said = this.#sent.find(({ from, text }) => from !== name && text === event.text)
    if (!said) throw new Error(`${name} showed what nobody said: ${event.text}`)
    this.#take(name, said)
  }

  #take(name: Name, item: Sent): void {
    if (item.isTaken) throw new Error(`${name} opened a message twice`)
    if (item.ssid === undefined || !this.#ssids[name].has(item.ssid))
      throw new Error(`${name} opened a message of a session it was never in`)
    item.isTaken = true
  }

  #put(from: Name, bytes: Uint8Array, text?: string, sender = this.#sides[from].ssid): void {
    const message = decodeMessage(bytes)
    const ssid = message.kind === 'data' ? hex(sender) : undefined
    this.#sent.push({ from, bytes, ssid, text, at: this.#now, isTaken: false, isInFlight: true })
    if (message.kind !== 'data') return
    const key = `${hex(message.ecdh)} ${message.messageId}`
    if (this.#keys.has(key)) throw new Error(`${from} used a message key twice`)
    this.#keys.add(key)
    const ratchet = `${from} ${ssid}`
    if (message.ratchetId < (this.#ratchets.get(ratchet) ?? 0))
      throw new Error(`${from} rolled its ratchet back`)
    this.#ratchets.set(ratchet, message.ratchetId)
  }

  #edited(bytes: Uint8Array, { kind, at, with: value }: Edit): Uint8Array {
    const edited = bytes.slice()
    switch (kind) {
      case 'flip':
        edited[at % edited.length]! ^= 1 << (value & 7)
        return edited
      case 'truncate':
        return edited.subarray(0, at % edited.length)
      case 'extend':
        return Uint8Array.from([...edited, value & 255])
      case 'splice': {
        const end = this.#sent[value % this.#sent.length]!.bytes
        return Uint8Array.from([...edited.subarray(0, at % edited.length), ...end.subarray(at % end.length)])
      }
      default:
        return kind satisfies never
    }
  }
}

function isDone(work: () => unknown): boolean {
  try {
    work()
    return true
  } catch {
    return false
  }
}

function authenticatorOf(bytes: Uint8Array): string | undefined {
  const message = decodeMessage(bytes)
  return message.kind === 'data' ? hex(message.authenticator) : undefined
}

const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('hex')
