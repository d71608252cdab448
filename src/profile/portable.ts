/**
 * A profile as one file to be carried to another machine, sealed under a
 * passphrase of its own. Spec: docs/Protocol.md, "Exported profile".
 */
import { type Random, wipe } from '../crypto.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { type Contents, encodeContents, readContents } from './contents.ts'
import { withNewInstanceTag } from './identity.ts'
import { isProfileName } from './name.ts'
import { type Cost, costOf, formOf, memoryOf, needsPassphrase, Seal, type SealFault } from './seal.ts'

export interface Portable {
  /** What the profile was called where it comes from. */
  readonly name: string
  readonly exportedAt: number // unix ms
  readonly contents: Contents
}

export type OpenedPortable =
  | { readonly kind: 'opened'; readonly portable: Portable }
  | { readonly kind: 'refused'; readonly why: SealFault }

/** What may leave the machine: which nodes of the DHT it knows may not; logs stay, and so do their keys. */
export const exportable = (contents: Contents): Contents => ({ ...contents, nodes: [], recordKeys: [] })

/** The contents for this machine. OTRv4, "Instance Tags": each device has its own. */
export const imported = (contents: Contents, random: Random): Contents => ({
  ...contents,
  recordKeys: [],
  identity: withNewInstanceTag(contents.identity, random),
})

/** The whole file. @param passphrase - not empty: the file is made to be carried about */
export async function sealPortable(
  { name, exportedAt, contents }: Portable,
  passphrase: string,
  options: { readonly random: Random; readonly cost?: Cost },
): Promise<Uint8Array> {
  if (passphrase === '') throw new RangeError('an exported profile needs a passphrase')
  const seal = await Seal.create(form, passphrase, options)
  const inner = encodeContents(contents)
  const writer = new Writer(inner.length + 64).data(new TextEncoder().encode(name)).u64(BigInt(exportedAt))
  const octets = writer.bytes(inner).done()
  const file = seal.seal(octets, options.random)
  wipe(inner, octets)
  seal.wipe()
  return file
}

/** Why no passphrase opens the file; `undefined` if one may. */
export function portableFault(file: Uint8Array): 'newer' | 'damaged' | undefined {
  const needed = needsPassphrase(form, file)
  if (typeof needed === 'string') return needed
  return needed ? undefined : 'damaged' // we write none without
}

/** Octets of memory that it takes to try a passphrase: who made the file says how many. */
export function portableMemory(file: Uint8Array): number {
  const cost = costOf(form, file)
  return typeof cost === 'string' ? 0 : memoryOf(cost)
}

/** @param file - of any octets */
export async function openPortable(file: Uint8Array, passphrase: string): Promise<OpenedPortable> {
  const fault = portableFault(file)
  if (fault) return { kind: 'refused', why: fault }
  const opened = await Seal.open(form, file, passphrase)
  if (opened.kind === 'refused') return opened
  opened.seal.wipe()
  const portable = readPortable(opened.octets)
  wipe(opened.octets)
  return typeof portable === 'string' ? { kind: 'refused', why: portable } : { kind: 'opened', portable }
}

/** name DATA | exported at 8 | contents */
function readPortable(octets: Uint8Array): Portable | 'newer' | 'damaged' {
  const reader = new Reader(octets)
  const name = new TextDecoder().decode(reader.data())
  const exportedAt = Number(reader.u64())
  const contents = readContents(reader.rest())
  if (contents === 'newer') return contents
  const isSound = reader.isSound && isProfileName(name) && exportedAt <= maxTime
  return isSound && contents ? { name, exportedAt, contents } : 'damaged'
}

const form = formOf('otrtalk export\n\0', 'otrtalk exported profile')
const maxTime = 253_402_300_799_999 // the year 9999 ends
