/**
 * The sessions with one buddy: the conversation there is, its rivals, and those
 * that are closed and whose links still flush. Whose turn it is decides their
 * owner. An end that an attempt opened stays open while a link is heard there.
 */
import type { Local } from '../machine.ts'
import type { Fingerprint } from '../otr/identity.ts'
import type { Current, Live, Rival } from './live.ts'
import { Upgrade } from './upgrade.ts'

export class Sessions {
  #current: Current | undefined
  #rivals: Rival[] = [] // the oldest first
  #leaving: Live[] = []
  readonly #kept = new Set<Local>() // ends of attempts that links use

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

  add(rival: Rival): void {
    this.#rivals.push(rival)
  }

  /** It is the conversation from here on: there must be none. */
  promote(rival: Rival, fingerprint: Fingerprint, now: number): Current {
    const { session, pair, index, way } = rival
    const upgrade = new Upgrade(now)
    this.#rivals = this.#rivals.filter((other) => other.session !== session)
    this.#current = { session, pair, index, way, fingerprint, upgrade, toldPath: undefined }
    return this.#current
  }

  /** Closes all, saying so, but for `rival`. @returns whether there was a conversation */
  close(now: number, rival?: Rival): boolean {
    const others = this.#rivals.filter(({ session }) => session !== rival?.session)
    const closed = [...others, ...(this.#current ? [this.#current] : [])]
    for (const live of closed) {
      live.session.close(now)
      this.leave(live)
    }
    return closed.length > others.length
  }

  /** It is over: its link may have to flush. */
  leave(live: Live): void {
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
