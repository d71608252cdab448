/**
 * `--debug FILE`: what happened and when, one line each, for whoever looks for
 * a fault. Addresses and sizes of datagrams are in it; texts, keys,
 * fingerprints and addresses of people never are. Nothing in it controls the
 * terminal of whoever looks at it.
 */
import { closeSync, constants, fchmodSync, fstatSync, openSync, writeSync } from 'node:fs'
import { UserError } from '../error.ts'
import { escapedJson } from '../json.ts'
import type { TalkEvent } from '../session/command.ts'
import { classify } from '../wire/classify.ts'
import type { Trace } from './sockets.ts'
import { diskFault } from './store.ts'

export interface DebugLog extends Disposable {
  event(event: TalkEvent): void
  readonly datagram: Trace
  /** So many folders with parts of what was never received whole are removed. */
  swept(count: number): void
}

/** Appends to the file, which only its owner may read. @throws UserError if it cannot be written */
export function openDebugLog(path: string): DebugLog {
  const file = open(path)
  let isOpen = true
  const write = (line: string): void => {
    if (!isOpen) return
    try {
      writeSync(file, `${new Date().toISOString()} ${line}\n`)
    } catch {
      isOpen = false // the disk is full: the conversation is worth more than its log
    }
  }
  return {
    event: (event) => write(escapedJson(event, (key) => !isSecret(key))),
    datagram: (what, { peer, bytes }) =>
      write(`${what} ${peer} ${classify(bytes) ?? 'unknown'} ${bytes.length}`),
    swept: (count) => write(`removed ${count} old part folders`),
    [Symbol.dispose]() {
      isOpen = false
      closeSync(file)
    },
  }
}

function open(path: string): number {
  try {
    const file = openSync(path, 'a', 0o600)
    keepPrivate(file, path)
    return file
  } catch (error) {
    throw diskFault(error, `cannot write ${path}`)
  }
}

/** Of a file that was there: whoever laid it there, in /tmp perhaps, must not read in it whom we talk with. */
function keepPrivate(file: number, path: string): void {
  const { uid, mode } = fstatSync(file)
  const isFile = (mode & constants.S_IFMT) === constants.S_IFREG
  if (!isFile || process.getuid === undefined) return
  if (uid !== process.getuid()) {
    closeSync(file)
    throw new UserError(`${path} is another user’s file`, { hint: 'choose another name for the log' })
  }
  if ((mode & 0o077) !== 0) fchmodSync(file, 0o600)
}

/** A fingerprint names a person to whoever gets the file for a look, and so does a profile's address. */
const isSecret = (key: string): boolean => secrets.includes(key)
const secrets = ['text', 'question', 'code', 'fingerprint', 'address']
