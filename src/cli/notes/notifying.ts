/**
 * Stands before another Ui, and calls the user when a message comes: by bell,
 * notification, title or a command of his own. Nothing of what a buddy writes
 * is told unless he asks for it (docs/Security.md, "What a notification tells").
 */
import { Exec, findCommand, type Outcome } from '../../edge/exec.ts'
import type { TalkEvent } from '../../session/command.ts'
import type { Options } from '../context.ts'
import { explainOutcome, noCommand } from '../explainexec.ts'
import { type SafeText, safeName, safeTitle, words } from '../safetext.ts'
import { legible, onSuddenEnd } from '../terminal.ts'
import type { Ui, UiEnd, UiOptions } from '../ui.ts'
import { Attention } from './attention.ts'
import {
  focusIn,
  focusOff,
  focusOn,
  hasTitle,
  keepTitle,
  type NoteKind,
  noteKindOf,
  noteSequence,
  restoreTitle,
  titleSequence,
} from './terminalnote.ts'

export type NotifyingOptions = Pick<Options, 'bell' | 'notify' | 'title' | 'notifyCommand' | 'notifyText'> & {
  /** What is before the user: JSON is no terminal's, whatever it is printed on. */
  readonly form: 'screen' | 'plain' | 'json'
}

/** @throws UserError if the user's command is not there */
export async function openNotifying(
  options: UiOptions,
  by: NotifyingOptions,
  open: (options: UiOptions) => Promise<Ui>,
): Promise<Ui> {
  const notifying = new Notifying(options, by)
  try {
    await notifying.open(open)
  } catch (error) {
    await notifying[Symbol.asyncDispose]()
    throw error
  }
  return notifying
}

class Notifying implements Ui {
  readonly #options: UiOptions
  readonly #by: NotifyingOptions
  readonly #attention: Attention
  readonly #terminal: NodeJS.WriteStream | undefined
  readonly #exec: Exec | undefined
  readonly #hasTitle: boolean
  readonly #suddenEnd: Disposable | undefined
  #kind: NoteKind = { form: 'bell', isWrapped: false }
  #ui: Ui | undefined
  /** On plain lines; the screen gives it back itself. */
  #isTitleOurs = false
  #failures = 0
  #lastFailure: SafeText | undefined

  constructor(options: UiOptions, by: NotifyingOptions) {
    this.#options = options
    this.#by = by
    const { stdout, stderr, env, buddy } = options
    const isScreen = by.form === 'screen'
    const stream = [stdout, stderr].find(({ isTTY }) => isTTY)
    this.#terminal = by.form === 'json' || !stream ? undefined : legible(stream, env)
    this.#hasTitle = by.title && this.#terminal !== undefined && hasTitle(env)
    this.#attention = new Attention({ front: buddy ?? options.buddies[0]?.alias, isWatched: isScreen })
    this.#attention.typed(this.#now()) // the command line
    this.#exec = this.#execFor(by.notifyCommand)
    if (by.notify && this.#terminal) void this.#learnKind()
    if (this.#hasTitle && !isScreen) {
      this.#terminal?.write(this.#enter())
      this.#suddenEnd = onSuddenEnd(() => this.#leaveTitle())
      this.#isTitleOurs = true
    }
  }

  get done(): Promise<UiEnd> {
    return this.#ui?.done ?? Promise.reject(new Error('it is not open'))
  }

  async open(open: (options: UiOptions) => Promise<Ui>): Promise<void> {
    this.#ui = await open(this.#by.form === 'screen' ? this.#watched() : this.#heard())
  }

  tell(event: TalkEvent): void {
    this.#ui?.tell(event)
    if (event.kind === 'removed' || event.kind === 'renamed') this.#attention.forget(event.buddy)
    if (event.kind !== 'message') return
    if (this.#attention.message(event.buddy, this.#now())) this.#call(event)
    this.#showTitle()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#exec?.[Symbol.asyncDispose]()
    await this.#ui?.[Symbol.asyncDispose]()
    this.#leaveTitle()
    this.#suddenEnd?.[Symbol.dispose]()
    const { stderr, env } = this.#options
    if (this.#lastFailure)
      legible(stderr, env).write(`${times(this.#failures)}; the last: ${this.#lastFailure}\n`)
  }

  #call({ buddy, id, text }: TalkEvent & { kind: 'message' }): void {
    const { bell, notify, notifyText } = this.#by
    const who = words`new message from ${safeName(buddy)}`
    const told = notifyText ? words`${who}: ${safeTitle(text)}` : who
    this.#exec?.run({ buddy, id, text: `${told}\n` })
    const rings = bell || (notify && this.#kind.form === 'bell')
    if (rings) this.#terminal?.write(noteSequence({ form: 'bell', isWrapped: false }, told))
    if (notify && this.#kind.form !== 'bell') this.#terminal?.write(noteSequence(this.#kind, told))
  }

  #showTitle(): void {
    if (this.#hasTitle) this.#terminal?.write(titleSequence(this.#attention.unread))
  }

  /** Once: what is below is another program's. */
  #leaveTitle(): void {
    if (this.#isTitleOurs) this.#terminal?.write(restoreTitle)
    this.#isTitleOurs = false
  }

  /** What is switched on; the title is shown anew whenever the terminal is ours again. */
  #enter(): string {
    return this.#hasTitle ? keepTitle + titleSequence(this.#attention.unread) : ''
  }

  /** The screen's own options, with an ear for what the user looks at. */
  #watched(): UiOptions {
    const options = this.#options
    return {
      ...options,
      stdin: overheard(options.stdin, (input) => {
        const hasFocus = focusIn(input)
        if (hasFocus === undefined) this.#attention.typed(this.#now())
        else this.#attention.focus(hasFocus)
        this.#showTitle()
      }),
      onFront: (buddy) => {
        this.#attention.turned(buddy, this.#now())
        this.#showTitle()
      },
      modes: {
        enter: () => focusOn + this.#enter(),
        leave: focusOff + (this.#hasTitle ? restoreTitle : ''),
      },
    }
  }

  /** On plain lines who says something has read what came before. */
  #heard(): UiOptions {
    const { act } = this.#options
    return {
      ...this.#options,
      act: (command) => {
        act(command)
        this.#attention.typed(this.#now())
        this.#showTitle()
      },
    }
  }

  #execFor(argv: readonly string[] | undefined): Exec | undefined {
    const [name, ...rest] = argv ?? []
    if (name === undefined) return undefined
    const { env } = this.#options
    const found = findCommand([name, ...rest], env)
    if (found.kind !== 'found') throw noCommand(found, '--notify-command')
    const { command } = found
    const onEnd = ({ buddy }: { buddy: string }, outcome: Outcome): void => {
      const failure = explainOutcome(outcome, buddy, patience)
      if (failure) this.#failures++
      if (failure) this.#lastFailure = failure
    }
    return new Exec({ command, env, timeoutMs: patience, onEnd })
  }

  async #learnKind(): Promise<void> {
    this.#kind = await noteKindOf(this.#options.env)
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }
}

const times = (failures: number): SafeText =>
  failures === 1 ? words`the notify command failed once` : words`the notify command failed ${failures} times`

/** The same stream; `hear` is told what is read of it. */
function overheard(stream: NodeJS.ReadStream, hear: (input: string) => void): NodeJS.ReadStream {
  return new Proxy(stream, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (key !== 'read') return typeof value === 'function' ? value.bind(target) : value
      return (size?: number): unknown => {
        const chunk: unknown = target.read(size)
        if (chunk !== null) hear(String(chunk))
        return chunk
      }
    },
  })
}

const patience = 10_000 // ms: a notification that late is none
