/**
 * Two sides that send each other messages of all sizes and kinds, at random
 * times by a seed, and what is said of those that arrive: reliable ones once
 * and in order on each channel, the others at most once, all of them equal.
 */
import type { Delivery } from '../../../src/transport/enet/message.ts'
import { Dice } from '../dice.ts'
import type { Line, Side } from './line.ts'

export interface ExchangeOptions {
  readonly seed: number
  readonly channels: number
  readonly messages: number // of each side
  readonly largest: number // octets
  readonly within: number // ms in which they are sent
  readonly unreliable?: readonly Delivery[]
}

interface Letter {
  readonly channel: number
  readonly delivery: Delivery
  readonly number: number // of its sender's
  readonly size: number
}

export class Exchange {
  /** What arrived and should not have, or else went wrong. */
  fault: string | undefined
  /** Octets that both sides send. */
  readonly octets: number
  readonly #missing: Record<Side, number> = { left: 0, right: 0 } // reliable ones, by who sends them
  readonly #expected: Record<Side, Letter[][]> // reliable ones that are to come, by channel
  readonly #heard: Record<Side, Set<number>> = { left: new Set(), right: new Set() } // unreliable ones
  readonly #newest: Record<Side, number[]> = { left: [], right: [] } // unreliable, by channel
  readonly #letters: Record<Side, { at: number; letter: Letter }[]>

  constructor(options: ExchangeOptions) {
    const dice = new Dice(options.seed)
    const write = (): { at: number; letter: Letter }[] =>
      Array.from({ length: options.messages }, (_, number) => ({
        at: dice.below(options.within),
        letter: letterOf(dice, number, options),
      })).sort((a, b) => a.at - b.at)
    this.#letters = { left: write(), right: write() }
    const sum = (side: Side): number => this.#letters[side].reduce((all, { letter }) => all + letter.size, 0)
    this.octets = sum('left') + sum('right')
    const empty = () => Array.from({ length: options.channels }, (): Letter[] => [])
    this.#expected = { left: empty(), right: empty() }
    for (const side of ['left', 'right'] as const)
      this.#missing[side] = this.#letters[side].filter(({ letter }) => letter.delivery === 'reliable').length
  }

  /** Each letter is handed to `send` at its time, from here on. */
  begin(
    line: Line,
    from: Side,
    send: (bytes: Uint8Array, options: Pick<Letter, 'channel' | 'delivery'>) => void,
  ): void {
    for (const { at, letter } of this.#letters[from]) {
      line.in(at, () => {
        if (letter.delivery === 'reliable') this.#expected[from][letter.channel]!.push(letter)
        send(contentOf(letter, from), letter)
      })
    }
  }

  /** A message came, that was sent from that side. */
  heard(from: Side, { channel, bytes }: { readonly channel: number; readonly bytes: Uint8Array }): void {
    if (bytes.length > 0 && (bytes[0]! & unreliable) !== 0) this.#heardUnreliable(from, channel, bytes)
    else {
      const letter = this.#expected[from][channel]?.shift()
      if (!letter) this.fails(`a message of ${bytes.length} octets too many from the ${from} on ${channel}`)
      else if (!isEqual(bytes, letter, from))
        this.fails(`not message ${letter.number} from the ${from} on ${channel}`)
      else this.#missing[from]--
    }
  }

  /** Something went wrong: only the first such thing is told. */
  fails(fault: string): void {
    this.fault ??= fault
  }

  /** Everything reliable arrived. */
  get isDone(): boolean {
    return this.#missing.left === 0 && this.#missing.right === 0
  }

  get missing(): string {
    return `${this.#missing.left} from the left and ${this.#missing.right} from the right are`
  }

  #heardUnreliable(from: Side, channel: number, bytes: Uint8Array): void {
    const number = (bytes[1]! << 8) | bytes[2]!
    const letter = this.#letters[from].find((one) => one.letter.number === number)?.letter
    const at = `unreliable message ${number} from the ${from} on ${channel}`
    if (!letter || letter.channel !== channel || !isEqual(bytes, letter, from)) this.fails(`no ${at}`)
    else if (this.#heard[from].has(number)) this.fails(`twice ${at}`)
    else if (letter.delivery !== 'unsequenced') {
      const place = this.#letters[from].findIndex((one) => one.letter === letter)
      if (place < (this.#newest[from][channel] ?? -1)) this.fails(`too late ${at}`)
      this.#newest[from][channel] = place
    }
    this.#heard[from].add(number)
  }
}

function letterOf(
  dice: Dice,
  number: number,
  { channels, largest, unreliable = [] }: ExchangeOptions,
): Letter {
  const channel = dice.below(channels)
  const isReliable = unreliable.length === 0 || dice.below(4) > 0
  const delivery = isReliable ? 'reliable' : dice.pick(unreliable)
  const limit = Math.min(largest, isReliable ? largest : delivery === 'unreliable-fragments' ? 20_000 : 1_000)
  const size = dice.pick([0, 1, 40, 1_000, 1_400, 5_000, 70_000, 200_000].filter((most) => most <= limit))
  const exact = size < 2 ? size : size - dice.below(size >> 1)
  return { channel, delivery, number, size: isReliable ? exact : Math.max(exact, 3) }
}

/** Fresh each time, so that nobody who changed his copy is believed. */
function contentOf({ number, size, delivery }: Letter, from: Side): Uint8Array {
  const start = (number * 613 + (from === 'left' ? 0 : 251)) % 65_536
  const bytes = noise.slice(start, start + size)
  if (size > 0) bytes[0] = delivery === 'reliable' ? bytes[0]! & ~unreliable : unreliable
  if (delivery !== 'reliable') {
    bytes[1] = number >> 8
    bytes[2] = number & 0xff
  }
  return bytes
}

const isEqual = (bytes: Uint8Array, letter: Letter, from: Side): boolean =>
  Buffer.compare(bytes, contentOf(letter, from)) === 0

const unreliable = 0x80 // of the first octet
const noise = new Dice(1).bytes(65_536 + 200_000)
