/**
 * What may be asked of a running profile, and what it tells. Both unions are
 * plain JSON: the screen, a script and a second process over the control
 * socket speak exactly these. Octets are lower-case hex, times of day are unix
 * milliseconds, durations milliseconds.
 */

import type { Unreached } from '../nat/verdict.ts'
import type { PathKind } from '../nat/way.ts'
import type { Why } from '../transfer/offer.ts'
import type { Renamed } from '../transfer/work.ts'
import type { Report } from './report.ts'

export type { Unreached } from '../nat/verdict.ts'
export type { PathKind } from '../nat/way.ts'

export type Command =
  /** Look for the buddy, and keep a conversation with him for as long as the profile is open. */
  | { readonly kind: 'open'; readonly buddy: string }
  /** Stop looking, and end the conversation, saying so. */
  | { readonly kind: 'close'; readonly buddy: string }
  /**
   * Say a text; `id` (16 hex digits) names it in what is told of it later. With a fingerprint it goes to the holder
   * of that key only. `about`: an earlier message; who takes one back says no text.
   */
  | {
      readonly kind: 'say'
      readonly buddy: string
      readonly id: string
      readonly text: string
      readonly fingerprint?: string
      readonly about?: About
    }
  /** Tell him that the user is typing, or is not any more; nothing is told unless the habit is on. */
  | { readonly kind: 'typing'; readonly buddy: string; readonly state: TypingState }
  /** These messages of his were on the screen; he is told if the habit is on. */
  | { readonly kind: 'read'; readonly buddy: string; readonly ids: readonly string[] }
  /** Prove to each other that both know a secret (SMP); the buddy is shown the question. */
  | { readonly kind: 'verify'; readonly buddy: string; readonly question?: string; readonly secret: string }
  /** The secret that the buddy's question asks for. */
  | { readonly kind: 'answer'; readonly buddy: string; readonly secret: string }
  /** End the verification under way, or do not answer. */
  | { readonly kind: 'cancel'; readonly buddy: string }
  /** Give up what waits for the buddy: this one, or all. It may have arrived if it was sent. */
  | { readonly kind: 'drop'; readonly buddy: string; readonly id?: string }
  /** What was written for another key of the buddy's goes to the one of now: this one, or all. */
  | { readonly kind: 'resend'; readonly buddy: string; readonly id?: string }
  /** Tell how he is being reached, or why not. */
  | { readonly kind: 'why'; readonly buddy: string }
  | TransferCommand

/** About files and streams; `transfer` (32 hex digits) names one. */
export type TransferCommand =
  /**
   * Offer these files and folders, or the stream that comes from a socket; `paths` are absolute, of the machine that
   * has the profile. With a fingerprint it goes to the holder of that key only. Files are remembered until it is over,
   * and offered again by the next process; not with `once`, of who offers again by himself. `root` (64 hex digits): of
   * what was offered under this id before; other content ends it. `again`: the paths have no link on the way, and are
   * not sent if they have by now.
   */
  | {
      readonly kind: 'send'
      readonly buddy: string
      readonly transfer: string
      /** As the buddy is shown it. */
      readonly name: string
      readonly form: 'files' | 'stream'
      readonly paths: readonly string[]
      readonly fingerprint?: string
      readonly once?: true
      readonly again?: true
      readonly root?: string
    }
  /**
   * Take what the buddy offers, into this folder, or a stream into this socket: an absolute path. That files are taken
   * is remembered: offered again they go on; not with `once`, of who decides each time. With `again` nobody is there
   * who looks: the folder must be what it was.
   */
  | {
      readonly kind: 'accept'
      readonly buddy: string
      readonly transfer: string
      readonly into: string
      readonly once?: true
      readonly again?: true
    }
  /** `policy`: nobody was asked; `large`: it is more than what is taken; `disk`: it cannot be there. */
  | {
      readonly kind: 'reject'
      readonly buddy: string
      readonly transfer: string
      readonly why: 'declined' | 'policy' | 'large' | 'disk'
    }
  | { readonly kind: Steering; readonly buddy: string; readonly transfer: string }

/** `withdraw`: it is over, and what came of it is removed; `leave`: what came of it stays, for another time. */
export type Steering = 'pause' | 'go' | 'withdraw' | 'leave'

