/**
 * The options of every command, and where their values come from: a flag, else
 * the variable `OTRTALK_*`, else the profile's setting, else the default.
 */
import { type Settings, settingName, type Theme, themes } from '../edge/settings.ts'
import { UserError } from '../error.ts'
import { parsedJson } from '../json.ts'
import { isKeep, maxKeep } from '../profile/habits.ts'
import type { Flags, HostPort, Io, Layers, Options } from './context.ts'

/** Flag, and what the help says of it. */
export const everywhere: readonly (readonly [flag: string, description: string])[] = [
  ['--profile <name>', 'the profile to use'],
  ['--passphrase-file <file>', 'read the passphrase from this file'],
  ['--passphrase-fd <n>', 'read the passphrase from this file descriptor'],
  ['--interface <name>', 'send and receive on this network interface only'],
  ['--port <n>', 'the UDP port; any free one by default'],
  ['--bootstrap <host:port>', 'a DHT node to begin with; may be given several times'],
  ['--no-dht', 'do not use the DHT'],
  ['--lan', 'use the local network only: nothing is sent beyond it'],
  ['--no-lan', 'do not announce anything on the local network'],
  ['--no-portmap', 'do not ask the router for a port'],
  ['--stun <host:port>', 'a STUN server to ask for our address; may be given several times'],
  ['--json', 'JSON on stdout, one value a line'],
  ['--plain', 'line by line, for pipes and screen readers'],
  ['--no-input', 'never ask anything'],
  ['--no-color', 'no colours'],
  ['--debug <file>', 'write what happens to this file; never texts or keys'],
  ['--inline', 'write above a prompt, not over the whole screen: the terminal keeps the lines'],
  ['--theme <name>', 'colours for a dark or a light background, or none: dark, light, none'],
  ['--ascii', 'draw with ASCII signs only; messages stay as they are'],
  ['--links', 'links can be clicked, where they lead to what is shown'],
  ['--bell', 'ring the bell of the terminal when a message comes'],
  ['--notify', 'have the terminal show a notification when a message comes'],
  ['--title', 'show in the title of the window how many messages are new'],
  ['--notify-command <word>', 'run this when a message comes; again for each of its arguments'],
  ['--notify-text', 'put the text into notifications, too'],
  ['--typing', 'tell when you type'],
  ['--read', 'tell which messages were on your screen'],
  ['--history', 'keep what is said, sealed, on this machine'],
  ['--downloads <folder>', 'where files go that are accepted without saying where'],
  ['--keep <days>', 'how long it is kept; for ever if nothing is set'],
]

/** Which option begins a group of them in the help. */
export const optionGroups: Readonly<Record<string, string>> = {
  '--profile': 'Profile:',
  '--interface': 'Network:',
  '--json': 'In and out:',
  '--inline': 'On the screen:',
  '--bell': 'When a message comes:',
  '--typing': 'With every buddy, unless “buddy set” says something else:',
}

export function resolveOptions(flags: Flags, env: Io['env'], settings: Settings = {}): Options {
  const given = <Value>(option: string, read: (text: string, name: string) => Value): Value | undefined => {
    const flag = flags[option]
    if (typeof flag === 'string') return read(flag, `--${settingName(option)}`)
    const name = variableOf(option)
    return env[name] ? read(env[name], name) : undefined
  }
  const on = (option: keyof Settings & Switch): boolean =>
    isTrue(flags[option]) ?? given(option, readSwitch) ?? isTrue(settings[option]) ?? false
  const off = (option: keyof Settings & Switch): boolean =>
    isTrue(flags[option]) ?? not(given(`no-${option}`, readSwitch)) ?? isTrue(settings[option]) ?? true

  const nodes = (option: 'bootstrap' | 'stun'): readonly HostPort[] | undefined =>
    flagList(flags[option], `--${option}`) ?? given(option, readHostPorts)
  const fromSettings = (option: 'bootstrap' | 'stun'): readonly HostPort[] =>
    settings[option]?.map((text) => readHostPort(text, option)) ?? []

  const lan = lanOf(flags, { only: given('lan', readSwitch), off: given('no-lan', readSwitch) }, settings)
  const stun = nodes('stun')
  if (lan === 'only' && stun?.length)
    throw usage('--lan sends nothing beyond the local network, and --stun asks a server there')
  const options: Options = {
    profile: given('profile', String) ?? settings.profile,
    interface: given('interface', String) ?? settings.interface,
    port: given('port', readPort) ?? settings.port,
    bootstrap: nodes('bootstrap') ?? fromSettings('bootstrap'),
    dht: off('dht'),
    lan,
    portmap: off('portmap'),
    stun: lan === 'only' ? [] : (stun ?? fromSettings('stun')),
    json: on('json'),
    plain: on('plain'),
    input: off('input'),
    color: off('color'), // NO_COLOR is the terminal's: src/cli/terminal.ts
    inline: on('inline'),
    theme: given('theme', readTheme) ?? settings.theme ?? 'dark',
    ascii: on('ascii'),
    links: on('links'),
    bell: on('bell'),
    notify: on('notify'),
    title: on('title'),
    notifyCommand:
      commandOf(flags['notifyCommand']) ?? given('notifyCommand', readCommand) ?? settings.notifyCommand,
    notifyText: on('notifyText'),
    typing: on('typing'),
    read: on('read'),
    history: on('history'),
    keep: given('keep', readDays) ?? settings.keep,
    downloads: given('downloads', String) ?? settings.downloads,
    debug: given('debug', String) ?? settings.debug,
    ...passphraseOf(flags, env, settings),
  }
  return options
}

