import { render } from 'ink-testing-library'
import { afterEach, describe, expect, test } from 'vitest'
import { newModel, update } from '../../../src/cli/model.ts'
import { emptyDraft } from '../../../src/cli/screen/draft.ts'
import { layoutOf } from '../../../src/cli/screen/frame.ts'
import { openScreen } from '../../../src/cli/screen/screen.ts'
import { Screen } from '../../../src/cli/screen/view.tsx'
import type { UiOptions } from '../../../src/cli/ui.ts'
import { Emulator, until } from '../emulator.ts'
import { Pipes } from '../pipes.ts'
import { report } from '../reports.ts'
import { at, difficult, message, Stage, secured, under } from './stage.ts'

let stage: Stage
afterEach(() => stage[Symbol.asyncDispose]())

const stageOf = async (columns: number, rows: number, more?: Partial<UiOptions>): Promise<Stage> => {
  stage = new Stage(columns, rows)
  return await stage.open(more)
}

describe('a frame', () => {
  test('of 80 by 24 has header, messages, prompt and status', async () => {
    const { ui, emulator } = await stageOf(80, 24)
    ui.tell(secured)
    ui.tell(message('hello!'))
    await stage.shows('hello!')
    emulator.type('hi ada\r')
    await stage.shows('hi ada (waiting)')
    ui.tell({ kind: 'delivered', buddy: 'ada', id: '01'.repeat(8), ms: 3 })
    const rows = await stage.shows('✓')
    const rule = '─'.repeat(80)
    expect(rows).toEqual([
      `${'ada: secured, met by code'.padEnd(66)}otrtalk - home`,
      rule,
      ...Array(13).fill(''),
      '14:02   ·  secured with ada: met by code, directly over the internet',
      '           fingerprint ABABABAB ABABABAB ABABABAB ABABABAB ABABABAB ABABABAB',
      '           ABABABAB ABABABAB ABABABAB ABABABAB ABABABAB ABABABAB ABABABAB',
      '           ABABABAB',
      '14:02 ada  hello!',
      '14:02 you  hi ada ✓',
      rule,
      '› write to ada, or /help',
      'directly over the internet, for 0 s',
    ])
  })

  test('of 40 by 12 has the same, with less', async () => {
    const { ui } = await stageOf(40, 12)
    ui.tell(secured)
    ui.tell(message('a message that needs two rows here'))
    const rows = await stage.shows('rows here')
    expect(rows).toEqual([
      'ada: secured, met by code otrtalk - home',
      '─'.repeat(40),
      ...Array(4).fill('           ABABABAB ABABABAB ABABABAB'),
      '           ABABABAB',
      '14:02 ada  a message that needs two',
      '           rows here',
      '─'.repeat(40),
      '› write to ada, or /help',
      'directly over the internet, for 0 s',
    ])
  })

  test('of 120 by 40 has the list of buddies beside it', async () => {
    const buddies = [
      { alias: 'ada', trust: 'verified' },
      { alias: 'bob', trust: 'verified' },
    ] as const
    const { ui } = await stageOf(120, 40, { buddies })
    ui.tell(secured)
    ui.tell(message('from bob', 'bob'))
    const rows = await stage.shows('1 new')
    expect(rows[2]).toBe('›ada             here │')
    expect(rows[3]).toBe(' bob            1 new │')
    expect(rows[39]).toMatch(/Tab: 1 new from bob$/)
    expect(rows.every((row, y) => y < 2 || y > 36 || row[22] === '│')).toBe(true)
  })

  test('too small for a conversation says so, and comes back', async () => {
    const { emulator } = await stageOf(20, 4)
    await stage.shows('too small')
    emulator.resize(80, 24)
    await stage.shows('write to ada')
  })

  test('is laid out by size: at most a third of the rows for the prompt', () => {
    const model = newModel('home', [{ alias: 'ada', trust: 'verified' }])
    const draft = {
      ...emptyDraft,
      text: update(model, { kind: 'said', buddy: 'ada', id: '', text: 'x\n'.repeat(50) }, 0).conversations[0]!
        .lines[0]!.text,
    }
    expect(layoutOf({ model, draft, size: { columns: 80, rows: 24 } })).toEqual({
      ...{ window: { columns: 80, rows: 12 }, list: 0, prompt: 8, top: 15 },
    })
  })

  test('without a terminal behind it is the same text', () => {
    const model = update(
      newModel('home', [{ alias: 'ada', trust: 'verified' }]),
      { kind: 'told', event: message('hello') },
      at,
    )
    const view = {
      model,
      draft: emptyDraft,
      asking: undefined,
      scroll: undefined,
      size: { columns: 60, rows: 8 },
      now: at,
    }
    const { lastFrame, unmount } = render(<Screen view={view} onKeys={() => {}} />)
    expect(
      lastFrame()
        ?.split('\n')
        .map((row) => row.trimEnd()),
    ).toEqual([
      `${'ada: not connected'.padEnd(46)}otrtalk - home`,
      '─'.repeat(60),
      ...['', '14:02 ada  hello', '           (from an earlier conversation, met by code)'],
      '─'.repeat(60),
      '› write to ada: it waits here',
      'not looking for ada; /open begins',
    ])
    unmount()
  })
})

