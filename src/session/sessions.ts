/**
 * The sessions with one buddy: the conversation there is, its rivals, and those
 * that are closed and whose links still flush. An end that an attempt opened
 * stays open while a link is heard there.
 *
 * A new link never touches the conversation there is. It runs its own DAKE
 * beside it and takes its place only when that ended with the pinned key: a
 * buddy who restarted does that, a thief of his discovery secret cannot
 * (docs/decisions/010-rival-sessions.md).
 */
import type { Local } from '../machine.ts'
import type { DakeBudget } from '../otr/budget.ts'
import type { Fingerprint } from '../otr/identity.ts'
import type { Clocks, Lost, Refused } from './command.ts'
import { type Current, isTried, type Live, type Rival } from './live.ts'
import { Upgrade } from './upgrade.ts'

export interface SessionsOptions {
  /** Whether whoever has this key may be the buddy. */
  readonly accepts: (fingerprint: Fingerprint) => boolean
  readonly dakes: DakeBudget
}

/** What follows from what happened in one of them. */
export type Change =
  /** Somebody is at the other end of a link. */
  | { readonly kind: 'up' }
  /** This is the conversation from here on. */
  | { readonly kind: 'began'; readonly current: Current }
  /** The keys of the conversation there is are other ones. */
  | { readonly kind: 'renewed' }
  | { readonly kind: 'refused'; readonly why: Refused; readonly clocks?: Clocks }
  /** The conversation there was is over. */
  | { readonly kind: 'lost'; readonly why: Lost }
  /** Nobody is there any more. `pause`: ms before he is tried again; undefined where that was never put off. */
  | { readonly kind: 'alone'; readonly pause: number | undefined }

export class Sessions {
  readonly #options: SessionsOptions
  #current: Current | undefined
  #rivals: Rival[] = [] // the oldest first
  #leaving: Live[] = []
  readonly #kept = new Set<Local>() // ends of attempts that links use
  #pause = endedPause // after a link that was not secured

  constructor(options: SessionsOptions) {
    this.#options = options
  }

  get current(): Current | undefined {
    return this.#current
  }

  /** The oldest first. */
  get rivals(): readonly Rival[] {
    return this.#rivals
  }

