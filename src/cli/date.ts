/** Points in time as people read them: local, whatever the locale. */
import { type SafeText, safeText, safeTitle, words } from './safetext.ts'

/** Local date and minute: `2026-11-20 14:02`. */
export function explainDate(at: number): SafeText {
  const date = new Date(at - new Date(at).getTimezoneOffset() * 60_000)
  if (Number.isNaN(date.getTime())) return words`at no date`
  return safeTitle(date.toISOString().slice(0, 16).replace('T', ' '))
}

/**
 * A time as people give it, in unix ms: a local date, a date and minute, or how long ago (`7d`, `12h`, `30m`).
 *
 * @param now - unix ms
 */
export function readTime(text: string, now: number): number | undefined {
  const [, count, unit] = /^(\d{1,5})([mhdw])$/.exec(text) ?? []
  if (count !== undefined) return now - Number(count) * unitMs[unit as keyof typeof unitMs]
  const [, day, time = '00:00'] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d))?$/.exec(text) ?? []
  const at = day === undefined ? Number.NaN : new Date(`${day}T${time}:00`).getTime()
  return Number.isNaN(at) ? undefined : at
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** `Friday, 20 November 2026`, local, whatever the locale. */
export function explainDay(at: number): SafeText {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return words`no date`
  const [day, month] = [days[date.getDay()]!, months[date.getMonth()]!]
  return safeTitle(`${day}, ${date.getDate()} ${month} ${date.getFullYear()}`)
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October'],
  ...['November', 'December'],
]

/** `14:02`, local time. */
export function timeOfDay(at: number): SafeText {
  const date = new Date(at)
  const two = (part: number): string => String(part).padStart(2, '0')
  return safeText(
    Number.isNaN(date.getTime()) ? '--:--' : `${two(date.getHours())}:${two(date.getMinutes())}`,
  )
}
