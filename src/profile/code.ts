/**
 * Invite codes: six words of BIP-39's English list, 66 bits, which two people
 * tell each other by phone or in a letter. No two words of the list begin with
 * the same four letters. Spec: docs/Protocol.md, "Invite code".
 */
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { type Random, scrypt } from '../crypto.ts'

/** Six words of the list in lower case, one space between them; made by this file only. */
export type Code = string & { readonly __brand: 'Code' }

export const codeWords = 6

/** Why a text is no code. */
export type CodeFault =
  | { readonly kind: 'count'; readonly count: number } // of the words, where there must be six
  | { readonly kind: 'unknown'; readonly word: string } // no word of the list begins so
  /** Several words begin so: the first of them, and how many there are. */
  | { readonly kind: 'ambiguous'; readonly word: string; readonly meant: readonly string[] }

export type ParsedCode =
  | { readonly kind: 'code'; readonly code: Code }
  | { readonly kind: 'wrong'; readonly why: CodeFault }

export type ParsedWord = { readonly kind: 'word'; readonly word: string } | CodeFault

/** Each word is 11 random bits: all codes are equally likely. */
export function generateCode(random: Random): Code {
  const words = Array.from({ length: codeWords }, () => {
    const [high, low] = random(2)
    return wordlist[((high! << 8) | low!) & 0x7ff]!
  })
  return brand(words.join(' '))
}

/** Reads words in any case, spaces and look-alike forms (NFKD); the beginning of a word where one word alone has it. */
export function parseCode(text: string): ParsedCode {
  const words: string[] = []
  const given = typedWords(text)
  for (const typed of given) {
    const parsed = parseWord(typed)
    if (parsed.kind !== 'word') return { kind: 'wrong', why: parsed }
    words.push(parsed.word)
  }
  if (words.length !== codeWords) return { kind: 'wrong', why: { kind: 'count', count: words.length } }
  return { kind: 'code', code: brand(words.join(' ')) }
}

/** The words of a text as they are compared with the list; what is no letter separates them. */
export const typedWords = (text: string): readonly string[] =>
  text.normalize('NFKD').toLowerCase().split(separators).filter(Boolean)

/** One word of `typedWords`. */
export function parseWord(typed: string): ParsedWord {
  if (wordlist.includes(typed)) return { kind: 'word', word: typed }
  const meant = wordsBeginning(typed)
  if (meant.length === 0) return { kind: 'unknown', word: typed }
  if (meant.length > 1) return { kind: 'ambiguous', word: typed, meant }
  return { kind: 'word', word: meant[0]! }
}

/** In alphabetical order. */
export const wordsBeginning = (start: string): readonly string[] =>
  wordlist.filter((word) => word.startsWith(start))

/** PRK = scrypt(code, "otrtalk invite v1", N = 2^17, r = 8, p = 1, 32): 0.4 s, off the main thread */
export const inviteKey = (code: Code): Promise<Uint8Array> =>
  scrypt(ascii(code), ascii('otrtalk invite v1'), { N: 2 ** 17, r: 8, p: 1, size: 32 })

/** The text as a code, if it is written as codes are. */
export function readCode(text: string): Code | undefined {
  const parsed = parseCode(text)
  return parsed.kind === 'code' && parsed.code === text ? parsed.code : undefined
}

const separators = /[\s,;.·–-]+/u // as people write lists
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const brand = (words: string): Code => words as Code
