/**
 * Questions at the terminal. The question goes to stderr, as stdout carries
 * data; the answer comes from stdin, or from the terminal itself when stdin is
 * a pipe (`tail -f log | otrtalk chat bob --plain`).
 */
import { openSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { ReadStream } from 'node:tty'
import { UserError } from '../error.ts'
import type { Io } from './context.ts'
import { Interrupted } from './error.ts'

/** Asks for a text that is not shown while it is typed. */
export const askSecret = (io: Io, question: string): Promise<string> => ask(io, { question, echo: 'hidden' })

/** Asks for yes or no; only y or yes is yes. */
export async function confirm(io: Io, question: string): Promise<boolean> {
  const answer = await ask(io, { question: `${question} [y/N] `, echo: 'shown' })
  return /^y(?:es)?$/i.test(answer.trim())
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

async function ask({ stdin, stderr }: Io, { question, echo }: Question): Promise<string> {
  const input = stdin.isTTY ? stdin : openTerminal()
  if (!input) throw new UserError('there is no terminal to ask at')
  stderr.write(question)
  input.setRawMode(true)
  try {
    return await readLine(input, (shown) => echo === 'shown' && stderr.write(shown))
  } finally {
    input.setRawMode(false)
    input.pause()
    if (input !== stdin) input.destroy()
    stderr.write('\n')
  }
}

/** Up to Enter; what is typed ahead stays for the next question. */
async function readLine(input: ReadStream, show: (text: string) => void): Promise<string> {
  const decoder = new StringDecoder()
  let line = ''
  for await (const chunk of input.iterator({ destroyOnReturn: false })) {
    const typed = [...decoder.write(chunk)]
    for (const [i, key] of typed.entries()) {
      if (key === interrupt || (key === endOfInput && line === '')) throw new Interrupted()
      if (key === '\r' || key === '\n') {
        if (i + 1 < typed.length) input.unshift(Buffer.from(typed.slice(i + 1).join('')))
        return line
      }
      line = edit(line, key, show)
    }
  }
  throw new Interrupted() // the terminal is gone
}

/** One key: backspace, Ctrl-U, a character; other control characters do nothing. */
function edit(line: string, key: string, show: (text: string) => void): string {
  if (key === '\x7f' || key === '\b') {
    if (line !== '') show('\b \b')
    return [...line].slice(0, -1).join('')
  }
  if (key === '\x15') {
    show('\b \b'.repeat([...line].length))
    return ''
  }
  if (key < ' ') return line
  show(key)
  return line.length < longest ? line + key : line
}

function openTerminal(): ReadStream | undefined {
  try {
    return new ReadStream(openSync('/dev/tty', 'r'))
  } catch {
    return undefined // none: a service, a container, another system
  }
}

const interrupt = '\x03' // Ctrl-C
const endOfInput = '\x04' // Ctrl-D
const longest = 1_024 // characters of an answer
