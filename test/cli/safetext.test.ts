import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  asciiText,
  clip,
  columnsOf,
  graphemes,
  indented,
  safeFileName,
  safeName,
  safeText,
  safeTitle,
  visibleJson,
  words,
} from '../../src/cli/safetext.ts'
import { Emulator } from './emulator.ts'

const family = '👨\u200d👩\u200d👧\u200d👦'

const hostile: readonly string[] = [
  '\x1b]0;owned\x07',
  '\x1b]2;owned\x1b\\',
  '\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\',
  '\x1b]9;notify\x07',
  '\x1b]52;c;b3duZWQ=\x07',
  '\x1b]777;notify;a;b\x07',
  '\x1b]1337;File=name=eA==:AAAA\x07',
  '\x1b]4;1;#ff0000\x07\x1b]10;#ff0000\x07\x1b]104\x07',
  '\x1bP1$r0m\x1b\\',
  '\x1b_Gf=100;AAAA\x1b\\',
  '\x1b^privacy\x1b\\',
  '\x1b[31mred\x1b[0m',
  '\x1b[2J\x1b[H',
  '\x1b[?1049l\x1b[?25l\x1b[?2004l\x1b[?1000h\x1b[?7h',
  '\x1b[5;5Hhere',
  '\x1b[6n\x1b[c\x1b[>c',
  '\x1b#8',
  '\x1bc',
  '\x1b(0lqqk',
  '\x9b31m\x9d0;owned\x9c\x90x\x9c\x85\x8d\x84',
  'good\rbad',
  'up\x0bdown\x0cpage',
  'a\b\b\b\bxxxx',
  '\x07\x07\x07\x0e\x0f\x05',
  'a\u202ebcd\u202c \u2066x\u2069 \u200f\u061c',
  'Z\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309'.repeat(20),
  'line\n14:02 ada  forged\n\u2028x\u2029y',
  '你好'.repeat(30),
  `${family} ❤\ufe0f 🇩🇪 👍🏽`,
  `x${'\u200d👩'.repeat(500)}`,
  '\u115f\u1160\u3164\uffa0\ufeff\u200b\u2060\u00ad\u034f\u180e\ufff9a\ufffab\ufffb\u{e0041}',
  '\ud800 \udc00 \udbff',
  '\x7f\x7f',
  'ᄀ'.repeat(200),
  'क्'.repeat(300),
  '\u0301\u20dd starts with marks',
  ' \u0301 and a space',
  'x'.repeat(100_000),
  '\n'.repeat(5000),
]

/** Characters that do something, and some that do not. */
const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\x1b',
      ']',
      '[',
      '\\',
      '\x07',
      '\r',
      '\n',
      '\t',
      '\x9b',
      '\x9d',
      '\u202e',
      '\u2066',
      '\u200d',
    ),
    fc.constantFrom(
      '\u0301',
      '\u0316',
      '\u200c',
      'क',
      '्',
      'ष',
      '👩',
      '👍',
      '🏽',
      '\ufe0f',
      '\u200b',
      '\ud83d',
      'ᄀ',
      'ᅡ',
    ),
    fc.constantFrom(
      'e',
      'm',
      'H',
      '0',
      ';',
      '?',
      ' ',
      '你',
      'ſ',
      '\u1e9b',
      '\u0344',
      '\u2126',
      '\u09c7',
      '\u09be',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 60,
})

// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
const control = /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]/u
const bidi = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

