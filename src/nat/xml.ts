/**
 * As much XML as routers write: elements and text. No document types, so no
 * entities but the five and characters by number; attributes are passed over;
 * of a name, the part behind its prefix counts.
 */

export interface Element {
  readonly name: string
  readonly children: readonly Element[]
  /** Its own text, without white space at the ends. */
  readonly text: string
}

/** The root element; `undefined` for what is not well formed, or too much. Linear in the size of the text. */
export function readXml(text: string): Element | undefined {
  if (text.length > maxText) return undefined
  const top = open('')
  const stack = [top]
  let elements = 0
  for (let at = 0; at < text.length; ) {
    const start = text.indexOf('<', at)
    const tag = tagAt(text, start)
    stack.at(-1)!.text += unescaped(text.slice(at, start < 0 ? text.length : start))
    if (start < 0) break
    if (!tag || elements > maxElements) return undefined
    at = tag.end
    if (tag.kind === 'text') stack.at(-1)!.text += tag.text
    if (tag.kind === 'close' && (stack.length === 1 || stack.pop()!.name !== tag.name)) return undefined
    if (tag.kind !== 'open') continue
    const element = open(tag.name)
    elements++
    stack.at(-1)!.children.push(element)
    if (!tag.isEmpty && stack.push(element) > maxDepth) return undefined
  }
  const [root, ...more] = top.children
  return stack.length === 1 && more.length === 0 && root ? trimmed(root) : undefined
}

/** All elements of a name, wherever they are, in the order of the text. */
export function findAll(within: Element, name: string): readonly Element[] {
  const below = within.children.flatMap((child) => findAll(child, name))
  return within.name === name ? [within, ...below] : below
}

/** The text of a child, or undefined. */
export const childText = (of: Element, name: string): string | undefined =>
  of.children.find((child) => child.name === name)?.text

interface Draft extends Element {
  readonly children: Draft[]
  text: string
}

const open = (name: string): Draft => ({ name, children: [], text: '' })

function trimmed(element: Draft): Draft {
  element.text = element.text.trim()
  element.children.forEach(trimmed)
  return element
}

type Tag = { readonly end: number } & (
  | { readonly kind: 'open'; readonly name: string; readonly isEmpty: boolean }
  | { readonly kind: 'close'; readonly name: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'remark' }
)

/** The markup that begins at `start`. A `>` in an attribute ends it early: no router writes one. */
function tagAt(text: string, start: number): Tag | undefined {
  for (const [begin, finish] of enclosed) {
    if (start < 0 || !text.startsWith(begin, start)) continue
    const from = start + begin.length
    const close = text.indexOf(finish, from)
    if (close < 0) return undefined
    const end = close + finish.length
    return begin === cdata ? { kind: 'text', text: text.slice(from, close), end } : { kind: 'remark', end }
  }
  const close = start < 0 ? -1 : text.indexOf('>', start)
  if (close < 0) return undefined
  const inside = text.slice(start + 1, close)
  const name = /^\/?(?:[\w.-]+:)?([\w.-]+)(?=[\s/]|$)/.exec(inside)?.[1]
  if (name === undefined) return undefined // also <!DOCTYPE
  const end = close + 1
  return inside.startsWith('/')
    ? { kind: 'close', name, end }
    : { kind: 'open', name, isEmpty: inside.endsWith('/'), end }
}

/** What is no character stays as it stands. */
const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,4}));/gi, (whole, decimal, hex, name: string) => {
    if (name !== undefined) return names[name] ?? whole
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal)
    return code <= 0x10_ffff ? String.fromCodePoint(code) : whole
  })

const names: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
})
const cdata = '<![CDATA['
const enclosed = [
  ['<?', '?>'],
  ['<!--', '-->'],
  [cdata, ']]>'],
] as const

const maxText = 65_536
const maxDepth = 32 // a gateway's description has eight
const maxElements = 4_096 // and some hundred
