/** Octets as people read them, and as they type them. */
import { type SafeText, words } from './safetext.ts'

/** `512 B`, `1.2 kB`, `34 MB`: powers of a thousand, as disks and networks have them. */
export function explainSize(octets: number): SafeText {
  let [value, unit] = [octets, 0]
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000
    unit++
  }
  const shown = unit === 0 || value >= 9.95 ? Math.round(value) : Math.round(value * 10) / 10
  return words`${shown} ${units[unit]!}`
}

/** `500k`, `20MB`, `2G`, `1GiB`, or octets; `undefined` for anything else. */
export function readSize(text: string): number | undefined {
  const [, digits, prefix, isBinary] = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?|b)?$/i.exec(text) ?? []
  if (digits === undefined) return undefined
  const power = prefix === undefined ? 0 : 'kmgt'.indexOf(prefix.toLowerCase()) + 1
  const octets = Math.round(Number(digits) * (isBinary ? 1_024 : 1_000) ** power)
  return Number.isSafeInteger(octets) ? octets : undefined
}

const units = [words`B`, words`kB`, words`MB`, words`GB`, words`TB`, words`PB`]
