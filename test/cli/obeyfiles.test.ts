import { describe, expect, test } from 'vitest'
import { explainProgress, explainTransfer } from '../../src/cli/explaintransfer.ts'
import { conversationWith, newModel, update } from '../../src/cli/model.ts'
import { type FileCommand, obeyFiles } from '../../src/cli/obeyfiles.ts'
import type { TalkEvent } from '../../src/session/command.ts'

const transfer = 'ab'.repeat(16)
const told = (event: Partial<TalkEvent & { kind: 'transfer' }>): TalkEvent & { kind: 'transfer' } => ({
  ...{ kind: 'transfer', buddy: 'ada', transfer, name: 'boat.tar', direction: 'in', state: 'running' },
  ...event,
})
const progress: TalkEvent = {
  ...{ kind: 'progress', buddy: 'ada', transfer, octets: 40_000_000, of: 100_000_000 },
  ...{ rate: 5_000_000, left: 12_000 },
}

const typed = (name: FileCommand, ...events: readonly TalkEvent[]) => {
  const start = newModel('bob', [{ alias: 'ada', trust: 'unverified' }])
  const model = events.reduce((before, event) => update(before, { kind: 'told', event }, 0), start)
  const conversation = conversationWith(model, 'ada')
  const { commands, notices } = obeyFiles(
    conversation,
    { name, argument: '' },
    { newId: () => transfer.slice(16) },
  )
  return { commands, said: notices.map(({ text }) => text).join(' / ') }
}

describe('/files', () => {
  test('says whom it comes from, how far it is and how fast', () => {
    expect(typed('files', told({}), progress).said).toContain(
      '1: boat.tar from ada, running, 40 % of 100 MB, 5 MB/s, 12 s left',
    )
    expect(typed('files', told({ direction: 'out' })).said).toContain('1: boat.tar to ada, running')
  })

  test('takes how much of it was read for nothing that was sent', () => {
    const [reading, offered] = (['reading', 'offered'] as const).map((state) =>
      told({ direction: 'out', state }),
    )
    expect(typed('files', reading!, progress).said).toContain('reading, 40 % of 100 MB')
    expect(typed('files', reading!, progress, offered!).said).toBe('1: boat.tar to ada, offered')
  })

  test.each([
    [told({ state: 'paused', by: 'them' }), 'paused by ada'],
    [told({ state: 'paused', by: 'us' }), 'paused'],
    [told({ state: 'waiting' }), 'waiting'],
  ])('promises no end of what rests', (event, state) => {
    expect(typed('files', told({}), progress, event).said).toMatch(
      new RegExp(`^1: boat.tar from ada, ${state}, 40 % of 100 MB$`),
    )
  })
})

describe('/go', () => {
  test('of what the buddy paused is not answered by silence', () => {
    const { commands, said } = typed('go', told({ state: 'paused', by: 'them' }))
    expect(commands).toEqual([{ kind: 'go', buddy: 'ada', transfer }])
    expect(said).toBe('boat.tar is paused by ada, who has to let it go on')
  })

  test('of what we paused is told by what comes of it', () => {
    const { commands, said } = typed('go', told({ state: 'paused', by: 'us' }))
    expect(commands).toHaveLength(1)
    expect(said).toBe('')
  })
})

test.each([
  ['us', 'policy', 'boat.tar was not accepted: nothing of this kind is accepted here from ada'],
  ['us', 'large', 'boat.tar was not accepted: it is larger than what is accepted here'],
  ['them', 'large', 'boat.tar was not accepted by ada: it is larger than what is accepted there'],
] as const)('a refusal by %s, %s, is told as it is seen from here', (by, why, text) => {
  expect(explainTransfer(told({ state: 'rejected', by, why }))?.text).toBe(text)
})

test('a folder that cannot be used is told with what to do about it', () => {
  const notice = explainTransfer(
    told({ state: 'offered', message: 'there is no folder /x', hint: 'make it' }),
  )
  expect(notice).toMatchObject({ text: 'not accepted: there is no folder /x', hint: 'make it' })
})

test('who paused it is told how it goes on, and nobody else', () => {
  const hint = (by: 'us' | 'them') => explainTransfer(told({ state: 'paused', by }))?.hint
  expect([hint('us'), hint('them')]).toEqual(['/go lets it go on', undefined])
})

test('all of it is there, and nothing more is left to wait for', () => {
  const whole = { octets: 3, of: 3, rate: 93, left: 0 }
  expect(explainProgress(whole)).toBe('100 % of 3 B, 93 B/s')
  expect(explainProgress({ ...whole, octets: 2, left: 10 })).toBe('66 % of 3 B, 93 B/s, 1 s left')
})

test.each([
  ['in', 'boat.tar waits until ada goes on sending it, or sends it again'],
  ['out', 'boat.tar waits until ada is connected'],
] as const)('%s: what waits says for what', (direction, text) => {
  expect(explainTransfer(told({ direction, state: 'waiting' }))?.text).toBe(text)
})

test('of several that came, those with another name are told, ten at the most', () => {
  const renamed = [
    { name: 'a.txt', as: 'a (2).txt' },
    { name: '.p\x1b[2J', as: '_p\x1b[2J' },
  ]
  const done = told({ name: 'a.txt and 2 more', state: 'done', path: '/in', renamed })
  expect(explainTransfer(done)?.text).toBe(
    'all of a.txt and 2 more is there: /in; a.txt as a (2).txt, .p␛[2J as _p␛[2J',
  )
  const many = Array.from({ length: 11 }, () => ({ name: 'x', as: 'x (2)' }))
  const text = explainTransfer(told({ state: 'done', path: '/in', renamed: many }))?.text
  expect(text?.split('x as x (2)')).toHaveLength(11)
  expect(text).toMatch(/, …$/)
})
