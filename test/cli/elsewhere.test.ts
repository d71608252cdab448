/** What another process of the profile does shows here at once, and nothing typed goes to somebody else by it. */
import { expect, test } from 'vitest'
import { Called } from '../../src/cli/called.ts'
import { isLate } from '../../src/cli/conversation.ts'
import { conversationWith, focused, type Model, newModel, shown, update } from '../../src/cli/model.ts'
import { informed, newDesk } from '../../src/cli/screen/desk.ts'
import { edit, emptyDraft } from '../../src/cli/screen/draft.ts'
import type { TalkEvent, Under } from '../../src/session/command.ts'

const start = newModel('home', [
  { alias: 'ada', trust: 'unverified' },
  { alias: 'bob', trust: 'unverified' },
])
const under: Under = { buddy: 'ada', session: 1, fingerprint: 'f'.repeat(112), trust: 'unverified' }
const secured: TalkEvent = { kind: 'secured', path: 'lan', ms: 5, pq: true, ...under }

const play = (model: Model, ...events: readonly TalkEvent[]): Model =>
  events.reduce((before, event) => update(before, { kind: 'told', event }, 2_000), model)
const texts = (model: Model, buddy: string): string[] =>
  conversationWith(model, buddy).lines.flatMap((line) => ('text' in line ? [line.text] : []))

test('trust that was changed stands in the state, and messages under it are not late', () => {
  const verified = play(start, secured, { kind: 'trust', ...under, trust: 'verified' })
  expect(focused(verified)!.state).toMatchObject({ under: { trust: 'verified' } })
  expect(isLate(focused(verified)!, { ...under, trust: 'verified' })).toBe(false)
  const lowered = play(verified, { kind: 'trust', ...under, trust: 'unverified' })
  expect(isLate(focused(lowered)!, { ...under, trust: 'verified' })).toBe(true)
  expect(texts(lowered, 'ada').at(-1)).toBe('ada from here on: not verified')
})

test('trust in another key, or of another conversation, changes nothing that is shown as its state', () => {
  for (const other of [{ session: 2 }, { fingerprint: 'e'.repeat(112) }]) {
    const after = play(start, secured, { kind: 'trust', ...under, trust: 'verified', ...other })
    expect(focused(after)!.state).toMatchObject({ under: { trust: 'unverified' } })
  }
})

test('what was said elsewhere is a line of ours, with what becomes of it', () => {
  const said = play(
    start,
    { kind: 'said', buddy: 'ada', id: 'a1', text: 'hi\u001b[2J' },
    { kind: 'delivered', buddy: 'ada', id: 'a1', ms: 7 },
  )
  expect(focused(said)!.lines).toMatchObject([
    { kind: 'ours', text: 'hi\u241b[2J', sending: { kind: 'delivered', ms: 7 } },
  ])
  expect(focused(said)!.unread).toBe(0)
})

test('who is renamed keeps lines, state, place and whom one types to', () => {
  const after = play(start, secured, { kind: 'renamed', buddy: 'ada', to: 'lady' })
  expect(after.conversations.map(({ buddy }) => buddy)).toEqual(['lady', 'bob'])
  expect(after.focus).toBe('lady')
  expect(focused(after)!.state).toMatchObject({ kind: 'secured', under: { buddy: 'lady' } })
  expect(texts(after, 'lady')).toContain('ada is called lady from here on')
})

test('where he who was removed was shown nobody is: a half-written line is nobody’s', () => {
  const draft = edit(emptyDraft, { kind: 'insert', text: 'only for ada' })
  const others = new Map([
    ['bob', draft],
    ['ada', draft],
  ])
  const desk = { ...newDesk(start), draft, others }
  const tell = (event: TalkEvent) => informed(desk, { kind: 'told', event }, 2_000)
  const removed = tell({ kind: 'removed', buddy: 'ada', why: 'blocked' })
  expect(removed.model.focus).toBeUndefined()
  expect(shown(removed.model).lines).toMatchObject([{ text: 'ada was blocked' }])
  expect([...removed.others.keys()]).toEqual(['bob'])
  expect(play(start, { kind: 'removed', buddy: 'bob', why: 'removed' }).focus).toBe('ada')
  expect([...tell({ kind: 'renamed', buddy: 'bob', to: 'rob' }).others.keys()].sort()).toEqual(['ada', 'rob'])
})

test('who is added is there, and said where nobody else is shown; nobody is turned to', () => {
  const after = play(newModel('home', []), { kind: 'added', buddy: 'eve' })
  expect(after.conversations.map(({ buddy }) => buddy)).toEqual(['eve'])
  expect(after.focus).toBeUndefined()
  expect(shown(after).lines).toMatchObject([{ text: 'eve was added to your buddies' }])
})

test('a Ui of one buddy means him by the name he had, whatever he is called since', () => {
  const called = new Called('bob')
  const why = { kind: 'why', buddy: 'bob' } as const
  expect(called.meant(why)).toEqual(why)
  called.hear({ kind: 'renamed', buddy: 'eve', to: 'bob' })
  called.hear({ kind: 'renamed', buddy: 'bob', to: 'rob' })
  called.hear({ kind: 'renamed', buddy: 'rob', to: 'robert' })
  expect([called.name, called.meant(why)]).toEqual(['robert', { kind: 'why', buddy: 'robert' }])
  expect(called.meant({ kind: 'why', buddy: 'robert' })).toEqual({ kind: 'why', buddy: 'robert' })
})
