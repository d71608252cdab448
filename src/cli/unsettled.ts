/**
 * What was said and not confirmed when a conversation is left: a message is
 * delivered, or its writer is told that it is not, or that nobody knows.
 */
import type { Command, TalkEvent } from '../session/command.ts'
import { clip, type SafeText, safeName, safeText, words } from './safetext.ts'

export class Unsettled {
  readonly #said = new Map<string, { readonly buddy: string; readonly text: string; isSent: boolean }>()

  /** The profile that runs has gone, and nobody else says what became of it. */
  isAbandoned = false

  abandon(): void {
    this.isAbandoned = true
  }

  /** What goes to the profile that runs. */
  acted(command: Command): void {
    if (command.kind === 'say')
      this.#said.set(command.id, { buddy: command.buddy, text: command.text, isSent: false })
  }

  /** What came of it. Of the end itself nothing was shown. */
  hear(event: TalkEvent): void {
    if (event.kind === 'delivered' || (event.kind === 'undelivered' && event.why !== 'closed'))
      this.#said.delete(event.id)
    const said = event.kind === 'sent' ? this.#said.get(event.id) : undefined
    if (said) said.isSent = true
  }

  /** A line for each, at most ten. */
  get lines(): readonly SafeText[] {
    const all = [...this.#said.values()]
    const shown = all.slice(0, most).map(({ buddy, text, isSent }) => {
      const quoted = clip(safeText(text), columns)
      return isSent
        ? words`nobody knows whether ${safeName(buddy)} has it: “${quoted}”`
        : words`not delivered to ${safeName(buddy)}: “${quoted}”`
    })
    const rest = all.length - shown.length
    return rest > 0 ? [...shown, words`and ${rest} more`] : shown
  }
}

const most = 10
const columns = 60
