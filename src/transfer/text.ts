/** UTF-8 that a peer sent: strict, or nothing. */

/** Not empty; `octets` is its length in UTF-8. */
export interface Text {
  readonly text: string
  readonly octets: number
}

/** `undefined` for no octets at all, and for what is no UTF-8. */
export function readText(octets: Uint8Array): Text | undefined {
  if (octets.length === 0) return undefined
  try {
    return { text: decoder.decode(octets), octets: octets.length }
  } catch {
    return undefined // its only way to say that it is not UTF-8
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
