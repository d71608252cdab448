/** Profiles as files that are carried from one machine to another: src/profile/portable.ts. */
import { createReadStream } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { randomBytes } from '../crypto.ts'
import { UserError } from '../error.ts'
import type { Contents } from '../profile/contents.ts'
import {
  exportable,
  imported,
  openPortable,
  type Portable,
  portableFault,
  portableMemory,
  sealPortable,
} from '../profile/portable.ts'
import type { Cost, SealFault } from '../profile/seal.ts'
import { maxVaultSize } from '../profile/vault.ts'
import type { OpenProfile } from './openprofile.ts'
import { type CreateOptions, createProfile, WrongPassphrase } from './profiles.ts'
import { codeOf, diskFault, taken } from './store.ts'

/** The octets of a file with all that the profile takes to another machine. `cost` is for tests. */
export async function exported(
  { name, contents }: Pick<OpenProfile, 'name' | 'contents'>,
  passphrase: string,
  cost?: Cost,
): Promise<Uint8Array> {
  const portable = { name, exportedAt: Date.now(), contents: exportable(contents) }
  return sealPortable(portable, passphrase, { random: randomBytes, ...(cost && { cost }) })
}

/** Refuses a name that `writeFresh` would refuse, before anybody types a passphrase. */
export async function refuseTakenFile(path: string): Promise<void> {
  try {
    await lstat(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw diskFault(error, `cannot write ${path}`)
  }
  throw taken(path)
}

/**
 * All octets of a file or a pipe, if they can be an exported profile that this machine can open.
 *
 * @param name - for who is told that they are none
 * @param options - `memory`: of this machine, in octets; for tests
 */
export async function readExported(
  name: string,
  octets: AsyncIterable<Uint8Array>,
  { memory = machineMemory() }: { readonly memory?: number } = {},
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const part of octets) {
      parts.push(part)
      size += part.length
      if (size > maxVaultSize) throw refused('damaged', name)
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new UserError(`there is no file ${name}`, { cause: error })
    throw diskFault(error, `cannot read ${name}`)
  }
  const file = new Uint8Array(Buffer.concat(parts))
  const fault = portableFault(file)
  if (fault) throw refused(fault, name)
  const taken = portableMemory(file)
  if (taken > memory / 2) throw tooLarge(taken, name)
  return file
}

/** Octets, of the machine or of the part of it that we may use. */
const machineMemory = (): number => Math.min(totalmem(), process.constrainedMemory() || Infinity)

const tooLarge = (octets: number, name: string): UserError =>
  new UserError(
    `${name} takes ${Math.ceil(octets / 2 ** 20)} MiB of memory to open: too much for this machine`,
    {
      hint: 'what otrtalk exports takes 128 MiB: is this file from whom you think?',
    },
  )

/** A file's octets; also of what is not on a disk, as `<(…)` of a shell. */
export const octetsOf = (path: string): AsyncIterable<Uint8Array> => createReadStream(path)

/** @param name - of the file, for who is told that it does not open */
export async function openExported(name: string, file: Uint8Array, passphrase: string): Promise<Portable> {
  const opened = await openPortable(file, passphrase)
  if (opened.kind === 'refused') throw refused(opened.why, name)
  return opened.portable
}

/** Makes a profile of what was exported. */
export const importProfile = (
  { contents }: Portable,
  options: Omit<CreateOptions, 'contents' | 'command'>,
): Promise<Contents> =>
  createProfile({ ...options, command: 'profile import', contents: imported(contents, randomBytes) })

function refused(why: SealFault, name: string): UserError {
  switch (why) {
    case 'wrong-passphrase':
      return new WrongPassphrase(name)
    case 'newer':
      return new UserError(`${name} was written by a newer otrtalk`, { hint: 'update otrtalk' })
    case 'damaged':
      return new UserError(`${name} is no exported profile, or is damaged`, {
        hint: 'copy it here once more, as binary data; it is made by: otrtalk profile export',
      })
    default:
      return why satisfies never
  }
}
