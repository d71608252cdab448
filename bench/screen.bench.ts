/**
 * The chat screen while a buddy writes: what 10,000 lines on it take of memory,
 * and 100 messages a second of a core. The built program in a terminal of 80 x 24.
 */
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { adaAndBob } from '../test/support/people.ts'
import { Program } from '../test/support/program.ts'
import { type Pty, start } from '../test/support/pty.ts'
import type { Bench, Figure, RunOptions } from './bench.ts'

export const bench: Bench = { name: 'screen', isLong: true, run }

async function* run({ runs = 3 }: RunOptions): AsyncIterable<Figure> {
  const all: Measured[] = []
  for (let i = 0; i < runs; i++) all.push(await measured())
  for (const [name, unit] of [
    ['empty, resident', 'MB'],
    ['10,000 lines, resident', 'MB'],
    ['10,000 lines, resident at most', 'MB'],
    ['10,000 lines, sent in', 's'],
    ['100 messages a second', '% of a core'],
    ['… as JSON lines, without a screen', '% of a core'],
  ] as const) {
    const values = all.map((each) => each[name]).toSorted((a, b) => a - b)
    yield { name: `screen: ${name}`, value: values[Math.floor(values.length / 2)]!, unit }
  }
}

interface Measured {
  readonly 'empty, resident': number
  readonly '10,000 lines, resident': number
  readonly '10,000 lines, resident at most': number
  readonly '10,000 lines, sent in': number
  readonly '100 messages a second': number
  readonly '… as JSON lines, without a screen': number
}

async function measured(): Promise<Measured> {
  await using two = await adaAndBob()
  await using screen = start(['chat', 'bob'], two.ada)
  await using bob = new Program(['chat', 'ada', '--json'], two.bob)
  await Promise.all([screen.waitFor('bob: secured'), bob.event('secured')])
  await sleep(calm)
  const empty = memoryOf(screen).now
  const share = await steady(screen, bob)
  const began = performance.now()
  for (let i = 0; i < lines; i++) bob.write(`${JSON.stringify({ say: textOf(i) })}\n`)
  await screen.waitFor(`${lines - 1}: `, longest)
  const seconds = (performance.now() - began) / 1_000
  await sleep(calm)
  const { now, most } = memoryOf(screen)
  return {
    'empty, resident': empty,
    '10,000 lines, resident': now,
    '10,000 lines, resident at most': most,
    '10,000 lines, sent in': seconds,
    '100 messages a second': share,
    '… as JSON lines, without a screen': await withoutScreen(),
  }
}

/** What receiving takes by itself: the link, ENet, OTR and receipts. */
async function withoutScreen(): Promise<number> {
  await using two = await adaAndBob()
  await using ada = new Program(['chat', 'bob', '--json'], two.ada)
  await using bob = new Program(['chat', 'ada', '--json'], two.bob)
  await Promise.all([ada.event('secured'), bob.event('secured')])
  await sleep(calm)
  return await steady(ada, bob)
}

/** Percent of a core that a program takes while 100 messages a second come. */
async function steady(ada: Receiver, bob: Program): Promise<number> {
  const [began, before] = [performance.now(), ticksOf(ada)]
  for (let i = 0; i < rate * span; i++) {
    await sleep(began + (i * 1_000) / rate - performance.now())
    bob.write(`${JSON.stringify({ say: `steady ${i}` })}\n`)
  }
  await sleep(began + span * 1_000 + settling - performance.now())
  return (ticksOf(ada) - before) / ((performance.now() - began) / 1_000)
}

type Receiver = Pick<Pty, 'pid'> | Pick<Program, 'pid'>

/** 10 to 110 characters, as people write. */
const textOf = (i: number): string => `${i}: ${'words of a line '.repeat(7).slice(0, 10 + ((i * 37) % 100))}`

function memoryOf({ pid }: Pty): { readonly now: number; readonly most: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const megabytes = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1]) * 1_024) / 1e6
  return { now: megabytes('VmRSS'), most: megabytes('VmHWM') }
}

/** User and system time, in hundredths of a second. */
function ticksOf({ pid }: Receiver): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return Number(stat[11]) + Number(stat[12])
}

const lines = 10_000
const rate = 100 // a second
const span = 10 // s
const calm = 2_000 // ms
const settling = 500 // ms: for the last of them to be drawn
const longest = 300_000 // ms
