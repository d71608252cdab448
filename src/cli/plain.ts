/**
 * The conversation line by line, for pipes, screen readers and who likes it
 * so: messages on stdout, everything else on stderr.
 */
import { randomBytes } from '../crypto.ts'
import type { TalkEvent } from '../session/command.ts'
import { aboutCarried, aboutConversation, aboutExcess, aboutFingerprints, aboutUnknown } from './about.ts'
import {
  beginAnswer,
  beginVerify,
  cancelVerification,
  type Dialogue,
  enter,
  explainDialogue,
  isHidden,
  type Step,
} from './dialogue.ts'
import { explainEvent, explainUndelivered, help, type Notice, timeOfDay } from './explain.ts'
import { explainReport } from './explainwhy.ts'
import { wrap } from './layout.ts'
import {
  conversationWith,
  focused,
  type Input,
  isLate,
  type Model,
  newModel,
  noticeOf,
  update,
} from './model.ts'
import { type CommandName, parse } from './parse.ts'
import { Progress } from './progress.ts'
import { clip, columnsOf, indented, type SafeText, safeName, safeText, words } from './safetext.ts'
import { Streams } from './streams.ts'
import { lineId, type Ui, type UiEnd, type UiOptions } from './ui.ts'
import { markOfLate } from './window.ts'

export function openPlain(options: UiOptions): Ui {
  return new Plain(options)
}

class Plain implements Ui {
  readonly done: Promise<UiEnd>
  readonly #options: UiOptions
  readonly #streams: Streams
  /** What was said and is not confirmed yet, by id: to name it if it does not arrive. */
  readonly #said = new Map<string, SafeText>()
  readonly #progress: Progress
  #model: Model
  /** What the next line is for, when it is not a line to say. */
  #dialogue: Dialogue | undefined

  constructor(options: UiOptions) {
    this.#options = options
    this.#model = newModel(options.profile, options.buddies, options.buddy)
    this.#streams = new Streams(options, { maxLine, say: (line) => this.#read(line) })
    this.#progress = new Progress((text) => this.#remark(text))
    this.done = this.#streams.done.finally(() => this.#progress[Symbol.dispose]())
  }

  tell(event: TalkEvent): void {
    const before = this.#model
    this.#update({ kind: 'told', event })
    this.#progress.hear(event)
    switch (event.kind) {
      case 'message': {
        const text = safeText(event.text)
        const isOfThis = !isLate(conversationWith(before, event.buddy), event)
        const marked = isOfThis ? text : words`${text} ${markOfLate(event.trust)}`
        this.#print(words`${timeOfDay(event.at)} ${safeName(event.buddy)}  `, marked)
        break
      }
      case 'delivered':
        if (this.#said.delete(event.id) && this.#isTyping) this.#remark(words`delivered`)
        break
      case 'undelivered': {
        const text = this.#said.get(event.id)
        this.#said.delete(event.id)
        const quoted = text === undefined ? words`` : words` (${clip(text, quoteColumns)})`
        this.#remark(words`not delivered: ${explainUndelivered(event.why)}${quoted}`)
        break
      }
      case 'why':
        for (const line of explainReport(event.report, event.buddy)) this.#remark(line)
        break
      case 'said':
        this.#remark(words`you said elsewhere, to ${safeName(event.buddy)}: ${safeText(event.text)}`)
        break
      case 'sent':
      case 'phase':
        break
      case 'listening':
      case 'network':
      case 'unresolved':
        this.#notice(explainEvent(event))
        break
      default:
        this.#notice(noticeOf(conversationWith(before, event.buddy), event))
    }
    this.#streams.hear(event)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#streams.end({ kind: 'left' })
    await this.done.catch(() => undefined) // whoever waits for `done` has heard
  }

  /** Only what a person types is looked at for commands: a log may well have lines that begin with a slash. */
  get #isTyping(): boolean {
    return this.#options.stdin.isTTY
  }

