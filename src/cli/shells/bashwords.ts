/**
 * A command line of bash as words: bash itself would cut `host:port` and
 * `--option=value` at the signs of COMP_WORDBREAKS. Nothing is expanded.
 */

/** @returns all words; the last one is where the line ends, maybe within quotes, maybe empty */
export function bashWords(line: string): readonly string[] {
  const words: string[] = []
  let word = ''
  let isOpen = false // a word has begun
  let quote = ''
  for (let i = 0; i < line.length; i++) {
    const sign = line[i]!
    if (quote !== '') {
      if (sign === quote) quote = ''
      else if (sign === '\\' && quote === '"' && /["\\$`]/.test(line[i + 1] ?? '')) word += line[++i]
      else word += sign
    } else if (sign === "'" || sign === '"') {
      quote = sign
      isOpen = true
    } else if (sign === '\\' && i + 1 < line.length) {
      word += line[++i]
      isOpen = true
    } else if (/\s/.test(sign)) {
      if (isOpen) words.push(word)
      word = ''
      isOpen = false
    } else {
      word += sign
      isOpen = true
    }
  }
  return [...words, word]
}

/** Without the command, and what is set for it alone: `OTRTALK_HOME=/x otrtalk …`. */
export function behindCommand(words: readonly string[]): readonly string[] {
  const command = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word))
  return words.slice(command + 1)
}
