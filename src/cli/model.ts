/**
 * What the screen shows, as a value: `update` is pure and the only way from
 * one state to the next. Foreign text enters here and becomes SafeText.
 */
import { fold } from '../profile/buddies.ts'
import type { NetworkState, TalkEvent } from '../session/command.ts'
import {
  bringToFront,
  type Conversation,
  hear,
  newConversation,
  notice,
  recall,
  tell,
} from './conversation.ts'
import { explainEvent } from './explain.ts'
import { explainNetwork } from './explainnetwork.ts'
import type { Notice } from './notice.ts'
import { deleted, edited, said } from './revised.ts'
import { words } from './safetext.ts'
import type { State } from './state.ts'
import type { UiBuddy } from './ui.ts'

export interface Model {
  readonly profile: string
  /** Lines of the terminal's own stay as they were shown. */
  readonly on: 'screen' | 'lines'
  readonly conversations: readonly Conversation[]
  /** Alias of the buddy whose conversation is shown. */
  readonly focus: string | undefined
  /** What there is to say while no conversation is shown: it has notices only. */
  readonly lobby: Conversation
  readonly network: NetworkState | undefined
  readonly listening: { readonly port: number; readonly addresses: readonly string[] } | undefined
}

export type Input =
  | { readonly kind: 'told'; readonly event: TalkEvent }
  | Extract<TalkEvent, { kind: 'said' }>
  /** With no buddy: said where no conversation is shown. */
  | { readonly kind: 'noticed'; readonly buddy: string | undefined; readonly notice: Notice }
  | { readonly kind: 'focused'; readonly buddy: string }
  | { readonly kind: 'closed'; readonly buddy: string }
  | { readonly kind: 'cleared'; readonly buddy: string }

export function newModel(
  profile: string,
  buddies: readonly UiBuddy[],
  focus = buddies[0]?.alias,
  on: Model['on'] = 'screen',
): Model {
  const conversations = buddies.map((buddy) => newConversation(buddy.alias, buddy))
  const model: Model = {
    ...{ profile, on, conversations, lobby: newConversation('') },
    ...{ focus: undefined, network: undefined, listening: undefined },
  }
  return focus === undefined ? model : update(model, { kind: 'focused', buddy: focus }, 0)
}

/** The conversation that is shown. */
export function focused(model: Model): Conversation | undefined {
  return model.conversations.find(({ buddy }) => buddy === model.focus)
}

/** What is shown: a conversation, or what there is to say without one. */
export const shown = (model: Model): Conversation => focused(model) ?? model.lobby

/** By alias, as people type it: capitals do not count. */
export function named({ conversations }: Model, alias: string): Conversation | undefined {
  const wanted = fold(alias)
  return conversations.find(({ buddy }) => fold(buddy) === wanted)
}

/** As it is shown, or would be: of a buddy of whom nothing has been told yet, an idle one. */
export const conversationWith = ({ conversations }: Model, buddy: string): Conversation =>
  conversations.find((conversation) => conversation.buddy === buddy) ?? newConversation(buddy)

/** @param now - wall time, unix milliseconds */
export function update(model: Model, input: Input, now: number): Model {
  switch (input.kind) {
    case 'told':
      return told(model, input.event, now)
    case 'said':
      return change(model, input.buddy, (conversation) => said(conversation, { ...input, at: now }, model.on))
    case 'noticed':
      return change(model, input.buddy, (conversation) => notice(conversation, input.notice, now))
    case 'focused':
      return change({ ...model, focus: input.buddy }, input.buddy, bringToFront)
    case 'closed':
      return change(model, input.buddy, (conversation) => ({ ...conversation, state: { kind: 'closed' } }))
    case 'cleared':
      return change(model, input.buddy, (conversation) => ({
        ...conversation,
        lines: [],
        divider: undefined,
      }))
    default:
      return input satisfies never
  }
}

