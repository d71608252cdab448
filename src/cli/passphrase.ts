/** Where a passphrase comes from: a file, a descriptor, or somebody at a terminal; never a flag or variable. */
import { createReadStream } from 'node:fs'
import { diskFault } from '../edge/store.ts'
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
  const passphrase = given ?? (await askFor(context, `new passphrase for ${profile}: `))
  if (passphrase === '') throw usage('the passphrase is empty', emptyHint)
  if (given === undefined && (await askSecret(context, 'the same again: ')) !== passphrase) {
    throw new UserError('the two passphrases differ', { hint: 'try again; nothing was made' })
  }
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
    throw diskFault(error, `cannot read the passphrase from ${name}`)
  }
  const line = read.toString().replace(/\r?\n.*$/s, '')
  if (line.length > longest) throw usage(`the passphrase from ${name} is longer than ${longest} characters`)
  return line
}

function askFor(context: Context, question: string): Promise<string> {
  if (context.isInteractive) return askSecret(context, question)
  throw new UserError('a passphrase is needed, and there is nobody to ask', {
    hint: 'use --passphrase-file or --passphrase-fd',
    exit: 5,
  })
}

const longest = 1_024
const emptyHint = 'for a profile that anybody with access to this disk can use: --no-passphrase'
