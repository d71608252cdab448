/** Points in time as people read them: local, whatever the locale. */
import { type SafeText, safeText, safeTitle, words } from './safetext.ts'

/** Local date and minute: `2026-11-20 14:02`. */
export function explainDate(at: number): SafeText {
  const date = new Date(at - new Date(at).getTimezoneOffset() * 60_000)
  if (Number.isNaN(date.getTime())) return words`at no date`
  return safeTitle(date.toISOString().slice(0, 16).replace('T', ' '))
}

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
