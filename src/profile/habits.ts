/**
 * What we do for a buddy beside talking: what he is told of us, and what is
 * kept of what was said. Pure. Where nothing is set for him, the settings of
 * the profile count (`typing`, `read`, `history`, `keep`), and without these
 * nothing is told and nothing kept.
 */

/** Only what is set: plain JSON. */
export interface Habits {
  /** He is told when we type. */
  readonly typing?: boolean
  /** He is told which of his messages were on our screen. */
  readonly read?: boolean
  /** What is said is kept, sealed, on this machine. */
  readonly history?: boolean
  /** For how many days it is kept; for ever if it is not set. */
  readonly keep?: number
}

export const switchable = ['typing', 'read', 'history'] as const

/** One of them; `null`: as the profile's settings say. */
export type Habit =
  | { readonly habit: 'typing'; readonly value: boolean | null }
  | { readonly habit: 'read'; readonly value: boolean | null }
  | { readonly habit: 'history'; readonly value: boolean | null }
  | { readonly habit: 'keep'; readonly value: number | null }

export const habitNames: readonly Habit['habit'][] = [...switchable, 'keep']

/** Days: a hundred years. */
export const maxKeep = 36_500

export const isKeep = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maxKeep

export function withHabit(habits: Habits, { habit, value }: Habit): Habits {
  const { [habit]: _, ...others } = habits
  return value === null ? others : { ...others, [habit]: value }
}

/** What is in force for a buddy: his own habits, else those of the profile. */
export const inForce = (own: Habits, profile: Habits): Habits => ({ ...profile, ...own })

/** A habit that came as JSON; `undefined` for anything else. */
export function readHabit(habit: unknown, value: unknown): Habit | undefined {
  if (habit === 'keep') return value === null || isKeep(value) ? { habit, value } : undefined
  const name = switchable.find((known) => known === habit)
  return name !== undefined && (value === null || typeof value === 'boolean')
    ? { habit: name, value }
    : undefined
}
