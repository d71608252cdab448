/**
 * The indented blocks of a document for users: what is typed there, what is
 * shown, and where each line stands. `ada$ command` is typed by ada; in a block
 * without such a line everything is typed, by anybody.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './packed.ts'

export interface Block {
  /** The headings above it, from the second level on: `Scripts`, `JSON lines`. */
  readonly sections: readonly string[]
  readonly steps: readonly Step[]
}

export type Step = Typed | Picture | Data

interface Placed {
  /** `docs/Tutorial.md:12` */
  readonly place: string
}

export interface Typed extends Placed {
  readonly kind: 'typed'
  readonly who: string | undefined
  readonly command: string
  /** What the document shows below it. */
  readonly shown: readonly string[]
}

/** A whole screen, row by row. */
export interface Picture extends Placed {
  readonly kind: 'picture'
  readonly rows: readonly string[]
}

/** One JSON value a line. */
export interface Data extends Placed {
  readonly kind: 'data'
  readonly lines: readonly string[]
}

interface Line extends Placed {
  readonly text: string
}

/** @param document - its path in the repository */
export function blocksOf(document: string): readonly Block[] {
  const blocks: Block[] = []
  let sections: readonly string[] = []
  let open: Line[] = []
  const lines = readFileSync(join(root, document), 'utf8').split('\n')
  const close = (): void => {
    if (open.length > 0) blocks.push({ sections, steps: stepsOf(withoutBlanksAtEnd(open)) })
    open = []
  }
  for (const [index, line] of lines.entries()) {
    const place = `${document}:${index + 1}`
    const heading = /^(##+) (.*)/.exec(line)
    if (line.startsWith('```')) throw new Error(`${place}: blocks are indented here, not fenced`)
    if (line.startsWith('    ')) open.push({ place, text: line.slice(4) })
    else if (line === '' && open.length > 0) open.push({ place, text: '' })
    else close()
    if (heading) sections = [...sections.slice(0, heading[1]!.length - 2), heading[2]!]
  }
  close()
  return blocks
}

const prompt = /^([a-z]+)\$ (.+)/

/** The line below the header and the one above the prompt. */
const rule = /^─{20,}$/

function stepsOf(lines: readonly Line[]): readonly Step[] {
  const { place } = lines[0]!
  const texts = lines.map(({ text }) => text)
  if (texts.every(isJson)) return [{ kind: 'data', place, lines: texts }]
  if (texts.some((text) => prompt.test(text))) return prompted(lines)
  if (texts.some((text) => rule.test(text))) return [{ kind: 'picture', place, rows: texts }]
  return lines
    .filter(({ text }) => text !== '')
    .map(({ place, text }) => ({ kind: 'typed', place, who: undefined, command: text, shown: [] }))
}

function prompted(lines: readonly Line[]): readonly Step[] {
  const steps: Step[] = []
  const starts = lines.flatMap(({ text }, index) => (prompt.test(text) ? [index] : []))
  if (starts[0] !== 0) throw new Error(`${lines[0]!.place}: nobody has typed what this is shown under`)
  for (const [n, start] of starts.entries()) {
    const [, who, command] = prompt.exec(lines[start]!.text)!
    const below = lines.slice(start + 1, starts[n + 1])
    const rules = below.some(({ text }) => rule.test(text))
    const shown = rules ? [] : below.map(({ text }) => text).filter((text) => text !== '')
    steps.push({ kind: 'typed', place: lines[start]!.place, who, command: command!, shown })
    if (rules) steps.push(pictureOf(below))
  }
  return steps
}

function pictureOf(below: readonly Line[]): Picture {
  const rows = withoutBlanksAtEnd(below.slice(below.findIndex(({ text }) => text !== '')))
  return { kind: 'picture', place: rows[0]!.place, rows: rows.map(({ text }) => text) }
}

function withoutBlanksAtEnd(lines: readonly Line[]): readonly Line[] {
  return lines.slice(0, lines.findLastIndex(({ text }) => text !== '') + 1)
}

function isJson(text: string): boolean {
  try {
    return text === '' || typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}
