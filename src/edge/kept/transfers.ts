/** The transfers that go on, of a profile that is open, as their log has them. */
import type { UserError } from '../../error.ts'
import type { Standing } from '../../session/mailbox.ts'
import { isFor, TransferLog } from '../../session/transferlog.ts'
import { wantedKeys } from '../meeting.ts'
import type { OpenProfile } from '../openprofile.ts'
import type { Journal } from './journal.ts'

export interface OpenedTransfers {
  /** The profile closes it. */
  readonly journal: Journal
  readonly log: TransferLog
  /** To be told: a part of it could not be read. */
  readonly fault: UserError | undefined
}

/** Only with the lock. What was taken of who was removed or blocked, and nobody could note it, is forgotten. */
export async function openTransfers(profile: OpenProfile): Promise<OpenedTransfers> {
  const { records, log, fault } = await profile.openLog('transfers')
  const transfers = TransferLog.of(records)
  const wanted = wantedKeys(profile.contents)
  for (const { transfer, fingerprint } of transfers.consents)
    if (!wanted.some((key) => isFor({ key }, fingerprint)))
      transfers.take({ kind: 'received', transfer, fingerprint })
  return { journal: log, log: transfers, fault }
}

export interface Dropping {
  readonly standing: Standing | undefined
  /** What is offered him waits for the next one of his key; what was taken of him is a question again. */
  readonly isKept: boolean
}

/** Nothing goes on with whom the user wants to know no more. */
export async function dropTransfers(
  { journal, log }: Pick<OpenedTransfers, 'journal' | 'log'>,
  { standing, isKept }: Dropping,
): Promise<void> {
  if (standing?.kind !== 'key') return
  for (const { transfer, key } of isKept ? [] : log.offers)
    if (isFor({ key }, standing.key)) log.take({ kind: 'sent', transfer })
  for (const { transfer, fingerprint } of log.consents)
    if (isFor({ key: fingerprint }, standing.key)) log.take({ kind: 'received', transfer, fingerprint })
  if (log.gone > 0) await journal.rewrite(() => log.records())
}
