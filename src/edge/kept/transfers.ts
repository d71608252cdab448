/** The transfers that go on, of a profile that is open, as their log has them. */
import type { UserError } from '../../error.ts'
import type { Contents } from '../../profile/contents.ts'
import { isFor, TransferLog } from '../../session/transferlog.ts'
import { standingOf } from '../meeting.ts'
import type { OpenProfile } from '../openprofile.ts'
import type { Journal } from './journal.ts'

export interface OpenedTransfers {
  /** The profile closes it. */
  readonly journal: Journal
  readonly log: TransferLog
  /** To be told: a part of it could not be read. */
  readonly fault: UserError | undefined
}

/** Only with the lock. */
export async function openTransfers(profile: OpenProfile): Promise<OpenedTransfers> {
  const { records, log, fault } = await profile.openLog('transfers')
  return { journal: log, log: TransferLog.of(records), fault }
}

/** Nothing goes on with the buddy of this name. @param contents - in which he is looked up, as he may be removed by now */
export async function dropTransfers(profile: OpenProfile, name: string, contents: Contents): Promise<void> {
  const standing = standingOf(contents, name)
  if (standing?.kind !== 'key') return
  const { journal, log } = await openTransfers(profile)
  for (const { transfer, key } of log.offers)
    if (isFor({ key }, standing.key)) log.take({ kind: 'sent', transfer })
  for (const { transfer, fingerprint } of log.consents)
    if (isFor({ key: fingerprint }, standing.key)) log.take({ kind: 'received', transfer, fingerprint })
  if (log.gone > 0) await journal.rewrite(() => log.records())
}
