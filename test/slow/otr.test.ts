import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeMessage } from '../../src/otr/message.ts'
import { bobWith, securedPair, textsOf } from '../otr/pair.ts'

test('20,000 messages with changed octets leave a conversation as it was', () => {
  const { alice, bob } = securedPair()
  const honest = bob.encrypt({ text: 'honest' }, 0)
  const identity = bobWith().start(0)
  const edit = fc.record({ at: fc.nat({ max: 1_500 }), flip: fc.integer({ min: 1, max: 255 }) })
  const edits = fc.array(edit, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.constantFrom(honest, identity), edits, fc.nat(), (from, edits, cut) => {
      const bytes = from.slice()
      for (const { at, flip } of edits) bytes[at % (bytes.length - 4)]! ^= flip
      const message = cut % 4 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes
      decodeMessage(message)
      fc.pre(message.some((octet, i) => octet !== honest[i]))
      const { ssid } = alice
      expect(alice.receive(message, 0).events.every(({ kind }) => kind === 'refused')).toBe(true)
      expect(alice.ssid).toBe(ssid)
    }),
    { numRuns: 20_000 },
  )
  expect(textsOf(alice.receive(honest, 0).events)).toEqual(['honest'])
})