describe('what is typed', () => {
  test('before the conversation is secured waits, and says so', async () => {
    const { ui, emulator, acts } = await stageOf(80, 24)
    emulator.type('are you there?\r')
    await stage.shows('you  are you there? (waiting)')
    expect(acts).toEqual([{ kind: 'say', buddy: 'ada', id: '01'.repeat(8), text: 'are you there?' }])
    ui.tell(secured)
    const rows = await stage.shows('secured, met by code')
    expect(rows.join('\n')).toContain('(waiting)')
    ui.tell({ kind: 'sent', buddy: 'ada', id: '01'.repeat(8) })
    await stage.shows('(sent)')
    ui.tell({ kind: 'undelivered', buddy: 'ada', id: '01'.repeat(8), why: 'too-many' })
    await stage.shows('✗ not delivered: too many')
  })

  test('may change a line in its place, and one who types is named below', async () => {
    const { ui, emulator, acts } = await stageOf(80, 24, { hints: true })
    ui.tell(secured)
    ui.tell({ kind: 'message', id: 'a1', text: 'at five?', at, ...under })
    await stage.shows('ada  at five?')
    expect(acts).toEqual([{ kind: 'read', buddy: 'ada', ids: ['a1'] }])
    ui.tell({ kind: 'typing', state: 'begun', ...under })
    await stage.shows(/^ada is typing; /)
    ui.tell({ kind: 'edited', id: 'a2', of: 'a1', text: 'at \x1b[2Jsix?', at, ...under })
    await stage.shows('ada  at ␛[2Jsix? (edited)')
    emulator.type('/reply fine\r')
    const rows = await stage.shows('you  fine (waiting)')
    const quote = rows.findIndex((row) => row.includes('>  ada: at ␛[2Jsix?'))
    expect(rows[quote + 1]).toContain('you  fine')
    expect(rows.join('\n')).not.toMatch(/five|is typing/)
    expect(acts.slice(1)).toEqual([
      { kind: 'read', buddy: 'ada', ids: ['a2'] },
      { kind: 'typing', buddy: 'ada', state: 'begun' },
      { kind: 'say', buddy: 'ada', id: '01'.repeat(8), text: 'fine', about: { as: 'reply', id: 'a1' } },
    ])
    ui.tell({ kind: 'read', ids: ['01'.repeat(8)], ...under })
    await stage.shows('you  fine ✓ read')
  })

  test('stands where the cursor is, wide characters and several lines too', async () => {
    const { emulator } = await stageOf(40, 12)
    emulator.type('你好')
    await stage.shows('› 你好')
    expect(await emulator.cursor()).toEqual({ x: 6, y: 10 })
    emulator.type('\x1b[D')
    await until(async () => (await emulator.cursor()).x === 4, 'cursor left')
    emulator.type('\x1b\rx')
    await stage.shows('  x好')
    expect(await emulator.cursor()).toEqual({ x: 3, y: 10 })
  })

  test('can be edited: words, ends, history, and leaves nothing of the old line', async () => {
    const { emulator, acts } = await stageOf(80, 24)
    emulator.type('one two three')
    emulator.type('\x17')
    emulator.type('\x01')
    emulator.type('zero ')
    await stage.shows(/^› zero one two$/)
    emulator.type('\r')
    await until(() => acts.length === 1, 'said')
    emulator.type('\x1b[A')
    await stage.shows(/^› zero one two$/)
    emulator.type('\x15')
    await stage.shows(/^› write to ada/)
    expect(acts).toMatchObject([{ text: 'zero one two ' }])
  })

  test('and pasted is text only: escapes are shown, newlines do not send, commands do not run', async () => {
    const { emulator, acts } = await stageOf(80, 24)
    emulator.type('\x1b[200~one\n\x1b]0;owned\x07\r\n/quit\n\x1b[201~')
    await stage.shows('  /quit')
    await stage.shows('  ␛]0;owned␇')
    expect(acts).toEqual([])
    expect(emulator.title).toBe('')
    emulator.type('\r')
    await until(() => acts.length === 1, 'said')
    expect(acts).toMatchObject([{ text: 'one\n␛]0;owned␇\n/quit' }])
  })

  test('survives a resize in the middle of it', async () => {
    const { emulator, ui } = await stageOf(80, 24)
    ui.tell(secured)
    for (const text of difficult) ui.tell(message(text))
    for (const [columns, rows] of [
      [40, 12],
      [120, 40],
      [33, 9],
      [80, 24],
    ] as const) {
      emulator.type('typed ')
      emulator.resize(columns, rows)
      const rule = '─'.repeat(columns)
      await until(async () => {
        const shown = await emulator.rows()
        return (
          shown[0]?.startsWith('ada: secured, met by code') &&
          shown[1] === rule &&
          shown.filter((row) => row === rule).length === 2 &&
          shown.at(-2)?.includes('typed')
        )
      }, `a whole frame of ${columns} by ${rows}`)
    }
    await stage.shows('› typed typed typed typed')
  })

  test('as a command is run, and never sent', async () => {
    const { ui, emulator, acts } = await stageOf(80, 40, { fingerprint: '0f'.repeat(56) })
    emulator.type('/help\r')
    await stage.shows('//text         say a text that begins with a slash')
    expect((await emulator.rows()).join()).not.toContain('Tab goes')
    emulator.type('/fingerprint\r')
    await stage.shows('you: 0F0F0F0F')
    emulator.type('/info\r')
    await stage.shows('profile home')
    emulator.type('/why\r')
    await until(() => acts.some(({ kind }) => kind === 'why'), 'why is asked')
    ui.tell({ kind: 'why', buddy: 'ada', report })
    await stage.shows('no router keeps a port open for you')
    emulator.type('/info now\r')
    await stage.shows('/info takes nothing after it')
    emulator.type('/clera\r')
    await stage.shows('did you mean /clear?')
    emulator.type('/clear\r')
    await until(
      async () => (await emulator.rows()).filter((row) => row !== '').length === 5,
      'an empty screen',
    )
    expect(acts.splice(0)).toEqual([{ kind: 'why', buddy: 'ada' }])
    emulator.type('/close\r')
    await stage.shows('› the conversation is closed: /open looks for ada again')
    emulator.type('/open\r')
    emulator.type('//close\r')
    await until(() => acts.length === 3, 'acts')
    expect(acts).toMatchObject([{ kind: 'close' }, { kind: 'open' }, { kind: 'say', text: '/close' }])
  })

  test('moves through the conversation and between conversations', async () => {
    const { emulator, ui } = await stageOf(80, 12, {
      buddies: [
        { alias: 'ada', trust: 'verified' },
        { alias: 'bob', trust: 'verified' },
      ],
    })
    for (let i = 0; i < 100; i++) ui.tell(message(`line ${i}.`))
    await stage.shows('line 99.')
    emulator.type('\x1b[5~')
    await stage.shows('line 89.')
    ui.tell(message('something new'))
    expect(await stage.shows('older lines; Page Down goes on')).not.toContain('something new')
    emulator.type('\x1b[6~')
    emulator.type('\x1b[6~')
    await stage.shows('something new')
    emulator.type('\t')
    await stage.shows('bob: not connected')
    emulator.type('\x1b[Z')
    await stage.shows('something new')
  })
})

