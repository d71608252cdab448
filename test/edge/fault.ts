import { UserError } from '../../src/error.ts'

/** What a promise is refused with, which is to be a fault of the user's or the world's. */
export async function faultOf(promise: Promise<unknown>): Promise<UserError> {
  const error: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (error instanceof UserError) return error
  throw new Error('no UserError', { cause: error })
}