/** Of a file and a descriptor the one that is given nearer by; both at once say nothing. */
function passphraseOf(
  flags: Flags,
  env: Io['env'],
  settings: Settings,
): Pick<Options, 'passphraseFile' | 'passphraseFd'> {
  const [byFile, byFd] = [variableOf('passphraseFile'), variableOf('passphraseFd')]
  const levels = [
    { file: flags['passphraseFile'], fd: flags['passphraseFd'], name: '--passphrase-fd' },
    { file: env[byFile] || undefined, fd: env[byFd] || undefined, name: byFd },
    { file: settings.passphraseFile, fd: settings.passphraseFd, name: 'passphrase-fd' },
  ]
  const level = levels.find(({ file, fd }) => file !== undefined || fd !== undefined)
  if (level?.file !== undefined && level.fd !== undefined)
    throw usage('the passphrase can come from a file or from a descriptor, not from both')
  return {
    passphraseFile: level?.file === undefined ? undefined : String(level.file),
    passphraseFd: level?.fd === undefined ? undefined : readDescriptor(String(level.fd), level.name),
  }
}

/** Where the value in force comes from. */
export type Origin = 'flag' | 'variable' | 'setting' | 'default'

/** Of an option with a value; what has none is by default without. */
export function originOf(option: keyof Options, { flags, env, settings }: Layers): Origin {
  if (flags[option] !== undefined) return 'flag'
  if (option === 'lan') return originOfLan(env, settings)
  if (variableInForce(option, env)) return 'variable'
  return settings[option] === undefined ? 'default' : 'setting'
}

/** The name of the variable that speaks of an option, if one does. */
export const variableInForce = (option: keyof Options, env: Io['env']): string | undefined =>
  [variableOf(option), variableOf(`no-${option}`)].find((name) => env[name])

/** A variable that says no takes back what the settings say, and no more. */
function originOfLan(env: Io['env'], { lan }: Settings): Origin {
  const [only, off] = lanVariables(env)
  if (only || off) return 'variable'
  if (lan === undefined) return 'default'
  return (lan ? only : off) === false ? 'variable' : 'setting'
}

const lanVariables = (env: Io['env']): readonly (boolean | undefined)[] =>
  [variableOf('lan'), variableOf('no-lan')].map((name) =>
    env[name] ? readSwitch(env[name], name) : undefined,
  )

/** `passphraseFile` is OTRTALK_PASSPHRASE_FILE. */
const variableOf = (option: string): string =>
  `OTRTALK_${settingName(option).replaceAll('-', '_').toUpperCase()}`

/** 112 hex digits, however grouped. */
export function readFingerprint(text: string): string {
  const digits = text.replace(/\s+/g, '').toLowerCase()
  if (/^[\da-f]{112}$/.test(digits)) return digits
  throw usage('a fingerprint has 112 hex digits', 'your buddy sees his own with: otrtalk id')
}

