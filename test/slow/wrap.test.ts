/**
 * A sender that no window of ENet's 64 KiB holds back has to keep within what the receiver takes: 28,672 numbers and
 * 4 MiB beyond what is missing. Numbers have 16 bits: 200,000 messages wrap three times.
 */
import { expect, test } from 'vitest'
import { type BulkOptions, bulk } from '../support/line/bulk.ts'
import { type Hole, Watched } from '../support/line/watched.ts'

interface Settings extends BulkOptions {
  readonly messages: number
  readonly hole?: Hole
  readonly reaches: number // numbers, of 28,672
}

const line = { delay: 20, rate: 1_000, queue: 4_000, within: 600_000 }
const hole = { number: 30_000, copies: 5 }

test.each<Settings>([
  { ...line, messages: 200_000, messageSize: 20, rate: 100, loss: 0.1, megabytes: 4, reaches: 5_000 },
  { ...line, messages: 100_000, messageSize: 1, megabytes: 0.1, hole, reaches: 25_000 },
  { ...line, messages: 80_000, messageSize: 200, megabytes: 16, hole, reaches: 12_000 },
  { ...line, messages: 25_000, messageSize: 1_400, megabytes: 35, hole, reaches: 4_400 },
  { ...line, messages: 900, messageSize: 65_536, megabytes: 59, hole, reaches: 2_500 },
])(
  '$messages messages of $messageSize octets, more than $reaches numbers ahead of one that is missing: none is refused',
  ({ reaches, messages, hole, ...options }) => {
    let watched: Watched | undefined
    const watch: NonNullable<BulkOptions['watch']> = (receiver) => {
      watched = new Watched(receiver, hole)
      return watched
    }
    const { isWhole } = bulk({ ...options, watch })
    expect({ isWhole, refused: watched?.refused }).toEqual({ isWhole: true, refused: 0 })
    expect(watched!.span).toBeGreaterThan(reaches)
    expect(watched!.span).toBeLessThan(28_672)
  },
)