/** What a message has to do with an earlier one, that is named by its id. */
export interface About {
  /** `edit`: its text takes the place of that one's; `delete`: that one is taken back. Only its author does either. */
  readonly as: 'reply' | 'edit' | 'delete'
  readonly id: string
}

/** As `id` names a message. */
/** Something that a buddy said. */
export const isSaying = (event: TalkEvent): event is TalkEvent & { kind: 'message' | 'edited' | 'deleted' } =>
  event.kind === 'message' || event.kind === 'edited' || event.kind === 'deleted'

export const isMessageId = (value: unknown): value is string =>
  typeof value === 'string' && /^[\da-f]{16}$/.test(value)

/** As `transfer` names one. */
export const isTransferId = (value: unknown): value is string =>
  typeof value === 'string' && /^[\da-f]{32}$/.test(value)

export type TypingState = 'begun' | 'ended'

/** How much is known of who answers: see docs/Security.md, "Trust". */
export type Trust = 'unverified' | 'by-code' | 'verified'

/** What is under way before a conversation is secured. */
export type Phase = 'looking' | 'punching' | 'securing'

/** The conversation and key something was decrypted under, or is secured with. */
export interface Under {
  readonly buddy: string
  /** Counts the conversations of this process: another number, another conversation. */
  readonly session: number
  /** All 56 octets. */
  readonly fingerprint: string
  readonly trust: Trust
}

/** Of what was told, that alone. */
export const underOf = ({ buddy, session, fingerprint, trust }: Under): Under => ({
  ...{ buddy, session, fingerprint, trust },
})

/** Of one conversation and key, however far it is trusted. */
export const isOneConversation = (a: Under, b: Under): boolean =>
  a.session === b.session && a.fingerprint === b.fingerprint

