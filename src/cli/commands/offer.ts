/** `otrtalk offer <alias>`: connects by a line of text each way, without any DHT; this side begins. */
import type { ExitCode } from '../../error.ts'
import type { ProfileContext } from '../context.ts'
import { type ExchangeArguments, exchange } from '../exchanging.ts'

export const offer = (context: ProfileContext, args: ExchangeArguments): Promise<ExitCode> =>
  exchange(context, 'offer', args)
