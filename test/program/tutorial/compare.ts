/** Examples in a document stand for what is real: in what is typed, and in what is shown. */

/**
 * Whether real rows are those of the document, where an example there stands for
 * anything of its kind. What differs is named; `undefined` if nothing does.
 */
export function difference(shown: readonly string[], real: readonly string[]): string | undefined {
  for (let row = 0; row < Math.max(shown.length, real.length); row++) {
    const [wanted, found] = [shown[row], real[row]]
    if (wanted !== undefined && found !== undefined && patternOf(wanted).test(found.trimEnd())) continue
    return [
      `row ${row + 1} of the document: ${wanted ?? 'none'}`,
      `in truth:                 ${found ?? 'none'}`,
      'all of it:',
      ...real,
    ].join('\n')
  }
  return undefined
}

/** What is an example, and what may stand in its place; the first of those that begin earliest. */
const examples: readonly (readonly [RegExp, string])[] = [
  [/the code for (?:\w+): (?:\w+ ){5}\w+/, 'the code for \\w+: (?:\\w+ ){5}\\w+'],
  [/\d{4}-\d\d-\d\d/, '\\d{4}-\\d\\d-\\d\\d'],
  [/[0-9A-F]{8} …/, '[0-9A-F]{8} [0-9A-F ]+'],
  [/\b[0-9A-F]{8}\b/, '[0-9A-F]{8}'],
  [/\b[0-9A-F]{4}\b/, '[0-9A-F]{4}'],
  [/\b\d\d:\d\d\b/, '\\d\\d:\\d\\d'],
  [/over the local network|on this machine/, '(?:over the local network|on this machine)'],
  [/for \d+ (?:s|min)/, 'for \\d+ (?:s|min)'],
  [/\w*…/, '\\w+'],
  [/ {2,}/, ' {2,}'],
]

function patternOf(row: string): RegExp {
  return new RegExp(`^${sourceOf(row.trimEnd())}$`)
}

function sourceOf(row: string): string {
  const found = examples.flatMap(([pattern, real]) => {
    const match = pattern.exec(row)
    return match === null ? [] : [{ at: match.index, length: match[0].length, real }]
  })
  const first = found.toSorted((a, b) => a.at - b.at)[0]
  if (first === undefined) return escaped(row)
  return escaped(row.slice(0, first.at)) + first.real + sourceOf(row.slice(first.at + first.length))
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
