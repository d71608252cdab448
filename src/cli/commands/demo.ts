import { type ExitCode, UserError } from '../../error.ts'
import type { Context } from '../context.ts'

export async function demo(_context: Context): Promise<ExitCode> {
  throw new UserError('not built yet')
}
