/**
 * The chat screen on a real terminal: keys and events change the model, the
 * model is drawn. ink is loaded only here.
 */
import { randomBytes } from '../../crypto.ts'
import type { TalkEvent } from '../../session/command.ts'
import { aboutNobodyYet } from '../about.ts'
import { historyElsewhere } from '../explainhistory.ts'
import { newModel, shown } from '../model.ts'
import { plain } from '../notice.ts'
import { statusChange } from '../state.ts'
import {
  isColourless,
  legible,
  onLeavingSignal,
  onSuddenEnd,
  requireScreen,
  stopJob,
  wrapOff,
  wrapOn,
} from '../terminal.ts'
import { lineId, type Ui, type UiEnd, type UiOptions } from '../ui.ts'
import {
  type Around,
  asking,
  type Desk,
  findOf,
  informed,
  newDesk,
  noticed,
  type Pressed,
  press,
  unseenOf,
  written,
} from './desk.ts'
import { keepHeapSmall } from './frugal.ts'
import { nothingPrinted, print, removed, renamed } from './inline.ts'
import type { Key } from './keys.ts'
import type { Above } from './picture.ts'
import { seenInline, seenOn } from './seen.ts'
import type { Mounted, OnKeys } from './view.tsx'

/** @throws UserError if there is no terminal to draw on: `requireScreen` */
export async function openScreen(options: UiOptions): Promise<Ui> {
  requireScreen(options)
  if (isColourless(options.env)) process.env['FORCE_COLOR'] = '0' // ink's chalk reads it once, and knows no NO_COLOR
  providePromiseWithResolvers()
  options.stdin.setRawMode(true) // from here on what is typed ahead comes as it was typed: Enter as Enter
  const drawing = await import('./view.tsx')
  keepHeapSmall() // not while so much is loaded
  return new Screen(options, drawing)
}

class Screen implements Ui {
  readonly done: Promise<UiEnd>
  readonly #options: UiOptions
  readonly #stdout: NodeJS.WriteStream
  readonly #mounted: Mounted
  readonly #cleanup: readonly Disposable[]
  #desk: Desk
  #printed = nothingPrinted
  #aboveNow: Above = { key: 0, rows: [] }
  #settle!: { readonly end: (end: UiEnd) => void; readonly fail: (error: unknown) => void }
  /** ms that the last drawing took. */
  #drawCost = 0
  #drawTimer: NodeJS.Timeout | undefined
  #resizeTimer: NodeJS.Timeout | undefined
  #clockTimer: NodeJS.Timeout | undefined
  #isOpen = true
  /** Messages that were on the screen, the latest. */
  readonly #seen = new Set<string>()
  #lookedAt: Pick<Desk, 'scroll'> & { readonly lines?: unknown } = { scroll: undefined }
  /** Somebody else has the terminal: what would be drawn is lost. */
  #isAway = false

