/** Where a passphrase comes from: a file, a descriptor, or somebody at a terminal; never a flag or variable. */
import { createReadStream } from 'node:fs'
import { WrongPassphrase } from '../../edge/profiles.ts'
import { codeOf, diskFault } from '../../edge/store.ts'
import { UserError } from '../../error.ts'
import type { Context } from '../context.ts'
import { readDescriptor, usage } from '../options.ts'
import { allowSlips, askSecret } from './prompt.ts'

/** Instead of somebody at a terminal; at most one of the two. */
export interface Source {
  readonly file: string | undefined
  readonly fd: number | undefined
}

/** `--passphrase-file` and `--passphrase-fd`. */
export const givenSource = ({ options }: Context): Source => ({
  file: options.passphraseFile,
  fd: options.passphraseFd,
})

/** `--new-passphrase-file` and `--new-passphrase-fd`, as commander reads them. */
export interface NewFlags {
  readonly newPassphraseFile?: string
  readonly newPassphraseFd?: string
}

/** Where a new passphrase comes from beside the one there is. */
export function newSource(
  { options }: Context,
  { newPassphraseFile: file, newPassphraseFd }: NewFlags,
): Source {
  if (newPassphraseFd === undefined) return { file, fd: undefined }
  const fd = readDescriptor(newPassphraseFd, '--new-passphrase-fd')
  if (file !== undefined)
    throw usage('the new passphrase can come from a file or from a descriptor, not from both')
  if (fd === options.passphraseFd)
    throw usage(`both passphrases cannot come from file descriptor ${fd}`, 'open another one for the new one')
  return { file, fd }
}

/** A passphrase there is: of a profile, or of a file. @param whose - `ada` */
export async function passphraseFor(context: Context, whose: string): Promise<string> {
  const given = await readFrom(givenSource(context))
  if (given !== undefined) return given
  if (!context.isInteractive) throw nobodyToAsk('--passphrase')
  return await askSecret(context, `passphrase of ${whose}: `)
}

/** Runs `attempt` anew after a wrong passphrase, as long as somebody types it and may have mistyped. */
export async function allowMistyping<T>(context: Context, attempt: () => Promise<T>): Promise<T> {
  const { file, fd } = givenSource(context)
  const isTyped = file === undefined && fd === undefined
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt()
    } catch (error) {
      const again = error instanceof WrongPassphrase && isTyped && attempts < maxAttempts
      if (!again) throw error
      context.stderr.write('wrong passphrase, try again\n')
    }
  }
}

export interface Wanted {
  /** What is to be locked: `ada`, `the file`. */
  readonly whose: string
  readonly source: Source
  /** The flags that would answer, but for `-file` and `-fd`. */
  readonly flags: '--passphrase' | '--new-passphrase'
  /** What there is beside a passphrase, if anything is. */
  readonly emptyHint?: string
}

/** A new passphrase, asked for twice; never empty. */
export async function newPassphrase(context: Context, wanted: Wanted): Promise<string> {
  const { whose, source, flags } = wanted
  const given = await readFrom(source)
  if (given !== undefined) return notEmpty(given, wanted)
  if (!context.isInteractive) throw nobodyToAsk(flags)
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const asked = (): Promise<string> => askSecret(context, `new passphrase for ${whose}: `)
    const passphrase = await allowSlips(context, async () => notEmpty(await asked(), wanted))
    if ((await askSecret(context, 'the same again: ')) === passphrase) return passphrase
    if (attempt < maxAttempts) context.stderr.write('the two differ, try again\n')
  }
  throw new UserError('the two passphrases differ', { hint: 'nothing was made or changed' })
}

function notEmpty(passphrase: string, { emptyHint }: Wanted): string {
  if (passphrase === '') throw usage('the passphrase is empty', emptyHint)
  return passphrase
}

async function readFrom({ file, fd }: Source): Promise<string | undefined> {
  if (file !== undefined) return readLine(file, createReadStream(file, { end: longest }))
  if (fd !== undefined) return readLine(`file descriptor ${fd}`, createReadStream('', { fd }))
  return undefined
}

/** The first line, or all if there is one only. */
async function readLine(name: string, octets: AsyncIterable<Buffer>): Promise<string> {
  let read = Buffer.alloc(0)
  try {
    for await (const chunk of octets) {
      read = Buffer.concat([read, chunk])
      if (read.includes('\n') || read.length > longest) break
    }
  } catch (error) {
    throw unreadable(error, name)
  }
  const line = read.toString().replace(/\r?\n.*$/s, '')
  if (line.length > longest) throw usage(`the passphrase from ${name} is longer than ${longest} characters`)
  return line
}

function unreadable(error: unknown, name: string): unknown {
  const what = `cannot read the passphrase from ${name}`
  switch (codeOf(error)) {
    case 'ENOENT':
      return new UserError(`${what}: there is no such file`, { cause: error })
    case 'EBADF':
      return new UserError(`${what}: it is not open`, {
        hint: 'the shell opens it, as in: otrtalk id --passphrase-fd 3 3< FILE',
        cause: error,
      })
    default:
      return diskFault(error, what)
  }
}

function nobodyToAsk(flags: Wanted['flags']): UserError {
  const what = flags === '--passphrase' ? 'a passphrase' : 'a new passphrase'
  return new UserError(`${what} is needed, and there is nobody to ask`, {
    hint: `use ${flags}-file or ${flags}-fd`,
    exit: 5,
  })
}

const longest = 1_024
const maxAttempts = 3

export const profileEmptyHint = 'for a profile that anybody with access to this disk can use: --no-passphrase'
