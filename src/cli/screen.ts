/**
 * The chat screen on a real terminal: keys and events change the model, the
 * model is drawn. ink is loaded only here.
 */
import { randomBytes } from '../crypto.ts'
import { UserError } from '../error.ts'
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
import { type Draft, discarded, edit, emptyDraft, masked, sent } from './draft.ts'
import { help, keys as keyHelp, type Notice, tabHelp } from './explain.ts'
import type { Key } from './keys.ts'
import { conversationWith, focused, type Input, type Model, newModel, update } from './model.ts'
import { type CommandName, parse } from './parse.ts'
import type { SafeText } from './safetext.ts'
import {
  isColourless,
  legible,
  onLeavingSignal,
  onSuddenEnd,
  stopJob,
  whyNoScreen,
  wrapOff,
  wrapOn,
} from './terminal.ts'
import { lineId, type Ui, type UiEnd, type UiOptions } from './ui.ts'
import type { Mounted, OnKeys } from './view.tsx'
import { type Geometry, type Scroll, scrollBy } from './window.ts'

/** @throws UserError if there is no terminal to draw on: `whyNoScreen` tells before */
export async function openScreen(options: UiOptions): Promise<Ui> {
  const why = whyNoScreen(options)
  if (why)
    throw new UserError(`the screen cannot be opened: ${why}`, { hint: 'use --plain or --json', exit: 2 })
  if (isColourless(options.env)) process.env['FORCE_COLOR'] = '0' // ink's chalk reads it once, and knows no NO_COLOR
  providePromiseWithResolvers()
  options.stdin.setRawMode(true) // from here on what is typed ahead comes as it was typed: Enter as Enter
  return new Screen(options, await import('./view.tsx'))
}

class Screen implements Ui {
  readonly done: Promise<UiEnd>
  readonly #options: UiOptions
  readonly #stdout: NodeJS.WriteStream
  readonly #drawing: Drawing
  readonly #mounted: Mounted
  readonly #cleanup: readonly Disposable[]
  #model: Model
  #draft: Draft = emptyDraft
  /** What the prompt asks for, when it is not for a line to say. */
  #dialogue: Dialogue | undefined
  #scroll: Scroll
  #settle!: { readonly end: (end: UiEnd) => void; readonly fail: (error: unknown) => void }
  #drawTimer: NodeJS.Timeout | undefined
  #resizeTimer: NodeJS.Timeout | undefined
  #clockTimer: NodeJS.Timeout | undefined
  #isOpen = true

