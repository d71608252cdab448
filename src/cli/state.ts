/** What is known of a conversation, and how the header and the status line say it. */
import type { Lost, NetworkState, PathKind, Phase, Refused, Under } from '../session/command.ts'
import { durationChange, explainDuration } from './duration.ts'
import { explainLost, explainPhase } from './explain.ts'
import { explainNetwork } from './explainnetwork.ts'
import { explainPath } from './explainreach.ts'
import { explainTrust } from './explaintrust.ts'
import { type SafeText, safeName, words } from './safetext.ts'

/** Trust is a property of a secured conversation and goes with it: promise 2 of the design. */
export type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'closed' } // by the user: nothing is looked for until `/open`
  | { readonly kind: 'under way'; readonly phase: Phase; readonly since: number }
  | Secured
  | { readonly kind: 'lost'; readonly why: Exclude<Lost, 'closed'> }
  | { readonly kind: 'refused'; readonly why: Refused }

interface Secured {
  readonly kind: 'secured'
  readonly under: Under
  readonly path: PathKind
  readonly since: number
  readonly isPostQuantum: boolean
}

/** For the header: words of security only, and none that outlive the conversation. */
export function explainState(state: State): SafeText {
  switch (state.kind) {
    case 'idle':
      return words`not connected`
    case 'under way':
      return words`not connected yet`
    case 'closed':
      return words`closed, not connected`
    case 'secured':
      return words`secured, ${explainTrust(state.under.trust)}`
    case 'lost':
      return words`not connected any more`
    case 'refused':
      return words`REFUSED, not connected`
    default:
      return state satisfies never
  }
}

/** For the status line: what runs, and for how long. */
export function explainStatus(buddy: string, state: State, at: StatusAt): SafeText {
  switch (state.kind) {
    case 'idle':
      return words`not looking for ${safeName(buddy)}; /open begins`
    case 'closed':
      return words`${explainLost('closed', buddy)}; /open looks again`
    case 'under way': {
      const sentence = words`${explainPhase(state.phase, buddy)}, ${explainDuration(at.now - state.since)}`
      const held = at.network === 'unreachable' || at.network === 'no-socket' || at.network === 'gone'
      return held ? words`${sentence}; ${explainNetwork(at.network).text}` : sentence
    }
    case 'secured':
      return words`${explainPath(state.path)}, for ${explainDuration(at.now - state.since)}`
    case 'lost':
      return explainLost(state.why, buddy)
    case 'refused':
      return words`nothing is sent to whoever answered`
    default:
      return state satisfies never
  }
}

/** Ms until `explainStatus` says something else by itself; `undefined` if it never does. */
export function statusChange(state: State, now: number): number | undefined {
  if (state.kind !== 'under way' && state.kind !== 'secured') return undefined
  const change = durationChange(now - state.since)
  // Who is connected counts no seconds, and drawing takes a hundredth of one.
  return state.kind === 'secured' ? Math.max(change, calm) : change
}

const calm = 10_000 // ms

export interface StatusAt {
  readonly now: number
  readonly network: NetworkState | undefined
}
