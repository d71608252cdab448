/**
 * Which paths a transfer may name. One path against the rules refuses the whole
 * offer: what a sender wants to be elsewhere than it says is no accident. The
 * same rules tell the sender beforehand what of his own cannot be sent.
 */
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { sha256 } from '../crypto.ts'

/** What is wrong with a path; the wording is the edge's and the CLI's. */
export type NameFault =
  | 'empty' // no segment, or one of no characters: also what begins or ends with `/`, or has `//`
  | 'long' // a segment of more than 255 octets, a path of more than 2,048, or of more than 64 segments
  | 'dots' // `.` or `..`
  | 'form' // not NFC, or no well-formed text
  | 'control' // control characters, changes of direction, invisible ones
  | 'separator' // a backslash, or a drive: `c:`
  | 'ending' // a dot or a space at the end: Windows drops them
  | 'reserved' // a name that Windows has given to a device, or one that we keep for ourselves
  | 'clash' // the same as another one, or the same to a file system that folds case, or to an eye
  | 'parent' // its folder is not listed before it, or is a file

/** What one path may be by itself; `undefined`: nothing is wrong with it. */
export function pathFault(path: string): NameFault | undefined {
  if (isLonger(path, maxPath)) return 'long'
  const segments = path.split('/')
  if (segments.length > maxSegments) return 'long'
  for (const segment of segments) {
    const fault = segmentFault(segment)
    if (fault) return fault
  }
  return undefined
}

function segmentFault(segment: string): NameFault | undefined {
  if (segment === '') return 'empty'
  if (segment === '.' || segment === '..') return 'dots'
  if (isLonger(segment, maxSegment)) return 'long'
  if (segment.includes('\\') || /^[a-z]:/iu.test(segment)) return 'separator'
  if (/[. ]$/u.test(segment)) return 'ending'
  if (isAscii.test(segment)) return reserved.test(segment) ? 'reserved' : undefined
  if (reserved.test(segment.normalize('NFKC'))) return 'reserved'
  if (mayHide.test(segment) && hidden.test(segment)) return 'control'
  const isFormed = !/\p{Surrogate}/u.test(segment) && segment.normalize('NFC') === segment
  return isFormed && !segment.includes('\ufffd') ? undefined : 'form'
}

/** All paths of an offer, in their order. What a folder costs to check and to fold is paid once. */
export class PathRules {
  readonly #folders = new Map<string, Folder>()
  readonly #seen = new Set<string>() // skeletons
  #first = '' // at the top
  #tops = 0

  /** What an offer of them is called: as the one at the top, or as the first of several and how many more there are. */
  get name(): string {
    return offerName(this.#first, this.#tops)
  }

  /** What is wrong with the next one; it counts as seen only if nothing is. */
  add(path: string, kind: 'file' | 'folder'): NameFault | undefined {
    const end = path.lastIndexOf('/')
    const folder = end < 0 ? top : this.#folders.get(path.slice(0, end))
    if (!folder) return pathFault(path) ?? 'parent'
    if (folder.depth === maxSegments || isLonger(path, maxPath)) return 'long'
    const name = path.slice(end + 1)
    const fault = segmentFault(name)
    if (fault) return fault
    const look = folder.before + kept(skeleton(name))
    if (this.#seen.has(look)) return 'clash'
    this.#seen.add(look)
    if (kind === 'folder') this.#folders.set(path, { depth: folder.depth + 1, before: `${look}/` })
    if (end < 0 && this.#tops++ === 0) this.#first = path
    return undefined
  }
}

interface Folder {
  /** Segments of its path. */
  readonly depth: number
  /** What the skeletons begin with of what is in it: folding stops at a `/`. */
  readonly before: string
}

const top: Folder = { depth: 0, before: '' }

/** @param first - a path of one segment */
export function offerName(first: string, count: number): string {
  const rest = count < 2 ? '' : ` and ${count - 1} more`
  let name = first
  while (isLonger(name + rest, maxSegment)) name = [...name].slice(0, -1).join('')
  return name + rest
}

/**
 * Equal for two paths that some file system takes for one, or that look the
 * same: compatibility forms and case are folded, joiners and variation
 * selectors dropped, and letters of Cyrillic and Greek that are drawn as a
 * Latin one replaced by it.
 */
export function skeleton(path: string): string {
  if (isAscii.test(path)) return path.toLowerCase()
  return path
    .normalize('NFKD')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toUpperCase()
    .replace(hasTwin, (char) => twins.get(char) ?? char)
    .toLowerCase()
    .normalize('NFKD')
}

/** What is remembered of a skeleton: a letter of some scripts has one of 18, and there may be a million. */
const kept = (look: string): string =>
  look.length <= longestLook || isAscii.test(look) ? look : String.fromCharCode(...sha256(utf8ToBytes(look)))

/**
 * Capitals of Cyrillic and Greek that are drawn as Latin ones, or whose small
 * letters are (Unicode's confusables.txt): case is folded before.
 */
const foreign = [...'АВЕЅІЈКМНОРСТХҮУԌԚԜ', ...'ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹͿԀҺӀ']
const latin = [...'ABESIJKMHOPCTXYYGQW', ...'ABEZHIKMNOPTYXCJDHI']
const twins = new Map(foreign.map((char, i) => [char, latin[i]!]))
const hasTwin = new RegExp(`[${foreign.join('')}]`, 'gu')

/** In octets of UTF-8, of which a UTF-16 unit takes three at most. */
const isLonger = (text: string, octets: number): boolean =>
  text.length * 3 > octets && (text.length > octets || new TextEncoder().encode(text).length > octets)

const isAscii = /^[ -~]*$/u

/** What most names have none of. */
const mayHide = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u

/**
 * As in SafeText: controls, what changes the direction, and whatever a renderer
 * may leave out. Variation selectors stay, and joiners between characters that
 * may need them.
 */
const hidden =
  /[\p{Cc}\u2028\u2029]|(?!(?<=[^ -~])[\u200c\u200d](?=[^ -~])|[\ufe00-\ufe0f])[\p{Default_Ignorable_Code_Point}\p{Cf}]/u

/** In any case: the names of devices, also with something behind a dot; and how the folder begins that a transfer is received in. */
const reserved = /^(?:(?:con|prn|aux|nul|conin\$|conout\$|com\d|lpt\d) *(?:[.:]|$)|\.otrtalk-)/iu

const longestLook = 64 // UTF-16 units, where it is not ASCII
const maxSegment = 255
const maxSegments = 64
/** Octets: with the receiver's own folder before it, it stays below Linux's 4,096. */
const maxPath = 2_048
