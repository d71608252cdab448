/**
 * Whatever a peer writes, nothing on the screen changes but its own cells: each
 * case of test/cli/corpus.ts in every place that it can come to.
 */
import { describe, expect, test, vi } from 'vitest'
import { beginAnswer, explainDialogue } from '../../src/cli/dialogue.ts'
import { report as reportFault } from '../../src/cli/error.ts'
import { openPlain } from '../../src/cli/lines/plain.ts'
import { focused, type Model, newModel, update } from '../../src/cli/model.ts'
import { printTable } from '../../src/cli/print.ts'
import { columnsOf, safeName, safeTitle, words } from '../../src/cli/safetext.ts'
import { emptyDraft } from '../../src/cli/screen/draft.ts'
import type { View } from '../../src/cli/screen/picture.ts'
import { mount } from '../../src/cli/screen/view.tsx'
import { wrapOff } from '../../src/cli/terminal.ts'
import { UserError } from '../../src/error.ts'
import { corpus } from '../cli/corpus.ts'
import { Emulator } from '../cli/emulator.ts'
import { Pipes } from '../cli/pipes.ts'
import { at, controlling, eventsOf, expectUntouched, harmlessFor, hostileAs, type Told } from '../cli/told.ts'

vi.hoisted(() => {
  process.env['FORCE_COLOR'] = '1' // chalk reads it once
})

// How a command ends is no matter of the picture: test/slow/hostile.test.ts has each.
const cases = corpus
  .filter(({ name }) => !/ended by (?:BEL|the C1 ST)/.test(name))
  .map(({ name, text }): [string, string] => [name, text])

describe('on the screen nothing changes outside the place of', () => {
  test.each(cases)('%s', async (_, text) => {
    const [hostile, harmless] = [drawn(hostileAs(text)), drawn(harmlessFor(text))]
    // Where characters are one octet each, all terminals give them the same columns.
    const kinds = /^[\0-\x7f]*$/.test(text) ? (['apart'] as const) : (['apart', 'joined', 'old'] as const)
    await expectUntouched(text, { hostile, harmless, ...size }, kinds)
  })
})

describe('plain lines keep in its place', () => {
  test.each(cases)('%s', async (_, text) => {
    const hostile = plainLines(hostileAs(text))
    expect(hostile).not.toMatch(controlling)
    const harmless = plainLines(harmlessFor(text))
    await expectUntouched(text, { hostile, harmless, columns: 80, rows: 60 })
  })

  /** As on a terminal, where messages and remarks follow each other. */
  function plainLines(told: Told): string {
    const terminal = new Terminal()
    const buddies = [{ alias: told.name, trust: 'verified' as const }]
    const ui = openPlain({ ...terminal.options, buddies, buddy: told.name })
    for (const event of eventsOf(told)) ui.tell(event)
    void ui[Symbol.asyncDispose]()
    return terminal.printed
  }
})

describe('tables and errors keep in its place', () => {
  test.each(cases)('%s', async (_, text) => {
    const hostile = await oneLines(hostileAs(text))
    expect(hostile).not.toMatch(controlling)
    const harmless = await oneLines(harmlessFor(text))
    const columns = Math.max(...`${hostile}\n${harmless}`.split('\n').map(columnsOf)) + 1
    await expectUntouched(text, { hostile, harmless, columns, rows: 6 })
  })

  async function oneLines({ name, title, quoted }: Told): Promise<string> {
    const terminal = new Terminal()
    const { options } = terminal
    const rows = [
      [safeName(name), words`not verified`, safeTitle(title)],
      [words`bob`, words`verified by you`, words`192.0.2.7:4711`],
    ]
    printTable(options, rows)
    const fault = new UserError(`no buddy named ${quoted}`, { hint: `there are: ${quoted}` })
    await reportFault(fault, options, 'text')
    return terminal.printed
  }
})

const size = { columns: 100, rows: 32 }

/** The frame of a conversation with a question to be answered, as it goes to the terminal. */
function drawn(told: Told): string {
  const { name, title } = told
  const buddies = [name, 'bob'].map((alias) => ({ alias, trust: 'verified' as const }))
  let model: Model = newModel('home', buddies, name)
  for (const event of eventsOf(told)) model = update(model, { kind: 'told', event }, at)
  const { dialogue } = beginAnswer(focused(model)!)
  if (dialogue?.kind !== 'answer') throw new Error('nothing was asked')
  const asking = explainDialogue({ ...dialogue, asked: { ...dialogue.asked, question: title } })
  const view: View = { model, draft: emptyDraft, asking, scroll: undefined, size, now: at }
  const terminal = new Terminal()
  const { stdin } = new Emulator(size.columns, size.rows)
  const { stdout, stderr } = terminal.options
  Object.assign(stdout, size)
  const mounted = mount(view, { stdin, stdout, stderr, onKeys: () => {} })
  const { printed } = terminal
  mounted.unmount()
  return wrapOff + printed
}

/** Streams of a terminal of 80 columns, and all that is printed there. */
class Terminal {
  readonly options = new Pipes().options()
  printed = ''

  constructor() {
    for (const stream of [this.options.stdout, this.options.stderr])
      Object.assign(stream, { isTTY: true, columns: 80, write: (text: string) => this.#print(text) })
  }

  #print(text: string): boolean {
    this.printed += text
    return true
  }
}