describe('inline', () => {
  const everything = async ({ emulator }: Stage): Promise<string[]> => {
    await emulator.rows()
    const { active } = emulator.terminal.buffer
    return Array.from({ length: active.length }, (_, y) => active.getLine(y)!.translateToString(true))
  }
  const two = [
    { alias: 'ada', trust: 'verified' },
    { alias: 'bob', trust: 'verified' },
  ] as const

  test('each line is printed once, above a prompt of three rows, and stays when that goes', async () => {
    stage = new Stage(60, 12)
    const { emulator } = stage
    emulator.terminal.write('before\n')
    const { ui } = await stage.open({ isInline: true })
    ui.tell(secured)
    for (let i = 0; i < 60; i++) {
      ui.tell(message(`number ${i}.`))
      if (i % 20 === 19) await stage.shows(`number ${i}.`)
    }
    emulator.type('hi\r')
    const rows = await stage.shows('14:02 you  hi')
    expect(rows.slice(-6, -1)).toEqual([
      ...[
        '14:02 ada  number 59.',
        '14:02 you  hi',
        `${'ada: secured, met by code'.padEnd(46)}otrtalk - home`,
      ],
      ...[
        '› write to ada, or /help',
        expect.stringMatching(/^directly over the internet, for 0 s +1 waiting$/),
      ],
    ])
    emulator.type('/quit\r')
    await ui.done
    const left = (await everything(stage)).filter((row) => row !== '')
    const numbers = left.flatMap((row) => /number (\d+)\./.exec(row)?.[1] ?? [])
    expect(numbers).toEqual(Array.from({ length: 60 }, (_, i) => `${i}`))
    expect([left[0], left.at(-1)]).toEqual(['before', '14:02 you  hi'])
    expect(emulator.terminal.buffer.active.type).toBe('normal')
    for (const erase of ['\x1b[2J', '\x1b[3J']) expect(emulator.output).not.toContain(erase)
  })

  test('what another buddy says who has the alias of one who was removed is printed, too', async () => {
    const { ui, emulator } = await stageOf(60, 12, { isInline: true })
    ui.tell(secured)
    for (const text of ['one.', 'two.', 'three.']) ui.tell(message(text))
    await stage.shows('three.')
    ui.tell({ kind: 'removed', buddy: 'ada', why: 'removed' })
    ui.tell({ kind: 'added', buddy: 'ada' })
    ui.tell(message('from the other ada.'))
    emulator.type('/to ada\r')
    await stage.shows('from the other ada.')
  })

  test('what became of a line is said below, and anew if it failed', async () => {
    const { ui, emulator } = await stageOf(60, 12, { isInline: true })
    emulator.type('one\rtwo\r')
    await stage.shows('2 waiting')
    ui.tell({ kind: 'undelivered', buddy: 'ada', id: '01'.repeat(8), why: 'too-many' })
    await stage.shows('not delivered: too many')
    ui.tell({ kind: 'delivered', buddy: 'ada', id: '02'.repeat(8), ms: 3 })
    const rows = await stage.shows(/ delivered$/)
    expect(rows.join('\n')).toContain('already (one)')
    expect(rows.join('\n')).not.toMatch(/\(sent\)|\(waiting\)|✓/)
  })

  test('another buddy is announced, with what came meanwhile; a new alias prints nothing again', async () => {
    const { ui, emulator } = await stageOf(60, 20, { isInline: true, buddies: two })
    ui.tell(message('first'))
    ui.tell(message('from bob', 'bob'))
    await stage.shows('Tab: 1 new from bob')
    emulator.type('\t')
    await stage.shows('from bob')
    ui.tell({ kind: 'renamed', buddy: 'bob', to: 'rob' })
    const rows = await stage.shows('rob: not connected')
    const texts = rows.map((row) => row.slice(0, 24)).join('\n')
    expect(texts).toMatch(/── ada ─.*first.*── bob ─.*── new ─.*from bob/s)
    expect(texts.match(/from bob|── /g)).toHaveLength(4) // three rules and the line, each once
  })

  test('what comes while somebody else has the terminal is printed when it is back', async () => {
    const { emulator, ui } = await stageOf(60, 12, { isInline: true })
    await stage.shows('write to ada')
    const kill = process.kill
    process.kill = () => true // as if nobody controlled jobs here
    try {
      emulator.type('\x1a\x1a')
      await until(() => !emulator.isRaw, 'the terminal handed over')
      ui.tell(message('meanwhile'))
      emulator.resize(60, 13)
      await until(() => emulator.isRaw, 'the terminal back')
    } finally {
      process.kill = kill
    }
    const rows = await stage.shows('meanwhile')
    expect(rows.filter((row) => row.includes('meanwhile'))).toHaveLength(1)
  })

  test('a frame stays below the height of the terminal, however much is written at the prompt', async () => {
    const { emulator, ui } = await stageOf(40, 9, { isInline: true })
    ui.tell(message('above'))
    await stage.shows('above')
    emulator.type(`\x1b[200~${'line\n'.repeat(30)}end\x1b[201~`)
    await stage.shows('  end')
    expect((await everything(stage)).join('\n')).toContain('above')
    expect((await emulator.cursor()).y).toBeLessThan(9)
  })
})

