import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { safeTitle } from '../../src/cli/safetext.ts'
import { type NameFault, PathRules, pathFault, skeleton } from '../../src/transfer/names.ts'
import { Dice } from '../support/dice.ts'

test.each([
  'a',
  'Readme.md',
  '.gitignore',
  '..a',
  'a..b',
  '-rf',
  '~',
  '12:30 notes',
  'what? *.txt "quoted" <tag> | pipe',
  'console.log',
  'com10',
  'nullable',
  'auxiliary/prn1',
  'naïve café.txt',
  'Привет.txt',
  '日本語/ファイル.txt',
  'עברית',
  'می\u200cخواهم.txt',
  '👨\u200d👩\u200d👧.jpg',
  '❤\ufe0f',
  'x'.repeat(255),
  Array(64).fill('d').join('/'),
  `${'é'.repeat(127)}x`,
])('%s may be sent', (path) => expect(pathFault(path)).toBeUndefined())

test('an offer is called as the first at the top, shortened by characters where others are to be named', () => {
  const rules = new PathRules()
  const long = `${'é'.repeat(126)}zz`
  for (const [path, name] of [
    [long, long],
    ['d', `${'é'.repeat(122)} and 1 more`],
    ['d/e', `${'é'.repeat(122)} and 1 more`],
    ['d', `${'é'.repeat(122)} and 1 more`], // clashes: it is none
    ['f', `${'é'.repeat(122)} and 2 more`],
  ] as const) {
    rules.add(path, 'folder')
    expect(rules.name).toBe(name)
  }
})

test.each<[NameFault, string]>([
  ['empty', ''],
  ['empty', '/a'],
  ['empty', 'a/'],
  ['empty', 'a//b'],
  ['dots', '..'],
  ['dots', 'a/../b'],
  ['dots', './a'],
  ['long', 'x'.repeat(256)],
  ['long', `${'é'.repeat(127)}xy`],
  ['long', Array(65).fill('d').join('/')],
  ['long', Array(9).fill('d'.repeat(230)).join('/')],
  ['separator', 'a\\b'],
  ['separator', 'C:'],
  ['separator', 'd/z:stream'],
  ['ending', 'a.'],
  ['ending', 'a /b'],
  ['ending', '...'],
  ['reserved', 'con'],
  ['reserved', 'd/NUL.tar.gz'],
  ['reserved', 'LPT9:x'],
  ['reserved', 'conout$'],
  ['reserved', 'ｎｕｌ'],
  ['reserved', '.otrtalk-x'],
  ['control', 'a\tb'],
  ['control', 'a\u202eb'],
  ['control', '\u200d'],
  ['form', 'e\u0301'],
  ['form', '\u212b'],
  ['form', '\ud800'],
  ['form', 'a\ufffdb'],
])('%s: %j may not', (fault, path) => expect(pathFault(path)).toBe(fault))

test('a character that SafeText takes out of a title is in no name, but for what joins and selects', () => {
  const allowed = /\u200c|\u200d|[\ufe00-\ufe0f]/u
  const passing: string[] = []
  let tried = 0
  for (let code = 0; code <= 0x10ffff; code++) {
    const char = String.fromCodePoint(code)
    if (!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u.test(char)) continue
    tried++
    const name = `x${char}y`
    if (safeTitle(name) !== name && pathFault(name) === undefined && !allowed.test(char)) passing.push(char)
  }
  expect([tried > 4_000, passing]).toEqual([true, []])
})

