/** The few operations of the file system that a log is written with: a test may stand between any two of them. */
import {
  closeSync,
  constants,
  fdatasync,
  ftruncateSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  write,
  writeSync,
} from 'node:fs'
import { promisify } from 'node:util'
import { syncFolder } from '../store.ts'

/** Each throws, or rejects, as node's function of about that name. */
export interface Disk {
  /** To write behind the file's end, for its owner only. `new`: there must be none of this name, nor a link. */
  open(path: string, how: 'new' | 'existing'): number
  /** Survives the end of the process as soon as it returns. @returns octets written, perhaps not all */
  append(file: number, octets: Uint8Array): number
  /** The same, off the main thread: for much at once. */
  appendLater(file: number, octets: Uint8Array): Promise<number>
  truncate(file: number, size: number): void
  /** What was written before survives the end of the system. */
  sync(file: number): Promise<void>
  close(file: number): void
  /** Replaces what has the name. */
  rename(from: string, to: string): void
  /** A second name of the file, in place of none. */
  link(path: string, name: string): void
  /** Nothing if there is none. */
  remove(path: string): void
  /** The names in the folder survive the end of the system. */
  syncFolder(path: string): Promise<void>
}

const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants
const syncData = promisify(fdatasync)

export const disk: Disk = {
  open: (path, how) =>
    openSync(path, O_WRONLY | O_APPEND | (O_NOFOLLOW ?? 0) | (how === 'new' ? O_CREAT | O_EXCL : 0), 0o600),
  append: (file, octets) => writeSync(file, octets),
  appendLater: (file, octets) =>
    new Promise((resolve, reject) => {
      write(file, octets, (error, written) => (error ? reject(error) : resolve(written)))
    }),
  truncate: ftruncateSync,
  sync: syncData,
  close: closeSync,
  rename: renameSync,
  link: linkSync,
  remove: (path) => rmSync(path, { force: true }),
  syncFolder,
}
