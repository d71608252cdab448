/**
 * An end to several waits at once. (Node's `AbortSignal.any` and `timeout` may be collected as garbage while somebody
 * still waits for them; and these are to be undone.)
 */
import { setTimeout as sleep } from 'node:timers/promises'

export interface Stop extends Disposable {
  readonly signal: AbortSignal
  /** Disposal does the same. */
  now(): void
}

/** Aborts with the first of the given signals, or after `ms`. */
export function stopWith(signals: readonly AbortSignal[], ms?: number): Stop {
  const controller = new AbortController()
  const now = (): void => {
    clearTimeout(timer)
    for (const signal of signals) signal.removeEventListener('abort', now)
    controller.abort()
  }
  const timer = ms === undefined ? undefined : setTimeout(now, ms).unref()
  for (const signal of signals) signal.addEventListener('abort', now)
  if (signals.some(({ aborted }) => aborted)) now()
  return { signal: controller.signal, now, [Symbol.dispose]: now }
}

/** Ends early, but does not fail, when the signal is aborted. Nothing is kept alive by it. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal, ref: false }).catch(() => {})
