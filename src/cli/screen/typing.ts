/** What a key says of whether the user is typing to the buddy who is shown. Pure. */
import type { Command, TypingState } from '../../session/command.ts'
import type { Desk } from './desk.ts'
import type { Key } from './keys.ts'

/** What the key made of the desk, with what is to be told of it. @param now - ms */
export function typedAt(
  before: Desk,
  after: Desk,
  { key, now }: { readonly key: Key; readonly now: number },
): Typed {
  const buddy = after.model.focus
  const isSilent = buddy === undefined || buddy !== before.model.focus || before.dialogue || before.search
  if (isSilent || before.draft.text === after.draft.text) return { desk: after, commands: [] }
  const tell = (state: TypingState, toldAt: number): Typed => ({
    desk: { ...after, toldAt },
    commands: [{ kind: 'typing', buddy, state }],
  })
  if (isToBeSaid(after.draft.text)) {
    const isDue = key.kind !== 'vertical' && now - after.toldAt >= gap
    return isDue ? tell('begun', now) : { desk: after, commands: [] }
  }
  const wasTold = after.toldAt > -Infinity
  if (wasTold && key.kind !== 'submit') return tell('ended', -Infinity)
  return { desk: { ...after, toldAt: -Infinity }, commands: [] } // what was sent says it
}

interface Typed {
  readonly desk: Desk
  readonly commands: readonly Command[]
}

/** Most commands are nobody's business. */
const isToBeSaid = (text: string): boolean =>
  text.trim() !== '' && (!text.startsWith('/') || /^\/(?:\/|reply\s|edit\s)/u.test(text))

const gap = 2_000 // ms: the session tells it less often still
