/**
 * Reads a line that a buddy gave by other means, at the terminal or from a
 * pipe. It may have been broken into several: what is short goes on.
 */
import { StringDecoder } from 'node:string_decoder'
import type { TakeFault } from '../../session/offers.ts'
import type { Io } from '../context.ts'
import { Interrupted } from '../error.ts'
import type { SafeText } from '../safetext.ts'
import { legible } from '../terminal.ts'
import { edit, endOfInput, isEnter, openTerminal } from './prompt.ts'
import { readUntil, type Taken } from './reading.ts'
import { Strokes } from './strokes.ts'

export interface Taking {
  /** Takes the line, if it is one; `short` if its end is missing. */
  readonly take: (text: string) => 'taken' | TakeFault
  /** It is not needed any more. */
  readonly signal: AbortSignal
}

/** What became of it; `ended` if nothing came. */
type Read = 'taken' | TakeFault | 'ended'

/** Asks once. What is short is taken for what it is when an empty line follows. */
export function askOffer(io: Io, question: SafeText, { take, signal }: Taking): Promise<Read> {
  let [text, row] = ['', '']
  const show = (shown: string): void => {
    io.stderr.write(shown)
  }
  return pressed(io, { question, signal }, (key) => {
    if (key === endOfInput && text + row === '') throw new Interrupted()
    if (!isEnter(key)) {
      row = edit(row, key, show)
      return undefined
    }
    const isLast = row.trim() === ''
    const read = take(`${text}${row}`)
    if (read !== 'short' || isLast) return read
    ;[text, row] = [`${text}${row}\n`, '']
    show('\n')
    return undefined
  })
}

/** Waits until Enter was pressed. */
export async function waitForEnter(io: Io, question: SafeText, signal: AbortSignal): Promise<void> {
  await pressed(io, { question, signal }, (key) => (isEnter(key) ? true : undefined))
}

/** As many rows of stdin as it needs; what follows is for the conversation. */
export async function readOfferLine(stdin: NodeJS.ReadStream, { take, signal }: Taking): Promise<Read> {
  let read = Buffer.alloc(0)
  let from = 0 // where the row begins that is not read yet
  const result = await readUntil<Read>(
    stdin,
    (chunk) => {
      read = Buffer.concat([read, chunk])
      for (let end = read.indexOf('\n', from); end >= 0; end = read.indexOf('\n', from)) {
        from = end + 1
        const taken = take(lineIn(read.subarray(0, end).toString()))
        if (taken !== 'short' && taken !== 'empty') return { result: taken, rest: read.subarray(from) }
      }
      return read.length > longest ? { result: 'damaged', rest: nothing } : undefined
    },
    signal,
  )
  if (result !== undefined) return result
  const last = signal.aborted ? 'empty' : take(lineIn(read.toString()))
  return last === 'empty' ? 'ended' : last
}

/** As JSON lines have it, `{"line":"oto1…"}`, or alone. */
function lineIn(text: string): string {
  if (!text.trimStart().startsWith('{')) return text
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && 'line' in value && typeof value.line === 'string')
      return value.line
  } catch {
    // JSON.parse's only way to say that it is none
  }
  return text
}

interface Asking {
  readonly question: SafeText
  readonly signal: AbortSignal
}

/** Key by key, until `press` yields something; `ended` once aborted. What is typed ahead stays for who asks next. */
async function pressed<T>(
  io: Io,
  { question, signal }: Asking,
  press: (key: string) => T | undefined,
): Promise<T | 'ended'> {
  const { stdin, stderr, env } = io
  const input = stdin.isTTY ? stdin : openTerminal()
  if (!input) return 'ended'
  const decoder = new StringDecoder()
  const strokes = new Strokes()
  const take = (chunk: Buffer): Taken<T> | undefined => {
    const keys = strokes.read(decoder.write(chunk))
    for (const [i, key] of keys.entries()) {
      if (key === interrupt) throw new Interrupted()
      const result = press(key)
      if (result !== undefined) return { result, rest: Buffer.from(keys.slice(i + 1).join('')) }
    }
    return undefined
  }
  input.setRawMode(true)
  legible(stderr, env).write(question) // who sees it may answer at once, and is not echoed twice
  try {
    const result = await readUntil(input, take, signal)
    if (result !== undefined) return result
    if (signal.aborted) return 'ended'
    throw new Interrupted() // the terminal is gone
  } finally {
    input.setRawMode(false)
    if (input !== stdin) input.destroy()
    stderr.write('\n')
  }
}

const interrupt = '\x03' // Ctrl-C
const longest = 65_536 // octets before a line is whole
const nothing = new Uint8Array(0)
