import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { manPage } from '../../scripts/manpage.ts'
import { define, nobody } from '../../src/cli/definitions/all.ts'
import { type Outline, outlineOf } from '../../src/cli/definitions/outline.ts'
import { help } from '../../src/cli/help.ts'

const outline = outlineOf(define(nobody))
const page = manPage(outline, { version: '1.2.3', conversation: help })

/** What a reader sees of roff that uses the few escapes of ours: `undefined` where something else is in it. */
function shown(line: string): string | undefined {
  const rest = line.replace(/\\(?:&|f[BIR]|e|-|\((?:aq|dq|ga|ha|ti)|\[u[\dA-F]{4,6}\])/g, (sign) => {
    const named: Record<string, string> = {
      ...{ '\\e': '\x01', '\\-': '-', '\\(aq': "'", '\\(dq': '"' },
      ...{ '\\(ga': '`', '\\(ha': '^', '\\(ti': '~' },
    }
    const code = /u([\dA-F]+)/.exec(sign)?.[1]
    return code ? String.fromCodePoint(Number.parseInt(code, 16)) : (named[sign] ?? '')
  })
  return rest.includes('\\') ? undefined : rest.replaceAll('\x01', '\\')
}

test('the man page has its sections in the usual order', () => {
  expect(page.match(/^\.SH .+$/gm)?.map((line) => line.slice(4).replaceAll('"', ''))).toEqual([
    ...['NAME', 'SYNOPSIS', 'DESCRIPTION', 'COMMANDS', 'OPTIONS', 'IN A CONVERSATION', 'EXIT STATUS'],
    ...['ENVIRONMENT', 'FILES', 'EXAMPLES', 'SECURITY', 'SEE ALSO'],
  ])
  expect(page).toContain('.TH OTRTALK 1 "" "otrtalk 1.2.3" "User Commands"\n')
})

test('the man page has every command, option, variable and example', () => {
  const lines = new Set(page.split('\n').map(shown))
  for (const command of outline.commands.filter(({ isHidden }) => !isHidden)) {
    expect(lines).toContain(`${command.path} ${command.usage}`.trim())
    for (const example of command.examples) expect(lines).toContain(`otrtalk ${example}`)
  }
  for (const { flags, variable } of outline.options) {
    expect(lines).toContain(flags.replace(/[<>]/g, ''))
    expect(lines).toContain(variable)
  }
  for (const line of help) expect(lines).toContain(line.split('  ', 1)[0])
})

describe('whatever a definition says', () => {
  const withSummary = (summary: string): Outline => ({
    ...outline,
    commands: [{ ...outline.commands[0]!, summary, examples: [summary], options: [] }],
  })

  test.each([
    '.de x',
    "'br",
    'a \\fB b',
    '\\',
    'it’s “so” …',
    '--no-dht',
    '`x` ^ ~',
    'say "hi"',
    '.\n.so /etc/passwd',
  ])('%j is text and no request of roff', (summary) => {
    expectText(summary)
  })

  test('any text is', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), expectText), { seed: 1, numRuns: 100 })
  })

  function expectText(summary: string): void {
    const lines = manPage(withSummary(summary), { version: '1', conversation: [] }).split('\n')
    const example = lines[lines.indexOf('.EX') + 1]!
    expect(example).toMatch(/^[ -~]*$/)
    expect(shown(example)).toBe(`otrtalk ${summary.replace(/\s*\n\s*/g, ' ')}`)
    const requests = /^(?:\.(?:\\"|TH|SH|SS|TP|RS|RE|PP|EX|EE|B|br)(?: |$)|[^.'])/
    for (const line of lines.slice(0, -1)) expect(line).toMatch(requests)
  }
})
