import { PassThrough } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import type { ProfileContext } from '../../src/cli/context.ts'
import type { Lines } from '../../src/cli/conversing.ts'
import { Interrupted } from '../../src/cli/error.ts'
import { Exchange } from '../../src/cli/exchanging.ts'
import type { Ui, UiEnd, UiOptions } from '../../src/cli/ui.ts'
import { UserError } from '../../src/error.ts'
import type { TalkEvent } from '../../src/session/command.ts'
import type { OfferKind, TakeFault } from '../../src/session/offers.ts'

const own = 'oto1own'
const theirs = 'ota1theirs'
const secured: TalkEvent = {
  kind: 'secured',
  buddy: 'bob',
  session: 1,
  fingerprint: 'ab'.repeat(56),
  trust: 'verified',
  path: 'direct',
  ms: 1,
  pq: true,
}
const told: TalkEvent = { kind: 'phase', buddy: 'bob', phase: 'looking', ms: 0 }

interface Given {
  readonly kind?: OfferKind
  readonly typed?: string
  readonly piped?: string
  readonly json?: boolean
  readonly hasQr?: boolean
  readonly isScreen?: boolean
  readonly line?: string | undefined
  readonly faults?: Readonly<Record<string, TakeFault>>
  readonly isGathered?: boolean
}

const living: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of living.splice(0)) await one[Symbol.asyncDispose]()
})

/** An exchange, whose two ends of the world are written here. */
function begin(given: Given = {}) {
  const { kind = 'offer', typed, piped, json = false, isScreen = false, faults = {} } = given
  const raw: boolean[] = []
  const stdin = Object.assign(new PassThrough(), {
    isTTY: piped === undefined,
    setRawMode: (mode: boolean) => raw.push(mode),
  })
  if (typed !== undefined) stdin.write(typed)
  if (piped !== undefined) stdin.end(piped)
  const [stdout, stderr] = [new PassThrough(), new PassThrough()].map((stream) =>
    Object.assign(stream, { isTTY: isScreen }),
  )
  const options = { json, plain: !isScreen, input: true, dht: false }
  const io = { stdin, stdout, stderr, env: { LANG: 'C.UTF-8' } }
  const context = { ...io, options, isInteractive: true, profile: 'home' } as unknown as ProfileContext
  const taken: string[] = []
  const offered: OfferKind[] = []
  const heard: TalkEvent[] = []
  let leave: (end: UiEnd) => void = () => {}
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  let isClosed = false
  const lines: Lines = {
    isGathered: given.isGathered ?? true,
    offer: (as) => {
      offered.push(as)
      return 'line' in given ? given.line : own
    },
    take: (text) => {
      const line = text.replace(/\s/g, '')
      taken.push(text)
      if (line === '') return 'empty'
      if (theirs.startsWith(line) && line !== theirs) return 'short'
      return line === theirs ? 'taken' : (faults[line] ?? 'prefix')
    },
  }
  const ui: Ui = {
    done: new Promise((resolve) => {
      leave = resolve
    }),
    tell: (event) => heard.push(event),
    async [Symbol.asyncDispose]() {
      isClosed = true
    },
  }
  let isOpen = false
  let patience: number | undefined
  const openUi = async (options: UiOptions): Promise<Ui> => {
    patience = options.patience
    isOpen = true
    setImmediate(open) // when it has been told what happened before
    return ui
  }
  const uiOptions = {
    profile: 'home',
    buddies: [],
    buddy: 'bob',
    act: () => {},
    ...io,
  } as unknown as UiOptions
  const asks = piped === undefined && !json
  const exchange = new Exchange(uiOptions, {
    context,
    kind,
    lines,
    hasQr: given.hasQr === true,
    asks,
    openUi,
  })
  living.push(exchange)
  const [printed, remarked] = [collect(stdout!), collect(stderr!)]
  return {
    ...{ exchange, opened, heard, taken, offered, raw, stdin, printed, remarked },
    leave: (end: UiEnd) => leave(end),
    isOpen: () => isOpen,
    patience: () => patience,
    isClosed: () => isClosed,
  }
}

interface Collected {
  (): string
  /** Once it holds this. */
  readonly until: (wanted: string) => Promise<void>
}

