/** What a person does at each command that does not end by itself, and what must be seen then. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { execute } from '../../support/program.ts'
import type { Answer } from '../../support/shell.ts'
import { type Person, passphrase, type Stage, waitFor } from './stage.ts'

/** A command that a person has typed. */
export interface Act {
  readonly stage: Stage
  readonly person: Person
  /** As bash got it. */
  readonly command: string
  /** The alias in it. */
  readonly alias: string
  /** Somebody else types a command of which the document says nothing. */
  summon(who: string, command: string): Promise<Person>
}

/** Plays until the person may do something else, and gives how it is left: with a look whether it did what it is for. */
export type Scene = (act: Act) => Promise<() => Promise<void>>

/** What is asked by commands that end by themselves, in that order. */
export const dialogues: readonly (readonly [RegExp, readonly Answer[]])[] = [
  [
    /^otrtalk profile create( \w+)?$/,
    [
      ['new passphrase for', passphrase],
      ['the same again:', passphrase],
    ],
  ],
  [
    /^otrtalk profile passphrase$/,
    [
      ['passphrase of ada:', passphrase],
      ['new passphrase for ada:', `${passphrase} two`],
      ['the same again:', `${passphrase} two`],
    ],
  ],
  [/^otrtalk profile passphrase --no-passphrase/, [['passphrase of ada:', `${passphrase} two`]]],
  [
    /^otrtalk profile export /,
    [
      ['new passphrase for the file:', passphrase],
      ['the same again:', passphrase],
    ],
  ],
  [
    /^otrtalk profile import /,
    [
      ['passphrase of ada.otrtalk:', passphrase],
      ['new passphrase for ada:', `${passphrase} three`],
      ['the same again:', `${passphrase} three`],
    ],
  ],
  [/^otrtalk profile remove \w+$/, [['[y/N]', 'yes']]],
  [/^otrtalk buddy remove \w+$/, [['[y/N]', 'yes']]],
  [/^otrtalk buddy verify \w+$/, [['do both match, every row? [y/N]', 'yes']]],
  [/^otrtalk id --rotate$/, [['[y/N]', 'yes']]],
]

/** The first that fits; `alias` is its first group. What fits none ends by itself, with 0. */
export const scenes: readonly (readonly [RegExp, Scene])[] = [
  [/^otrtalk demo$|npm run demo\b/, demo],
  [/^otrtalk node\b[^&]*$/, node],
  [/^otrtalk invite (\w+) --json .*\| tee \S+$/, inviteOfScript],
  [/^otrtalk invite (\w+)(?: --qr)?$/, invite],
  [/^otrtalk accept (\w+)$/, accept],
  [/^tail -f \S+ \| otrtalk chat (\w+) --plain/, tail],
  [/^otrtalk chat (\w+)/, chat],
  [/^otrtalk listen --plain$/, hear],
  [/^otrtalk listen --stream > \S+$/, catchStream],
  [/^otrtalk listen\b[^&]*$/, listen],
  [/^otrtalk offer (\w+)$/, offer],
  [/^otrtalk offer (\w+) > \S+$/, offerToFile],
  [/^otrtalk answer (\w+)$/, answer],
  [/^otrtalk(?: --(?:inline|plain))*$/, everybody],
]

async function demo({ person }: Act): ReturnType<Scene> {
  await waitFor(person, /ada: secured/)
  person.shell.pty.type('Hello Ada\r')
  await waitFor(person, /You wrote “Hello Ada”/)
  return () => quit(person)
}

async function node({ stage, person }: Act): ReturnType<Scene> {
  const screen = await waitFor(person, /others begin here with/)
  stage.told.set('node', /127\.0\.0\.1:\d+/.exec(screen)![0])
  return () => interrupt(person)
}

async function invite(act: Act): ReturnType<Scene> {
  const { stage, person } = act
  const screen = await waitFor(person, /the code for \w+: (?:\w+ ){5}\w+/)
  stage.told.set('code', /the code for \w+: ((?:\w+ ){5}\w+)/.exec(screen)![1]!)
  return () => leaveConversation(act, `otrtalk accept ${person.name}`)
}

/** Whoever has shown the code is still there. */
async function accept(act: Act): ReturnType<Scene> {
  const { stage, person, alias } = act
  await waitFor(person, /^code: *$/m)
  person.shell.pty.type(`${stage.told.get('code')}\r`)
  await secured(person, await stage.person(alias))
  return () => leaveConversation(act)
}

/** Ends by itself when both know each other. */
async function inviteOfScript({ stage, person, alias }: Act): ReturnType<Scene> {
  const screen = await waitFor(person, /"event":"code"/)
  const { folder } = await stage.person(alias)
  writeFileSync(join(folder, 'code.txt'), `${/"code":"([a-z ]+)"/.exec(screen)![1]}\n`)
  return async () => expect(await person.shell.ended()).toMatchObject({ code: 0 })
}

