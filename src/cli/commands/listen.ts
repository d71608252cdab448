import { type ExitCode, UserError } from '../../error.ts'
import type { ProfileContext } from '../context.ts'

export async function listen(_context: ProfileContext): Promise<ExitCode> {
  throw new UserError('not built yet')
}