export type TalkEvent =
  | {
      readonly kind: 'listening'
      readonly profile: string
      readonly port: number
      readonly addresses: readonly string[]
    }
  | { readonly kind: 'phase'; readonly buddy: string; readonly phase: Phase; readonly ms: number }
  /** `pq`: post-quantum keys are part of it. */
  | ({ readonly kind: 'secured'; readonly path: PathKind; readonly ms: number; readonly pq: boolean } & Under)
  /**
   * `session` 0: it came in an earlier process, and was not shown there; with `again` it may have been. `about`: what it
   * answers, or an earlier one that it would change and that is not known to be his.
   */
  | ({
      readonly kind: 'message'
      readonly id: string
      readonly text: string
      readonly at: number
      readonly again?: true
      readonly about?: About
    } & Under)
  /** The text of his message `of` is another one from here on. */
  | ({
      readonly kind: 'edited'
      readonly id: string
      readonly of: string
      readonly text: string
      readonly at: number
      readonly again?: true
    } & Under)
  /** He takes his message `of` back. */
  | ({
      readonly kind: 'deleted'
      readonly id: string
      readonly of: string
      readonly at: number
      readonly again?: true
    } & Under)
  /** A message of his ends it, too. */
  | ({ readonly kind: 'typing'; readonly state: TypingState } & Under)
  /** These messages of ours were on his screen, as he says. */
  | ({ readonly kind: 'read'; readonly ids: readonly string[] } & Under)
  /** The buddy wants to verify: his question waits for an `answer`. */
  | ({ readonly kind: 'asked'; readonly question: string } & Under)
  /** What becomes of a verification that was begun; success is `verified`. */
  | ({ readonly kind: 'verification'; readonly state: Verification } & Under)
  /** Trust has risen: `trust` is the new one, for this fingerprint. */
  | ({ readonly kind: 'verified' } & Under)
  /** Waiting for who has the other half of this invite code; told to its maker only. */
  | { readonly kind: 'code'; readonly buddy: string; readonly code: string; readonly expiresAt: number }
  /** Nobody with the same invite code has been there for so long. */
  | { readonly kind: 'alone'; readonly buddy: string; readonly ms: number }
  /**
   * An invite code led to this buddy, whose address was exchanged: he can be found from now on. `knownAs`: his
   * alias, if he was a buddy before; he keeps it.
   */
  | ({ readonly kind: 'met'; readonly address: string; readonly knownAs?: string } & Under)
  /** This key has proved an invite code: nobody else can use the code any more. */
  | ({ readonly kind: 'bound' } & Under)
  /** The invite code is of no use any more. */
  | { readonly kind: 'burnt'; readonly buddy: string; readonly why: Burnt }
  /** The buddy has confirmed that he knows our address: an invite code, or a former key, has done its work. */
  | ({ readonly kind: 'introduced' } & Under)
  /** The buddy has a new address, told in the conversation. */
  | ({ readonly kind: 'moved'; readonly address: string } & Under)
  /** The user has changed in another process how far he trusts this fingerprint: `trust` is the new one. */
  | ({ readonly kind: 'trust' } & Under)
  /** The user has added a buddy in another process: he is looked for. */
  | { readonly kind: 'added'; readonly buddy: string }
  /** The user calls him `to` from here on. */
  | { readonly kind: 'renamed'; readonly buddy: string; readonly to: string }
  /** The user has removed or blocked him in another process: he is not looked for any more. */
  | { readonly kind: 'removed'; readonly buddy: string; readonly why: Removed }
  /** The user said it in another process of this profile; what becomes of it is told as of any text. */
  | {
      readonly kind: 'said'
      readonly buddy: string
      readonly id: string
      readonly text: string
      readonly about?: About
    }
  /** The user said it at this time in an earlier process, and it is not delivered: it goes out as soon as it can. */
  | {
      readonly kind: 'waiting'
      readonly buddy: string
      readonly id: string
      readonly text: string
      readonly at: number
      readonly about?: About
    }
  /** It is on disk, and goes out as soon as it can, also after a restart; not told of what was sent before. */
  | { readonly kind: 'written'; readonly buddy: string; readonly id: string }
  /**
   * So many were written for another key than the buddy has now, and go nowhere until they are resent or dropped;
   * the ids of the first 64.
   */
  | ({ readonly kind: 'held'; readonly ids: readonly string[]; readonly count: number } & Under)
  /** Encrypted and handed to the link. */
  | { readonly kind: 'sent'; readonly buddy: string; readonly id: string }
  /** The buddy says that it was decrypted, and is safe there. */
  | { readonly kind: 'delivered'; readonly buddy: string; readonly id: string; readonly ms: number }
  /** It will not be sent, or nobody knows whether it arrived and it will not be sent again. */
  | { readonly kind: 'undelivered'; readonly buddy: string; readonly id: string; readonly why: Undelivered }
  /** The buddy offers files or a stream: `accept` or `reject`. `files`, `folders` and `octets` are of files only. */
  | ({
      readonly kind: 'offered'
      readonly transfer: string
      readonly name: string
      readonly form: 'files' | 'stream'
      readonly files?: number
      readonly folders?: number
      readonly octets?: number
    } & Under)
  | TransferTold
  /** What is no file and no folder is not sent with the others. */
  | {
      readonly kind: 'skipped'
      readonly buddy: string
      readonly transfer: string
      readonly path: string
      readonly why: 'link' | 'pipe' | 'socket' | 'device'
    }
  /** How far a transfer is: at most four times a second. `of` and `left` only where it is known. */
  | {
      readonly kind: 'progress'
      readonly buddy: string
      readonly transfer: string
      readonly octets: number
      readonly of?: number
      readonly rate: number // octets a second
      readonly left?: number // ms
    }
  /** The conversation takes another path from here on. */
  | { readonly kind: 'path'; readonly buddy: string; readonly path: PathKind }
  /** Nobody answered at the buddy's addresses, for `ms` since looking began; told when `why` is another than before. */
  | { readonly kind: 'unreached'; readonly buddy: string; readonly why: Unreached; readonly ms: number }
  /** What was asked by the command of this name. */
  | { readonly kind: 'why'; readonly buddy: string; readonly report: Report }
  /** The conversation ended: its keys are gone. */
  | { readonly kind: 'lost'; readonly buddy: string; readonly why: Lost }
  /** `clocks`: of why `clock`. */
  | { readonly kind: 'refused'; readonly buddy: string; readonly why: Refused; readonly clocks?: Clocks }
  /** What was kept of conversations with him before, oldest first; told to who asked for it. */
  | {
      readonly kind: 'earlier'
      readonly buddy: string
      /** `began`: of an earlier run, as a conversation is opened. */
      readonly why: 'began' | 'asked'
      readonly lines: readonly EarlierLine[]
    }
  /** Something that was to be kept is not, or what was kept cannot be read. */
  | { readonly kind: 'unkept'; readonly message: string; readonly hint?: string }
  /** None of these names of nodes to begin with, or STUN servers, could be looked up so far. */
  | { readonly kind: 'unresolved'; readonly hosts: readonly string[]; readonly interface?: string }
  /** The network, not a buddy. */
  | { readonly kind: 'network'; readonly state: NetworkState }

