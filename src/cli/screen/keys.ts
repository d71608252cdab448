/** What a key means at the prompt. Words and lines are edited as in a shell. */
import type { Key as InkKey } from 'ink'
import type { EditKey, Place } from './draft.ts'

export type Key =
  | EditKey
  | { readonly kind: 'submit' }
  /** Ctrl-D: leaves if nothing is written, else erases to the right. */
  | { readonly kind: 'end of input' }
  /** `cancel`: Escape ends what is asked or looked for at the prompt. */
  | { readonly kind: 'leave' | 'suspend' | 'redraw' | 'cancel' }
  /** Rows, or whole windows. */
  | { readonly kind: 'scroll'; readonly by: number; readonly unit: 'row' | 'page' }
  /** Completes what is written; with nothing written, goes to the next buddy or back. */
  | { readonly kind: 'tab'; readonly by: 1 | -1 }
  /** To the first, second, … buddy, or the next who wrote something new. */
  | { readonly kind: 'buddy'; readonly which: number | 'unread' }
  | { readonly kind: 'find'; readonly to: 'older' | 'newer' }

export type Modifiers = Partial<InkKey>

/** Keys in what the terminal sent at once: one with a name, or the characters of text typed faster than it is read. */
export function keysOf(input: string, key: Modifiers): readonly Key[] {
  const named = namedKey(key) ?? (key.ctrl ? controls[input] : key.meta ? metas[input] : undefined)
  if (named) return [named]
  if (key.escape) return [{ kind: 'cancel' }]
  if (key.ctrl || key.meta) return []
  return typed(input)
}

function namedKey(key: Modifiers): Key | undefined {
  const byWord = key.ctrl || key.meta
  if (key.return) return byWord || key.shift ? newline : { kind: 'submit' }
  if (key.leftArrow) return move(byWord ? 'word left' : 'left')
  if (key.rightArrow) return move(byWord ? 'word right' : 'right')
  if (key.upArrow) return byWord || key.shift ? scroll(-1, 'row') : { kind: 'vertical', to: 'up' }
  if (key.downArrow) return byWord || key.shift ? scroll(1, 'row') : { kind: 'vertical', to: 'down' }
  if (key.home) return move(byWord ? 'start' : 'line start')
  if (key.end) return move(byWord ? 'end' : 'line end')
  if (key.backspace) return erase(byWord ? 'word left' : 'left')
  if (key.delete) return erase(byWord ? 'word right' : 'right')
  if (key.pageUp) return scroll(-1, 'page')
  if (key.pageDown) return scroll(1, 'page')
  if (key.tab) return { kind: 'tab', by: key.shift ? -1 : 1 }
  return undefined
}

/** Text with control characters in it: a slow reader, or a terminal without bracketed paste. */
function typed(input: string): readonly Key[] {
  const found: Key[] = []
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
  for (const part of input.split(/([\0-\x1f\x7f])/u)) {
    if (part === '') continue
    const code = part.charCodeAt(0)
    if (part === '\r') found.push({ kind: 'submit' })
    else if (part === '\x7f' || part === '\b') found.push(erase('left'))
    else if (part === '\t' && input.endsWith(part) && input.indexOf(part) === input.length - 1)
      found.push({ kind: 'tab', by: 1 }) // at the end of a word typed fast; in between it is text
    else if (part === '\t') found.push({ kind: 'insert', text: part })
    else if (code >= 0x20) found.push({ kind: 'insert', text: part })
    else {
      const control = controls[String.fromCharCode(code + 0x60)]
      if (control) found.push(control)
    }
  }
  return found
}

const move = (to: Place): Key => ({ kind: 'move', to })
const erase = (to: Place): Key => ({ kind: 'erase', to })
const scroll = (by: number, unit: 'row' | 'page'): Key => ({ kind: 'scroll', by, unit })
const newline: Key = { kind: 'insert', text: '\n' }

const controls: Readonly<Record<string, Key>> = {
  a: move('line start'),
  b: move('left'),
  c: { kind: 'leave' },
  d: { kind: 'end of input' },
  e: move('line end'),
  f: move('right'),
  g: { kind: 'cancel' },
  j: newline,
  k: erase('line end'),
  l: { kind: 'redraw' },
  n: { kind: 'vertical', to: 'down' },
  p: { kind: 'vertical', to: 'up' },
  r: { kind: 'find', to: 'older' },
  s: { kind: 'find', to: 'newer' },
  u: erase('line start'),
  w: erase('word left'),
  z: { kind: 'suspend' },
}

const metas: Readonly<Record<string, Key>> = {
  ...Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [`${i + 1}`, { kind: 'buddy', which: i } satisfies Key]),
  ),
  a: { kind: 'buddy', which: 'unread' },
  b: move('word left'),
  d: erase('word right'),
  f: move('word right'),
}
