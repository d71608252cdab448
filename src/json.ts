/**
 * JSON of a value, on one line, that a terminal cannot be controlled with:
 * C1, DEL, line separators, bidi controls and BOM stand as \uXXXX, so that
 * `JSON.parse` gives the raw text back.
 *
 * @param keep - whether a property of this name is part of it
 */
export function escapedJson(value: unknown, keep?: (key: string) => boolean): string {
  const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  const kept = keep && ((key: string, part: unknown) => (keep(key) ? part : undefined))
  return JSON.stringify(value, kept).replace(controls, escaped)
}

const controls = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu

/** What nobody vouches for; `undefined` for what is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // JSON.parse's only way to say that it is none
  }
}

/** What an object of JSON may have, or not. */
export type Fields = Readonly<Record<string, unknown>>

export const areFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
