import { expect, test } from 'vitest'
import { Catching } from '../../src/cli/catching.ts'
import type { UiOptions } from '../../src/cli/ui.ts'
import type { Command, TalkEvent } from '../../src/session/command.ts'

test('a stream is taken from who was named, and from nobody who has his name after him', async () => {
  const acted: Command[] = []
  const options = { act: (command: Command) => acted.push(command), stderr: { write() {} } }
  await using ui = new Catching(options as unknown as UiOptions, {
    ...{ name: undefined, from: ['bob'], into: '/pipe', json: true, patienceMs: undefined },
  })
  const offer = (buddy: string, transfer: string): TalkEvent => ({
    ...{ kind: 'offered', buddy, transfer, name: 'x', form: 'stream' },
    ...{ session: 1, fingerprint: 'f'.repeat(112), trust: 'verified' },
  })
  ui.tell(offer('eve', 'a'))
  ui.tell({ kind: 'removed', buddy: 'bob', why: 'removed' })
  ui.tell({ kind: 'renamed', buddy: 'eve', to: 'bob' })
  ui.tell(offer('bob', 'b'))
  expect(acted.map(({ kind }) => kind)).toEqual(['reject', 'reject'])
})
