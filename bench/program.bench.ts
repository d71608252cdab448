/** What a person waits for: the program's start, the first paint of its screen, and two cold programs until they are secured. */
import { spawnSync } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { introduce, type Person, seed } from '../test/support/people.ts'
import { entry, environment, freshHome, Program } from '../test/support/program.ts'
import { start } from '../test/support/pty.ts'
import type { Bench, Figure } from './bench.ts'

export const bench: Bench = { name: 'program', run }

async function* run(): AsyncIterable<Figure> {
  yield* version()
  await using adaHome = await freshHome()
  await using bobHome = await freshHome()
  await using node = await seed({ interface: 'lo' })
  const env = { OTRTALK_BOOTSTRAP: node.address, OTRTALK_INTERFACE: 'lo' }
  const ada = { name: 'ada', at: { home: adaHome.path, env } }
  const bob = { name: 'bob', at: { home: bobHome.path, env } }
  await introduce(ada, bob)
  yield await firstPaint(ada)
  yield await coldStart(ada, bob)
}

function* version(): Iterable<Figure> {
  const bare: number[] = []
  const ours: number[] = []
  // So many that the median moves by less than 1 ms from run to run on a busy machine.
  for (let i = 0; i < 41; i++) {
    bare.push(runs(['-e', '0']))
    ours.push(runs([entry, '--version']))
  }
  const [value, counterpart] = [median(ours), median(bare)]
  yield { name: 'otrtalk --version', value, unit: 'ms', against: 'node -e 0', ratio: value / counterpart }
  yield { name: 'otrtalk --version, over bare node', value: value - counterpart, unit: 'ms' }
}

/** Ms from spawn to exit. */
function runs(args: readonly string[]): number {
  const before = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { env: environment({}) })
  const ms = performance.now() - before
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`)
  return ms
}

/** The whole screen stands, with the prompt; against a node that prints one line, in the same terminal. */
async function firstPaint({ at }: Person): Promise<Figure> {
  const screen: number[] = []
  const bare: number[] = []
  const print = [process.execPath, '-e', 'console.log("bob")']
  for (let i = 0; i < 11; i++) {
    screen.push(await painted(['chat', 'bob'], { ...at, wanted: 'write to bob' }))
    bare.push(await painted([], { ...at, command: print, wanted: 'bob' }))
  }
  const [value, counterpart] = [median(screen), median(bare)]
  return {
    name: 'chat screen painted',
    value,
    unit: 'ms',
    against: 'node, one line',
    ratio: value / counterpart,
  }
}

async function painted(
  args: readonly string[],
  { wanted, ...options }: Parameters<typeof start>[1] & { readonly wanted: string },
): Promise<number> {
  const before = performance.now()
  await using pty = start(args, options)
  await pty.waitFor(wanted)
  return performance.now() - before
}

/** Both start at once in a private DHT on this machine; until both are secured. */
async function coldStart(ada: Person, bob: Person): Promise<Figure> {
  const times: number[] = []
  for (let i = 0; i < 7; i++) {
    const before = performance.now()
    await using first = new Program(['listen', '--json'], ada.at)
    await using second = new Program(['listen', '--json'], bob.at)
    await Promise.all([first.event('secured'), second.event('secured')])
    times.push(performance.now() - before)
    for (const program of [first, second]) program.signal('SIGTERM')
    await Promise.all([first.ended(), second.ended()])
  }
  return { name: 'two cold starts until both are secured, loopback', value: median(times), unit: 'ms' }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
