/** How long something took, or takes so far. */
import { type SafeText, words } from './safetext.ts'

/** `3 s`, `2 min`, `1 h 5 min`. */
export function explainDuration(ms: number): SafeText {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const minutes = Math.floor(seconds / 60)
  if (seconds < 60) return words`${seconds} s`
  if (minutes < 60) return words`${minutes} min`
  return words`${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Ms until `explainDuration` says something else. */
export const durationChange = (ms: number): number => {
  const step = ms < 60_000 ? 1_000 : 60_000
  return step - (Math.max(0, ms) % step)
}

/** To the nearest second, of what is over. */
export function explainElapsed(ms: number): SafeText {
  return ms < 1_000 ? words`less than a second` : explainDuration(Math.round(ms / 1_000) * 1_000)
}
