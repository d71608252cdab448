/**
 * The screen and who sits before it, as a value: what each key makes of it.
 * Pure. What is typed for one buddy is never said to another: each has a draft
 * of his own, and none is left while something is asked for.
 */
import { moveKey } from '../../keyed.ts'
import type { Command, TalkEvent } from '../../session/command.ts'
import { type Dialogue, enter, explainDialogue, isHidden } from '../dialogue.ts'
import { conversationWith, type Input, type Model, shown, update } from '../model.ts'
import type { Notice } from '../notice.ts'
import { parse } from '../parse.ts'
import { ofStep, respond } from '../respond.ts'
import type { Response } from '../response.ts'
import type { SafeText } from '../safetext.ts'
import { complete } from './completion.ts'
import { type Draft, discarded, type EditKey, edit, emptyDraft, masked, sent, switched } from './draft.ts'
import { type Find, lineOf, next, occurrences } from './find.ts'
import { type Layout, layoutOf } from './frame.ts'
import type { Key } from './keys.ts'
import { typedAt } from './typing.ts'
import { type Geometry, rowAt, type Scroll, scrollBy, scrollTo } from './window.ts'

export interface Desk {
  readonly model: Model
  /** What is written to the buddy who is shown, or in a dialogue. */
  readonly draft: Draft
  /** What is written to the others. */
  readonly others: ReadonlyMap<string, Draft>
  /** What the prompt asks for, when it is not for a line to say. */
  readonly dialogue: Dialogue | undefined
  readonly scroll: Scroll
  /** `seq` of the next line when it was scrolled: what stands there or below came since. */
  readonly seen: number
  readonly search: Search | undefined
  /** What was looked for last. */
  readonly sought: SafeText | undefined
  /** When he who is shown was told last that something is typed to him; -Infinity: he was not, or it is over. */
  readonly toldAt: number
  /** What Tab found, where there are several. */
  readonly choices: readonly SafeText[]
}

/** What is looked for is written at the prompt meanwhile. */
export interface Search {
  readonly draft: Draft
  /** `seq` of the line that was found. */
  readonly seq: number | undefined
  /** Where one was before. */
  readonly before: Scroll
}

export interface Around {
  readonly size: Geometry
  readonly now: number // unix ms
  readonly fingerprint: string | undefined
  readonly newId: () => string
  /** Who keeps the lines: on the terminal's own they are neither scrolled nor searched here. */
  readonly on: 'screen' | 'lines'
  /** Somebody wants to know when something is typed. */
  readonly hints?: true | undefined
}

export interface Pressed {
  readonly desk: Desk
  readonly commands: readonly Command[]
  readonly recalls?: Response['recalls']
  /** What a value cannot do. */
  readonly does?: 'leave' | 'redraw'
}

export const newDesk = (model: Model): Desk => ({
  ...{ model, draft: emptyDraft, others: new Map(), dialogue: undefined, scroll: undefined },
  ...{ seen: 0, search: undefined, sought: undefined, choices: [], toldAt: -Infinity },
})

/** What is drawn at the prompt: what is looked for, what is written, or stars for it. */
export function written({ draft, dialogue, search }: Desk): Draft {
  if (search) return search.draft
  return isHidden(dialogue) ? masked(draft) : draft
}

/** What the prompt asks for, in words. */
export const asking = ({ dialogue }: Desk): SafeText | undefined => dialogue && explainDialogue(dialogue)

export const findOf = ({ search }: Desk): Find | undefined =>
  search && { query: search.draft.text, seq: search.seq }

/** Something happened, or was noticed. */
export const informed = (desk: Desk, input: Input, now: number): Desk => ({
  ...desk,
  model: update(desk.model, input, now),
  others: input.kind === 'told' ? draftsAfter(desk.others, input.event) : desk.others,
})

/** What was written to somebody stays his, whatever he is called. */
function draftsAfter(drafts: Desk['others'], event: TalkEvent): Desk['others'] {
  if (event.kind !== 'renamed' && event.kind !== 'removed') return drafts
  const after = new Map(drafts)
  if (event.kind === 'renamed') moveKey(after, event.buddy, event.to)
  else after.delete(event.buddy)
  return after
}

/** Messages that came while older lines were in view, and are below them. */
export function unseenOf({ model, scroll, seen }: Desk): number {
  if (!scroll) return 0
  const from = Math.max(seen, scroll.seq + 1)
  return shown(model).lines.filter(({ kind, seq }) => kind === 'theirs' && seq >= from).length
}

