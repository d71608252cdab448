/** What goes wrong with files of a transfer: in words for the user here, and in one word for the other side. */
import { UserError } from '../../error.ts'
import type { DiskFault } from '../../transfer/work.ts'
import { codeOf } from '../store.ts'

/** A file is not what it was when it was looked at. */
export class Changed extends UserError {
  constructor(path: string) {
    super(`${path} was changed while it was sent`, { hint: 'send it again when nobody writes it' })
  }

  /** What stands there by now is no file, or nothing. */
  static ifGone(error: unknown, path: string): Changed | undefined {
    return /^(?:ENOENT|ENOTDIR|ELOOP|ENXIO)$/.test(codeOf(error) ?? '') ? new Changed(path) : undefined
  }
}

/** A fault at a file of the transfer, by its place in it. */
export class AtFile extends Error {
  override readonly name = 'AtFile'
  readonly file: number

  constructor(file: number, cause: unknown) {
    super(`at file ${file}`, { cause })
    this.file = file
  }
}

/** What `doing` is refused with is told as of this file. */
export async function atFile<T>(file: number, doing: Promise<T>): Promise<T> {
  try {
    return await doing
  } catch (error) {
    throw new AtFile(file, error)
  }
}

/** @throws whatever is a fault of ours */
export function diskFaultOf(error: unknown): DiskFault {
  if (error instanceof Changed) return 'changed'
  const code = codeOf(error) ?? (error instanceof UserError ? (codeOf(error.cause) ?? '') : undefined)
  if (code === undefined) throw error
  if (/^(?:ENOSPC|EDQUOT|EFBIG)$/.test(code)) return 'full'
  return /^(?:EACCES|EPERM|EROFS)$/.test(code) ? 'denied' : 'disk'
}
