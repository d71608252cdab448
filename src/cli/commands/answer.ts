/** `otrtalk answer <alias>`: connects by a line of text each way, without any DHT; the buddy has begun. */
import type { ExitCode } from '../../error.ts'
import type { ProfileContext } from '../context.ts'
import { type ExchangeArguments, exchange } from '../exchanging.ts'

export const answer = (context: ProfileContext, args: ExchangeArguments): Promise<ExitCode> =>
  exchange(context, 'answer', args)
