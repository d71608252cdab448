/**
 * A fault of the user's or the world's, worded for people: no stack is shown.
 * Our own faults are built-in errors, and a peer's are values.
 */

/**
 * docs/Tutorial.md, "Exit codes": 1 failed, 2 usage, 3 buddy not reached in time, 4 authentication refused,
 * 5 locked or wrong passphrase, 6 no network.
 */
export type FaultCode = 1 | 2 | 3 | 4 | 5 | 6

/** What the program ends with: done, a fault, our own bug, or SIGHUP, SIGINT and SIGTERM. */
export type ExitCode = 0 | FaultCode | 70 | 129 | 130 | 143

export interface UserErrorOptions extends ErrorOptions {
  /** What to do next. */
  readonly hint?: string | undefined
  /** What the program exits with; 1 by default. */
  readonly exit?: FaultCode
}

export class UserError extends Error {
  override readonly name = 'UserError'
  readonly hint: string | undefined
  readonly exit: FaultCode

  /** @param message - one line, without `otrtalk:` and full stop */
  constructor(message: string, { hint, exit = 1, ...options }: UserErrorOptions = {}) {
    super(message, options)
    this.hint = hint
    this.exit = exit
  }
}
