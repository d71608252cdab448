/**
 * Questions at the terminal. The question goes to stderr, as stdout carries
 * data; the answer comes from stdin, or from the terminal itself when stdin is
 * a pipe (`tail -f log | otrtalk chat bob --plain`).
 */
import { openSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { ReadStream } from 'node:tty'
import { UserError } from '../../error.ts'
import type { Io } from '../context.ts'
import { Interrupted } from '../error.ts'
import { safeText, safeTitle } from '../safetext.ts'
import { legible } from '../terminal.ts'
import { isCharacter, Strokes } from './strokes.ts'

/** Asks for a text that is not shown while it is typed. */
export const askSecret = (io: Io, question: string): Promise<string> => ask(io, { question, echo: 'hidden' })

/** Asks for a line. */
export const askLine = (io: Io, question: string): Promise<string> => ask(io, { question, echo: 'shown' })

/** Asks for yes or no; only y or yes is yes. */
export async function confirm(io: Io, question: string): Promise<boolean> {
  const answer = await askLine(io, `${question} [y/N] `)
  return /^y(?:es)?$/i.test(answer.trim())
}

/** Asks anew where an answer will not do, saying why; the last refusal is thrown. */
export async function allowSlips<T>(io: Io, attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof UserError) || attempts === maxAttempts) throw error
      const hint = error.hint === undefined ? '' : `: ${error.hint}`
      legible(io.stderr, io.env).write(`${safeTitle(error.message + hint, longest)}\n`)
    }
  }
}

/** Whether a question would reach somebody. */
export function hasTerminal({ stdin, stderr }: Pick<Io, 'stdin' | 'stderr'>): boolean {
  if (!stderr.isTTY) return false
  if (stdin.isTTY) return true
  const own = openTerminal()
  own?.destroy()
  return own !== undefined
}

interface Question {
  readonly question: string
  readonly echo: 'shown' | 'hidden'
}

function ask(io: Io, { question, echo }: Question): Promise<string> {
  let line = ''
  const show = (shown: string): void => {
    if (echo === 'shown') io.stderr.write(shown)
  }
  const begin = (): void => void io.stderr.write(question)
  return readKeys(io, begin, (key) => {
    if (key === endOfInput && line === '') throw new Interrupted()
    if (isEnter(key)) return line
    line = edit(line, key, show)
    return undefined
  })
}

/**
 * Hands over key by key what is typed at the terminal, until `press` yields
 * something; what is typed ahead stays for the next question.
 *
 * @param begin - asks: who sees the question can type, and by then the terminal shows no secret any more
 */
export async function readKeys<T>(
  { stdin, stderr }: Io,
  begin: () => void,
  press: (key: string) => T | undefined,
): Promise<T> {
  const input = stdin.isTTY ? stdin : openTerminal()
  if (!input) throw new UserError('there is no terminal to ask at')
  input.setRawMode(true)
  try {
    begin()
    return await pressed(input, press)
  } finally {
    input.setRawMode(false)
    input.pause()
    if (input !== stdin) input.destroy()
    stderr.write('\n')
  }
}

async function pressed<T>(input: ReadStream, press: (key: string) => T | undefined): Promise<T> {
  const decoder = new StringDecoder()
  const strokes = new Strokes()
  for await (const chunk of input.iterator({ destroyOnReturn: false })) {
    const keys = strokes.read(decoder.write(chunk))
    for (const [i, key] of keys.entries()) {
      if (key === interrupt) throw new Interrupted()
      const result = press(key)
      if (result === undefined) continue
      if (i + 1 < keys.length) input.unshift(Buffer.from(keys.slice(i + 1).join('')))
      return result
    }
  }
  throw new Interrupted() // the terminal is gone
}

export const isEnter = (key: string): boolean => key === '\r' || key === '\n'

/** One key: backspace, Ctrl-U, a character; other control characters do nothing. */
export function edit(line: string, key: string, show: (text: string) => void): string {
  if (key === '\x7f' || key === '\b') {
    if (line !== '') show('\b \b')
    return [...line].slice(0, -1).join('')
  }
  if (key === '\x15') {
    show('\b \b'.repeat([...line].length))
    return ''
  }
  if (key < ' ' || !isCharacter(key)) return line
  show(safeText(key)) // pasted, it may be anybody's
  return line.length < longest ? line + key : line
}

/** The terminal itself, for whose stdin is a pipe. */
export function openTerminal(): ReadStream | undefined {
  try {
    return new ReadStream(openSync('/dev/tty', 'r'))
  } catch {
    return undefined // none: a service, a container, another system
  }
}

const interrupt = '\x03' // Ctrl-C
export const endOfInput = '\x04' // Ctrl-D
const maxAttempts = 3 // as for a passphrase
const longest = 1_024 // characters of an answer
