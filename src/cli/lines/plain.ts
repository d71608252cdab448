/**
 * The conversation line by line, for pipes, screen readers and who likes it
 * so: messages on stdout, everything else on stderr.
 */
import { randomBytes } from '../../crypto.ts'
import type { TalkEvent, Under } from '../../session/command.ts'
import { aboutBuddies, howToChoose } from '../about.ts'
import { type Conversation, isLate, noticeOf } from '../conversation.ts'
import { explainDate, timeOfDay } from '../date.ts'
import { type Dialogue, enter, explainDialogue, isHidden } from '../dialogue.ts'
import { explainEvent, explainUndelivered } from '../explain.ts'
import {
  explainKept,
  explainNothingKept,
  historyElsewhere,
  markOfEarlier,
  textOfEarlier,
} from '../explainhistory.ts'
import { explainQuote, fateBefore, markOfLate } from '../explainline.ts'
import { explainReport } from '../explainwhy.ts'
import { conversationWith, type Input, type Model, newModel, update } from '../model.ts'
import type { Notice } from '../notice.ts'
import { parse } from '../parse.ts'
import { ofStep, respond } from '../respond.ts'
import type { Response } from '../response.ts'
import {
  clip,
  columnsOf,
  indented,
  joined,
  noText,
  type SafeText,
  safeName,
  safeText,
  safeTitle,
  spaces,
  words,
} from '../safetext.ts'
import { type HangingRow, wrap, wrapHanging } from '../screen/layout.ts'
import { explainState } from '../state.ts'
import { lineId, type Ui, type UiEnd, type UiOptions } from '../ui.ts'
import { Progress } from './progress.ts'
import { Streams } from './streams.ts'

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
    const { profile, buddies, buddy } = options
    this.#model = newModel(profile, buddies, buddy, 'lines')
    // Of several nobody is spoken to until he was chosen.
    if (buddy === undefined && buddies.length !== 1) this.#model = { ...this.#model, focus: undefined }
    this.#streams = new Streams(options, { maxLine, say: (line) => this.#read(line) })
    this.#progress = new Progress((text) => this.#remark(text))
    this.done = this.#streams.done.finally(() => this.#progress[Symbol.dispose]())
    if (options.listensOnly || buddy !== undefined) return
    for (const line of aboutBuddies(this.#model)) this.#remark(line)
    if (buddies.length > 1) this.#remark(howToChoose(this.#model))
  }

  tell(event: TalkEvent): void {
    const before = this.#model
    this.#update({ kind: 'told', event })
    this.#progress.hear(event)
    switch (event.kind) {
      case 'message':
      case 'edited':
      case 'deleted':
        this.#show(event, conversationWith(before, event.buddy))
        break
      case 'read':
        if (this.#isTyping) this.#remark(words`read${this.#named(words`by`, event.buddy)}`)
        break
      case 'delivered':
        if (this.#said.delete(event.id) && this.#isTyping)
          this.#remark(words`delivered${this.#named(words`to`, event.buddy)}`)
        break
      case 'undelivered': {
        const text = this.#said.get(event.id)
        this.#said.delete(event.id)
        const quoted = text === undefined ? noText : words` (${clip(text, quoteColumns)})`
        const to = this.#named(words`to`, event.buddy)
        this.#remark(words`not delivered${to}: ${explainUndelivered(event.why)}${quoted}`)
        break
      }
      case 'earlier':
        this.#recall(event)
        break
      case 'why':
        for (const line of explainReport(event.report, event.buddy)) this.#remark(line)
        break
      case 'said':
        this.#remark(explainElsewhere(event))
        break
      case 'waiting': {
        const text = quoted(event)
        this.#said.set(event.id, text)
        this.#remark(
          words`waits${this.#named(words`for`, event.buddy)} since ${explainDate(event.at)}: ${text}`,
        )
        break
      }
      case 'written':
      case 'sent':
      case 'phase':
        break
      case 'listening':
      case 'network':
      case 'unkept':
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

  /** Beside what is said: whoever reads stdout takes nothing of it for a message. */
  #recall({ buddy, lines }: Extract<TalkEvent, { kind: 'earlier' }>): void {
    const [first] = lines
    this.#remark(first ? explainKept(first) : explainNothingKept(buddy))
    for (const line of lines) {
      const from = line.from === 'you' ? words`you` : safeName(buddy)
      this.#remark(words`${explainDate(line.at)} ${from}  ${textOfEarlier(line)} ${markOfEarlier(line)}`)
    }
  }

  /** What it made of the conversation: a line more, or nothing if it was of a line that is not here. */
  #show(event: TalkEvent & Under, before: Conversation): void {
    const conversation = conversationWith(this.#model, event.buddy)
    const line = conversation.lines.at(-1)
    if (line?.kind !== 'theirs' || conversation.count === before.count) return
    const name = safeName(event.buddy)
    const { at, fate, quote, text } = line
    if (fate.kind === 'deleted') {
      this.#remark(words`${name} deleted the line of ${timeOfDay(fate.saidAt)}`)
      return
    }
    if (quote) {
      const time = quote.at === undefined ? spaces(5) : timeOfDay(quote.at)
      this.#print(words`${time} >  `, explainQuote(event.buddy, quote))
    }
    const marked = isLate(before, event) ? words`${text} ${markOfLate(event.trust)}` : text
    this.#print(words`${timeOfDay(at)} ${name}${fateBefore(fate)}  `, marked)
    const { stdout, act, hints } = this.#options
    if (hints && stdout.isTTY) act({ kind: 'read', buddy: event.buddy, ids: [line.latest] })
  }

  /** Named where there are several. */
  #named(preposition: SafeText, buddy: string): SafeText {
    return this.#options.buddy === undefined ? words` ${preposition} ${safeName(buddy)}` : noText
  }

  /** A person waits for each receipt. */
  get #isTyping(): boolean {
    return this.#options.stdin.isTTY
  }

  /**
   * A log may well have lines that begin with a slash: with one buddy only what
   * a person types is a command. Among several `/to` must be one, wherever it comes from.
   */
  get #takesCommands(): boolean {
    return this.#isTyping || this.#options.buddy === undefined
  }

  #read(line: string): string | undefined {
    if (this.#dialogue) {
      const step = enter(this.#dialogue, line, conversationWith(this.#model, this.#dialogue.under.buddy))
      return this.#do(ofStep(step))
    }
    const isBlank = line.trim() === ''
    const typed = this.#takesCommands || isBlank ? parse(line) : ({ kind: 'say', text: line } as const)
    const { fingerprint, random = randomBytes } = this.#options
    const here = { model: this.#model, fingerprint, now: this.#now(), newId: () => lineId(random) }
    const response = respond(typed, { ...here, on: 'lines' })
    // What comes behind a name that nobody has is not for him who was written to before.
    const isAstray = typed.kind === 'command' && typed.name === 'to' && response.inputs.length === 0
    if (isAstray && typed.argument && this.#options.buddy === undefined)
      this.#model = { ...this.#model, focus: undefined }
    return this.#do(response)
  }

  /** @returns the id of what was said */
  #do({ notices, inputs, commands, dialogue, said, recalls, leaves }: Response): string | undefined {
    this.#dialogue = dialogue
    this.#streams.hide(isHidden(dialogue))
    for (const notice of notices) this.#notice(notice)
    for (const input of inputs) this.#change(input)
    if (dialogue) this.#remark(explainDialogue(dialogue))
    for (const command of commands) this.#options.act(command)
    if (recalls && !this.#options.recall) this.#remark(historyElsewhere)
    if (recalls) this.#options.recall?.(recalls.buddy, recalls.count, 'asked')
    if (leaves) this.#streams.end({ kind: 'left' })
    return said
  }

  #change(input: Input): void {
    if (input.kind === 'said') this.#say(input)
    if (input.kind === 'focused') this.#remark(this.#turned(input.buddy))
    this.#update(input)
  }

  #say(said: Input & { kind: 'said' }): void {
    const { id, buddy, about } = said
    this.#said.set(id, quoted(said))
    if (about?.as !== 'delete') return
    const { lines } = conversationWith(this.#model, buddy)
    const line = lines.findLast((each) => each.kind === 'ours' && each.id === about.id)
    const text = clip(safeTitle(line?.text ?? ''), quoteColumns)
    this.#remark(words`you deleted “${text}”; the program of ${safeName(buddy)} may have kept it`)
  }

  #turned(buddy: string): SafeText {
    const { state, unread } = conversationWith(this.#model, buddy)
    const news = unread > 0 ? words`; ${unread} came from there since you wrote last` : noText
    return words`you write to ${safeName(buddy)}: ${explainState(state)}${news}`
  }

  #update(input: Input): void {
    this.#model = withoutOld(update(this.#model, input, this.#now()))
  }

  #notice(notice: Notice | undefined): void {
    if (!notice) return
    this.#remark(notice.text)
    if (notice.hint && !(this.#options.listensOnly && isPrompt.test(notice.hint))) this.#remark(notice.hint)
  }

  #remark(text: SafeText): void {
    const { isTTY, columns } = this.#options.stderr
    const head = words`${timeOfDay(this.#now())} * `
    const room = Math.max(minColumns, columns - columnsOf(head) - 1)
    this.#streams.remark(indented(head, isTTY ? broken(wrapHanging(text, room)) : text))
  }

  /** A row of its own begins with the time: nothing that the buddy wrote does. */
  #print(head: SafeText, text: SafeText): void {
    const { isTTY, columns } = this.#options.stdout
    const room = Math.max(minColumns, columns - columnsOf(head) - 1)
    this.#streams.print(indented(head, isTTY ? broken(wrap(text, room)) : text))
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }
}

