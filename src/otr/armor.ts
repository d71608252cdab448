/**
 * The text form of a message, `?OTR:` base64 `.`, for paper and for test
 * vectors: inside a link messages are binary (D12). OTRv4, "Encoded Messages".
 */
import { base64 } from '@scure/base'

export const armor = (message: Uint8Array): string => `${prefix}${base64.encode(message)}${suffix}`

export function unarmor(text: string): Uint8Array | undefined {
  if (!text.startsWith(prefix) || !text.endsWith(suffix)) return undefined
  try {
    return base64.decode(text.slice(prefix.length, -suffix.length))
  } catch {
    return undefined // its only way to say that it is not base64
  }
}

const prefix = '?OTR:'
const suffix = '.'