/** Seconds as people write them, in ms. */
export function readSeconds(text: string, name: string): number {
  const seconds = /^\d{1,7}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0
  if (seconds > 0 && seconds <= mostSeconds) return seconds * 1_000
  throw usage(`${name} takes a number of seconds, not ${text}`, `at most ${mostSeconds}`)
}

const mostSeconds = 2_000_000 // 23 days: the longest timer that node has is a little longer

export const usage = (message: string, hint?: string): UserError => new UserError(message, { hint, exit: 2 })

type Switch =
  | ('dht' | 'portmap' | 'json' | 'plain' | 'input' | 'color')
  | ('inline' | 'ascii' | 'links')
  | ('typing' | 'read' | 'history')
  | ('bell' | 'notify' | 'title' | 'notifyText')

const isTrue = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined)
const not = (value: boolean | undefined): boolean | undefined => (value === undefined ? undefined : !value)

export function readSwitch(text: string, name: string): boolean {
  if (/^(?:1|true|yes|on)$/i.test(text)) return true
  if (/^(?:0|false|no|off)$/i.test(text)) return false
  throw usage(`${name} is on or off, or 1 or 0, not ${text}`)
}

export function readTheme(text: string, name: string): Theme {
  const theme = themes.find((known) => known === text.toLowerCase())
  if (theme !== undefined) return theme
  throw usage(`${name} takes ${themes.join(', ')}, not ${text}`)
}

export function readPort(text: string, name: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port >= 1 && port <= 65_535) return port
  throw usage(`${name} takes a port from 1 to 65535, not ${text}`)
}

export function readDescriptor(text: string, name: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw usage(`${name} takes the number of an open file descriptor, not ${text}`)
}

/** Days to keep what was said. */
export function readDays(text: string, name: string): number {
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (isKeep(days)) return days
  throw usage(`${name} takes a number of days from 1 to ${maxKeep}, not ${text}`)
}

/** Of `--lan` and `--no-lan` the last one counts; a variable for each. */
function lanOf(
  flags: Flags,
  variable: { readonly only: boolean | undefined; readonly off: boolean | undefined },
  settings: Settings,
): Options['lan'] {
  const flag = isTrue(flags['lan'])
  if (flag === undefined && variable.only && variable.off)
    throw usage('OTRTALK_LAN and OTRTALK_NO_LAN contradict each other')
  // A variable that says no takes back what the settings say, and no more.
  const named = variable.only || (variable.off ? false : undefined)
  const isSet =
    settings.lan === true ? variable.only !== false : settings.lan === false && variable.off !== false
  const wanted = flag ?? named ?? (isSet ? settings.lan : undefined)
  return wanted === undefined ? 'also' : wanted ? 'only' : 'off'
}

const flagList = (value: unknown, name: string): readonly HostPort[] | undefined =>
  Array.isArray(value) ? value.map((text) => readHostPort(String(text), name)) : undefined

const readHostPorts = (text: string, name: string): readonly HostPort[] =>
  text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((word) => readHostPort(word, name))

/** Given as often as it has words; one that is a JSON array is all of them. */
function commandOf(flag: unknown): readonly string[] | undefined {
  if (!Array.isArray(flag)) return undefined
  return readCommandWords(flag.map(String), '--notify-command')
}

/** @param words - one or more */
export const readCommandWords = (words: readonly string[], name: string): readonly string[] =>
  words.length === 1 && words[0]?.startsWith('[') ? readCommand(words[0], name) : words

/** A program, or it and its arguments as a JSON array. */
function readCommand(text: string, name: string): readonly string[] {
  if (!text.startsWith('[')) return [text]
  const words = arrayIn(text)
  if (words?.length && words.every(isArgument)) return words
  throw usage(
    `${name} takes a program or a JSON array of texts, not ${text}`,
    'as in ["notify-send","otrtalk"]',
  )
}

const isArgument = (word: unknown): word is string => typeof word === 'string' && !word.includes('\0')

function arrayIn(text: string): readonly unknown[] | undefined {
  const value = parsedJson(text)
  return Array.isArray(value) ? value : undefined
}

/** `router.example:6881`, `10.0.0.1:6881` or `[2001:db8::1]:6881` */
export function readHostPort(text: string, name: string): HostPort {
  const [, v6, plain, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(text) ?? []
  const host = v6 ?? plain
  if (host === undefined || port === undefined) throw usage(`${name} takes host:port, not ${text}`)
  return { host, port: readPort(port, name) }
}