/** A line as it was kept: never one of the conversation there is. */
export interface EarlierLine {
  readonly from: 'you' | 'buddy'
  readonly id: string
  readonly at: number
  readonly text: string
  /** The key it was said to, or by. */
  readonly fingerprint: string
  /** Of yours; neither of the two: nobody knows. */
  readonly settled?: 'delivered' | 'undelivered'
  /** Its author gave it another text. */
  readonly edited?: true
  /** Its author took it away; its text is gone. */
  readonly deleted?: true
}

/** What becomes of a transfer. */
export interface TransferTold {
  readonly kind: 'transfer'
  readonly buddy: string
  readonly transfer: string
  /** Empty: it began in an earlier process, and whoever remembers it knows how it is called. */
  readonly name: string
  readonly direction: 'in' | 'out'
  readonly state: TransferStage
  /** Who paused it, or ended it. */
  readonly by?: 'us' | 'them' | 'both'
  readonly why?: Why | 'closed' | 'unknown-buddy'
  /** Where it is put, and of `done` where it is now, if it comes. Of `failed`: the file that it failed at. */
  readonly path?: string
  /** Of `done`, where several came and `path` is the folder they are in: which of them have another name there. */
  readonly renamed?: readonly Renamed[]
  /** Of a fault of this machine's disk, or of a folder that cannot be used: in words, and what to do about it. */
  readonly message?: string
  readonly hint?: string
  /** Of files that are offered to the buddy: names what is in them, in 64 hex digits. */
  readonly root?: string
  /** Of what waits, is read or is offered: it was offered, or accepted, in an earlier process then: unix ms. */
  readonly since?: number
}

export type TransferStage =
  | 'reading' // what is to be sent is looked at, and hashed
  | 'waiting' // for a conversation
  | 'offered' // the buddy is asked
  | 'running'
  | 'paused'
  | 'done' // all is with the receiver, verified and safe
  | 'rejected'
  | 'cancelled'
  | 'failed'

/** Nothing more is told of it. */
export const hasEnded = (state: TransferStage): boolean => /^(?:done|rejected|cancelled|failed)$/.test(state)

export type Verification =
  | 'running' // both sides compute
  | 'answered' // our answer to his question was right: he knows that it is us, and no more
  | 'failed' // the two secrets differ
  | 'cancelled' // by either side
  | 'broken' // what came was not what the protocol says
  | 'too-often' // three a minute are enough
  | 'limited' // three failed with this key: who asks again allows more
export type Burnt =
  | 'wrong-code' // somebody had a part of it, and not the whole: perhaps a man in the middle
  | 'expired'
export type Undelivered =
  | 'too-long'
  | 'too-many'
  | 'known-id'
  | 'closed'
  | 'unknown-buddy'
  | 'full' // too much waits for all buddies together
  | 'disk' // it could not be written there
  | 'dropped' // the user wants it sent no more
export type Removed = 'removed' | 'blocked'
export type Lost = 'left' | 'timeout' | 'restarted' | 'closed'
export type Refused =
  | 'wrong-fingerprint' // he who answers has another key than the address, or than before
  | 'wrong-version' // he speaks no version that we do
  | 'clock' // his client profile has expired, or one of the two clocks is wrong
  | 'failed' // the handshake broke: somebody tampers, or the two programs disagree
  | 'unreadable' // a message that came in the secured conversation could not be decrypted
  | 'elsewhere' // our own profile is published by another machine
/** Why a client profile is out of date, in unix ms. */
export interface Clocks {
  /** What our clock says. */
  readonly ours: number
  /** When the profile expired: any number, he may have made it up. */
  readonly theirs: number
}

export type NetworkState =
  | 'joining' // asking the first nodes of the DHT
  | 'joined'
  | 'unreachable' // no node of the DHT answers
  | 'no-socket' // no socket can be opened: the port is taken
  | 'gone' // the interface has no address any more: nothing is sent until it has