describe('a text', () => {
  test.each([
    ['\x1b[31mred', '␛[31mred'],
    ['a\x7fb\x00', 'a␡b␀'],
    ['one\r\ntwo\rthree', 'one\ntwo␍three'],
    ['a\tb', 'a    b'],
    ['\x9b2J\u2028', '\ufffd2J\ufffd'],
    ['a\u202eb', 'a\ufffdb'],
    ['\ud800x', '\ufffdx'],
    ['pay\u200bpal\u00ad\ufeff', 'paypal'],
    ['e\u0301', 'é'],
    ['e\u200b\u0301', 'é'],
    ['e\u0332\u0333\u0334\u0335\u0336\u0337', 'e\u0334\u0335\u0336\u0337'],
    [family, family],
    ['a\u200db', 'ab'],
    ['👩\u200dx', '👩x'],
    ['می\u200cخواهم', 'می\u200cخواهم'],
    ['क्\u200dष', 'क्\u200dष'],
    ['x\u200cy', 'xy'],
    ['\u{e0041}', ''],
    ['\u0301a\n\u0302b', 'a\nb'],
    ['❤\ufe0f', '❤\ufe0f'],
    ['\u0600\u{13430}x', '\ufffd\ufffdx'],
    ['ᅡx\nᆨ', '\ufffdx\n\ufffd'],
    ['각 ᄀ\u1176\u11ebᆨ', '각 ᄀ\u1176\u11eb\ufffd'],
    ['🏽x\nﾞy ﾞ', 'x\ny ﾞ'],
    [`👍${'🏽'.repeat(9)}`, `👍${'🏽'.repeat(5)}`],
  ])('%j is shown as %j', (text, shown) => expect(safeText(text)).toBe(shown))

  test('has at most the length and the lines it may have, and says that it was cut', () => {
    expect(safeText('abcdef', { length: 4, lines: 9 })).toBe('abc…')
    expect(safeText('a\nb\nc', { length: 9, lines: 2 })).toBe('a\nb…')
    expect(safeText('ab👩', { length: 4, lines: 1 })).toBe('ab👩')
    expect(safeText('ab👩x', { length: 4, lines: 1 })).toBe('ab…')
    expect(safeText(`${'\u200b'.repeat(100)}x`, { length: 10, lines: 1 })).toBe('…')
  })

  test('holds no control but LF, nothing that reorders, no tall stack, whatever it is made of', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const shown = safeText(text, { length: 40, lines: 3 })
        expect(shown).not.toMatch(control)
        expect(shown).not.toMatch(bidi)
        expect(shown).not.toMatch(/\p{M}{5}/u)
        expect(shown).not.toMatch(/\p{Surrogate}/u)
        expect(shown.length).toBeLessThanOrEqual(40)
        expect(shown.split('\n').length).toBeLessThanOrEqual(3)
      }),
      { numRuns: 400 },
    )
  })

  test('is safe once and for all: safe text stays as it is', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const shown = safeText(text, { length: 40, lines: 3 })
        expect(safeText(shown, { length: 40, lines: 3 })).toBe(shown)
        expect(safeName(safeName(text))).toBe(safeName(text))
      }),
      { numRuns: 400 },
    )
  })

  // Sorting the marks of one base, or any pattern that looks back at each place, would take several seconds.
  test.each(['\u0301\u0316', 'a\u0316\u0301', '👩\u200d', 'क्\u200d', '\x1b[', '\n ', '\u200b', ' ', '\t'])(
    'of 131,072 units of %j takes less than 1 s',
    (unit) => {
      const size = 131_072
      const text = `${unit.repeat(size / unit.length)}x`
      const start = performance.now()
      safeText(text, { length: size * 4, lines: size })
      safeTitle(text)
      expect(performance.now() - start).toBeLessThan(1000)
    },
  )
})

describe('a real terminal', () => {
  const frame = Array.from({ length: 20 }, (_, y) => `row ${y}`).join('\r\n')

  async function shows(text: string): Promise<{ emulator: Emulator; rows: string[] }> {
    const emulator = new Emulator(40, 24)
    let foreign = 0
    const count = (): boolean => {
      foreign++
      return true
    }
    for (const code of [0, 1, 2, 4, 8, 9, 10, 11, 52, 104, 777, 1337])
      emulator.terminal.parser.registerOscHandler(code, count)
    for (const final of ['m', 'J', 'K', 'H', 'n', 'c', 'A', 'B', 'C', 'D', 'r', 's', 'u', 't'])
      emulator.terminal.parser.registerCsiHandler({ final }, count)
    for (const final of ['h', 'l']) emulator.terminal.parser.registerCsiHandler({ final, prefix: '?' }, count)
    for (const final of ['c', 'D', 'E', 'H', 'M', '7', '8', '=', '>'])
      emulator.terminal.parser.registerEscHandler({ final }, count)
    emulator.terminal.parser.registerDcsHandler({ final: 'r', intermediates: '$' }, count)
    let bells = 0
    emulator.terminal.onBell(() => bells++)
    let answers = 0
    emulator.terminal.onData(() => answers++)
    emulator.stdout.write(`${frame}\r\n${text}`)
    const rows = await emulator.rows()
    expect({ foreign, bells, answers, title: emulator.title }).toEqual({
      foreign: 0,
      bells: 0,
      answers: 0,
      title: '',
    })
    expect(emulator.terminal.modes).toEqual(new Emulator(2, 2).terminal.modes)
    return { emulator, rows }
  }

  test.each(hostile.map((text) => [text.slice(0, 60), text]))('is not moved by %j', async (_, text) => {
    const { rows, emulator } = await shows(`# ${safeTitle(text, 37)}`)
    expect(rows.slice(0, 20)).toEqual(frame.split('\r\n'))
    expect(rows.slice(21).join('')).toBe('')
    const { active } = emulator.terminal.buffer
    expect([0, 1].map((x) => active.getLine(20)!.getCell(x)!.getChars())).toEqual(['#', ' '])
    for (let x = 0; x < 40; x++) {
      const cell = active.getLine(20)!.getCell(x)!
      expect(cell.isAttributeDefault()).toBe(true)
    }
  })

  test('is moved by the raw text, so that the checks can fail', async () => {
    await expect(shows('\x1b]0;owned\x07')).rejects.toThrow()
    await expect(shows('\x1b[31m')).rejects.toThrow()
    await expect(shows('\x07')).rejects.toThrow()
    await expect(shows('\x9b31m')).rejects.toThrow()
    await expect(shows('\x1b[6n')).rejects.toThrow()
    await expect(shows('\x1bP$r\x1b\\')).rejects.toThrow()
  })

  test('gets each line of a message under its first, and none of them forges another', async () => {
    const message = indented(words`14:02 ada  `, safeText('hello\n14:03 bob  forged\r14:04 bob'))
    const { rows } = await shows(message.replaceAll('\n', '\r\n'))
    expect(rows.slice(20, 22)).toEqual(['14:02 ada  hello', '           14:03 bob  forged␍14:04 bob'])
  })
})