  constructor(options: UiOptions, drawing: Drawing) {
    this.#options = options
    this.#drawing = drawing
    this.#model = newModel(options.profile, options.buddies, options.buddy)
    this.#stdout = legible(options.stdout, options.env)
    this.done = new Promise((end, fail) => {
      this.#settle = { end, fail }
    })
    options.stdout.on('resize', this.#resize) // before ink listens: it draws what it has at once
    options.stdout.on('error', this.#hangUp)
    options.stdin.on('error', this.#hangUp)
    options.stdin.on('end', this.#hangUp)
    this.#cleanup = [
      onLeavingSignal((signal) => this.#end({ kind: 'signal', signal })),
      onSuddenEnd(() => this.#restore()),
    ]
    const { stdin, stderr } = options
    this.#mounted = drawing.mount(this.#view(), { stdin, stderr, stdout: this.#stdout, onKeys: this.#onKeys })
    this.#mounted.exited.catch((error: unknown) => this.#fail(error))
    this.#stdout.write(wrapOff)
    this.#wind()
  }

  tell(event: TalkEvent): void {
    this.#update({ kind: 'told', event })
    if (this.#isOpen) this.#drawTimer ??= setTimeout(this.#draw, batchTime)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end({ kind: 'left' })
    await this.#mounted.exited.catch(() => undefined) // `done` has said it
    await this.done.catch(() => undefined)
  }

  readonly #onKeys: OnKeys = (keys, suspend) => {
    for (const key of keys) {
      if (!this.#isOpen) return
      if (key.kind === 'suspend') this.#suspend(suspend)
      else this.#press(key)
    }
    this.#draw()
  }

  #press(key: Key): void {
    switch (key.kind) {
      case 'submit':
        this.#submit()
        return
      case 'leave':
        this.#end({ kind: 'left' })
        return
      case 'end of input':
        if (this.#draft.text === '') {
          this.#end({ kind: 'left' })
          return
        }
        this.#draft = edit(this.#draft, { kind: 'erase', to: 'right' })
        return
      case 'redraw':
        this.#repaint()
        return
      case 'scroll':
        this.#scrollBy(key.by, key.unit)
        return
      case 'suspend':
        return // not a matter of the model: see #onKeys
      case 'cancel':
        this.#leaveDialogue()
        return
      case 'next buddy':
        this.#turn(1)
        return
      case 'previous buddy':
        this.#turn(-1)
        return
      case 'vertical':
        // What was said before is no answer, and an answer is not kept.
        if (!this.#dialogue) this.#draft = edit(this.#draft, key)
        return
      default:
        this.#draft = edit(this.#draft, key)
    }
  }

  #submit(): void {
    if (this.#dialogue) {
      this.#enter(this.#dialogue)
      return
    }
    const typed = parse(this.#draft.text)
    const buddy = this.#model.focus
    const isSecret = typed.kind === 'command' && typed.name === 'answer'
    if (typed.kind !== 'nothing') this.#draft = isSecret ? discarded(this.#draft) : sent(this.#draft)
    if (typed.kind === 'say' && buddy !== undefined) {
      const id = lineId(this.#options.random ?? randomBytes)
      this.#update({ kind: 'said', buddy, id, text: typed.text })
      this.#scroll = undefined
      this.#options.act({ kind: 'say', buddy, id, text: typed.text })
    }
    if (typed.kind === 'command') this.#run(typed.name, typed.argument)
    if (typed.kind === 'carried') this.#notice(aboutCarried)
    if (typed.kind === 'excess') this.#notice(aboutExcess(typed.name))
    if (typed.kind === 'unknown') this.#notice(aboutUnknown(typed.name, typed.meant))
  }

  /** A line typed in a dialogue: whatever becomes of it, it is not said. */
  #enter(dialogue: Dialogue): void {
    const typed = this.#draft.text
    this.#draft = discarded(this.#draft)
    this.#take(enter(dialogue, typed, conversationWith(this.#model, dialogue.under.buddy)))
  }

  #take({ dialogue, command, notices }: Step): void {
    this.#dialogue = dialogue
    for (const notice of notices) this.#notice(notice)
    if (command) this.#options.act(command)
  }

  #leaveDialogue(): void {
    if (!this.#dialogue) return
    this.#dialogue = undefined
    this.#draft = discarded(this.#draft)
  }

  #run(command: CommandName, argument?: string): void {
    const { act } = this.#options
    const conversation = focused(this.#model)
    if (command === 'quit') {
      this.#end({ kind: 'left' })
      return
    }
    if (!conversation) return
    const { buddy } = conversation
    this.#scroll = undefined
    switch (command) {
      case 'help':
        this.#note([...help, ...keyHelp, ...(this.#model.conversations.length > 1 ? [tabHelp] : [])])
        return
      case 'info':
        this.#note(aboutConversation(this.#model, conversation, this.#now()))
        return
      case 'why':
        act({ kind: 'why', buddy })
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
        this.#note(aboutFingerprints(conversation, this.#options.fingerprint))
        return
      case 'clear':
        this.#update({ kind: 'cleared', buddy })
        return
      case 'close':
        act({ kind: 'close', buddy })
        this.#update({ kind: 'closed', buddy })
        return
      case 'open':
        act({ kind: 'open', buddy })
        return
      default:
        command satisfies never
    }
  }

  #note(lines: readonly SafeText[]): void {
    for (const text of lines) this.#notice({ tone: 'plain', text })
  }

  #notice(notice: Notice): void {
    const buddy = this.#model.focus
    if (buddy !== undefined) this.#update({ kind: 'noticed', buddy, notice })
  }

  /** Not while something is asked for: what is typed next would be said to somebody else. */
  #turn(by: 1 | -1): void {
    if (this.#dialogue) return
    const { conversations, focus } = this.#model
    const at = conversations.findIndex(({ buddy }) => buddy === focus)
    const next = conversations.at((at + by) % conversations.length)
    if (!next || next.buddy === focus) return
    this.#scroll = undefined
    this.#update({ kind: 'focused', buddy: next.buddy })
  }

  #scrollBy(by: number, unit: 'row' | 'page'): void {
    const layout = this.#drawing.layoutOf(this.#view())
    const conversation = focused(this.#model)
    if (!layout || !conversation) return
    const rows = unit === 'row' ? by : by * Math.max(1, layout.window.rows - 1)
    this.#scroll = scrollBy(conversation, layout.window, this.#scroll, rows)
  }

  #update(input: Input): void {
    this.#model = update(this.#model, input, this.#now())
  }

  #view(): Parameters<Mounted['draw']>[0] {
    const { columns, rows } = this.#options.stdout
    const size: Geometry = { columns: columns || 80, rows: rows || 24 }
    const dialogue = this.#dialogue
    const draft = isHidden(dialogue) ? masked(this.#draft) : this.#draft
    const asking = dialogue && explainDialogue(dialogue)
    return { model: this.#model, draft, asking, scroll: this.#scroll, size, now: this.#now() }
  }

  readonly #draw = (): void => {
    clearTimeout(this.#drawTimer)
    this.#drawTimer = undefined
    if (this.#isOpen) this.#mounted.draw(this.#view())
  }

  /** Durations in the status line go on. */
  #wind(): void {
    const { state } = focused(this.#model) ?? { state: { kind: 'idle' } }
    const wait = state.kind === 'secured' ? 10_000 : 1000
    this.#clockTimer = setTimeout(() => {
      this.#draw()
      this.#wind()
    }, wait)
  }

  readonly #resize = (): void => {
    this.#draw()
    this.#resizeTimer ??= setTimeout(this.#repaint, settleTime)
    this.#resizeTimer.refresh()
  }

  readonly #repaint = (): void => {
    this.#resizeTimer = undefined
    if (this.#isOpen) this.#mounted.repaint(this.#view())
  }

  #suspend(suspend: Parameters<OnKeys>[1]): void {
    const away = suspend(async () => {
      this.#stdout.write(wrapOn)
      await stopJob()
      this.#stdout.write(wrapOff)
    })
    away.then(this.#draw, (error: unknown) => this.#fail(error))
  }

  /** The terminal is gone: so is the user. */
  readonly #hangUp = (): void => this.#end({ kind: 'signal', signal: 'SIGHUP' })

  #end(end: UiEnd): void {
    this.#restore()
    this.#settle.end(end)
  }

  #fail(error: unknown): void {
    this.#restore()
    this.#settle.fail(error)
  }

  #restore(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    clearTimeout(this.#drawTimer)
    clearTimeout(this.#resizeTimer)
    clearTimeout(this.#clockTimer)
    for (const each of this.#cleanup) each[Symbol.dispose]()
    this.#options.stdout.off('resize', this.#resize)
    this.#options.stdin.off('end', this.#hangUp)
    this.#stdout.write(wrapOn)
    this.#mounted.unmount()
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }
}

type Drawing = typeof import('./view.tsx')

/** ink needs it and node 20 has none (ES2024 27.2.4.8). */
function providePromiseWithResolvers(): void {
  if ('withResolvers' in Promise) return
  Object.defineProperty(Promise, 'withResolvers', {
    configurable: true,
    writable: true,
    value: function withResolvers<T>(this: PromiseConstructor) {
      let resolve: unknown
      let reject: unknown
      const promise = new this<T>((yes, no) => {
        resolve = yes
        reject = no
      })
      return { promise, resolve, reject }
    },
  })
}

const settleTime = 100 // ms: a terminal may learn of its new size after we did, and cut what we drew
const batchTime = 50 // ms: 20 frames a second, however many lines come