/** Of all keys but `suspend`, which is a matter of the terminal. */
export function press(desk: Desk, key: Key, around: Around): Pressed {
  const pressed = around.hints ? hinted(desk, key, around) : pressedOn(desk, key, around)
  if (desk.scroll || !pressed.desk.scroll) return pressed
  return { ...pressed, desk: { ...pressed.desk, seen: shown(desk.model).count } }
}

function hinted(desk: Desk, key: Key, around: Around): Pressed {
  const { desk: after, commands, ...does } = pressedOn(desk, key, around)
  const typed = typedAt(desk, after, { key, now: around.now })
  return { ...does, desk: typed.desk, commands: [...commands, ...typed.commands] }
}

function pressedOn(desk: Desk, key: Key, around: Around): Pressed {
  const fresh = desk.choices.length > 0 ? { ...desk, choices: [] } : desk
  if (fresh.search) return searching(fresh, key, { search: fresh.search, ...around })
  switch (key.kind) {
    case 'submit':
      return submit(fresh, around)
    case 'leave':
      return { desk: fresh, commands: [], does: 'leave' }
    case 'end of input':
      if (fresh.draft.text === '') return { desk: fresh, commands: [], does: 'leave' }
      return only(edited(fresh, { kind: 'erase', to: 'right' }))
    case 'redraw':
      return { desk, commands: [], does: 'redraw' }
    case 'suspend':
      return only(fresh)
    case 'scroll':
      return only(scrolled(fresh, key, around))
    case 'cancel':
      return only(fresh.dialogue ? { ...fresh, dialogue: undefined, draft: discarded(fresh.draft) } : fresh)
    case 'tab':
      return only(tabbed(fresh, key.by, around))
    case 'buddy':
      return only(turnedTo(fresh, numbered(fresh.model, key.which), around))
    case 'find':
      return only(key.to === 'older' && around.on === 'screen' ? begun(fresh, '', around) : fresh)
    case 'vertical':
      // What was said before is no answer, and an answer is not kept.
      return only(fresh.dialogue ? fresh : edited(fresh, key))
    default:
      return only(edited(fresh, key))
  }
}

const only = (desk: Desk): Pressed => ({ desk, commands: [] })

const edited = (desk: Desk, key: EditKey): Desk => ({ ...desk, draft: edit(desk.draft, key) })

function submit(desk: Desk, around: Around): Pressed {
  const { dialogue, draft, model } = desk
  if (dialogue) {
    // Whatever becomes of it, it is not said.
    const step = enter(dialogue, draft.text, conversationWith(model, dialogue.under.buddy))
    return done({ ...desk, draft: discarded(draft) }, ofStep(step), around)
  }
  const typed = parse(draft.text.replace(/\n+$/, '')) // pasted with the text
  if (typed.kind === 'nothing') return only(desk)
  const isSecret = typed.kind === 'command' && typed.name === 'answer'
  const cleared: Desk = { ...desk, draft: isSecret ? discarded(draft) : sent(draft), scroll: undefined }
  const { fingerprint, now, newId, on } = around
  return done(cleared, respond(typed, { model, fingerprint, now, newId, on }), around)
}

/** What comes of a line, done. */
function done(desk: Desk, response: Response, around: Around): Pressed {
  const { notices, inputs, commands, dialogue, finds, recalls, leaves } = response
  let after: Desk = { ...desk, dialogue }
  for (const notice of notices) after = noticed(after, notice, around.now)
  for (const input of inputs) {
    after =
      input.kind === 'focused' ? turnedTo(after, input.buddy, around) : informed(after, input, around.now)
  }
  if (finds !== undefined) after = begun(after, finds, around)
  return { desk: after, commands, ...(recalls && { recalls }), ...(leaves && { does: 'leave' }) }
}

export const noticed = (desk: Desk, notice: Notice, now: number): Desk =>
  informed(desk, { kind: 'noticed', buddy: desk.model.focus, notice }, now)

/** With nothing written Tab goes from buddy to buddy, else it completes. */
function tabbed(desk: Desk, by: 1 | -1, around: Around): Desk {
  if (desk.dialogue) return desk
  if (desk.draft.text !== '') return { ...desk, ...complete(desk.draft, desk.model) }
  const { conversations, focus } = desk.model
  const at = conversations.findIndex(({ buddy }) => buddy === focus)
  return turnedTo(desk, conversations.at((at + by) % conversations.length)?.buddy, around)
}

