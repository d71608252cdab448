/**
 * What a transfer asks of the disk, and what comes of it. The machines here
 * touch no file: `drain` yields a `Work`, the edge does it and answers with one
 * `WorkResult` (but for `abandon`, which has none; nothing follows it, nor what
 * is `finished`). Answers of a transfer come in the order of its requests. A few
 * are in flight at a time.
 */
import type { Manifest } from './manifest.ts'
import type { Offer, TransferId } from './offer.ts'

export type Work = { readonly transfer: TransferId } & (
  | { readonly kind: 'survey' } // the next entries of what is to be sent, a thousand at most: `surveyed`
  | { readonly kind: 'read'; readonly ranges: readonly Range[] } // several small files at once: `read`
  | { readonly kind: 'place'; readonly offer: Offer; readonly content: Content } // `placed`
  | { readonly kind: 'write'; readonly parts: readonly Part[]; readonly ended: readonly number[] } // `written`
  /** What was written is synced, then the cursor stored: `kept`, which may come later than what was asked after it. */
  | { readonly kind: 'keep'; readonly cursor: number }
  | { readonly kind: 'finish' } // synced, modes set, moved to where it belongs: `finished`
  | { readonly kind: 'abandon'; readonly leaves: 'all' | 'nothing' } // all: for a resume, files are closed only
)

/** Octets of a file that is sent; of a stream (file 0) the next ones, as many as there are. */
export interface Range {
  readonly file: number // its place among the files surveyed, folders not counted
  readonly offset: number
  readonly size: number
}

/**
 * Octets for a file that is received, or for the stream (file 0). What no part
 * covers is a hole, so a `write` may have none. Files come in order, and each in
 * order; `ended` are those that nothing more comes for, empty ones too.
 */
export interface Part {
  readonly file: number // its place among the files of the manifest, folders not counted
  readonly offset: number
  readonly octets: Uint8Array
}

/**
 * What is placed: a stream, or files from a cursor on (0: all of them). Whatever
 * is there behind the cursor, of a former process, is cut off before anything is
 * written: it was never checked, and holes leave it as it is.
 */
export type Content =
  | { readonly kind: 'files'; readonly manifest: Manifest; readonly cursor: number }
  | { readonly kind: 'stream' }

export type WorkResult = { readonly transfer: TransferId } & (
  | { readonly kind: 'surveyed'; readonly entries: readonly SourceEntry[] } // none: there are no more
  /** One for each range; a shorter one is the stream's, and an empty one its end. */
  | { readonly kind: 'read'; readonly octets: readonly Uint8Array[] }
  | { readonly kind: 'placed' }
  /** Of a `write`: its octets are with the system, and each file of `ended` has its size. */
  | { readonly kind: 'written' }
  | { readonly kind: 'kept' }
  | ({ readonly kind: 'finished' } & Finished)
  /** Any of them: nothing after it is done but `abandon`. `file`: as in the request, where it is one. */
  | { readonly kind: 'failed'; readonly why: DiskFault; readonly file?: number }
)

/** What there is to be sent, parents before their children. Links and devices are left out, and told by the edge. */
export type SourceEntry =
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly size: number }

/** Where it is; '' for a stream. Of several things at the top: the folder that they are in. */
export interface Finished {
  readonly path: string
  /** Of several, those that have another name there: the first hundred. */
  readonly renamed?: readonly Renamed[]
}

export interface Renamed {
  readonly name: string // as it was sent
  readonly as: string
}

/** `changed`: another size or time than at the survey, or it is not there any more. `disk`: any other error. */
export type DiskFault = 'changed' | 'full' | 'denied' | 'disk'
