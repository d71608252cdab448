/**
 * What the commands need of whatever the user sits before: the screen, plain
 * lines or JSON. Events go in by `tell`, commands come out by `act`.
 */
import type { Random } from '../crypto.ts'
import type { Command, TalkEvent, Trust } from '../session/command.ts'
import type { Look } from './screen/look.ts'

export interface UiOptions {
  readonly profile: string
  /** The profile's own fingerprint, for `/fingerprint`. */
  readonly fingerprint?: string
  readonly buddies: readonly UiBuddy[]
  /** With whom alone the conversation is; with everybody if it is not given. */
  readonly buddy?: string
  /** Nothing is said: stdin is not read. */
  readonly listensOnly?: true
  readonly act: (command: Command) => void
  /**
   * Tells, as event `earlier`, the newest lines that were kept; as the conversation begins only of whom they are kept.
   * Missing where another process has the profile.
   */
  readonly recall?: (buddy: string, count: number, why: 'began' | 'asked') => void
  /** The profile that runs hears what is typed when, and what was on the screen: it tells the buddy if the user wants that. */
  readonly hints?: true
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** Wall time, unix milliseconds. */
  readonly now?: () => number
  /** For the ids of what is said. */
  readonly random?: Random
  /** Of the screen. */
  readonly look?: Look
  /** The screen prints lines above its prompt and leaves them to the terminal. */
  readonly isInline?: boolean
  /** Told when the conversation of another buddy comes to the front of the screen. */
  readonly onFront?: (buddy: string | undefined) => void
  /** What else is switched on while the screen has the terminal, and off whenever it has not. */
  readonly modes?: { readonly enter: () => string; readonly leave: string }
  /** The end of stdin ends nothing before: somebody is to be met. */
  readonly heldUntil?: Promise<void>
  /** After the end of stdin: milliseconds without any progress until unconfirmed lines are given up. */
  readonly patience?: number
}

export interface UiBuddy {
  readonly alias: string
  readonly trust: Trust
  /** As saved in the profile; missing until he has answered once. */
  readonly fingerprint?: string
  /** As the user gave it for this time: who has another one is refused. */
  readonly given?: string
}

export interface Ui extends AsyncDisposable {
  tell(event: TalkEvent): void
  /** Settles once, when there is nothing more to do here; rejects only for a fault of ours or of the device. */
  readonly done: Promise<UiEnd>
}

export type UiEnd =
  | { readonly kind: 'left' } // by /quit, Ctrl-D or Ctrl-C
  | { readonly kind: 'ended'; readonly unconfirmed: number } // stdin ended; so many lines have no receipt
  | { readonly kind: 'signal'; readonly signal: LeavingSignal }
  | { readonly kind: 'pipe' } // nobody reads stdout any more

export type LeavingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

/** A name for a transfer that is offered: 32 hex digits. */
export const newTransfer = (newId: () => string): string => newId() + newId()

/** A name for a line that is said: 16 hex digits. */
export function lineId(random: Random): string {
  return Array.from(random(8), (octet) => octet.toString(16).padStart(2, '0')).join('')
}
