/**
 * One process owns a profile: a lock file names it, and is made whole in one
 * step (a link), as nobody may take one for damaged that is just being written.
 * A lock whose process is gone is stale. Two processes that find the same
 * stale lock must not both remove it, as the second would remove the first
 * one's new lock: who wants to remove one first takes another lock, named
 * after the octets of the stale one, and looks again.
 */
import { createHash, randomBytes } from 'node:crypto'
import {
  closeSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../error.ts'
import { areFields, parsedJson } from '../json.ts'
import { isRunning, type ProcessName, thisProcess } from './process.ts'
import { codeOf, diskFault } from './store.ts'

export interface Holder extends ProcessName {
  readonly command: string
}

export type Acquired =
  | { readonly kind: 'held'; readonly lock: Disposable }
  | { readonly kind: 'busy'; readonly by: Holder }

/**
 * Takes the lock until it is disposed of or the process exits.
 *
 * @param command - what the holder does, for the one who is refused: `chat`
 */
export async function acquire(path: string, command: string): Promise<Acquired> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const found = await read(path)
    if (found === undefined) {
      const lock = create(path, command)
      if (lock) return { kind: 'held', lock }
      continue // somebody was faster
    }
    const by = parse(found)
    if (by && isRunning(by)) return { kind: 'busy', by }
    await removeStale(path, found, command)
  }
  throw new UserError(`cannot lock ${path}`, { hint: 'if no otrtalk runs, remove this file', exit: 5 })
}

/** Who holds the lock; `undefined` if nobody that runs. */
export async function holderOf(path: string): Promise<Holder | undefined> {
  const found = await read(path)
  const by = found === undefined ? undefined : parse(found)
  return by && isRunning(by) ? by : undefined
}

/** Whether who does this serves others: what the rest do is done in a moment. */
export const isServing = (command: string): boolean =>
  /^(?:chat|listen|invite|accept|offer|answer)$/.test(command)

/** Another process has the profile. */
export class InUse extends UserError {
  readonly holder: Holder

  constructor(name: string, holder: Holder) {
    const { pid, command } = holder
    const hint = isServing(command)
      ? 'meanwhile otrtalk send, why, buddy, id and chat --plain work; else leave it there first, or use another profile with --profile'
      : 'try again when it has ended, or use another profile with --profile'
    super(`the profile ${name} is in use by process ${pid} (otrtalk ${command})`, { hint, exit: 5 })
    this.holder = holder
  }
}

function create(path: string, command: string): Disposable | undefined {
  const nonce = randomBytes(8).toString('hex') // no two locks have the same octets
  const line = `${JSON.stringify({ ...thisProcess(), command, nonce })}\n`
  const octets = Buffer.from(line)
  try {
    if (!place(path, octets, `${path}.${nonce}${unplaced}`)) return undefined
    const lock = held(path, octets)
    sweep(path)
    return lock
  } catch (error) {
    throw diskFault(error, `cannot lock ${path}`)
  }
}

/** Whether the file is ours: a link never replaces one. Where there are no links, it is there before it is whole. */
function place(path: string, octets: Uint8Array, temporary: string): boolean {
  write(temporary, octets)
  try {
    linkSync(temporary, path)
    return true
  } catch (error) {
    if (/^(?:EEXIST|ENOENT)$/.test(codeOf(error) ?? '')) return false // he who was faster may have swept
    if (!/^(?:EPERM|ENOSYS|ENOTSUP|EOPNOTSUPP)$/.test(codeOf(error) ?? '')) throw error
  } finally {
    rmSync(temporary, { force: true })
  }
  try {
    write(path, octets)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Removes what processes left that died before they could place it; one that is just placing it tries again. */
function sweep(path: string): void {
  const [folder, name] = [dirname(path), basename(path)]
  const left = readdirSync(folder).filter((other) => other.startsWith(`${name}.`) && other.endsWith(unplaced))
  for (const other of left) rmSync(join(folder, other), { force: true })
}

/** A new file, or none. */
function write(path: string, octets: Uint8Array): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    if (writeSync(file, octets) !== octets.length) throw Object.assign(new Error(), { code: 'ENOSPC' })
  } catch (error) {
    unlinkSync(path)
    throw error
  } finally {
    closeSync(file)
  }
}

function held(path: string, octets: Buffer): Disposable {
  const release = (): void => {
    process.off('exit', release)
    for (const signal of signals) process.off(signal, onSignal)
    if (readNow(path)?.equals(octets)) unlinkSync(path) // the folder may be gone, or somebody removed the file
  }
  // Nobody else listens: the signal ends the process, without `exit`.
  const onSignal = (signal: NodeJS.Signals): void => {
    if (process.listeners(signal).some((listener) => !ours.has(listener))) return
    release()
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  }
  ours.add(onSignal)
  process.once('exit', release)
  for (const signal of signals) process.on(signal, onSignal)
  return { [Symbol.dispose]: release }
}

/** Only he who holds the guard of a stale lock removes it, and only that one. */
async function removeStale(path: string, stale: Buffer, command: string): Promise<void> {
  const id = createHash('sha256').update(stale).digest('hex').slice(0, 16)
  const guard = await acquire(`${path}.${id}`, command)
  if (guard.kind === 'busy') {
    await sleep(patience / 20) // he needs no longer than that
    return
  }
  using _ = guard.lock
  if ((await read(path))?.equals(stale)) unlinkSync(path)
}

/** The lock file; waits for the rest of one that is being written. */
async function read(path: string): Promise<Buffer | undefined> {
  const until = performance.now() + patience
  for (;;) {
    const octets = readNow(path)
    if (octets === undefined || octets.at(-1) === lineFeed || performance.now() > until) return octets
    await sleep(patience / 20)
  }
}

function readNow(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw diskFault(error, `cannot read ${path}`)
  }
}

/** `undefined` for what no otrtalk wrote: left by a crash of the machine. */
function parse(octets: Buffer): Holder | undefined {
  const value = parsedJson(octets.toString())
  if (!areFields(value)) return undefined
  const { pid, start, command } = value
  const isHolder = Number.isSafeInteger(pid) && typeof start === 'string' && typeof command === 'string'
  return isHolder && Number(pid) > 0 ? { pid: Number(pid), start, command } : undefined
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const ours = new WeakSet<object>()
const unplaced = '.new'
const lineFeed = 0x0a
const patience = 500 // ms; a lock is written microseconds after it is made
const maxAttempts = 40 // with a wait of patience / 20 each: one second
