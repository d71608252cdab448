/** Wording for people about commands of their own: one that cannot be run, and what became of a run. */
import type { Found, Outcome } from '../edge/exec.ts'
import type { UserError } from '../error.ts'
import { usage } from './options.ts'
import { type SafeText, safeName, safeTitle, words } from './safetext.ts'

/** What there is to say on stderr of a run for a message of this buddy; nothing if all went well. */
export function explainOutcome(outcome: Outcome, buddy: string, timeoutMs: number): SafeText | undefined {
  const name = safeName(buddy)
  switch (outcome.kind) {
    case 'done':
    case 'left': // counted, and told at the end
      return undefined
    case 'failed':
      return words`the command ended with ${outcome.code}, for a message of ${name}`
    case 'killed':
      return words`the command was ended by ${safeTitle(outcome.signal)}, for a message of ${name}`
    case 'timeout':
      return words`the command was stopped after ${timeoutMs / 1_000} s, for a message of ${name}`
    case 'not-started':
      return words`the command could not be started, for a message of ${name}: ${safeTitle(outcome.why)}`
    case 'queue-full':
      return words`too many messages wait for the command: it was not run for one of ${name}`
    default:
      return outcome satisfies never
  }
}

/** @param by - the option that names it */
export function noCommand({ kind, name }: Exclude<Found, { kind: 'found' }>, by: string): UserError {
  switch (kind) {
    case 'missing': {
      const isPath = name.includes('/')
      return usage(
        isPath ? `there is no file ${name}` : `there is no command ${name}`,
        isPath ? `${by} takes a program and its arguments` : `it is looked for in the folders of PATH`,
      )
    }
    case 'not-executable':
      return usage(`${name} cannot be run`, `it is no program, or its file may not be executed: chmod +x`)
    default:
      return kind satisfies never
  }
}
