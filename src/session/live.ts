/** A link with a conversation in it, of which a buddy may have several at a time; and how one is begun. */
import type { Random } from '../crypto.ts'
import type { WallClock } from '../machine.ts'
import { type PathKind, pathKind, type Way } from '../nat/way.ts'
import type { Attempts } from '../otr/attempts.ts'
import type { DakeBudget } from '../otr/budget.ts'
import { Conversation } from '../otr/conversation.ts'
import type { Fingerprint, IdentityKeys } from '../otr/identity.ts'
import type { Pair, Self } from '../profile/pair.ts'
import { type IsHere, Link } from '../transport/link/link.ts'
import type { Secured } from './acquaintance.ts'
import { phiIds } from './phi.ts'
import { Session } from './session.ts'
import type { Upgrade } from './upgrade.ts'
import type { WaysEvent } from './ways.ts'

/** What is ours in every conversation. */
export interface Own {
  readonly identity: IdentityKeys
  readonly instanceTag: number
  /** Under which we can be found: the one of now, then former ones that a buddy may still use. */
  readonly selves: readonly [Self, ...Self[]]
  /** The encoded client profile of this moment. */
  readonly clientProfile: (now: number) => Uint8Array
}

export interface Live {
  readonly session: Session
  /** How its present path was found. */
  way: Way
  /** By which it was reached. */
  readonly pair: Pair
  readonly index: number
}

/** A link that may become the conversation. */
export interface Rival extends Live {
  /** The other side has shown that it has the link's keys: it is no replay. */
  isUp: boolean
  /** Secured for us; it waits for a word of the other side to take the place of the conversation there is. */
  fingerprint: Fingerprint | undefined
}

/** The conversation there is. */
export interface Current extends Live, Secured {
  /** When better paths are offered to its link. */
  readonly upgrade: Upgrade
  /** Its path, as it was told. */
  toldPath: PathKind | undefined
}

export const pathOf = ({ session, way }: Pick<Live, 'session' | 'way'>): PathKind =>
  pathKind({ address: session.path.peer, way })

/** Whoever is at the other end was asked for more than a sign of life. */
export const isTried = ({ isUp, session }: Rival): boolean => isUp || session.role === 'initiator'

export interface RivalOptions {
  readonly own: Own
  readonly number: number
  readonly sessionId: Uint8Array
  /** Whether whoever has this key may be the buddy. */
  readonly accepts: (fingerprint: Fingerprint) => boolean
  readonly dakes: DakeBudget
  readonly attempts: Attempts
  readonly random: Random
  readonly wall: WallClock
  readonly isHere: IsHere
  readonly now: number
}

/** After a handshake of the link: a conversation that has not begun. */
export function newRival(reached: WaysEvent & { kind: 'reached' }, options: RivalOptions): Rival {
  const { established, path, pair, way, isAsked } = reached
  const { own, number, sessionId, accepts, dakes, attempts, random, wall, isHere, now } = options
  const { role, index } = established
  const ids = phiIds(established, pair)
  // No new datagram opens again what prediction or luck has opened.
  const mayMeasure = !path.local.isExtra && way !== 'predicted' && way !== 'guessed'
  const link = new Link({ established, path, random, now, mayMeasure, isAsked, isHere })
  const conversation = new Conversation({
    ...{ role, ids, accepts, dakes, attempts, random, wall },
    identity: own.identity,
    instanceTag: own.instanceTag,
    profile: own.clientProfile,
    padding: 'classes',
  })
  const session = new Session({ number, link, conversation, run: sessionId })
  return { session, pair, index, way, isUp: false, fingerprint: undefined }
}
