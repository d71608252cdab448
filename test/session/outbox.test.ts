import { describe, expect, test } from 'vitest'
import { Outbox } from '../../src/session/outbox.ts'

const ada = 'aa'
const eve = 'ee'
const message = (id: string, text = id) => ({ id, text, saidAt: 0 })

describe('Outbox', () => {
  test('gives each message once, in the order it was said', () => {
    const outbox = new Outbox()
    for (const id of ['1', '2', '3']) outbox.push(message(id))
    const given: string[] = []
    for (let next = outbox.next(ada); next; next = outbox.next(ada)) {
      given.push(next.id)
      outbox.sent(next.id, ada)
    }
    expect(given).toEqual(['1', '2', '3'])
  })

  test('gives again, in order, what was sent and not confirmed when the conversation was lost', () => {
    const outbox = new Outbox()
    for (const id of ['1', '2', '3', '4']) outbox.push(message(id))
    for (const id of ['1', '2', '3']) outbox.sent(id, ada)
    expect(outbox.confirm('2', ada)?.id).toBe('2')
    outbox.rewind()
    expect(outbox.next(ada)?.id).toBe('1')
    outbox.sent('1', ada)
    expect(outbox.next(ada)?.id).toBe('3')
  })

  test('never gives what went to one key to another', () => {
    const outbox = new Outbox()
    outbox.push(message('1'))
    outbox.sent('1', ada)
    outbox.rewind()
    expect(outbox.next(eve)).toBeUndefined()
    expect(outbox.next(ada)?.id).toBe('1')
  })

  test('believes a receipt only of him it went to, and once', () => {
    const outbox = new Outbox()
    outbox.push(message('1'))
    expect(outbox.confirm('1', ada)).toBeUndefined() // not even sent
    outbox.sent('1', ada)
    expect(outbox.confirm('1', eve)).toBeUndefined()
    expect(outbox.confirm('1', ada)?.id).toBe('1')
    expect(outbox.confirm('1', ada)).toBeUndefined()
  })

  test('believes no receipt of whom alone it is for before it was sent', () => {
    const outbox = new Outbox()
    outbox.push({ ...message('1'), to: ada })
    expect(outbox.confirm('1', ada)).toBeUndefined()
    expect(outbox.next(ada)?.id).toBe('1')
    outbox.sent('1', ada)
    outbox.rewind()
    expect(outbox.confirm('1', ada)?.id).toBe('1') // late, in the next conversation
  })

  test('takes 32 KiB of UTF-8 a message and 1,000 messages', () => {
    const outbox = new Outbox()
    expect(outbox.push(message('x', 'é'.repeat(16_384)))).toBeUndefined()
    expect(outbox.push(message('y', `${'é'.repeat(16_384)}a`))).toBe('too-long')
    for (let i = 1; i < 1_000; i++) expect(outbox.push(message(`${i}`))).toBeUndefined()
    expect(outbox.push(message('z'))).toBe('too-many')
  })

  test('shows a NUL as a sign: in OTR it would end the text', () => {
    const outbox = new Outbox()
    outbox.push(message('1', 'a\0b'))
    expect(outbox.next(ada)?.text).toBe('a␀b')
  })

  test('refuses a second message of an id: its buddy would take it for the first one sent again', () => {
    const outbox = new Outbox()
    expect(outbox.push(message('1', 'pay 1'))).toBeUndefined()
    outbox.sent('1', ada)
    outbox.confirm('1', ada)
    expect(outbox.push(message('1', 'pay 2'))).toBe('known-id')
    expect(outbox.length).toBe(0)
  })

  test('gives up everything when asked', () => {
    const outbox = new Outbox()
    for (const id of ['1', '2']) outbox.push(message(id))
    outbox.sent('1', ada)
    expect(outbox.clear().map(({ id }) => id)).toEqual(['1', '2'])
    expect([outbox.length, outbox.next(ada)]).toEqual([0, undefined])
  })
})
