/**
 * What was said and not confirmed when a conversation is left: a message is
 * delivered, or its writer is told that it is not, or that it goes out later.
 * So is a file that goes on by itself.
 */
import type { Command, TalkEvent, TransferTold } from '../session/command.ts'
import { clip, type SafeText, safeName, safeText, safeTitle, words } from './safetext.ts'

export class Unsettled {
  readonly #said = new Map<string, { readonly buddy: string; readonly text: string; state: State }>()
  readonly #files = new Map<string, TransferTold>() // that wait, and are remembered

  /** The profile that runs has gone, and nobody else says what became of it. */
  isAbandoned = false

  abandon(): void {
    this.isAbandoned = true
  }

  /** What goes to the profile that runs. */
  acted(command: Command): void {
    if (command.kind === 'say')
      this.#said.set(command.id, { buddy: command.buddy, text: textOf(command), state: 'said' })
  }

  /** What came of it. Of the end itself nothing was shown. */
  hear(event: TalkEvent): void {
    if (event.kind === 'transfer') {
      this.#files.delete(event.transfer)
      if (event.state === 'waiting' && event.since !== undefined) this.#files.set(event.transfer, event)
    }
    if (event.kind === 'delivered' || (event.kind === 'undelivered' && event.why !== 'closed'))
      this.#said.delete(event.id)
    if (event.kind !== 'written' && event.kind !== 'sent') return
    const said = this.#said.get(event.id)
    if (said) said.state = event.kind
  }

  /** A line for each, at most ten. */
  get lines(): readonly SafeText[] {
    const said = [...this.#said.values()].map(
      ({ buddy, text, state }) => words`${explained(state, buddy)}: “${clip(safeText(text), columns)}”`,
    )
    const all = [...said, ...[...this.#files.values()].map(explainedFile)]
    const shown = all.slice(0, most)
    const rest = all.length - shown.length
    return rest > 0 ? [...shown, words`and ${rest} more`] : shown
  }
}

type State = 'said' | 'written' | 'sent'

function explained(state: State, buddy: string): SafeText {
  const name = safeName(buddy)
  switch (state) {
    case 'said':
      return words`not delivered to ${name}`
    case 'written':
      return words`waits for ${name}, and goes out when both of you are there`
    case 'sent':
      return words`not confirmed by ${name} yet, and sent again when both of you are there`
    default:
      return state satisfies never
  }
}

function explainedFile({ buddy, name, direction }: TransferTold): SafeText {
  const whose = direction === 'out' ? words`to ${safeName(buddy)}` : words`from ${safeName(buddy)}`
  return words`not all there yet, and goes on when both of you are there: ${safeTitle(name, columns)} ${whose}`
}

/** What of it names it to who said it. */
const textOf = ({ text, about }: Command & { kind: 'say' }): string =>
  about?.as === 'delete' ? 'a line is deleted' : about?.as === 'edit' ? `edited: ${text}` : text

const most = 10
const columns = 60
