/**
 * The conversation as JSON, one object a line, for scripts: events on stdout,
 * and on stdin what to say or to verify (docs/Tutorial.md, "JSON lines").
 */
import { randomBytes } from '../../crypto.ts'
import type { TalkEvent } from '../../session/command.ts'
import { followNames } from '../called.ts'
import { visibleJson } from '../safetext.ts'
import { lineId, newTransfer, type Ui, type UiEnd, type UiOptions } from '../ui.ts'
import { fieldsOf } from './event.ts'
import { request, requestHint } from './request.ts'
import { Streams } from './streams.ts'

export function openJson(options: UiOptions): Ui {
  return new Json(options)
}

class Json implements Ui {
  readonly done: Promise<UiEnd>
  readonly #options: UiOptions
  readonly #streams: Streams
  /** Buddies with whom a conversation is secured. */
  readonly #secured = new Set<string>()
  /** Whom a line may be to. */
  readonly #aliases: Set<string>

  constructor(options: UiOptions) {
    this.#options = options
    this.#aliases = new Set(
      options.buddy === undefined ? options.buddies.map(({ alias }) => alias) : [options.buddy],
    )
    this.#streams = new Streams(options, { maxLine, say: (line) => this.#read(line) })
    this.done = this.#streams.done
  }

  tell(event: TalkEvent): void {
    if (event.kind === 'secured') this.#secured.add(event.buddy)
    if (event.kind === 'lost') this.#secured.delete(event.buddy)
    if (event.kind === 'added') this.#aliases.add(event.buddy)
    for (const names of [this.#secured, this.#aliases]) followNames(names, event)
    this.#streams.print(visibleJson(fieldsOf(event)))
    this.#streams.hear(event)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#streams.end({ kind: 'left' })
    await this.done.catch(() => undefined) // whoever waits for `done` has heard
  }

  #read(line: string): string | undefined {
    if (line.trim() === '') return undefined
    const wanted = request(line)
    if (typeof wanted === 'string') return this.#refuse(wanted, requestHint)
    const { to, ...asked } = wanted
    if (asked.kind === 'history' && !this.#options.recall)
      return this.#refuse('the history is with the process that has the profile', 'otrtalk history reads it')
    const buddy = this.#whom(to)
    if (buddy === undefined) return this.#refuse(...this.#nobody(to))
    if (asked.kind === 'history') {
      this.#options.recall?.(buddy, asked.count, 'asked')
      return undefined
    }
    const isOfNow = asked.kind === 'verify' || asked.kind === 'answer' || asked.kind === 'cancel'
    if (isOfNow && !this.#secured.has(buddy))
      return this.#refuse('a verification needs a secured conversation', waitHint)
    const { act, random = randomBytes } = this.#options
    const newId = (): string => lineId(random)
    if (asked.kind === 'send') {
      const { transfer = newTransfer(newId) } = asked
      act({ ...asked, buddy, transfer })
      return undefined
    }
    if (asked.kind !== 'say') {
      act({ ...asked, buddy })
      return undefined
    }
    const { id = newId(), ...said } = asked
    act({ ...said, buddy, id })
    return id
  }

  /** The buddy that is meant: in a conversation with one alone he need not be named. */
  #whom(to: string | undefined): string | undefined {
    if (to === undefined) return this.#options.buddy
    return this.#aliases.has(to) ? to : undefined
  }

  #nobody(to: string | undefined): [message: string, hint: string] {
    const aliases = [...this.#aliases]
    const hint = aliases.length > 0 ? `there are: ${aliases.slice(0, maxNamed).join(', ')}` : requestHint
    return [
      to === undefined ? 'a line of stdin names nobody: "to" is missing' : '"to" is no buddy here',
      hint,
    ]
  }

  #refuse(message: string, hint: string): undefined {
    this.#streams.print(visibleJson({ event: 'error', message, hint }))
  }
}

const waitHint = 'wait for the event secured'
const maxNamed = 20
const maxLine = 2 ** 18 // UTF-16 units: the longest message with every character escaped