  /** The conversation first. */
  get all(): readonly Live[] {
    return [...(this.#current ? [this.#current] : []), ...this.#rivals, ...this.#leaving]
  }

  get deadline(): number {
    return Math.min(...this.all.map(({ session }) => session.deadline))
  }

  /** Whose link has this receiver index. */
  at(index: number): Live | undefined {
    return this.all.find((live) => live.index === index)
  }

  /** The conversation there is, if it is in this session. */
  currentOf({ session }: Live): Current | undefined {
    return this.#current?.session === session ? this.#current : undefined
  }

  rivalOf({ session }: Live): Rival | undefined {
    return this.#rivals.find((rival) => rival.session === session)
  }

  /** A handshake of the link is done: a conversation is tried in it, beside the one there is. */
  add(rival: Rival): readonly Change[] {
    this.#rivals.push(rival)
    return rival.session.role === 'initiator' ? [{ kind: 'up' }] : none // the init may be a replay
  }

  /** Somebody is at the other end of a rival's link: its DAKE may run. */
  up(live: Live, now: number): readonly Change[] {
    const rival = this.rivalOf(live)
    if (!rival) return none
    rival.isUp = true
    this.#pause = endedPause
    const changes: Change[] = [{ kind: 'up' }]
    const up = this.#rivals.filter(({ isUp }) => isUp)
    if (up.length > maxRivals) changes.push(...this.#dismiss(up[0]!, now))
    // The initiator's DAKE costs us as much as the other side: it counts for both.
    if (rival.session.role === 'initiator' && !this.#options.dakes.take(now))
      changes.push(...this.#dismiss(rival, now))
    return changes
  }

  /**
   * The responder knows by now that both are secured. The initiator does not:
   * it lets go of a conversation only when a word came in the new one.
   */
  secured(live: Live, fingerprint: Fingerprint, now: number): readonly Change[] {
    if (this.currentOf(live)) return [{ kind: 'renewed' }]
    const rival = this.rivalOf(live)
    if (!rival) return none // dismissed meanwhile
    rival.fingerprint = fingerprint
    this.#options.dakes.succeeded()
    const isSure = !this.#current || rival.session.role === 'responder'
    return isSure ? this.#promote(rival, fingerprint, now) : none
  }

  /** A word came in it. */
  heard(live: Live, now: number): readonly Change[] {
    const rival = this.rivalOf(live)
    return rival?.fingerprint === undefined ? none : this.#promote(rival, rival.fingerprint, now)
  }

  refused(live: Live, refusal: Omit<Extract<Change, { kind: 'refused' }>, 'kind'>): readonly Change[] {
    if (this.rivalOf(live)) this.#pause = refusedPause
    return [{ ...refusal, kind: 'refused' }]
  }

  ended(live: Live, why: Lost, now: number): readonly Change[] {
    const [rival, isCurrent] = [this.rivalOf(live), this.currentOf(live) !== undefined]
    if (!rival && !isCurrent) return none // it was leaving
    this.#leave(live)
    const changes: Change[] = isCurrent ? [{ kind: 'lost', why }] : []
    // A rival that waited for its turn has it, if the other side is there too.
    const next = isCurrent ? this.#rivals.find(({ fingerprint }) => fingerprint !== undefined) : undefined
    if (next?.fingerprint !== undefined) changes.push(...this.#promote(next, next.fingerprint, now))
    if (this.#current || this.#rivals.some(isTried)) return changes
    if (!rival) return [...changes, { kind: 'alone', pause: 0 }]
    return [...changes, { kind: 'alone', pause: isTried(rival) ? this.#pause : undefined }]
  }

  /** Its end of the handshake was taken by another one, before anybody was there. */
  displaced(index: number, now: number): readonly Change[] {
    const rival = this.#rivals.find((each) => each.index === index && !each.isUp)
    return rival ? this.#dismiss(rival, now) : none
  }

  /** It had to make room: what comes of it is told as of one that ended. */
  #dismiss(rival: Rival, now: number): readonly Change[] {
    rival.session.close(now)
    return this.ended(rival, 'closed', now)
  }

  #promote(rival: Rival, fingerprint: Fingerprint, now: number): readonly Change[] {
    // Asked again: since the handshake began, another may have proved a code first.
    if (!this.#options.accepts(fingerprint))
      return [...this.refused(rival, { why: 'wrong-fingerprint' }), ...this.#dismiss(rival, now)]
    const lost = this.close(now, rival) ? [{ kind: 'lost', why: 'restarted' } as const] : []
    const { session, pair, index, way } = rival
    const upgrade = new Upgrade(now)
    this.#rivals = this.#rivals.filter((other) => other.session !== session)
    const current = { session, pair, index, way, fingerprint, upgrade, toldPath: undefined }
    this.#current = current
    return [...lost, { kind: 'began', current }]
  }

  /** Closes all, saying so, but for `rival`. @returns whether there was a conversation */
  close(now: number, rival?: Rival): boolean {
    const others = this.#rivals.filter(({ session }) => session !== rival?.session)
    const closed = [...others, ...(this.#current ? [this.#current] : [])]
    for (const live of closed) {
      live.session.close(now)
      this.#leave(live)
    }
    return closed.length > others.length
  }

  /** It is over: its link may have to flush. */
  #leave(live: Live): void {
    if (this.currentOf(live)) this.#current = undefined
    this.#rivals = this.#rivals.filter(({ session }) => session !== live.session)
    this.#leaving.push(live)
  }

  /** Its link is gone. */
  forget(live: Live): void {
    this.#leaving = this.#leaving.filter(({ session }) => session !== live.session)
  }

  /** Whether a link is heard at this end, which is to be closed: then `released` yields it later. */
  keeps(local: Local): boolean {
    if (!this.#isUsed(local)) return false
    this.#kept.add(local)
    return true
  }

  /** Ends that were kept, and that no link uses any more. */
  *released(now: number): Generator<Local> {
    for (const local of [...this.#kept]) {
      if (this.#isUsed(local)) continue
      this.localGone(local, now)
      yield local
    }
  }

  /** An end is closed: of matter if it was kept. */
  localGone(local: Local, now: number): void {
    if (!this.#kept.delete(local)) return
    for (const { session } of this.all) session.localGone(local, now)
  }

  #isUsed(local: Local): boolean {
    return this.all.some(({ session }) => session.path.local === local)
  }
}

const none: readonly Change[] = []

/** Beside each other: the buddy may be started twice in 15 s. */
const maxRivals = 2

const refusedPause = 60_000 // ms; the same key would answer again
const endedPause = 5_000 // ms; the other side let the link go before it was secured