function told(model: Model, event: TalkEvent, now: number): Model {
  switch (event.kind) {
    case 'listening':
      return { ...model, listening: { port: event.port, addresses: event.addresses } }
    case 'network':
      return networkChanged(model, event.state, now)
    case 'unkept':
    case 'unresolved': {
      const told = explainEvent(event)
      return change(model, placeOf(model), (conversation) => notice(conversation, told, now))
    }
    case 'message':
      return change(model, event.buddy, (conversation) => hear(conversation, event, model.focus))
    case 'earlier':
      return change(model, event.buddy, (conversation) => recall(conversation, event, now))
    case 'edited':
      return change(model, event.buddy, (conversation) => edited(conversation, event, model))
    case 'deleted':
      return change(model, event.buddy, (conversation) => deleted(conversation, event, model))
    case 'said':
      return update(model, { ...event, kind: 'said' }, now)
    case 'waiting':
      return change(model, event.buddy, (conversation) =>
        said(conversation, { ...event, sending: { kind: 'written' } }, model.on),
      )
    case 'added':
      return added(model, event, now)
    case 'renamed':
      return renamed(model, event, now)
    case 'removed':
      return removed(model, event, now)
    default:
      return change(model, event.buddy, (conversation) => tell(conversation, event, now))
  }
}

/** The status line has room for a part of it: that nothing can be sent, and that it can again, is told in full. */
function networkChanged(model: Model, state: NetworkState, now: number): Model {
  const after = { ...model, network: state }
  const isBack = model.network === 'gone' && state !== 'gone'
  if (state !== 'gone' && !isBack) return after
  const told: Notice = isBack ? { tone: 'plain', text: words`the network is back` } : explainNetwork(state)
  return change(after, placeOf(model), (conversation) => notice(conversation, told, now))
}

/** Where to say what is about no buddy. */
const placeOf = ({ focus, conversations }: Model): string | undefined => focus ?? conversations[0]?.buddy

/** Said where one is, too, while that is nobody's conversation: no row shows who came. */
function added(model: Model, event: TalkEvent & { kind: 'added' }, now: number): Model {
  const tell = (conversation: Conversation): Conversation => notice(conversation, explainEvent(event), now)
  const after = change(model, event.buddy, tell)
  return model.focus === undefined ? change(after, undefined, tell) : after
}

/** Whoever is typed to stays the same. */
function renamed(model: Model, event: TalkEvent & { kind: 'renamed' }, now: number): Model {
  const { buddy: from, to: buddy } = event
  const after = change(model, from, (conversation) => {
    const { state, verification } = conversation
    const secured: State = state.kind === 'secured' ? { ...state, under: { ...state.under, buddy } } : state
    const asked = verification && { ...verification, under: { ...verification.under, buddy } }
    const named = { ...conversation, buddy, state: secured, verification: asked }
    return notice(named, explainEvent(event), now)
  })
  return { ...after, focus: model.focus === from ? buddy : model.focus }
}

/** Where he was shown nobody is: what is typed there is said to nobody. */
function removed(model: Model, event: TalkEvent & { kind: 'removed' }, now: number): Model {
  const conversations = model.conversations.filter(({ buddy }) => buddy !== event.buddy)
  const focus = model.focus === event.buddy ? undefined : model.focus
  return change({ ...model, conversations, focus }, focus, (conversation) =>
    notice(conversation, explainEvent(event), now),
  )
}

function change(
  model: Model,
  buddy: string | undefined,
  by: (conversation: Conversation) => Conversation,
): Model {
  const { conversations } = model
  if (buddy === undefined) return { ...model, lobby: by(model.lobby) }
  const index = conversations.findIndex((conversation) => conversation.buddy === buddy)
  if (index < 0) return { ...model, conversations: [...conversations, by(newConversation(buddy))] }
  const changed = by(conversations[index]!)
  return changed === conversations[index]
    ? model
    : { ...model, conversations: conversations.with(index, changed) }
}
