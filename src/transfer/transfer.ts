/**
 * What both ends of a transfer have in common. An `Outgoing` or an `Incoming`
 * outlives the sessions that carry it: it is connected to one after the other,
 * and waits in between. Like every machine here it only changes its state when
 * something comes in, and says in `drain` what is to be done.
 */
import type { Manifest } from './manifest.ts'
import type { NameFault } from './names.ts'
import type { Answer, Offer, Why } from './offer.ts'
import type { Finished, Work, WorkResult } from './work.ts'

export type TransferOutput =
  /** For ENet's channel of bulk data; whose it is stands in its first four octets. */
  | { readonly kind: 'frame'; readonly bytes: Uint8Array }
  | { readonly kind: 'work'; readonly work: Work }
  /** For a message of the conversation, with a TLV 7 that names the transfer; its key comes back by `secured`. */
  | { readonly kind: 'offer'; readonly offer: Offer }
  | { readonly kind: 'answer'; readonly answer: Answer } // for a message of the conversation
  | { readonly kind: 'event'; readonly event: TransferEvent }

/** Each state is told when it begins. */
export type TransferEvent = { readonly kind: 'state'; readonly state: TransferState }

export type TransferState =
  | { readonly kind: 'reading' } // the sender's: what is to be sent is looked at, and hashed
  | { readonly kind: 'waiting' } // for a session
  | { readonly kind: 'offered' } // for the receiver's word
  | { readonly kind: 'running' } // accepted; nobody has paused it
  | { readonly kind: 'paused'; readonly by: Party | 'both' }
  | TransferEnd

/** After it nothing comes but an `abandon`. */
export type TransferEnd =
  | ({ readonly kind: 'done' } & Finished) // where it is at the receiver, told there only
  | { readonly kind: 'rejected'; readonly by: Party; readonly why: Why | undefined }
  | { readonly kind: 'cancelled'; readonly by: Party }
  | ({ readonly kind: 'failed'; readonly by: Party } & Failure)

export interface Failure {
  readonly why: Why
  /** The file that it failed at: of the sender's survey, or of the manifest, where it is foreign text. */
  readonly path?: string
  /** What is wrong with that path, where it is the sender's own. */
  readonly rule?: NameFault
}

export type Party = 'us' | 'them'

export interface Transfer {
  readonly state: TransferState
  /** Octets of content that were read (`reading`), or are written at the receiver, as far as is known. */
  readonly octets: number
  /** Of so many; `undefined` for a stream, and while nothing is known. */
  readonly of: number | undefined

  /** A frame of this transfer, from the other side, in the session that it is connected to. */
  receive(frame: Uint8Array): void
  /** An answer about this transfer, in that session. */
  answered(answer: Answer): void
  /** What became of the first of the works that are not answered. */
  worked(result: WorkResult, now: number): void
  /** The session is over: what was not received is sent again in the next one. */
  disconnect(): void

  pause(): void
  go(): void
  cancel(): void
  /** Ends it by a fault of our side. */
  fail(why: Why): void

  /**
   * Runs what is due, and yields what there is to do.
   *
   * @param room - octets that the link takes before it is time to wait: content beyond them stays; at least 1 sends one frame
   */
  drain(now: number, room: number): Iterable<TransferOutput>
  /** When `drain` has something to do whatever room there is. */
  readonly deadline: number
  /** There is content to send as soon as there is room. */
  readonly isReady: boolean
}

/** `new Outgoing({ transfer, name, form })`: begins to survey and to hash as soon as it is drained. */
export interface Sending extends Transfer {
  /** A session is there: yields an offer as soon as it can. @param stream - not used before in this session by us */
  connect(stream: number): void
  /** @param key - the 64 octets of the extra symmetric key of the message that took the offer; they are wiped */
  secured(key: Uint8Array): void
  /** Of the files, once they are read; of what was offered before, until then. */
  readonly root: Uint8Array | undefined
  /** It is over, and the receiver, who may know of it, has to be told in the next session. */
  readonly isUnsaid: boolean
}

/** `new Incoming(offer, key)`: of a session; nothing is written before `accept`. */
export interface Receiving extends Transfer {
  /** It is offered again, in another session: what was accepted goes on by itself. */
  connect(offer: Offer, key: Uint8Array): void
  /** False if it is too late. @param kept - what is on disk of an earlier run */
  accept(kept?: Kept): boolean
  reject(why: Why): void
}

/** Where a transfer goes on that an earlier process began. */
export interface Kept {
  /** As it was decoded for this offer. */
  readonly manifest: Manifest
  /** As the last `keep` had it: everything before it is written and synced. */
  readonly cursor: number
}