describe('a flood', () => {
  test('of 2,000 messages at once is drawn in a few frames, and the newest are shown', async () => {
    const { ui, emulator } = await stageOf(80, 24)
    await stage.shows('write to ada')
    const before = emulator.output.length
    for (let i = 0; i < 2000; i++) ui.tell(message(`number ${i} ${'x'.repeat(i % 100)}`))
    await stage.shows('number 1999')
    expect(emulator.output.length - before).toBeLessThan(3 * 80 * 24)
  })
})

describe('the end', () => {
  const clean = async ({ emulator }: Stage): Promise<void> => {
    await until(() => !emulator.isRaw, 'raw mode is off')
    await emulator.rows()
    const { modes, buffer } = emulator.terminal
    expect(buffer.active.type).toBe('normal')
    expect(modes).toEqual(new Emulator(2, 2).terminal.modes)
    expect(emulator.output.lastIndexOf('\x1b[?25h')).toBeGreaterThan(emulator.output.lastIndexOf('\x1b[?25l'))
  }

  test.each([
    ['/quit\r', 'quit'],
    ['\x04', 'Ctrl-D'],
    ['\x03', 'Ctrl-C'],
  ])('by %j leaves the terminal as it was', async (keys) => {
    const { ui, emulator } = await stageOf(80, 24)
    ui.tell(message('secret'))
    await stage.shows('secret')
    expect(emulator.terminal.buffer.active.type).toBe('alternate')
    expect(emulator.terminal.modes).toMatchObject({ bracketedPasteMode: true, wraparoundMode: false })
    emulator.type(keys)
    expect(await ui.done).toEqual({ kind: 'left' })
    await clean(stage)
    expect((await emulator.rows()).join('')).toBe('')
  })

  test('by Ctrl-D does not come while something is written', async () => {
    const { emulator } = await stageOf(80, 24)
    emulator.type('ab\x1b[D')
    await until(async () => (await emulator.cursor()).x === 3, 'cursor')
    emulator.type('\x04')
    await stage.shows(/^› a$/)
  })

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
    'by %s leaves the terminal as it was',
    async (signal) => {
      const { ui } = await stageOf(80, 24)
      const kill = process.kill
      let killed = false
      process.kill = () => {
        killed = true
        return true
      }
      process.emit(signal, signal)
      process.kill = kill
      expect(await ui.done).toEqual({ kind: 'signal', signal })
      expect(killed).toBe(false) // whoever opened the screen still has a conversation to end
      await clean(stage)
    },
  )

  test('by a crash leaves the terminal as it was before the crash is printed', async () => {
    await stageOf(80, 24)
    process.emit('uncaughtExceptionMonitor', new Error('crash'))
    await clean(stage)
  })

  test('by the terminal going away is that of a hangup', async () => {
    const { ui, emulator } = await stageOf(80, 24)
    emulator.stdin.emit('error', Object.assign(new Error('read EIO'), { code: 'EIO' }))
    expect(await ui.done).toEqual({ kind: 'signal', signal: 'SIGHUP' })
  })
})

