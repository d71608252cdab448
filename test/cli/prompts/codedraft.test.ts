import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CodeDraft, emptyCode, press, typedCode } from '../../../src/cli/prompts/codedraft.ts'

/** What a person's keys make of it. */
const typed = (keys: string, from: CodeDraft = emptyCode): CodeDraft => [...keys].reduce(press, from)

test('six words and Enter are the code; the last needs no space', () => {
  expect(typed('zoo zoo zoo zoo zoo zoo\r').code).toBe('zoo zoo zoo zoo zoo zoo')
  expect(typed('ZOO zoo zoo zoo zoo zoo \r').code).toBe('zoo zoo zoo zoo zoo zoo')
  expect(typed('zoo zoo zoo zoo zoo zoo').code).toBeUndefined()
})

test('a word that is clear is completed by Tab and by a space', () => {
  expect(typedCode(typed('aban\tabil '))).toBe('abandon ability ')
  expect(typed('aban abil able\tabou abov abse\r').code).toBe('abandon ability able about above absent')
})

test('Tab goes as far as all words go that are meant, and names them', () => {
  expect(typed('abs\t')).toMatchObject({ current: 'abs', note: 'absent absorb abstract absurd' })
  expect(typed('acc\t')).toMatchObject({ current: 'acc', note: 'access accident account accuse' })
  expect(typed('advi\t')).toMatchObject({ words: ['advice'], current: '', note: '' })
  expect(typed('umb\t')).toMatchObject({ words: ['umbrella'] })
  expect(typed('b\t').note).toBe('baby bachelor bacon badge bag balance balcony ball …')
  expect(typed('gra\t')).toMatchObject({ current: 'gra' })
  expect(typed('incl\t')).toMatchObject({ words: ['include'] })
  expect(typed('\t').note).toBe('type the beginning of a word')
})

test('a slip is named with the letter that makes it one, and may be taken back', () => {
  const slip = typed('abandon xq')
  expect(slip.note).toBe('no word begins with ‘xq’')
  expect(typed(' ', slip)).toMatchObject({
    words: ['abandon'],
    current: 'xq',
    note: 'no word begins with ‘xq’',
  })
  expect(typed('\x7f\x7fzoo ', slip)).toMatchObject({ words: ['abandon', 'zoo'], note: '' })
})

test('what follows a wrong word, as in a pasted code, stays as it is until somebody goes back to that word', () => {
  const pasted = typed('sail cup resouce round feel foster\r')
  expect(typedCode(pasted)).toBe('sail cup resouce round feel foster')
  expect(pasted).toMatchObject({ code: undefined, note: 'no word begins with ‘resouce’' })
  expect(typed('\t', pasted).note).toBe('no word begins with ‘resouce’')
  const back = typed('\x7f'.repeat(' round feel foster'.length), pasted)
  expect(typedCode(back)).toBe('sail cup resouce')
  const right = typed('\x7f\x7frce round feel foster\r', back)
  expect(right.code).toBe('sail cup resource round feel foster')
})

test('a beginning that several words have is named at its end', () => {
  expect(typed('zo ').note).toBe('‘zo’ may be zone, zoo')
  expect(typed('ab ').note).toBe('‘ab’ may be abandon, ability, …')
})

test('too few words or too many are counted at Enter', () => {
  expect(typed('zoo zoo\r')).toMatchObject({ code: undefined, note: 'a code has six words, this has 2' })
  expect(typed('zoo zoo zoo zoo zoo zoo zoo\r').note).toBe('a code has six words, this has 7')
  expect(typed('\r').note).toBe('type all 6 words')
  expect(typed('zoo zoo\r zoo zoo zoo zoo\r').code).toBe('zoo zoo zoo zoo zoo zoo') // pasted from a broken line
})

test('Backspace behind a word takes it up again; Ctrl-U takes all', () => {
  expect(typed('abandon \x7f')).toMatchObject({ words: [], current: 'abandon' })
  expect(typed('\x7f')).toMatchObject({ words: [], current: '' })
  expect(typed('abandon zoo\x15')).toEqual(emptyCode)
})

test('any keys leave words of the list, and one short word', () => {
  const key = fc.oneof(
    fc.constantFrom(' ', '\t', '\r', '\x7f', '\x15', '\x1b[A', '\x1b', '\x00', 'z', 'o', 'a', 'b'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  )
  fc.assert(
    fc.property(fc.array(key, { maxLength: 60 }), (keys) => {
      const draft = keys.reduce(press, emptyCode)
      expect(draft.current).toMatch(/^\p{L}{0,16}$/u)
      expect(draft.rest).toMatch(/^(?: [\p{L} ]{0,99})?$/u)
      for (const word of draft.words) expect(word).toMatch(/^[a-z]{3,8}$/)
    }),
    { numRuns: 15 },
  )
})
