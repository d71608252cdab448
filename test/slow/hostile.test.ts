/**
 * Whatever a peer writes, it does nothing to the terminal, and none of it is
 * lost to a script: each case of the corpus. What it does to the picture is a
 * matter of test/program/hostile.test.ts.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { report as reportFault } from '../../src/cli/error.ts'
import { jsonLine } from '../../src/cli/lines/event.ts'
import { noteSequence } from '../../src/cli/notes/terminalnote.ts'
import { printJson, printTable } from '../../src/cli/print.ts'
import { edit } from '../../src/cli/prompts/prompt.ts'
import { Strokes } from '../../src/cli/prompts/strokes.ts'
import { safeFileName, safeName, safeTitle, words } from '../../src/cli/safetext.ts'
import { openDebugLog } from '../../src/edge/debuglog.ts'
import { corpus } from '../cli/corpus.ts'
import { Emulator } from '../cli/emulator.ts'
import { Pipes } from '../cli/pipes.ts'
import { controlling, eventsOf, hostileAs } from '../cli/told.ts'
import { temporaryFolder } from '../edge/folder.ts'

const cases = corpus.map(({ name, text }): [string, string] => [name, text])

test('there are more than 200 cases, each with a name of its own', () => {
  expect(corpus.length).toBeGreaterThan(200)
  expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length)
  for (const { name } of corpus) expect(name).toMatch(/^[ -~‘’]+$/)
})

describe('JSON lines hold raw, and escaped', () => {
  test.each(cases)('%s', async (_, text) => {
    const emulator = new Emulator(80, 24)
    for (const event of eventsOf(hostileAs(text))) {
      const line = jsonLine(event)
      expect(line).toMatch(/^[^\n]*\n$/)
      expect(line).not.toMatch(controlling)
      const parsed = JSON.parse(line)
      expect(parsed.event).toBe(event.kind)
      for (const key of ['buddy', 'text', 'question', 'knownAs', 'hosts', 'report'])
        if (key in event) expect(parsed[key]).toEqual(Reflect.get(event, key))
      emulator.stdout.write(line)
    }
    await emulator.parsed()
    expect(effectsOn(emulator)).toEqual(none)
  })
})

describe('a fault of the program itself, told with its stack, runs nothing in', () => {
  test.each(cases)('%s', async (_, text) => {
    const pipes = new Pipes()
    await reportFault(new Error(text), pipes.options(), 'text')
    expect(pipes.stderr).not.toMatch(controlling)
  })
})

describe('a prompt shows as text what is pasted', () => {
  test.each(cases)('%s', (_, text) => {
    let shown = ''
    for (const stroke of new Strokes().read(text)) {
      edit('', stroke, (part) => {
        shown += part
      })
    }
    expect(shown).not.toMatch(controlling)
  })
})

describe('on a terminal that reads no UTF-8 tables and JSON are ASCII', () => {
  test.each(cases)('%s', (_, text) => {
    const pipes = new Pipes()
    const { stdout, stderr } = pipes.options()
    Object.assign(stdout, { isTTY: true })
    const terminal = { stdout, stderr, env: { LC_ALL: 'C' } }
    printTable(terminal, [[safeName(text), safeTitle(text)]])
    printJson(terminal, { alias: text })
    expect(pipes.stdout).toMatch(/^[\n -~]*$/)
  })
})

describe('titles and notifications show, and nothing more,', () => {
  test.each(cases)('%s', async (_, text) => {
    const emulator = new Emulator(80, 24)
    const shown: string[] = []
    for (const command of [9, 777, 99])
      emulator.terminal.parser.registerOscHandler(command, (data) => shown.push(data) > 0)
    const title = safeTitle(text)
    const told = words`new message from ${safeName(text)}: ${title}`
    const forms = ['osc-9', 'osc-777', 'osc-99'] as const
    for (const form of forms) emulator.stdout.write(noteSequence({ form, isWrapped: false }, told))
    for (const form of forms) {
      const wrapped = noteSequence({ form, isWrapped: true }, told)
      const within = wrapped.slice('\x1bPtmux;'.length, -'\x1b\\'.length)
      emulator.stdout.write(within.replaceAll('\x1b\x1b', '\x1b')) // as tmux hands it on
    }
    emulator.stdout.write(`\x1b]2;${title}\x1b\\`)
    expect((await emulator.rows()).join('')).toBe('')
    expect(effectsOn(emulator)).toEqual({ ...none, title, systemCommands: [2] })
    const notes = [`otrtalk: ${told}`, `notify;otrtalk;${told.replaceAll(';', ',')}`, `;otrtalk: ${told}`]
    expect(shown).toEqual([...notes, ...notes])
  })
})

describe('files and the log of --debug', () => {
  test.each(cases)('are not led astray by %s', async (_, text) => {
    const folder = temporaryFolder()
    const name = safeFileName(text)
    writeFileSync(join(folder, name), '')
    expect(await readdir(folder)).toEqual([name])
    expect(name).toMatch(/^[^-.~]/)
    expect(name).not.toMatch(controlling)
    const path = join(folder, 'debug.log')
    {
      using log = openDebugLog(path)
      for (const event of eventsOf(hostileAs(text))) log.event(event)
    }
    const logged = readFileSync(path, 'utf8')
    expect(logged).not.toMatch(controlling)
    expect(logged.trimEnd().split('\n').length).toBe(eventsOf(hostileAs(text)).length)
  })
})

const effectsOn = ({ title, bells, answers, systemCommands, terminal }: Emulator): object => {
  return { title, bells, answers, systemCommands, modes: { ...terminal.modes } }
}

const none = effectsOn(new Emulator(2, 2))