describe('without a terminal the screen refuses', () => {
  test.each([
    ['stdin', { stdin: new Pipes().options().stdin }, 'standard input is not a terminal'],
    ['stdout', { stdout: new Pipes().options().stdout }, 'standard output is not a terminal'],
    ['TERM', { env: { TERM: 'dumb' } }, 'this terminal cannot place its cursor'],
  ])('%s', async (_, more, why) => {
    const { stdin, stdout } = new Emulator(80, 24)
    const options = { ...new Pipes().options(), stdin, stdout, ...more }
    await expect(openScreen(options)).rejects.toThrow(why)
  })
})

test('with --ascii our own signs are ASCII, and messages are what they are', async () => {
  const look = { theme: 'dark', isAscii: true, hasLinks: false } as const
  const { ui, emulator } = await stageOf(120, 24, {
    look,
    buddies: ['ada', 'bob'].map((alias) => ({ alias, trust: 'verified' as const })),
  })
  ui.tell(secured)
  emulator.type('ä ✓\r')
  ui.tell(message('Ûber — 你 │'))
  const rows = await stage.shows('Ûber — 你 │')
  ui.tell({ kind: 'delivered', buddy: 'ada', id: '01'.repeat(8), ms: 3 })
  await stage.shows(/ä ✓ \+$/)
  expect(rows[1]).toBe('-'.repeat(120))
  const drawn = emulator.output.replaceAll('Ûber — 你 │', '').replaceAll('ä ✓', '').replaceAll('ä', '')
  expect(drawn).toMatch(/^[\0-\x7f]*$/)
})

