/**
 * What is the case now, as the events that say so: whoever begins to listen
 * late hears these first. Pure.
 */
import { hasEnded, isOneConversation, type TalkEvent } from '../../session/command.ts'

type Of<Kind extends TalkEvent['kind']> = Extract<TalkEvent, { kind: Kind }>

/** Of one buddy. */
interface State {
  readonly phase?: { readonly event: Of<'phase'>; readonly at: number }
  readonly secured?: Of<'secured'>
  /** His question, that waits for an answer. */
  readonly asked?: Of<'asked'>
  readonly unreached?: Of<'unreached'>
  readonly refused?: { readonly event: Of<'refused'>; readonly at: number }
}

export class Present {
  readonly #states = new Map<string, State>()
  readonly #transfers = new Map<string, Of<'offered' | 'transfer'>>() // that are not done with
  #listening: Of<'listening'> | undefined
  #network: Of<'network'> | undefined
  #unresolved: Of<'unresolved'> | undefined

  /** @param now - ms, monotonic */
  hear(event: TalkEvent, now: number): void {
    if (event.kind === 'listening') this.#listening = event
    else if (event.kind === 'network') this.#network = event
    else if (event.kind === 'unresolved') this.#unresolved = event
    else if (event.kind === 'unkept') return
    else if (event.kind === 'offered' || event.kind === 'transfer') this.#follow(event)
    else if (event.kind === 'removed') this.#states.delete(event.buddy)
    else if (event.kind === 'renamed') this.#rename(event)
    else this.#states.set(event.buddy, after(this.#states.get(event.buddy) ?? {}, event, now))
  }

  /** @param buddy - all of them if it is not given */
  events(buddy: string | undefined, now: number): readonly TalkEvent[] {
    const states = [...this.#states].filter(([alias]) => buddy === undefined || alias === buddy)
    const transfers = [...this.#transfers.values()].filter(
      (one) => buddy === undefined || one.buddy === buddy,
    )
    return [
      this.#listening,
      this.#network,
      this.#unresolved,
      ...states.flatMap(([, one]) => told(one, now)),
      ...transfers,
    ].filter((event) => event !== undefined)
  }

  /** That it waits for an answer is said with all that the offer says. */
  #follow(event: Of<'offered' | 'transfer'>): void {
    const isAsked = event.kind === 'transfer' && event.direction === 'in' && event.state === 'offered'
    if (event.kind === 'transfer' && hasEnded(event.state)) this.#transfers.delete(event.transfer)
    else if (!isAsked) this.#transfers.set(event.transfer, event)
  }

  #rename({ buddy, to }: Of<'renamed'>): void {
    for (const [id, one] of this.#transfers)
      if (one.buddy === buddy) this.#transfers.set(id, { ...one, buddy: to })
    const state = this.#states.get(buddy)
    this.#states.delete(buddy)
    if (state) this.#states.set(to, named(state, to))
  }
}

type OfBuddy = Exclude<
  TalkEvent,
  Of<'listening' | 'network' | 'unresolved' | 'unkept' | 'offered' | 'transfer' | 'removed' | 'renamed'>
>

function after(state: State, event: OfBuddy, now: number): State {
  const { secured } = state
  switch (event.kind) {
    case 'phase':
      return { ...state, phase: { event, at: now } }
    case 'secured':
      return { secured: event }
    case 'lost':
      return {}
    case 'unreached':
      return { ...state, unreached: event }
    case 'refused':
      return { ...state, refused: { event, at: now } }
    case 'path':
      return secured ? { ...state, secured: { ...secured, path: event.path } } : state
    case 'verified':
    case 'trust': {
      return secured && isOneConversation(secured, event)
        ? { ...state, secured: { ...secured, trust: event.trust } }
        : state
    }
    case 'asked':
      return { ...state, asked: event }
    case 'verification': {
      const { asked: _, ...rest } = state
      return rest
    }
    default:
      return state
  }
}

function told({ phase, secured, asked, unreached, refused }: State, now: number): readonly TalkEvent[] {
  if (secured) {
    const { session, fingerprint, trust } = secured
    return [secured, ...(asked ? [{ ...asked, session, fingerprint, trust }] : [])]
  }
  const isNews = refused && now - refused.at < tellAgain
  return [
    ...(isNews ? [refused.event] : []),
    ...(phase ? [{ ...phase.event, ms: Math.round(phase.event.ms + now - phase.at) }] : []),
    ...(unreached ? [unreached] : []),
  ]
}

const named = ({ phase, secured, asked, unreached, refused }: State, buddy: string): State => ({
  ...(phase && { phase: { ...phase, event: { ...phase.event, buddy } } }),
  ...(secured && { secured: { ...secured, buddy } }),
  ...(asked && { asked: { ...asked, buddy } }),
  ...(unreached && { unreached: { ...unreached, buddy } }),
  ...(refused && { refused: { ...refused, event: { ...refused.event, buddy } } }),
})

const tellAgain = 600_000 // ms: a session tells it again by then, if it is still so
