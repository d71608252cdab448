/**
 * Beside other chat programs of the terminal, where they do the same: until
 * the screen stands, what they keep in memory, and what they do while nobody
 * does anything. irssi, weechat and profanity are not connected to anything;
 * ours looks for a buddy who is not there.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { introduce, seed } from '../test/support/people.ts'
import { freshHome, type Started } from '../test/support/program.ts'
import { type Pty, start } from '../test/support/pty.ts'
import type { Bench, Figure, RunOptions } from './bench.ts'
import { percentile } from './percentile.ts'

export const bench: Bench = { name: 'terminals', isLong: true, run }

interface Terminal {
  readonly name: string
  readonly args: readonly string[]
  readonly options: Started
  /** On the screen when it stands. */
  readonly painted: string
  /** What a person types, bit by bit, to see so many lines; the last one on the screen then. */
  readonly lines?: { readonly typed: readonly string[]; readonly last: string }
}

async function* run({ runs = 11 }: RunOptions): AsyncIterable<Figure> {
  await using home = await freshHome()
  await using other = await freshHome()
  await using node = await seed({ interface: 'lo' })
  const env = { OTRTALK_BOOTSTRAP: node.address, OTRTALK_INTERFACE: 'lo' }
  const ada = { home: home.path, env }
  await introduce({ name: 'ada', at: ada }, { name: 'bob', at: { home: other.path, env } })
  const terminals = [
    { name: 'otrtalk', args: ['chat', 'bob'], options: ada, painted: 'write to bob' },
    ...others(home.path),
  ]
  const painted = new Map<string, number[]>(terminals.map(({ name }) => [name, []]))
  for (let i = 0; i < runs; i++)
    for (const terminal of terminals) painted.get(terminal.name)!.push(await paint(terminal))
  for (const { name } of terminals)
    yield { name: `${name}: screen painted`, value: percentile(painted.get(name)!, 0.5), unit: 'ms' }
  for (const terminal of terminals) yield* idle(terminal)
}

/** Those of them that are installed. */
function others(home: string): Terminal[] {
  const env = { HOME: home, TERM: 'xterm-256color' }
  const known: Terminal[] = [
    {
      name: 'irssi',
      args: [`--home=${home}/irssi`],
      options: { command: ['irssi'], env },
      painted: '[(status)]',
      lines: {
        typed: [`/exec seq -f 'line %g of a conversation, as long as many are' ${lineCount}\r`],
        last: `line ${lineCount} `,
      },
    },
    {
      name: 'weechat',
      args: ['-d', `${home}/weechat`],
      options: { command: ['weechat'], env },
      painted: 'Plugins loaded',
      lines: {
        typed: [
          `/repeat ${lineCount} /print line of a conversation, as long as many are\r`,
          '/print these were all\r',
        ],
        last: 'these were all',
      },
    },
    { name: 'profanity', args: [], options: { command: ['profanity'], env }, painted: '-1-' },
  ]
  return known.filter(({ name }) => {
    const isThere = spawnSync(name, ['--version']).error === undefined
    if (!isThere) console.error(`skipped: ${name}: it is not installed`)
    return isThere
  })
}

async function paint({ args, options, painted }: Terminal): Promise<number> {
  const before = performance.now()
  await using pty = start(args, options)
  await pty.waitFor(painted)
  return performance.now() - before
}

async function* idle({ name, args, options, painted, lines }: Terminal): AsyncIterable<Figure> {
  await using pty = start(args, options)
  await pty.waitFor(painted)
  await sleep(settling)
  const before = sample(pty)
  await sleep(span)
  const after = sample(pty)
  const per = (key: 'wakes' | 'ticks'): number => ((after[key] - before[key]) * 1_000) / span
  yield { name: `${name}: resident`, value: after.resident / 1_024, unit: 'MB' }
  yield { name: `${name}: idle, wake-ups`, value: per('wakes'), unit: 'a second' }
  yield { name: `${name}: idle, processor`, value: per('ticks'), unit: '% of a core' }
  if (!lines) return
  for (const typed of lines.typed) {
    pty.type(typed)
    await sleep(1_000) // what comes at once is taken for pasted
  }
  await pty.waitFor(lines.last, 60_000)
  await sleep(settling)
  yield { name: `${name}: resident with ${lineCount} lines`, value: sample(pty).resident / 1_024, unit: 'MB' }
}

function sample({ pid }: Pty) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return {
    resident: Number(/^VmRSS:\s*(\d+)/m.exec(status)![1]), // kB
    wakes: Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)![1]),
    ticks: Number(stat[11]) + Number(stat[12]), // user and system, in hundredths of a second
  }
}

const lineCount = 10_000
const settling = 5_000 // ms: until what begins at the start has ended
const span = 30_000 // ms
