/**
 * Keys as a terminal in raw mode sends them, for what is typed at a question.
 * A key without a character (arrows, Home, Delete, F1, the marks around a
 * paste) comes as a sequence that begins with ESC (ECMA-48, 5.4), perhaps in
 * two pieces.
 */
export class Strokes {
  #begun = ''

  /** Each a character, a control character, or a whole sequence. */
  read(chunk: string): readonly string[] {
    const isPiece = this.#begun !== '\x1b' || continued.test(chunk)
    const strokes = ((isPiece ? this.#begun : '') + chunk).match(stroke) ?? []
    this.#begun = unfinished.test(strokes.at(-1) ?? '') ? strokes.at(-1)! : ''
    return this.#begun === '' ? strokes : strokes.slice(0, -1)
  }
}

/** Whether it is a character, or a control character: nothing else is part of what is typed. */
export const isCharacter = (stroke: string): boolean => !stroke.startsWith('\x1b')

/** `ESC [ [ A` is what the Linux console sends for F1. */
const stroke =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what terminals send
  /\x1b(?:\[\[[A-E]|\[[0-?]*[ -/]*[@-Z\\-~]|\[\[?[0-?]*[ -/]*$|O[ -~]|O$)?|[^\x1b]/gsu
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what terminals send
const unfinished = /^\x1b(?:\[\[?[0-?]*[ -/]*|O)?$/u

/** Behind a lone ESC: the rest of a sequence comes at once, what a person types comes key by key. */
const continued = /^[[O]./su
