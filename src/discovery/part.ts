/** For whose sake the DHT is asked: one place, or one info hash, of one buddy. */
import type { Address } from '../machine.ts'
import type { Looked } from './dht.ts'
import type { Answer, Question } from './krpc.ts'
import type { Spot } from './place.ts'
import type { Order } from './watch.ts'

export interface Part {
  readonly of: Asker
  readonly role: { readonly place: Spot }
}

/** Who has parts, and hears what became of their orders. */
export interface Asker {
  looked(part: Part, looked: Looked, now: number): void
  answered(part: Part, from: Address, answered: Answered): void
  /** Returns whether the node should be asked what newer record it has. */
  failed(part: Part, from: Address, failed: Failed): boolean
}

export interface Answered {
  readonly question: Question
  readonly answer: Answer
  readonly now: number
}

export interface Failed {
  readonly question: Question
  readonly code: number | undefined
  readonly now: number
}

export type PartOrder = ({ readonly part: Part } & Order) | { readonly part: Part; readonly kind: 'forget' }
