/**
 * The plaintext of a data message: a text, then NUL and records. OTRv4, "Data
 * Message" and "TLV Record Types".
 */
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'

export interface Tlv {
  readonly type: number // 0..0xffff
  readonly value: Uint8Array // at most 65,535 octets
}

/** The types of the spec; all others are passed on to who listens. */
export const tlvType = {
  padding: 0,
  disconnected: 1,
  smp1: 2,
  smp2: 3,
  smp3: 4,
  smp4: 5,
  smpAbort: 6,
  extraKey: 7,
} as const

export interface Plaintext {
  readonly text: string
  readonly tlvs: readonly Tlv[]
}

/** @throws RangeError if the text holds a NUL, or a record does not fit its fields */
export function encodePlaintext({ text, tlvs }: Plaintext): Uint8Array {
  if (text.includes('\0')) throw new RangeError('tlv: a text cannot hold a NUL')
  const plaintext = new Writer(256).bytes(new TextEncoder().encode(text)).u8(0)
  for (const { type, value } of tlvs) {
    if (type > 0xffff || value.length > 0xffff)
      throw new RangeError(`tlv: record of type ${type} is too large`)
    plaintext.u16(type).u16(value.length).bytes(value)
  }
  return plaintext.done()
}

/**
 * `undefined` if the text is not valid UTF-8. A record cut short ends the list:
 * "stop processing it, but process the remaining data message".
 */
export function decodePlaintext(bytes: Uint8Array): Plaintext | undefined {
  const nul = bytes.indexOf(0)
  const end = nul === -1 ? bytes.length : nul
  const text = decodeUtf8(bytes.subarray(0, end))
  if (text === undefined) return undefined
  const tlvs: Tlv[] = []
  const reader = new Reader(bytes.subarray(Math.min(end + 1, bytes.length)))
  while (reader.left > 0) {
    const type = reader.u16()
    const value = reader.bytes(reader.u16())
    if (!reader.isSound) break
    tlvs.push({ type, value: value.slice() })
  }
  return { text, tlvs }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined // its only way to say that it is not UTF-8
  }
}