/** The n-th buddy, or the next behind the one who is shown who wrote something new. */
function numbered({ conversations, focus }: Model, which: number | 'unread'): string | undefined {
  if (which !== 'unread') return conversations[which]?.buddy
  const at = conversations.findIndex(({ buddy }) => buddy === focus)
  const behind = [...conversations.slice(at + 1), ...conversations.slice(0, Math.max(0, at))]
  return behind.find(({ unread }) => unread > 0)?.buddy
}

/** Not while something is asked for: what is typed next would be said to somebody else. */
function turnedTo(desk: Desk, buddy: string | undefined, { now }: Around): Desk {
  const { model, others, draft, dialogue } = desk
  if (dialogue || buddy === undefined || buddy === model.focus) return desk
  const kept = model.focus === undefined ? others : new Map([...others, [model.focus, draft]])
  const turned = informed({ ...desk, scroll: undefined, others: kept }, { kind: 'focused', buddy }, now)
  return { ...turned, toldAt: -Infinity, draft: switched(draft, others.get(buddy)) }
}

function scrolled(desk: Desk, { by, unit }: Key & { kind: 'scroll' }, { size, on }: Around): Desk {
  const layout = layoutFor(desk, size)
  if (!layout || on === 'lines') return desk
  const rows = unit === 'row' ? by : by * Math.max(1, layout.window.rows - 1)
  return { ...desk, scroll: scrollBy(shown(desk.model), layout.window, desk.scroll, rows) }
}

export const layoutFor = (desk: Desk, size: Geometry): Layout | undefined =>
  layoutOf({ model: desk.model, draft: written(desk), size })

interface Searching extends Around {
  readonly search: Search
}

/** Keys while something is looked for: any that does not belong to it ends it, and stays. */
function searching(desk: Desk, key: Key, { search, ...around }: Searching): Pressed {
  const stay: Desk = { ...desk, search: undefined, sought: search.draft.text || desk.sought }
  const { draft } = search
  switch (key.kind) {
    case 'insert':
    case 'erase':
    case 'move':
      return only(looked(desk, { ...search, draft: edit(draft, key) }, around))
    case 'find':
      return only(further(desk, { search, to: key.to, ...around }))
    case 'vertical':
      return only(further(desk, { search, to: key.to === 'up' ? 'older' : 'newer', ...around }))
    case 'submit':
      return only(stay)
    case 'cancel':
      return only({ ...stay, scroll: search.before })
    case 'end of input':
      if (draft.text === '') return only({ ...stay, scroll: search.before })
      return only(looked(desk, { ...search, draft: edit(draft, { kind: 'erase', to: 'right' }) }, around))
    case 'redraw':
    case 'leave':
      return { ...press(stay, key, around), desk }
    default:
      return press(stay, key, around)
  }
}

function begun(desk: Desk, query: string, around: Around): Desk {
  if (desk.dialogue) return desk
  const draft = edit(emptyDraft, { kind: 'insert', text: query })
  return looked(desk, { draft, seq: undefined, before: desk.scroll }, around)
}

/** After the text looked for has changed: the line that was found if it has this, too, else the next older one. */
function looked(desk: Desk, search: Search, around: Around): Desk {
  const conversation = shown(desk.model)
  const from = (search.seq ?? desk.scroll?.seq ?? conversation.count) + 1
  const { text } = search.draft
  const seq =
    next(conversation, text, { from, to: 'older' }) ??
    next(conversation, text, { from: from - 1, to: 'newer' })
  return brought(desk, { ...search, seq }, around)
}

/** To the next; the first Ctrl-R with nothing written takes what was looked for last. */
function further(
  desk: Desk,
  { search, to, ...around }: Searching & { readonly to: 'older' | 'newer' },
): Desk {
  if (search.draft.text === '') {
    const draft = edit(search.draft, { kind: 'insert', text: desk.sought ?? '' })
    return looked(desk, { ...search, draft }, around)
  }
  if (search.seq === undefined) return desk
  const seq = next(shown(desk.model), search.draft.text, { from: search.seq, to })
  return seq === undefined ? desk : brought(desk, { ...search, seq }, around)
}

/** What was found, in view; with nothing found, where one was. */
function brought(desk: Desk, search: Search, { size }: Around): Desk {
  const after = { ...desk, search }
  const conversation = shown(desk.model)
  const window = layoutFor(after, size)?.window
  const line = search.seq === undefined ? undefined : lineOf(conversation, search.seq)
  if (!line || !window) return { ...after, scroll: search.before }
  const offset = occurrences(line.text, search.draft.text)[0]?.[0] ?? 0
  const row = rowAt(conversation, line, { columns: window.columns, offset })
  return { ...after, scroll: scrollTo(conversation, window, { seq: line.seq, row }) }
}
