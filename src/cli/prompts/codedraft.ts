/** An invite code while it is typed: pure, key by key. What is wrong is said as soon as it is. */
import { type Code, codeWords, parseCode, parseWord, typedWords, wordsBeginning } from '../../profile/code.ts'
import { explainCodeFault } from '../faults.ts'

export interface CodeDraft {
  /** Words of the list. */
  readonly words: readonly string[]
  /** The word that is being typed. */
  readonly current: string
  /** What was typed, or pasted, behind it although it is no word yet: it begins with a space. */
  readonly rest: string
  /** What is to be said about it. */
  readonly note: string
  /** All of it, once Enter was pressed. */
  readonly code: Code | undefined
}

export const emptyCode: CodeDraft = { words: [], current: '', rest: '', note: '', code: undefined }

/** As it is shown. */
export const typedCode = ({ words, current, rest }: CodeDraft): string => [...words, current].join(' ') + rest

/** @param key - a character, or what a terminal sends for a key without one */
export function press(draft: CodeDraft, key: string): CodeDraft {
  const quiet: CodeDraft = { ...draft, note: '' }
  switch (key) {
    case '\t':
      return complete(quiet)
    case '\r':
    case '\n':
      return submit(quiet)
    case '\x7f':
    case '\b':
      return erase(quiet)
    case '\x15':
      return emptyCode
    default:
      return key < ' ' ? draft : type(quiet, key)
  }
}

function type(draft: CodeDraft, key: string): CodeDraft {
  const [letter] = typedWords(key)
  if (letter !== undefined && !/^\p{L}+$/u.test(letter)) return draft
  if (draft.rest !== '') return behind(draft, letter ?? ' ')
  if (letter === undefined) return draft.current === '' ? draft : endWord(draft)
  const current = (draft.current + letter).slice(0, longest)
  const note =
    wordsBeginning(current).length === 0 ? explainCodeFault({ kind: 'unknown', word: current }) : ''
  return { ...draft, current, note }
}

/** The word is finished: it must be one of the list, or the beginning of one alone. */
function endWord(draft: CodeDraft): CodeDraft {
  const parsed = parseWord(draft.current)
  if (parsed.kind === 'unknown') return behind(draft, ' ')
  if (parsed.kind !== 'word') return { ...draft, note: explainCodeFault(parsed) }
  return { ...draft, words: [...draft.words, parsed.word], current: '' }
}

/** What follows a word that is none stays as it is typed, until somebody goes back to that word. */
function behind(draft: CodeDraft, typed: string): CodeDraft {
  const isAgain = typed === ' ' && draft.rest.endsWith(' ')
  const rest = isAgain ? draft.rest : (draft.rest + typed).slice(0, longestRest)
  return { ...draft, rest, note: faultOf(draft) }
}

function faultOf({ current }: CodeDraft): string {
  const parsed = parseWord(current)
  return parsed.kind === 'word' ? '' : explainCodeFault(parsed)
}

function complete(draft: CodeDraft): CodeDraft {
  const meant = wordsBeginning(draft.current)
  if (meant.length === 0) return { ...draft, note: faultOf(draft) }
  if (meant.length === 1) return endWord(draft)
  const [first, last] = [meant[0]!, meant.at(-1)!]
  let size = draft.current.length
  while (size < first.length && first[size] === last[size]) size++
  const more = meant.length > shown ? ' …' : ''
  const note = draft.current === '' ? 'type the beginning of a word' : meant.slice(0, shown).join(' ') + more
  return { ...draft, current: first.slice(0, size), note }
}

function submit(draft: CodeDraft): CodeDraft {
  const isWrong = draft.rest !== '' || (draft.current !== '' && faultOf(draft) !== '')
  if (isWrong) return { ...draft, note: faultOf(draft) }
  const ended = draft.current === '' ? draft : endWord(draft)
  const parsed = parseCode(ended.words.join(' '))
  if (parsed.kind === 'code') return { ...ended, code: parsed.code }
  return {
    ...ended,
    note: ended.words.length === 0 ? `type all ${codeWords} words` : explainCodeFault(parsed.why),
  }
}

/** Behind a finished word it takes that one up again. */
function erase(draft: CodeDraft): CodeDraft {
  if (draft.rest !== '') {
    const rest = [...draft.rest].slice(0, -1).join('')
    return { ...draft, rest, note: faultOf(draft) }
  }
  if (draft.current !== '') return { ...draft, current: [...draft.current].slice(0, -1).join('') }
  return { ...draft, words: draft.words.slice(0, -1), current: draft.words.at(-1) ?? '' }
}

const longest = 16 // letters of a word that is none
const longestRest = 100 // letters and spaces: five words, and more
const shown = 8 // words that could be meant