describe('a name', () => {
  test.each([
    ['ada', 'ada'],
    ['two\nlines', 'two lines'],
    ['  padded \t ', 'padded'],
    ['\u200b\u2060', '?'],
    ['', '?'],
    ['x'.repeat(40), `${'x'.repeat(31)}…`],
    ['你'.repeat(20), `${'你'.repeat(15)}…`],
    ['ada \u0301\u0302 lovelace', 'ada lovelace'],
  ])('%j is shown as %j', (name, shown) => expect(safeName(name)).toBe(shown))

  test('is one line of 1 to 32 columns, whatever it is made of', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const name = safeName(text)
        expect(name).not.toContain('\n')
        expect(columnsOf(name)).toBeGreaterThanOrEqual(1)
        expect(columnsOf(name)).toBeLessThanOrEqual(32)
      }),
      { numRuns: 200 },
    )
  })
})

describe('a file name', () => {
  test.each([
    ['../../.ssh/authorized_keys', '__.._.ssh_authorized_keys'],
    ['-rf', '_rf'],
    ['a\\b:c', 'a_b_c'],
    ['..', '_'],
    ['photo\u202egpj.exe', 'photo\ufffdgpj.exe'],
    ['你'.repeat(100), `${'你'.repeat(59)}…`],
    [`x\u0316\u0317\u0318\u0319`.repeat(100), `x\u0316\u0317\u0318\u0319`.repeat(26)],
  ])('%j becomes %j', (name, shown) => expect(safeFileName(name)).toBe(shown))
})

describe('JSON', () => {
  test('gives the raw text back, and has no control or bidi character in it', () => {
    for (const text of hostile) {
      const line = visibleJson({ text })
      expect(JSON.parse(line)).toEqual({ text })
      expect(line).not.toMatch(control)
      expect(line).not.toMatch(bidi)
      expect(line).not.toContain('\n')
    }
  })

  test('escapes C1 and bidi controls by their number', () => {
    expect(visibleJson('\x9b\u202e\x1b\x7f')).toBe('"\\u009b\\u202e\\u001b\\u007f"')
  })
})

describe('columns', () => {
  test('are those of a terminal that draws the parts of a joined emoji apart', () => {
    expect(columnsOf('abc')).toBe(3)
    expect(columnsOf('你好')).toBe(4)
    expect(columnsOf('e\u0301')).toBe(1)
    expect(columnsOf(family)).toBe(8)
    expect(columnsOf('❤\ufe0f')).toBe(2)
  })

  test('of what is cut are never more than there are', () => {
    fc.assert(
      fc.property(nasty, fc.nat(30), (text, columns) => {
        expect(columnsOf(clip(safeTitle(text, 60), columns))).toBeLessThanOrEqual(columns)
      }),
      { numRuns: 200 },
    )
  })

  test('of one character are at most 16: a wider one can be broken within', () => {
    for (const text of ['ᄀ'.repeat(30), 'क्ष्'.repeat(30), `x${'\u200d👩'.repeat(30)}`])
      for (const grapheme of graphemes(safeText(text))) expect(columnsOf(grapheme)).toBeLessThanOrEqual(16)
  })

  test('a character of many parts comes in its parts, so that it can be cut', () => {
    expect([...graphemes('क्'.repeat(40))].length).toBeGreaterThan(1)
    expect([...graphemes(family)]).toEqual([family])
  })
})

test('for a terminal without UTF-8 all octets are ASCII, and columns stay', () => {
  expect(asciiText('─│ › ✓ é 你 ␛ …')).toBe('-| > + ? ?? ^ .')
  expect(asciiText('\x1b[2mplain\x1b[0m')).toBe('\x1b[2mplain\x1b[0m')
})
