/**
 * Asks STUN servers as whom they see our local ends (RFC 8489, section 6). Only
 * who names servers has any: discovery does without. The local ends are its
 * owner's: it opens and closes none. Any server may lie; who weighs the answers
 * is `Mappings`.
 */
import type { Random } from '../crypto.ts'
import type { Address, Datagram, Local, Machine, Notice, Output } from '../machine.ts'
import { Queue } from '../queue.ts'
import { isV6 } from './candidates.ts'
import { readStunAnswer, writeStunRequest } from './stunmessage.ts'

export type StunEvent =
  | {
      readonly kind: 'seen'
      readonly local: Local
      readonly voter: Address
      readonly as: Address
      /** When the question first left: NATs that count gave the port then. */
      readonly sentAt: number
    }
  /** No answer after 39.5 s, or a refusal. */
  | { readonly kind: 'silent'; readonly local: Local; readonly server: Address }

export interface StunOptions {
  readonly servers: readonly Address[]
  readonly random: Random
}

export class Stun implements Machine<StunEvent> {
  readonly #options: StunOptions
  readonly #outbox = new Queue<Output<StunEvent>>()
  readonly #questions = new Set<Question>()
  readonly #servers: Address[]

  constructor(options: StunOptions) {
    this.#options = options
    this.#servers = [...options.servers]
  }

  get deadline(): number {
    if (this.#outbox.length > 0) return -Infinity
    let deadline = Infinity
    for (const { nextAt } of this.#questions) deadline = Math.min(deadline, nextAt)
    return deadline
  }

  /** Names are looked up elsewhere, and arrive later. */
  add(servers: readonly Address[]): void {
    this.#servers.push(...servers.filter((server) => !this.#servers.includes(server)))
  }

  /** Asks every server that is not being asked from this end already. */
  ask(local: Local, now: number): void {
    for (const server of this.#servers) {
      if ((local.kind === 'udp6') !== isV6(server)) continue
      if (this.#find(local, server)) continue
      const transaction = this.#options.random(12)
      this.#questions.add({ local, server, transaction, sentAt: undefined, sent: 0, nextAt: now })
    }
  }

  /** Takes an answer only from the server that was asked, on the end it was asked from, with the same 96 bits. */
  receive({ local, peer, bytes }: Datagram, _now: number): void {
    const question = this.#find(local, peer)
    if (question?.sentAt === undefined) return
    const answer = readStunAnswer(bytes)
    if (!answer?.transaction.every((octet, i) => octet === question.transaction[i])) return
    this.#questions.delete(question)
    const { server, sentAt } = question
    if (answer.as === undefined) this.#emit({ kind: 'silent', local, server })
    else this.#emit({ kind: 'seen', local, voter: server, as: answer.as, sentAt })
  }

  /** What was asked from an end that is closed is no longer waited for. */
  notice(notice: Notice): void {
    if (notice.kind !== 'closed') return
    for (const question of this.#questions)
      if (question.local === notice.local) this.#questions.delete(question)
  }

  *drain(now: number): Generator<Output<StunEvent>> {
    for (const question of this.#questions) if (now >= question.nextAt) this.#run(question, now)
    yield* this.#outbox.take()
  }

  #run(question: Question, now: number): void {
    const { local, server, transaction } = question
    if (question.sent === mostSent) {
      this.#questions.delete(question)
      this.#emit({ kind: 'silent', local, server })
      return
    }
    question.sentAt ??= now
    const wait = ++question.sent === mostSent ? lastWait : firstWait * 2 ** (question.sent - 1)
    question.nextAt = now + wait
    const datagram = { local, peer: server, bytes: writeStunRequest(transaction) }
    this.#outbox.push({ kind: 'send', datagram })
  }

  #find(local: Local, server: Address): Question | undefined {
    for (const question of this.#questions)
      if (question.local === local && question.server === server) return question
    return undefined
  }

  #emit(event: StunEvent): void {
    this.#outbox.push({ kind: 'event', event })
  }
}

interface Question {
  readonly local: Local
  readonly server: Address
  readonly transaction: Uint8Array
  sentAt: number | undefined // the first time
  sent: number
  nextAt: number
}

// RFC 8489, section 6.2.1: at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s.
const firstWait = 500 // ms: RTO, and no route is known to be faster
const mostSent = 7 // Rc
const lastWait = 16 * firstWait // Rm
