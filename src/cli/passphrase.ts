/** Where a passphrase comes from: a file, a descriptor, or somebody at a terminal; never a flag or variable. */
import { createReadStream } from 'node:fs'
import { codeOf, diskFault } from '../edge/store.ts'
import { UserError } from '../error.ts'
import type { Context } from './context.ts'
import { usage } from './options.ts'
import { askSecret } from './prompt.ts'

/** The passphrase of an existing profile. */
export async function passphraseFor(context: Context, profile: string): Promise<string> {
  return (await givenPassphrase(context)) ?? (await askFor(context, `passphrase of ${profile}: `))
}

/** A new passphrase, asked for twice; never empty. */
export async function newPassphrase(context: Context, profile: string): Promise<string> {
  const given = await givenPassphrase(context)
  if (given !== undefined) return notEmpty(given)
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const passphrase = notEmpty(await askFor(context, `new passphrase for ${profile}: `))
    if ((await askSecret(context, 'the same again: ')) === passphrase) return passphrase
    if (attempt < maxAttempts) context.stderr.write('the two differ, try again\n')
  }
  throw new UserError('the two passphrases differ', { hint: 'nothing was made' })
}

function notEmpty(passphrase: string): string {
  if (passphrase === '') throw usage('the passphrase is empty', emptyHint)
  return passphrase
}

/** From `--passphrase-file` or `--passphrase-fd`; `undefined` if neither is given. */
async function givenPassphrase({ options }: Context): Promise<string | undefined> {
  const { passphraseFile: file, passphraseFd: fd } = options
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

function askFor(context: Context, question: string): Promise<string> {
  if (context.isInteractive) return askSecret(context, question)
  throw new UserError('a passphrase is needed, and there is nobody to ask', {
    hint: 'use --passphrase-file or --passphrase-fd',
    exit: 5,
  })
}

const longest = 1_024
const maxAttempts = 3
const emptyHint = 'for a profile that anybody with access to this disk can use: --no-passphrase'