test('two paths that fold to the same clash in any folder, and others do not', () => {
  const rules = new PathRules()
  const tries: [string, 'file' | 'folder', NameFault | undefined][] = [
    ['a', 'folder', undefined],
    ['b', 'folder', undefined],
    ['a/x', 'file', undefined],
    ['b/x', 'file', undefined],
    ['b/X', 'file', 'clash'],
    ['A/y', 'file', 'parent'],
    ['A', 'folder', 'clash'],
    ['a/x/y', 'file', 'parent'],
    ['c/x', 'file', 'parent'],
    ['c', 'file', undefined],
    ['c/x', 'file', 'parent'],
    ['ﬀ', 'file', undefined],
    ['FF', 'file', 'clash'],
    ['Ⅷ', 'file', undefined],
    ['viii', 'file', 'clash'],
    ['ς', 'file', undefined],
    ['Σ', 'file', 'clash'],
    ['хор', 'file', undefined],
    ['xop', 'file', 'clash'],
    ['щ', 'file', undefined],
  ]
  for (const [path, kind, fault] of tries) expect([path, rules.add(path, kind)]).toEqual([path, fault])
})

test('what is known of a folder makes no difference to what is in it', () => {
  const dice = new Dice(8)
  const chars = [...'aZσΣς/ß℀ﬀéÀабХ.: -\u0301\u0338\u200d\u00ad\u1e9b가가字']
  const text = (): string => Array.from({ length: 1 + dice.below(5) }, () => dice.pick(chars)).join('')
  let good = 0
  for (let i = 0; i < 5_000; i++) {
    const [folder, name] = [text(), text()]
    expect(skeleton(`${folder}/${name}`)).toBe(`${skeleton(folder)}/${skeleton(name)}`)
    const rules = new PathRules()
    if (name.includes('/') || folder.includes('/') || rules.add(folder, 'folder')) continue
    const fault = rules.add(`${folder}/${name}`, 'file')
    expect([folder, name, fault]).toEqual([folder, name, pathFault(`${folder}/${name}`)])
    if (!fault) good++
  }
  expect(good).toBeGreaterThan(500)
})

test('the limits of a path hold in a folder that keeps them', () => {
  const rules = new PathRules()
  const deep = Array.from({ length: 64 }, (_, i) =>
    Array(i + 1)
      .fill('d')
      .join('/'),
  )
  for (const path of deep) expect(rules.add(path, 'folder')).toBe(undefined)
  expect(rules.add(`${deep.at(-1)}/x`, 'file')).toBe('long')
  const long = Array.from({ length: 8 }, (_, i) =>
    Array(i + 1)
      .fill('e'.repeat(250))
      .join('/'),
  )
  for (const path of long) expect(rules.add(path, 'folder')).toBe(undefined)
  expect(rules.add(`${long.at(-1)}/${'x'.repeat(40)}`, 'file')).toBe(undefined)
  expect(rules.add(`${long.at(-1)}/${'x'.repeat(41)}`, 'file')).toBe('long')
})

test('any text has a verdict, and what passes is its own NFC and keeps its skeleton in other case', () => {
  const dice = new Dice(7)
  const ranges = [0x80, 0x600, 0x110000].map((end) => () => dice.below(end))
  for (let i = 0; i < 2_000; i++) {
    const path = Array.from({ length: 1 + dice.below(6) }, () => dice.pick(ranges)())
      .map((code) => String.fromCodePoint(code))
      .join('')
    if (pathFault(path) !== undefined) continue
    expect(path).toBe(path.normalize('NFC'))
    expect(path.split('/').some((segment) => /^\.{0,2}$/.test(segment))).toBe(false)
    expect(skeleton(path.toUpperCase())).toBe(skeleton(path))
  }
})

test('10,000 names of 249 octets whose letters fold to 18 each are remembered in 5 MB, and clash as others do', () => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const nameAt = (number: number): string => `${'\ufdfa'.repeat(81)}${number}`
  collect()
  const before = process.memoryUsage().heapUsed
  const rules = new PathRules()
  for (let i = 0; i < 10_000; i++) expect(rules.add(nameAt(100_000 + i), 'file')).toBe(undefined)
  collect()
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(5e6)
  expect(rules.add(nameAt(100_000), 'file')).toBe('clash')
  expect(rules.add(nameAt(100_001).replaceAll('1', '１'), 'folder')).toBe('clash')
})
