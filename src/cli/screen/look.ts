/**
 * How the screen looks: colours by the background of the terminal, or none,
 * and signs of our own in ASCII where others cannot be drawn. Whatever a colour
 * or a sign says stands in words beside it.
 */
import type { Theme } from '../../edge/settings.ts'
import { asciiSigns, type SafeText } from '../safetext.ts'
import type { State } from '../state.ts'

export interface Look {
  readonly theme: Theme
  readonly isAscii: boolean
  /** Links in messages can be clicked, where nothing is hidden by it. */
  readonly hasLinks: boolean
}

export const plainLook: Look = { theme: 'dark', isAscii: false, hasLinks: false }

export interface Signs {
  readonly rule: string
  readonly bar: string
  readonly prompt: string
  /** For text of our own. */
  readonly own: (text: SafeText) => SafeText
}

export const signsOf = ({ isAscii }: Look): Signs => (isAscii ? ascii : drawn)

/** For an ink element; of what has no colour, nothing. */
export function colourOf(
  { theme }: Look,
  what: State['kind'] | 'plain' | 'good' | 'bad',
): { color?: string } {
  const color = colours[theme][what]
  return color === undefined ? {} : { color }
}

const drawn: Signs = { rule: '─', bar: '│', prompt: '›', own: (text) => text }
const ascii: Signs = { rule: '-', bar: '|', prompt: '>', own: asciiSigns }

const dark = {
  ...{
    idle: 'gray',
    'under way': 'yellow',
    secured: 'green',
    closed: 'gray',
    lost: 'yellow',
    refused: 'red',
  },
  ...{ plain: undefined, good: 'green', bad: 'red' },
}

/** Yellow cannot be read on white. */
const light = { ...dark, 'under way': 'blue', lost: 'magenta' }

const colours: Record<
  Theme,
  Partial<Record<State['kind'] | 'plain' | 'good' | 'bad', string | undefined>>
> = {
  ...{ dark, light, none: {} },
}
