/** How transfers end and pause, and what is said of it: the same for both sides. */
import type { Answer, Verb, Why } from './offer.ts'
import type { Party, TransferEnd, TransferState } from './transfer.ts'

/** An answer about a transfer that its sender adds. */
export type Words = Omit<Answer, 'transfer'>

export const says = (verb: Verb): Words => ({ verb, why: undefined, file: undefined })

/** What the other side is told of an end of ours: nothing where it made it itself. */
export function farewell(end: TransferEnd, file: number | undefined): Words | undefined {
  if (end.kind === 'done' || end.by === 'them') return undefined
  switch (end.kind) {
    case 'cancelled':
      return says('cancel')
    case 'rejected':
      return { ...says('reject'), why: end.why }
    case 'failed':
      return { verb: 'failed', why: end.why, file }
    default:
      return end satisfies never
  }
}

/** The end that an answer of the other side makes, if it makes one; `done` is the sender's to judge. */
export function endBy({ verb, why }: Answer, path: string | undefined): TransferEnd | undefined {
  if (verb === 'cancel') return { kind: 'cancelled', by: 'them' }
  if (verb === 'reject') return { kind: 'rejected', by: 'them', why }
  return verb === 'failed' ? failed('them', why ?? 'broken', path) : undefined
}

export const failed = (by: Party, why: Why, path: string | undefined): TransferEnd => ({
  ...{ kind: 'failed', by, why },
  ...(path === undefined ? {} : { path }),
})

export function pausedState(by: ReadonlySet<Party>): TransferState {
  const [first] = by
  return first === undefined ? { kind: 'running' } : { kind: 'paused', by: by.size > 1 ? 'both' : first }
}

export function isSame(a: TransferState, b: TransferState | undefined): boolean {
  return a.kind === b?.kind && (a.kind !== 'paused' || b.kind !== 'paused' || a.by === b.by)
}

/** What was received stays for another attempt, unless it is not what was offered, or nobody wants it. */
export function leaves(end: TransferEnd): 'all' | 'nothing' {
  return end.kind === 'failed' && !isWorthless.includes(end.why) ? 'all' : 'nothing'
}

const isWorthless: readonly Why[] = ['changed', 'damaged', 'names', 'broken', 'large']
