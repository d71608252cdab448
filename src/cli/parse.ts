/** What was typed at the prompt: a text to say, or one of the `/commands`. */

export type Typed =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'say'; readonly text: string }
  /** `argument`: what stands behind it, of those that may have one. */
  | { readonly kind: 'command'; readonly name: CommandName; readonly argument?: string }
  /** A line of `offer` or `answer`, that is not needed any more. */
  | { readonly kind: 'carried' }
  /** Something stands behind a command that takes nothing. */
  | { readonly kind: 'excess'; readonly name: CommandName }
  /** `meant` is the command that it resembles, if any. */
  | { readonly kind: 'unknown'; readonly name: string; readonly meant?: CommandName }

export type CommandName = (typeof commandNames)[number]

/** In the order in which an abbreviation is looked for. */
export const commandNames = [
  ...(['help', 'info', 'why', 'verify', 'answer', 'cancel', 'fingerprint', 'history'] as const),
  ...(['reply', 'edit', 'delete', 'original'] as const),
  ...(['send', 'accept', 'reject', 'pause', 'go', 'files'] as const),
  ...(['to', 'buddies', 'find', 'resend', 'drop', 'clear', 'close', 'open', 'quit'] as const),
]

/** A secret typed behind /answer is on the screen already, but must not be taken for a text to say. */
const withArgument: readonly CommandName[] = [
  ...(['verify', 'answer', 'to', 'find', 'history', 'cancel'] as const),
  ...(['send', 'accept', 'reject', 'pause', 'go'] as const),
  ...(['reply', 'edit', 'delete', 'original'] as const),
]

/** A text that begins with a slash is a command; `//` says it with one slash. */
export function parse(typed: string): Typed {
  if (typed.trim() === '') return { kind: 'nothing' }
  if (typed.startsWith('//')) return { kind: 'say', text: typed.slice(1) }
  if (carried.test(typed)) return { kind: 'carried' }
  if (!typed.startsWith('/')) return { kind: 'say', text: typed }

  const name = typed.slice(1).trimEnd()
  if (name === '') return { kind: 'command', name: 'help' }
  const known = commandNames.find((command) => command === name.toLowerCase())
  if (known) return { kind: 'command', name: known }
  const first = name.split(/\s/u, 1)[0]!.toLowerCase()
  const longer = withArgument.find((command) => command === first)
  if (longer) return { kind: 'command', name: longer, argument: name.slice(first.length).trim() }
  const whole = commandNames.find((command) => command === first)
  if (whole) return { kind: 'excess', name: whole }
  const meant = commandNames.find((command) => resembles(first, command))
  return { kind: 'unknown', name: first, ...(meant && { meant }) }
}

const carried = /^\s*ot[ao]1[a-z\d]{32,}\s*$/i

/** The beginning of it, or one slip away: a letter too few, too many, wrong, or two swapped. */
export function resembles(typed: string, command: string): boolean {
  if (typed.length > command.length + 1) return false
  if (typed.length >= 2 && command.startsWith(typed)) return true
  let start = 0
  while (start < typed.length && typed[start] === command[start]) start++
  let end = 0
  const room = Math.min(typed.length, command.length) - start
  while (end < room && typed.at(-1 - end) === command.at(-1 - end)) end++
  const given = typed.slice(start, typed.length - end)
  const right = command.slice(start, command.length - end)
  const swapped = given.length === 2 && given[0] === right[1] && given[1] === right[0]
  return (given.length <= 1 && right.length <= 1 && typed.length >= 2) || (swapped && right.length === 2)
}
