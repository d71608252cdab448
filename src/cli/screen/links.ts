/**
 * Links in a message: what looks like one is underlined. It becomes one to
 * click (OSC 8) only where the user asked for it and nothing is hidden: the
 * target is what is shown, to the letter. Pure.
 */
import type { SafeText } from '../safetext.ts'

export interface Link {
  readonly from: number
  readonly until: number
  readonly text: string
}

/** http and https only, without what ends the sentence around it. */
export function linksIn(text: SafeText): readonly Link[] {
  if (!text.includes('://')) return []
  return [...text.matchAll(url)].flatMap(({ index, 0: found }) => {
    const link = ended(found)
    return /^https?:\/\/.{2,}/iu.test(link) ? [{ from: index, until: index + link.length, text: link }] : []
  })
}

/** What is shown leads where it says: ASCII only, no user before the host, no punycode, no other spelling. */
export function isPlain({ text }: Link): boolean {
  if (!/^[!-~]+$/.test(text) || text.length > maxTarget || !URL.canParse(text)) return false
  const { hostname, username, password, href } = new URL(text)
  if (username !== '' || password !== '' || /(?:^|\.)xn--/.test(hostname)) return false
  return href === text || href === `${text}/`
}

/** Opens and closes a link: parts of one, in several rows, share its name. */
export const linkStart = ({ text }: Link, name: string): string => `\x1b]8;id=${name};${text}\x1b\\`
export const linkEnd = '\x1b]8;;\x1b\\'

/** A bracket belongs to it only if it was opened within. */
function ended(found: string): string {
  let excess = found.split(')').length - found.split('(').length
  let end = found.length
  for (; end > 0; end--) {
    const last = found[end - 1]!
    if (last === ')' && excess > 0) excess--
    else if (!'.,;:!?…'.includes(last)) break
  }
  return found.slice(0, end)
}

const url = /\bhttps?:\/\/[^\s<>"'`{}|\\^\u2400-\u2421\ufffd]+/giu
const maxTarget = 2_000 // what terminals take at most (VTE)
