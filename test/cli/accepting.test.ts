import { expect, test } from 'vitest'
import { type Acceptance, Accepting } from '../../src/cli/accepting.ts'
import type { Ui } from '../../src/cli/ui.ts'
import type { Command, TalkEvent } from '../../src/session/command.ts'

const silent: Ui = { done: new Promise(() => {}), tell() {}, [Symbol.asyncDispose]: async () => {} }

function listening(acceptance: Partial<Acceptance>) {
  const acted: Command[] = []
  const ui = new Accepting(silent, { act: (command) => acted.push(command) }, { ...all, ...acceptance })
  const offer = (buddy: string, transfer: string, octets = 1, folders = 0): TalkEvent => ({
    ...{ kind: 'offered', buddy, transfer, name: 'x', form: 'files', files: 1, folders, octets },
    ...{ session: 1, fingerprint: 'f'.repeat(112), trust: 'verified' },
  })
  return { ui, acted, offer }
}

const all: Acceptance = { from: ['bob'], into: '/in', max: Infinity }

test('files are taken from who was named, by whatever name he has, and from nobody who has it after him', () => {
  const { ui, acted, offer } = listening({})
  ui.tell(offer('bob', 'a'))
  ui.tell(offer('eve', 'b'))
  ui.tell({ kind: 'renamed', buddy: 'bob', to: 'rob' })
  ui.tell(offer('rob', 'c'))
  ui.tell(offer('bob', 'd'))
  ui.tell({ kind: 'removed', buddy: 'rob', why: 'removed' })
  ui.tell({ kind: 'renamed', buddy: 'eve', to: 'rob' })
  ui.tell(offer('rob', 'e'))
  expect(acted.map(({ kind }) => kind)).toEqual(['accept', 'reject', 'accept', 'reject', 'reject'])
})

test('what cannot be put where it should is refused, and its room is another’s', () => {
  const { ui, acted, offer } = listening({ max: 10 + 4_096 })
  ui.tell(offer('bob', 'a', 10))
  const about = { kind: 'transfer', buddy: 'bob', transfer: 'a', name: 'x', direction: 'in' } as const
  ui.tell({ ...about, state: 'offered', message: 'the disk is full' })
  ui.tell({ ...about, state: 'rejected', by: 'us', why: 'disk' })
  ui.tell(offer('bob', 'b', 10))
  ui.tell(offer('bob', 'c', 1))
  expect(acted).toMatchObject([
    { kind: 'accept', transfer: 'a' },
    { kind: 'reject', transfer: 'a', why: 'disk' },
    { kind: 'accept', transfer: 'b' },
    { kind: 'reject', transfer: 'c', why: 'large' },
  ])
})

test('what is empty takes room as well: 4,096 octets for each file and folder', () => {
  const { ui, acted, offer } = listening({ max: 4 * 4_096 })
  ui.tell(offer('bob', 'a', 0, 1_000_000))
  ui.tell(offer('bob', 'b', 1, 3))
  ui.tell(offer('bob', 'c', 0, 3))
  ui.tell({
    ...{ kind: 'transfer', buddy: 'bob', transfer: 'c', name: 'x', direction: 'in', state: 'done' },
  })
  ui.tell(offer('bob', 'd', 0, 2))
  ui.tell(offer('bob', 'e', 0, 1))
  expect(acted.map(({ kind }) => kind)).toEqual(['reject', 'reject', 'accept', 'accept', 'reject'])
})

test('what is offered again before the answer was heard counts once', () => {
  const { ui, acted, offer } = listening({ max: 10 + 4_096 })
  for (let i = 0; i < 2; i++) ui.tell(offer('bob', 'a', 10))
  expect(acted.map(({ kind }) => kind)).toEqual(['accept', 'accept'])
})
