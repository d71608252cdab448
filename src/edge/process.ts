/**
 * Which process is it? A number alone is given to others later; with its start
 * it names one process of this machine for good.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface ProcessName {
  readonly pid: number
  /** When it started, as the system puts it; empty where the system does not say. */
  readonly start: string
}

export const thisProcess = (): ProcessName => ({ pid: process.pid, start: startOf(process.pid) ?? '' })

/** Whether that very process still runs; in doubt it does. */
export function isRunning({ pid, start }: ProcessName): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' // there, and another user's
  }
  const current = startOf(pid)
  return current !== undefined && (start === '' || current === '' || current === start)
}

/** It was stopped, by Ctrl-Z as a rule, and does nothing until it goes on. In doubt it was not. */
export function isStopped(pid: number): boolean {
  if (process.platform !== 'linux') return ps(pid, 'state=').startsWith('T')
  try {
    return statOf(pid)[0] === 'T'
  } catch {
    return false // gone, or hidden
  }
}

/** `undefined` if there is none, empty if the system does not say. */
function startOf(pid: number): string | undefined {
  return process.platform === 'linux' ? linuxStart(pid) : ps(pid, 'lstart=')
}

/** proc(5): what stands in stat behind the name, which may hold anything, even `)`. */
function statOf(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** proc(5): boot, and field 22 of stat, in ticks since then. */
function linuxStart(pid: number): string | undefined {
  try {
    const fields = statOf(pid)
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined // dead, not yet waited for
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}/${fields[19]}`
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? undefined : ''
  }
}

function ps(pid: number, what: 'lstart=' | 'state='): string {
  try {
    return execFileSync('ps', ['-o', what, '-p', String(pid)], {
      encoding: 'latin1',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 2_000, // ms
    }).trim()
  } catch {
    return '' // no ps here
  }
}
