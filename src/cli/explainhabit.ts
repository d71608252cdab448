/** Wording for people about the habits of a buddy: what he is told of us, and what is kept. */
import type { Habit, Habits } from '../profile/habits.ts'
import type { BuddyView } from '../profile/view.ts'
import { type SafeText, safeName, safeTitle, words } from './safetext.ts'

/** What is so from here on. */
export function explainHabit({ alias }: BuddyView, set: Habit): SafeText {
  const name = safeName(alias)
  if (set.value === null) return words`${safeTitle(set.habit)}: with ${name} as the profile’s settings say`
  switch (set.habit) {
    case 'keep':
      return words`what ${name} and you say is kept for ${days(set.value)}, if it is kept`
    case 'typing':
      return words`${name} ${isTold(set.value)} when you type`
    case 'read':
      return words`${name} ${isTold(set.value)} which messages were on your screen`
    case 'history':
      return set.value
        ? words`what ${name} and you say is kept, sealed, on this machine`
        : words`what ${name} and you say is not kept any more`
    default:
      return set satisfies never
  }
}

/** Rows of a table: of each habit that is set. */
export const explainHabits = ({ typing, read, history, keep }: Habits): readonly (readonly SafeText[])[] => [
  ...(typing === undefined ? [] : [[words`typing`, onOff(typing)]]),
  ...(read === undefined ? [] : [[words`read`, onOff(read)]]),
  ...(history === undefined ? [] : [[words`history`, onOff(history)]]),
  ...(keep === undefined ? [] : [[words`keep`, days(keep)]]),
]

const onOff = (isOn: boolean): SafeText => (isOn ? words`on` : words`off`)
const isTold = (isOn: boolean): SafeText => (isOn ? words`is told` : words`is not told`)
const days = (count: number): SafeText => (count === 1 ? words`1 day` : words`${count} days`)