async function chat(act: Act): ReturnType<Scene> {
  const { person, command } = act
  await waitFor(person, /not connected|looking for|secured/)
  const flags = command.replace(/^otrtalk chat \w+|--fingerprint "[^"]*"/g, '')
  return () => leaveConversation(act, `otrtalk chat ${person.name}${flags}`)
}

/** Not before both have heard each other. Who is not there yet comes by `command`. */
async function leaveConversation({ stage, person, alias, summon }: Act, command?: string): Promise<void> {
  const other = await stage.person(alias)
  if (!person.hasTalked) {
    const isThere = other.open !== undefined && !/^otrtalk listen/.test(other.shell.command)
    if (!isThere && command === undefined) throw new Error(`${alias} has left too early`)
    if (!isThere) await summon(alias, command!)
    await converse(person, other)
  }
  await quit(person)
}

async function tail(act: Act): ReturnType<Scene> {
  const { person, alias, command } = act
  const other = await summonListener(act, alias)
  await waitFor(person, /secured with/)
  appendFileSync(join(person.folder, /tail -f (\S+)/.exec(command)![1]!), '/a line of a log\n')
  await waitFor(other, /\/a line of a log/)
  return () => interrupt(person)
}

/** The buddy is there to hear what is said. */
export async function summonListener({ stage, summon }: Act, alias: string): Promise<Person> {
  const other = await stage.person(alias)
  return other.open === undefined ? summon(alias, 'otrtalk listen --plain') : other
}

/** Of which the document says nothing. */
async function hear({ person }: Act): ReturnType<Scene> {
  await waitFor(person, /reachable as/)
  return () => interrupt(person)
}

/** Ends by itself when all of a stream is there. */
async function catchStream({ person }: Act): ReturnType<Scene> {
  await waitFor(person, /reachable as/)
  return async () => expect(await person.shell.ended()).toMatchObject({ code: 0 })
}

/** It prints what comes, and runs what it was told to. */
async function listen({ stage, person, command }: Act): ReturnType<Scene> {
  await waitFor(person, /reachable as|"listening"/)
  const other = await stage.person(person.name === 'bob' ? 'ada' : 'bob')
  const { stderr, code } = await execute(['send', person.name, 'hello listener'], other.at)
  expect(`${code} ${stderr}`).toMatch(/^0 /)
  await waitFor(person, /hello listener/)
  const written: Readonly<Record<string, RegExp>> = {
    asked: /--notify-command/.test(command) ? /new message from bob/ : /a message came/,
    [`inbox-${other.name}.txt`]: /^hello listener$/,
  }
  for (const [file, text] of Object.entries(written)) {
    const path = join(person.folder, file)
    if (command.includes(file.split('-')[0]!) || (file === 'asked' && command.includes('notify-send')))
      await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toMatch(text), 5_000)
  }
  return () => interrupt(person)
}

async function offer(act: Act): ReturnType<Scene> {
  const { stage, person } = act
  const screen = await waitFor(person, /the answer of \w+:/)
  stage.told.set('offer', /oto1\w+/.exec(screen)![0])
  return () => leaveConversation(act, `otrtalk answer ${person.name}`)
}

/** Bob's answer is not needed: he finds her. */
async function offerToFile({ person }: Act): ReturnType<Scene> {
  await waitFor(person, /the answer of \w+:/)
  return async () => {
    person.shell.pty.key('ctrlC')
    expect([0, 130]).toContain((await person.shell.ended()).code)
  }
}

async function answer(act: Act): ReturnType<Scene> {
  const { stage, person, alias } = act
  await waitFor(person, /the offer of \w+:/)
  person.shell.pty.type(`${stage.told.get('offer')}\r`)
  await secured(person, await stage.person(alias))
  return () => leaveConversation(act)
}

async function everybody({ person }: Act): ReturnType<Scene> {
  await waitFor(person, /otrtalk - \w+|reachable as/)
  return () => quit(person)
}

let texts = 0

async function secured(...people: readonly Person[]): Promise<void> {
  for (const person of people) await waitFor(person, /secured, |secured with |"secured"/)
}

/** A text there, and one back. */
async function converse(a: Person, b: Person): Promise<void> {
  await secured(a, b)
  await say(a, b, `text ${++texts} of ${a.name}`)
  await say(b, a, `text ${++texts} of ${b.name}`)
}

/** Said at one's prompt, and seen on the other's screen. */
export async function say(from: Person, to: Person, text: string): Promise<void> {
  from.shell.pty.type(`${text}\r`)
  await to.shell.pty.waitFor(text).catch((error: Error) => {
    throw new Error(`${error.message}\nwho said it:\n${from.shell.pty.screen}`)
  })
  from.hasTalked = true
}

async function quit({ shell }: Person): Promise<void> {
  shell.pty.type('/quit\r')
  expect(await shell.ended()).toMatchObject({ code: 0 })
}

async function interrupt({ shell }: Person): Promise<void> {
  shell.pty.key('ctrlC')
  expect(await shell.ended()).toMatchObject({ code: 130 })
}