/** Lines are with the terminal: here they are for what is said about the latest of them. */
function withoutOld(model: Model): Model {
  return {
    ...model,
    conversations: model.conversations.map((each) =>
      each.lines.length > maxLines ? { ...each, lines: each.lines.slice(-keptLines) } : each,
    ),
  }
}

function explainElsewhere({ buddy, text, about }: TalkEvent & { kind: 'said' }): SafeText {
  const to = words`elsewhere, to ${safeName(buddy)}`
  if (about?.as === 'delete') return words`you deleted a line ${to}`
  return words`you ${about?.as === 'edit' ? words`edited a line` : words`said`} ${to}: ${safeText(text)}`
}

function quoted({ text, about }: Pick<Input & { kind: 'said' }, 'text' | 'about'>): SafeText {
  if (about?.as === 'delete') return words`that a line is deleted`
  const line = safeText(text, { length: 200, lines: 1 })
  return about?.as === 'edit' ? words`edited: ${line}` : line
}

const broken = (rows: readonly Partial<HangingRow>[]): SafeText =>
  joined(
    rows.map(({ text = noText, indent = 0 }) => words`${spaces(indent)}${text}`),
    words`\n`,
  )

const isPrompt = /^\// // what to type: nobody types here
const maxLine = 10_000 // UTF-16 units: at most 30,000 octets, within what one message takes
const quoteColumns = 40
const maxLines = 400
const keptLines = 200 // of each conversation, that can be answered, edited or deleted
const minColumns = 10
