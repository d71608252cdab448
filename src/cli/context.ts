/** What a command is given: the options in force, and the streams and variables it may use. */
import type { Home } from '../edge/home.ts'
import type { Settings, Theme } from '../edge/settings.ts'

/** The process's own, or a test's. */
export interface Io {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What commander read, by option; only what was given. */
export type Flags = Readonly<Record<string, unknown>>

export interface Layers {
  readonly flags: Flags
  readonly env: Io['env']
  readonly settings: Settings
}

export interface HostPort {
  readonly host: string // a name or a literal address, without brackets
  readonly port: number
}

/** A flag beats a variable, a variable the profile's setting: see options.ts. */
export interface Options {
  /** As asked for; a command of a profile finds the one in force in `ProfileContext`. */
  readonly profile: string | undefined
  readonly interface: string | undefined
  readonly port: number | undefined // any free one
  readonly bootstrap: readonly HostPort[] // instead of the public nodes
  readonly dht: boolean
  readonly lan: 'also' | 'only' | 'off' // only: nothing leaves the link; off: no multicast
  readonly portmap: boolean
  readonly stun: readonly HostPort[] // none by default
  readonly json: boolean
  readonly plain: boolean
  readonly input: boolean // false: never ask
  readonly inline: boolean // the screen leaves the lines to the terminal
  readonly theme: Theme
  readonly ascii: boolean // signs of our own
  readonly links: boolean // to be clicked
  readonly bell: boolean
  readonly notify: boolean // by the terminal
  readonly title: boolean
  readonly notifyCommand: readonly string[] | undefined // with its arguments
  readonly notifyText: boolean // the text, too
  readonly downloads: string | undefined // a folder's path
  readonly typing: boolean // where nothing is set for a buddy: told when we type
  readonly read: boolean // told what we have read
  readonly history: boolean // what is said is kept
  readonly keep: number | undefined // days
  readonly color: boolean
  readonly debug: string | undefined // a file's path
  readonly passphraseFile: string | undefined
  readonly passphraseFd: number | undefined
}

export interface Context extends Io {
  readonly options: Options
  readonly home: Home
  /** There is somebody to ask: a terminal, and no `--no-input`. */
  readonly isInteractive: boolean
}

/** Of a command that works on one profile; its settings are among the options. */
export interface ProfileContext extends Context {
  readonly profile: string
  /** By flag or variable: what the settings say aside. */
  readonly asked: Options
  /** What the options were made of. */
  readonly layers: Layers
}