  constructor(options: UiOptions, drawing: Drawing) {
    this.#options = options
    const { stdin, stderr, profile, buddies, buddy, isInline = false } = options
    this.#desk = newDesk(newModel(profile, buddies, buddy, isInline ? 'lines' : 'screen'))
    if (options.buddies.length === 0) this.#desk = noticed(this.#desk, aboutNobodyYet, this.#now())
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
    const streams = { stdin, stderr, stdout: this.#stdout }
    this.#mounted = drawing.mount(this.#view(), { ...streams, isInline, onKeys: this.#onKeys })
    this.#mounted.exited.catch((error: unknown) => this.#fail(error))
    this.#takeTerminal()
    this.#wind()
    for (const { alias } of options.buddies) options.recall?.(alias, earlierLines, 'began')
  }

  tell(event: TalkEvent): void {
    this.#turnTo(informed(this.#desk, { kind: 'told', event }, this.#now()))
    if (event.kind === 'renamed') this.#printed = renamed(this.#printed, event)
    if (event.kind === 'removed') this.#printed = removed(this.#printed, event)
    if (this.#isOpen)
      this.#drawTimer ??= setTimeout(this.#draw, Math.max(batchTime, this.#drawCost * restAfter))
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
    const { desk, commands, recalls, does } = press(this.#desk, key, this.#around())
    this.#turnTo(desk)
    for (const command of commands) this.#options.act(command)
    if (recalls) this.#recall(recalls)
    if (does === 'leave') this.#end({ kind: 'left' })
    if (does === 'redraw') this.#repaint()
  }

  #recall({ buddy, count }: NonNullable<Pressed['recalls']>): void {
    if (this.#options.recall) this.#options.recall(buddy, count, 'asked')
    else this.#turnTo(noticed(this.#desk, plain(historyElsewhere), this.#now()))
  }

  #turnTo(desk: Desk): void {
    const { focus } = this.#desk.model
    this.#desk = desk
    if (desk.model.focus !== focus) this.#options.onFront?.(desk.model.focus)
  }

  #around(): Around {
    const { columns, rows } = this.#options.stdout
    const { fingerprint, random = randomBytes, hints } = this.#options
    const size = { columns: columns || 80, rows: rows || 24 }
    const on = this.#options.isInline ? 'lines' : 'screen'
    return { on, size, now: this.#now(), fingerprint, hints, newId: () => lineId(random) }
  }

  #view(): Parameters<Mounted['draw']>[0] {
    const { size, now } = this.#around()
    const { model, scroll, choices } = this.#desk
    const { look, isInline } = this.#options
    return {
      ...(look && { look }),
      ...(isInline && { above: this.#above(size.columns) }),
      ...{ model, scroll, unseen: unseenOf(this.#desk), choices, size, now, draft: written(this.#desk) },
      ...{ asking: asking(this.#desk), find: findOf(this.#desk) },
    }
  }

  /** What is printed is taken once: the same `key` prints nothing again. */
  #above(columns: number): Above {
    const { rows, printed } = print(this.#desk.model, this.#printed, { columns, now: this.#now() })
    this.#printed = printed
    if (rows.length > 0) this.#aboveNow = { key: this.#aboveNow.key + 1, rows }
    return this.#aboveNow
  }

  readonly #draw = (): void => {
    clearTimeout(this.#drawTimer)
    this.#drawTimer = undefined
    if (!this.#isOpen || this.#isAway) return
    const before = performance.now()
    this.#mounted.draw(this.#view())
    this.#look()
    this.#drawCost = performance.now() - before
    this.#wind()
  }

  /** What stands on the screen was read, for all that can be known. */
  #look(): void {
    const { scroll, model } = this.#desk
    const { lines } = shown(model)
    if (!this.#options.hints || model.focus === undefined) return
    if (this.#lookedAt.lines === lines && this.#lookedAt.scroll === scroll) return
    this.#lookedAt = { lines, scroll }
    const ids = this.#options.isInline ? seenInline(this.#desk) : seenOn(this.#desk, this.#around().size)
    const fresh = ids.filter((id) => !this.#seen.has(id))
    if (fresh.length === 0) return
    for (const id of fresh) this.#seen.add(id)
    while (this.#seen.size > maxSeen) this.#seen.delete(this.#seen.keys().next().value!)
    this.#options.act({ kind: 'read', buddy: model.focus, ids: fresh })
  }

  /** Durations in the status line go on: drawn when they would say something else. */
  #wind(): void {
    clearTimeout(this.#clockTimer)
    const wait = statusChange(shown(this.#desk.model).state, this.#now())
    if (wait !== undefined) this.#clockTimer = setTimeout(this.#draw, wait)
  }

  readonly #resize = (): void => {
    this.#draw()
    this.#resizeTimer ??= setTimeout(this.#repaint, settleTime)
    this.#resizeTimer.refresh()
  }

  readonly #repaint = (): void => {
    this.#resizeTimer = undefined
    if (this.#isOpen && !this.#isAway) this.#mounted.repaint(this.#view())
  }

  #suspend(suspend: Parameters<OnKeys>[1]): void {
    if (this.#isAway) return // pressed twice
    this.#isAway = true
    const away = suspend(async () => {
      this.#leaveTerminal()
      await stopJob()
      this.#takeTerminal()
    })
    const back = (): void => {
      this.#isAway = false
      this.#draw()
    }
    away.then(back, (error: unknown) => this.#fail(error))
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
    this.#leaveTerminal()
    this.#mounted.unmount()
  }

  #takeTerminal(): void {
    this.#stdout.write(wrapOff + (this.#options.modes?.enter() ?? ''))
  }

  #leaveTerminal(): void {
    this.#stdout.write(wrapOn + (this.#options.modes?.leave ?? ''))
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

const earlierLines = 50 // of an earlier run, when history is on: two screens
const maxSeen = 4_096 // ids
const settleTime = 100 // ms: a terminal may learn of its new size after we did, and cut what we drew
const batchTime = 50 // ms: at most 20 frames a second, however many lines come
const restAfter = 15 // times what a drawing took: all of them take at most a sixteenth of a core
