/** The mail of a profile that is open, as its log has it. */
import type { UserError } from '../../error.ts'
import { Mailbox } from '../../session/mailbox.ts'
import type { OpenProfile } from '../openprofile.ts'
import type { Journal } from './mail.ts'

export interface OpenedMail {
  /** The profile closes it. */
  readonly journal: Journal
  readonly mailbox: Mailbox
  /** To be told: a part of it could not be read. */
  readonly fault: UserError | undefined
}

/** Only with the lock. */
export async function openMail(profile: OpenProfile): Promise<OpenedMail> {
  const { records, log, fault } = await profile.openLog('mail')
  return { journal: log, mailbox: Mailbox.of(records), fault }
}