test('links are no links to click, unless it is asked for and they lead to what is shown', async () => {
  const look = { theme: 'none', isAscii: false, hasLinks: true } as const
  const url = `https://a.example/${'long'.repeat(20)}`
  const { ui, emulator } = await stageOf(60, 24, { look })
  ui.tell(message(`${url} https://a.example@b.example/ end`))
  await stage.shows('end')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
  const started = [...emulator.output.matchAll(/\x1b\]8;([^;]*);([^\x1b\x07]*)/g)].map(([, name, to]) => ({
    name,
    to,
  }))
  const targets = new Set(started.map(({ to }) => to))
  expect(targets).toEqual(new Set([url, '']))
  expect(new Set(started.filter(({ to }) => to === url).map(({ name }) => name)).size).toBe(1)
  await ui[Symbol.asyncDispose]()
  await stageOf(60, 24)
  stage.ui.tell(message(`${url} end`))
  await stage.shows('end')
  expect(stage.emulator.output).not.toContain('\x1b]8')
})

test('a terminal that reads no UTF-8 gets ASCII only', async () => {
  const { ui, emulator } = await stageOf(80, 24, { env: { LC_ALL: 'C' } })
  ui.tell(secured)
  ui.tell(message('Ûber 你 \x9b2J'))
  const rows = await stage.shows('?ber ??')
  expect(rows[1]).toBe('-'.repeat(80))
  expect(emulator.output).toMatch(/^[\0-\x7f]*$/)
})