  #read(line: string): string | undefined {
    if (!this.#isTyping) return line.trim() === '' ? undefined : this.#say(line)
    if (this.#dialogue) {
      this.#take(enter(this.#dialogue, line, conversationWith(this.#model, this.#dialogue.under.buddy)))
      return undefined
    }
    const typed = parse(line)
    switch (typed.kind) {
      case 'nothing':
        return undefined
      case 'say':
        return this.#say(typed.text)
      case 'command':
        this.#run(typed.name, typed.argument)
        return undefined
      case 'carried':
        this.#notice(aboutCarried)
        return undefined
      case 'excess':
        this.#notice(aboutExcess(typed.name))
        return undefined
      case 'unknown':
        this.#notice(aboutUnknown(typed.name, typed.meant))
        return undefined
      default:
        return typed satisfies never
    }
  }

  #say(text: string): string | undefined {
    const { buddy, act, random = randomBytes } = this.#options
    if (buddy === undefined) return undefined
    const id = lineId(random)
    this.#said.set(id, safeText(text, { length: 200, lines: 1 }))
    act({ kind: 'say', buddy, id, text })
    return id
  }

  #take({ dialogue, command, notices }: Step): void {
    this.#dialogue = dialogue
    this.#streams.hide(isHidden(dialogue))
    for (const notice of notices) this.#notice(notice)
    if (dialogue) this.#remark(explainDialogue(dialogue))
    if (command) this.#options.act(command)
  }

  #run(command: CommandName, argument?: string): void {
    const conversation = focused(this.#model)
    if (!conversation || command === 'quit') {
      this.#streams.end({ kind: 'left' })
      return
    }
    const { buddy } = conversation
    switch (command) {
      case 'close':
      case 'open':
      case 'why':
        this.#options.act({ kind: command, buddy })
        return
      case 'clear':
        return // what the terminal keeps is the terminal's
      case 'help':
        for (const line of help) this.#remark(line)
        return
      case 'info':
        for (const line of aboutConversation(this.#model, conversation, this.#now())) this.#remark(line)
        return
      case 'verify':
        this.#take(beginVerify(conversation, argument))
        return
      case 'answer':
        this.#take(beginAnswer(conversation, argument))
        return
      case 'cancel':
        this.#take(cancelVerification(conversation))
        return
      case 'fingerprint':
        for (const line of aboutFingerprints(conversation, this.#options.fingerprint)) this.#remark(line)
        return
      default:
        command satisfies never
    }
  }

  #update(input: Input): void {
    this.#model = withoutLines(update(this.#model, input, this.#now()))
  }

  #notice(notice: Notice | undefined): void {
    if (!notice) return
    this.#remark(notice.text)
    if (notice.hint) this.#remark(notice.hint)
  }

  #remark(text: SafeText): void {
    const { isTTY, columns } = this.#options.stderr
    const head = words`${timeOfDay(this.#now())} * `
    this.#streams.remark(indented(head, isTTY ? broken(text, columns - columnsOf(head)) : text))
  }

  /** A row of its own begins with the time: nothing that the buddy wrote does. */
  #print(head: SafeText, text: SafeText): void {
    const { isTTY, columns } = this.#options.stdout
    this.#streams.print(indented(head, isTTY ? broken(text, columns - columnsOf(head)) : text))
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }
}

/** Here the model is for `/info` alone: lines are with the terminal. */
function withoutLines(model: Model): Model {
  return {
    ...model,
    conversations: model.conversations.map((each) => (each.lines.length > 0 ? { ...each, lines: [] } : each)),
  }
}

function broken(text: SafeText, columns: number): SafeText {
  const [first, ...others] = wrap(text, Math.max(minColumns, columns - 1))
  return others.reduce((whole, { text }) => words`${whole}\n${text}`, first!.text)
}

const maxLine = 10_000 // UTF-16 units: at most 30,000 octets, within what one message takes
const quoteColumns = 40
const minColumns = 10
