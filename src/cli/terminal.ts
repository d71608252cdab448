/**
 * What kind of terminal this is, and what must be true of it again whichever
 * way the program ends.
 */
import { UserError } from '../error.ts'
import { asciiText } from './safetext.ts'
import type { LeavingSignal, UiOptions } from './ui.ts'

type Environment = UiOptions['env']

/** Why the screen cannot be opened here, as a sentence; undefined if it can. */
export function whyNoScreen({
  stdin,
  stdout,
  env,
}: Pick<UiOptions, 'stdin' | 'stdout' | 'env'>): string | undefined {
  if (!stdin.isTTY) return 'standard input is not a terminal'
  if (!stdout.isTTY) return 'standard output is not a terminal'
  if (env['TERM'] === 'dumb') return 'this terminal cannot place its cursor (TERM=dumb)'
  return undefined
}

/** @throws UserError if there is no terminal to draw on; also before a passphrase is asked for in vain */
export function requireScreen(streams: Parameters<typeof whyNoScreen>[0]): void {
  const why = whyNoScreen(streams)
  if (why !== undefined)
    throw new UserError(`the screen cannot be opened: ${why}`, { hint: 'use --plain or --json', exit: 2 })
}

/** NO_COLOR (no-color.org) and TERM=dumb, unless FORCE_COLOR says otherwise. */
export function isColourless(env: Environment): boolean {
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] === '0' || env['FORCE_COLOR'] === 'false'
  return (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
}

/** The locale that counts for characters; with none at all a terminal of today reads UTF-8. */
export function readsUtf8(env: Environment): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || 'UTF-8'
  return /utf-?8/iu.test(locale)
}

/**
 * The terminal as ASCII if it does not read UTF-8: the last octet of a
 * character may be a control there. Files and pipes get UTF-8 always.
 */
export function legible(stream: NodeJS.WriteStream, env: Environment): NodeJS.WriteStream {
  if (!stream.isTTY || readsUtf8(env)) return stream
  return new Proxy(stream, {
    get(target, key) {
      if (key === 'write') return (text: string, ...rest: []) => target.write(asciiText(text), ...rest)
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Calls `leave` for each signal that asks the program to end; dispose to listen no more. */
export function onLeavingSignal(leave: (signal: LeavingSignal) => void): Disposable {
  const signals: readonly LeavingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  let isHearing = false
  const hear = (signal: LeavingSignal): void => {
    isHearing = true
    leave(signal)
    isHearing = false
  }
  const stop = (): void => {
    for (const signal of signals) process.off(signal, hear)
  }
  for (const signal of signals) process.on(signal, hear)
  return {
    [Symbol.dispose]() {
      // Not within the signal: ink would find itself alone with it, and end the process.
      if (isHearing) setImmediate(stop)
      else stop()
    },
  }
}

/** Runs `restore` before the program ends by a fault or by `process.exit`; dispose to forget it. */
export function onSuddenEnd(restore: () => void): Disposable {
  process.on('uncaughtExceptionMonitor', restore)
  process.on('exit', restore)
  return {
    [Symbol.dispose]() {
      process.off('uncaughtExceptionMonitor', restore)
      process.off('exit', restore)
    },
  }
}

/**
 * Stops the whole job, as the terminal's own Ctrl-Z does, and settles when it
 * goes on: timers stand still meanwhile. Where nobody controls jobs nothing stops.
 */
export async function stopJob(): Promise<void> {
  process.kill(0, 'SIGTSTP')
  await new Promise((resolve) => setTimeout(resolve, stopTime))
}

/** A row that turns out wider than we think is cut at the edge and does not run into the next. */
export const wrapOff = '\x1b[?7l'
export const wrapOn = '\x1b[?7h'

const stopTime = 50 // ms until the signal has surely come
