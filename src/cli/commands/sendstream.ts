/** `otrtalk send <alias> --stream NAME`: stdin, through the conversation; exit 0 means that all of it was read there. */
import { preparePlace } from '../../edge/control/place.ts'
import { Pipe } from '../../edge/files/pipe.ts'
import { findProfile } from '../../edge/profiles.ts'
import type { ExitCode } from '../../error.ts'
import type { ProfileContext } from '../context.ts'
import { usage } from '../options.ts'
import { offerContent, type SendingTo } from './sendfiles.ts'

export interface SendStreamArguments extends SendingTo {
  /** As the buddy is shown it. */
  readonly name: string
}

export async function sendStream(context: ProfileContext, args: SendStreamArguments): Promise<ExitCode> {
  const { stdin, env, home, profile } = context
  const { name } = args
  if (name === '' || Buffer.byteLength(name) > longestName)
    throw usage('--stream needs a name of 1 to 255 octets')
  if (stdin.isTTY)
    throw usage('what is to be sent?', 'pipe it: tar c photos | otrtalk send bob --stream photos.tar')
  using pipe = await Pipe.open(preparePlace((await findProfile(home, profile)).path, env))
  const fed = pipe.feed(stdin).finally(() => pipe[Symbol.dispose]())
  const content = { name, form: 'stream', paths: [pipe.path] } as const
  fed.catch(() => {}) // the transfer fails then, in words
  return await offerContent(context, content, args)
}

const longestName = 255 // octets