function collect(stream: PassThrough): Collected {
  let text = ''
  const waiting: { readonly wanted: string; readonly resolve: () => void }[] = []
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    for (const { wanted, resolve } of waiting) if (text.includes(wanted)) resolve()
  })
  const until = (wanted: string): Promise<void> =>
    text.includes(wanted)
      ? Promise.resolve()
      : new Promise((resolve) => waiting.push({ wanted, resolve: () => resolve() }))
  return Object.assign(() => text, { until })
}

test('the line is all that stands on stdout; once the answer is taken the conversation is shown, with what was told', async () => {
  const run = begin({ typed: `${theirs}\r` })
  run.exchange.tell(told)
  expect(run.heard).toEqual([])
  await run.opened
  run.exchange.tell(secured)
  expect(run.heard).toEqual([told, secured])
  expect(run.printed()).toBe(`${own}\n`)
  expect(run.remarked()).toMatch(/^give this line to bob, who types: otrtalk answer <your name there>\n/)
  expect(run.remarked()).toContain('at both ends\nthe answer of bob: ota1theirs\n')
  expect([run.offered, run.raw]).toEqual([['offer'], [true, false]])
  run.leave({ kind: 'left' })
  expect(await run.exchange.done).toEqual({ kind: 'left' })
})

test('an answer asks for the offer before it gives its line', async () => {
  const run = begin({ kind: 'answer' })
  await run.remarked.until('the offer of bob: ')
  expect([run.printed(), run.offered]).toEqual(['', []])
  run.stdin.write(`${theirs}\r`)
  await run.opened
  expect([run.printed(), run.offered]).toEqual([`${own}\n`, ['answer']])
  expect(run.remarked()).toContain('give this line to bob, whose otrtalk waits for it\n')
})

test('before the screen covers an answer, Enter is waited for; not if the buddy comes first', async () => {
  const run = begin({ kind: 'answer', isScreen: true, typed: `${theirs}\r` })
  await run.remarked.until('press Enter when bob has it ')
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(run.isOpen()).toBe(false)
  run.stdin.write('x\r')
  await run.opened
  const other = begin({ kind: 'answer', isScreen: true, typed: `${theirs}\r` })
  await other.remarked.until('press Enter')
  other.exchange.tell(secured)
  await other.opened
  expect(other.raw).toEqual([true, false, true, false])
})

test('whoever is found before he gave his answer is not asked for it any more; what is typed stays for the conversation', async () => {
  const run = begin()
  await run.remarked.until('the answer of bob: ')
  run.exchange.tell(secured)
  await run.opened
  expect([run.heard, run.raw]).toEqual([[secured], [true, false]])
  run.stdin.write('hello')
  expect(run.stdin.read()?.toString()).toBe('hello')
})

test('a line that was broken is asked for to its end; an empty one says that this was all', async () => {
  const run = begin({ typed: `ota1\rthe\rirs\rhello` })
  await run.opened
  expect(run.stdin.read()?.toString()).toBe('hello')
  const cut = begin({ typed: `ota1\rthe\r\r${theirs}\r` })
  await cut.opened
  expect(cut.remarked()).toContain('the end of the line is missing\nhint: copy it whole')
})

test('a wrong line is named, and asked for again; keys edit what is typed', async () => {
  const run = begin({ typed: `hello\r${own}\rota1thx\x7feirs\r`, faults: { [own]: 'own' } })
  await run.opened
  expect(run.remarked()).toContain('this is no line of otrtalk: an offer begins with oto1')
  expect(run.remarked()).toContain(
    'this is your own line\nhint: give it to bob, and paste here what bob gives you\nthe answer of bob: ',
  )
})

test('Ctrl-C at the question, and Ctrl-D at once, leave; the terminal is as it was', async () => {
  for (const typed of ['\x03', 'ota\x03', '\x04']) {
    const run = begin({ typed })
    await expect(run.exchange.done).rejects.toBeInstanceOf(Interrupted)
    expect(run.raw).toEqual([true, false])
  }
})

test.each<[string, string]>([
  ['in one row', `${theirs}\nhello\n`],
  ['in several, behind empty ones', `\n\r\nota1the\r\nirs\nhello\n`],
  ['as JSON', `{"line":"${theirs}"}\nhello\n`],
])('a script gives the line first, %s, and then what is to be said', async (_, piped) => {
  const run = begin({ piped })
  await run.opened
  expect(run.stdin.read()?.toString()).toBe('hello\n')
  expect(run.remarked()).not.toContain('the answer of bob')
  expect(run.patience()).toBe(600_000) // people carry the other line
})

