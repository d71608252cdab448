/**
 * The two TLVs of a transfer: an offer, and what is answered to it. The octets
 * are in docs/Protocol.md, "File transfer".
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { maxEntries, maxManifest, maxOctets } from './limits.ts'
import { readText } from './text.ts'

/** 32 hex digits; random, and the same when it is offered anew to resume. */
export type TransferId = string & { readonly __brand: 'TransferId' }

export const transferIdSize = 16

/** @param octets - 16 */
export const transferId = (octets: Uint8Array): TransferId => bytesToHex(octets) as TransferId

export type Offer = {
  readonly transfer: TransferId
  /** Names the frames in this session; below 2^31. */
  readonly stream: number
  /** Shown to a person, as SafeText: 1 to 255 octets of UTF-8. Of files it is `PathRules.name`, and nothing else. */
  readonly name: string
} & OfferedContent

export type OfferedContent =
  | {
      readonly form: 'files'
      readonly root: Uint8Array // 32 octets: of the manifest
      readonly manifestSize: number
      readonly octets: number
      readonly files: number // folders not counted
      readonly folders: number
    }
  | { readonly form: 'stream' }

/** The offer, or the answer, as the value of its TLV. */
export const offerType = 0x0110
export const answerType = 0x0111

export function encodeOffer(offer: Offer): Uint8Array {
  const out = new Writer(128).u8(version).bytes(hexToBytes(offer.transfer)).u32(offer.stream)
  if (offer.form === 'files') {
    const { root, manifestSize, octets, files, folders } = offer
    out.u8(formFiles).bytes(root).u32(manifestSize).u64(BigInt(octets)).u32(files).u32(folders)
  } else out.u8(formStream).zeros(emptyContent)
  return out.data(new TextEncoder().encode(offer.name)).done()
}

export function decodeOffer(value: Uint8Array): Offer | undefined {
  const reader = new Reader(value)
  if (reader.u8() !== version) return undefined
  const transfer = transferId(reader.bytes(transferIdSize))
  const stream = reader.u32()
  const content = readContent(reader)
  const name = readText(reader.data())
  if (!reader.isComplete || content === undefined || !name || stream > maxStream) return undefined
  return name.octets > maxName ? undefined : { transfer, stream, name: name.text, ...content }
}

function readContent(reader: Reader): OfferedContent | undefined {
  const form = reader.u8()
  const root = reader.bytes(rootSize).slice()
  const manifestSize = reader.u32()
  const octets = reader.u64()
  const files = reader.u32()
  const folders = reader.u32()
  if (form === formStream) {
    const counts = manifestSize + files + folders
    const isEmpty = root.every((octet) => octet === 0) && counts === 0 && octets === 0n
    return isEmpty ? { form: 'stream' } : undefined
  }
  const isListed = manifestSize > 0 && manifestSize <= maxManifest && files + folders <= maxEntries
  const fits = octets <= maxOctets && isListed
  if (form !== formFiles || !fits) return undefined
  return { form: 'files', root, manifestSize, octets: Number(octets), files, folders }
}

/** What one side says of a transfer. `file`: at whose octets it failed, by its place among the files. */
export interface Answer {
  readonly transfer: TransferId
  readonly verb: Verb
  readonly why: Why | undefined
  readonly file: number | undefined
}

/** `done` is the receiver's: all is verified, written and synced. `go` ends one's own `pause`. */
export type Verb = (typeof verbs)[number]
const verbs = ['accept', 'reject', 'pause', 'go', 'cancel', 'done', 'failed'] as const

/**
 * `declined`: a person said no; `policy`: nobody is asked, and this is not taken
 * from you; `large`: more than is taken; `names`: of files that are not taken;
 * `changed`: a file, while it was sent; `damaged`: other octets than were
 * offered; `full`, `denied`, `disk`: what the system said; `broken`: against the
 * protocol; `gone`: what was offered is not there any more.
 */
export type Why = (typeof whys)[number]
const whys = [
  ...(['declined', 'policy', 'large', 'names', 'changed', 'damaged'] as const),
  ...(['full', 'denied', 'disk', 'broken', 'gone'] as const),
] as const

export function encodeAnswer({ transfer, verb, why, file }: Answer): Uint8Array {
  return new Writer(answerSize)
    .bytes(hexToBytes(transfer))
    .u8(verbs.indexOf(verb) + 1)
    .u8(why === undefined ? 0 : whys.indexOf(why) + 1)
    .u32(file ?? noFile)
    .done()
}

/** A `why` that is not known says nothing; a verb that is not known makes it no answer. */
export function decodeAnswer(value: Uint8Array): Answer | undefined {
  const reader = new Reader(value)
  const transfer = transferId(reader.bytes(transferIdSize))
  const verb = verbs[reader.u8() - 1]
  const why = whys[reader.u8() - 1]
  const file = reader.u32()
  if (!reader.isComplete || verb === undefined) return undefined
  return { transfer, verb, why, file: file === noFile ? undefined : file }
}

const version = 1
const formFiles = 0
const formStream = 1
const rootSize = 32
const emptyContent = rootSize + 4 + 8 + 4 + 4
const answerSize = transferIdSize + 1 + 1 + 4
const noFile = 0xffff_ffff
export const maxStream = 0x7fff_ffff
/** Octets: as much as a file's name may have. */
const maxName = 255
