/** The demo's buddy: a Ui that answers what it is told. */
import { randomBytes } from '../../crypto.ts'
import type { TalkEvent } from '../../session/command.ts'
import { lineId, type Ui, type UiEnd, type UiOptions } from '../ui.ts'
import { endWithParent } from './parts.ts'

export class DemoBot implements Ui {
  readonly done: Promise<UiEnd>
  readonly #act: UiOptions['act']
  readonly #questions = endless(questions)
  readonly #remarks = endless(remarks)

  constructor({ act, stdin }: UiOptions) {
    this.#act = act
    this.done = new Promise((resolve) => endWithParent(stdin, () => resolve({ kind: 'left' })))
  }

  tell(event: TalkEvent): void {
    if (event.kind === 'secured') this.#say(event.buddy, greeting)
    if (event.kind === 'message') this.#say(event.buddy, this.#answer(event.text))
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #answer(text: string): string {
    if (/(?:bye|good ?night|ciao)\b/i.test(text)) return 'Goodbye! Leave with Ctrl-D or /quit.'
    if (text.trim().endsWith('?')) return this.#questions()
    return `You wrote “${text}”. ${this.#remarks()}`
  }

  #say(buddy: string, text: string): void {
    this.#act({ kind: 'say', buddy, id: lineId(randomBytes), text })
  }
}

/** One after another, and again from the first. */
function endless(texts: readonly string[]): () => string {
  let next = 0
  return () => texts[next++ % texts.length] ?? ''
}

const greeting = 'Hello! I am Ada, a program on your own machine. Say something, or ask me something?'

const remarks = [
  'It came to me through a sealed link on your loopback interface.',
  'Each change of turn between us steps the ratchet: the keys of the last one are gone.',
  'Only somebody with my private key could have read it.',
]

const questions = [
  'We found each other through a private DHT of eight nodes, all on this machine.',
  'You see “not verified”, because nobody has compared our fingerprints yet: /fingerprint shows them.',
  'Next, make a profile of your own: otrtalk profile create. The Tutorial tells the rest.',
]