test('a script that has no line, a part of one, or a wrong one, ends with 2', async () => {
  const message = async (piped: string) => {
    const end = await begin({ piped, faults: { [own]: 'own' } }).exchange.done.catch(
      (error: unknown) => error,
    )
    return end instanceof UserError && end.exit === 2 ? end.message : end
  }
  expect(await message('')).toBe('no answer came on standard input')
  expect(await message('\n \n')).toBe('no answer came on standard input')
  expect(await message('ota1the\n')).toBe('the end of the line is missing')
  expect(await message(`${own}\n${theirs}\n`)).toBe('this is your own line')
  expect(await message('ota1'.repeat(20_000))).toBe('the line was changed on its way')
  expect(await message('{"line":1}\n')).toMatch(/^this is no line of otrtalk/)
  expect(await message('{"line"\n')).toMatch(/^this is no line of otrtalk/)
})

test('a script’s line is taken off stdin even if the buddy was there before it; without one the conversation goes on', async () => {
  for (const [piped, rest] of [
    [`${theirs}\nhello`, 'hello'],
    [`nonsense\nhello`, 'hello'],
    ['', undefined],
  ] as const) {
    const run = begin({ piped })
    run.exchange.tell(secured)
    await run.opened
    expect(run.stdin.read()?.toString()).toBe(rest)
  }
})

test('with --json the line is one object, and nobody is asked', async () => {
  const run = begin({ json: true, piped: `${theirs}\n` })
  await run.opened
  expect(JSON.parse(run.printed())).toEqual({ event: 'offer', buddy: 'bob', line: own })
})

test('--qr draws the line in capitals on stderr, where a terminal can', async () => {
  const run = begin({ hasQr: true, isScreen: true, typed: `${theirs}\r` })
  await run.opened
  expect(run.remarked()).toMatch(/█▀|▀█/)
  expect(run.printed()).toBe(`${own}\n`)
  const dumb = begin({ hasQr: true, typed: `${theirs}\r` })
  await dumb.opened
  expect(dumb.remarked()).toContain('this terminal cannot show a QR code\n')
})

test('waits at most 3 s until it is known where we can be reached, and says so after half a second', async () => {
  const began = performance.now()
  const run = begin({ isGathered: false, typed: `${theirs}\r` })
  await run.opened
  expect(performance.now() - began).toBeGreaterThan(2_900)
  expect(run.remarked()).toMatch(/^finding out where you can be reached, at most 3 s\ngive/)
})

test('a machine without an address ends with 6', async () => {
  const end = await begin({ line: undefined }).exchange.done.catch((error: unknown) => error)
  expect(end).toMatchObject({ message: 'this machine has no address that could be told', exit: 6 })
})

test('a signal ends it, opens nothing, and leaves the terminal as it was', async () => {
  const run = begin()
  await run.remarked.until('the answer of bob: ')
  process.emit('SIGTERM', 'SIGTERM')
  expect(await run.exchange.done).toEqual({ kind: 'signal', signal: 'SIGTERM' })
  await new Promise((resolve) => setImmediate(resolve))
  expect([run.raw, run.isOpen()]).toEqual([[true, false], false])
})

test('hears no signals any more once the conversation does', async () => {
  const before = process.listenerCount('SIGTERM')
  const run = begin({ typed: `${theirs}\r` })
  expect(process.listenerCount('SIGTERM')).toBe(before + 1)
  await run.opened
  expect(process.listenerCount('SIGTERM')).toBe(before)
})

test('is disposed with the conversation that it opened, or with the question', async () => {
  const run = begin({ typed: `${theirs}\r` })
  await run.opened
  await new Promise((resolve) => setImmediate(resolve))
  await run.exchange[Symbol.asyncDispose]()
  expect(run.isClosed()).toBe(true)
  const asked = begin()
  await asked.remarked.until('the answer of bob: ')
  await asked.exchange[Symbol.asyncDispose]()
  await new Promise((resolve) => setImmediate(resolve))
  expect([asked.raw, asked.isClosed(), asked.stdin.isPaused()]).toEqual([[true, false], false, true])
})
