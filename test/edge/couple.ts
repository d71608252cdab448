/**
 * Two profiles with one invite code on the virtual network, each with its
 * vault: what is remembered outlives the program that is killed.
 */
import { invitedOf, knownOf } from '../../src/edge/meeting.ts'
import { remembered } from '../../src/edge/remember.ts'
import type { Code } from '../../src/profile/code.ts'
import type { Contents } from '../../src/profile/contents.ts'
import { bind, meet, newInvite, openInvites, type Side } from '../../src/profile/invite.ts'
import type { TalkEvent } from '../../src/session/command.ts'
import { type Person, person, type Running, seeded, World, wall } from '../session/people.ts'

export type Step = 'bound' | 'met' | 'introduced'

/** Of an invite in a vault. */
export type State = 'open' | 'bound' | 'met'

/** Its vault, and the program that runs with it. */
export class Profile {
  readonly who: Person
  contents: Contents
  running: Running | undefined
  readonly #world: World
  #heard = 0
  /** Killed when this is told: before it is in the vault, or after. */
  #doom: { readonly at: Step; readonly isSaved: boolean } | undefined

  constructor(world: World, who: Person, { alias, side, at }: { alias: string; side: Side; at: number }) {
    this.who = who
    this.#world = world
    const prk = seeded(77)(32)
    const invite = newInvite({ side, alias, code: side === 'inviter' ? code : undefined, prk }, at)
    const { identity } = who
    this.contents = {
      identity,
      createdAt: 1,
      buddies: [],
      nodes: [],
      former: [],
      recordKeys: [],
      invites: [invite],
    }
  }

  doom(at: Step, isSaved: boolean): void {
    this.#doom = { at, isSaved }
  }

  get isDoomed(): boolean {
    return this.#doom !== undefined
  }

  start(): void {
    const { contents } = this
    const knowns = [
      ...contents.buddies.map((buddy) => knownOf(buddy, contents)),
      ...openInvites(contents).map(invitedOf),
    ]
    this.running = this.#world.run(this.who, knowns)
    this.#heard = 0
  }

  /** What the edge does with what was told since. */
  work(): void {
    const events = this.running?.host.events ?? []
    while (this.running && this.#heard < events.length) {
      const event = events[this.#heard++] as TalkEvent
      const isDoom = event.kind === this.#doom?.at
      if (!isDoom || this.#doom?.isSaved) this.contents = remembered(this.contents, event, this.now)
      if (isDoom) this.kill()
      else if (event.kind === 'met' || event.kind === 'moved') this.running.saved(event)
    }
  }

  kill(): void {
    this.running?.kill()
    this.running = undefined
    this.#doom = undefined
  }

  /** He is a buddy by the code, has confirmed it, and the code is gone. */
  get isDone(): boolean {
    const { buddies, invites } = this.contents
    return invites.length === 0 && buddies.length === 1 && !buddies[0]!.isStrange
  }

  get now(): number {
    return wall(this.#world.network.now)
  }
}

export class Couple {
  readonly world: World
  readonly inviter: Profile
  readonly accepter: Profile

  constructor(seed: number) {
    this.world = new World({ seed, latency: [20, 20] })
    const at = wall(this.world.network.now)
    this.inviter = new Profile(this.world, ada, { alias: 'friend', side: 'inviter', at })
    this.accepter = new Profile(this.world, bob, { alias: 'ada', side: 'accepter', at })
  }

  start(): void {
    this.inviter.start()
    this.accepter.start()
  }

  /** In steps shorter than the way between the two, until it is so. False if it never is. */
  until(isSo: () => boolean, within = 180_000): boolean {
    // Virtual time stands still while both are dead.
    for (let left = within; !isSo(); left -= 10) {
      if (left <= 0) return false
      this.world.network.run(10)
      this.inviter.work()
      this.accepter.work()
    }
    return true
  }

  /** What each has in its vault, as crashes at other moments may have left it. */
  remember(inviter: State, accepter: State): void {
    this.inviter.contents = stateOf(this.inviter, this.accepter, inviter)
    this.accepter.contents = stateOf(this.accepter, this.inviter, accepter)
  }

  get isDone(): boolean {
    return this.inviter.isDone && this.accepter.isDone
  }
}

function stateOf({ contents, now: at }: Profile, other: Profile, state: State): Contents {
  const { address, fingerprint } = other.contents.identity
  const invite = contents.invites[0]!
  if (state === 'open') return contents
  if (state === 'bound') return bind(contents, invite, fingerprint)
  const met = meet(contents, invite, { address, fingerprint, own: contents.identity.address, at })
  if (met.kind === 'refused') throw new Error(met.why)
  return met.contents
}

const ada = person('ada', 1)
const bob = person('bob', 2)
const code = 'zoo zoo zoo zoo zoo zoo' as Code
