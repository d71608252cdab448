/**
 * Files between two built programs: 1 GiB and 10,000 small ones on loopback, and 256 MiB and as many small ones over an
 * emulated line of 200 Mbit/s, 50 ms and 1 % loss; in turn with `scp` and magic-wormhole on the same machine and line.
 * How much memory both programs take meanwhile, and how long a text takes beside a file. On the line a copy by others is
 * stopped after 30 s: then what had come counts. A run takes some minutes.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomBytes } from '../src/crypto.ts'
import { adaAndBob, type Two } from '../test/support/people.ts'
import { entry, Program } from '../test/support/program.ts'
import type { Bench, Figure } from './bench.ts'
import { type Copier, copied, copiers } from './copiers.ts'
import { overLines } from './emulated.ts'
import { loopback, type Place } from './pair.ts'
import { percentile } from './percentile.ts'
import { Samples } from './samples.ts'

export const bench: Bench = {
  name: 'files',
  isLong: true,
  async *run({ runs = 3 }) {
    yield* within({ where: 'loopback', place: loopback, size: 1 << 30, target: 60, most: longest, runs })
    yield* overLines('files', async function* (lines) {
      await using line = await lines.up({ rtt: 50, loss: 1, rate: 200, seed: 1 })
      const where = '50 ms, 1 % loss'
      yield* within({ where, place: line.place, size: 1 << 28, target: 10, most: 30_000, runs })
    })
  },
}

interface Setting {
  readonly where: string
  readonly place: Place
  readonly size: number // octets of the one file
  readonly target: number // MiB/s of it
  readonly most: number // ms: then a copy by another program is stopped
  readonly runs: number
}

/** What is sent, counted in `each` octets. */
interface Load {
  readonly name: string
  readonly path: string
  readonly unit: 'MiB/s' | 'files/s'
  readonly count: number
  readonly each: number
}

async function* within(setting: Setting): AsyncIterable<Figure> {
  const { where, place, target } = setting
  const folder = mkdtempSync(join(tmpdir(), 'otrtalk-bench-'))
  try {
    const loads = written(folder, setting.size)
    await using two = await people(place)
    await using others = await copiers(place, folder)
    const rounds = new Rounds(two, others.all, folder)
    for (let run = 0; run < setting.runs; run++)
      for (const load of loads) await rounds.add(load, setting.most)
    const name = `files, ${where}`
    for (const load of loads) yield* rounds.figures(name, load, load.unit === 'MiB/s' ? target : undefined)
    yield* texts(two, { name, big: loads[0].path, folder })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function written(folder: string, size: number): readonly [Load, Load] {
  const [big, small] = [join(folder, 'big'), join(folder, 'small')]
  const [mebibytes, files] = [size >> 20, 10_000]
  spawnSync('dd', ['if=/dev/urandom', `of=${big}`, 'bs=1M', `count=${mebibytes}`, 'status=none'])
  mkdirSync(small)
  for (let i = 0; i < files; i++) writeFileSync(join(small, `${i}`), randomBytes(1_024))
  return [
    { name: `${mebibytes} MiB`, path: big, unit: 'MiB/s', count: mebibytes, each: 1 << 20 },
    { name: `${files} files of 1 KiB`, path: small, unit: 'files/s', count: files, each: 1_024 },
  ]
}

/** Ours and others, in turns. */
class Rounds {
  readonly #two: Two
  readonly #others: readonly Copier[]
  readonly #folder: string
  readonly #rates = { 'MiB/s': new Samples('MiB/s'), 'files/s': new Samples('files/s') }
  readonly #memory = new Samples('MiB')
  readonly #stopped = new Set<string>()

  constructor(two: Two, others: readonly Copier[], folder: string) {
    this.#two = two
    this.#others = others
    this.#folder = folder
  }

  async add({ path, unit, count, each }: Load, most: number): Promise<void> {
    const rates = this.#rates[unit]
    const took = await sent(this.#two, path, this.#folder)
    rates.add('otrtalk', count / took.seconds)
    rates.add('otrtalk, whole', count / took.whole)
    for (const side of sides) this.#memory.add(`${unit} ${side}`, took.memory[side])
    for (const other of this.#others) {
      const { octets, seconds, isWhole, said } = await copied(other, { path, folder: this.#folder, most })
      rates.add(other.name, octets / each / seconds)
      if (isWhole && octets !== count * each)
        throw new Error(`${other.name} brought ${octets} octets: ${said}`)
      if (!isWhole) this.#stopped.add(`${unit} ${other.name}`)
    }
  }

  *figures(place: string, { name, unit }: Load, target: number | undefined): Iterable<Figure> {
    const rates = this.#rates[unit]
    const as = `${place}: ${name}`
    const note = target === undefined ? undefined : `target: ${target} or more`
    yield* rates.figure('otrtalk', { as, note })
    const besides = this.#others.length > 0 ? this.#others.map((other) => other.name) : [undefined]
    for (const beside of besides)
      yield* rates.figure('otrtalk, whole', { as: `${as}, from start to exit`, ...(beside && { beside }) })
    for (const { name: other } of this.#others) {
      const isStopped = this.#stopped.has(`${unit} ${other}`)
      yield* rates.figure(other, {
        as: `${as}, ${other}`,
        note: isStopped ? 'stopped before its end' : undefined,
      })
    }
    for (const side of sides)
      yield* this.#memory.figure(`${unit} ${side}`, { as: `${as}, most memory of the ${side}` })
  }
}

/** Ada where the client is, bob where the server is, with a private node. */
async function people({ client, server }: Place): Promise<Two> {
  if (server.length === 0) return await adaAndBob()
  const program = [process.execPath, entry]
  const [ada, bob] = [{ command: [...client, ...program] }, { command: [...server, ...program] }]
  return await adaAndBob({ node: { interface: 'emu0', ...bob }, ada, bob })
}

interface Sent {
  readonly seconds: number // from the moment it is accepted to `done`
  readonly whole: number // s, from the sender's start to its exit
  readonly memory: Readonly<Record<(typeof sides)[number], number>>
}

async function sent({ ada, bob }: Two, path: string, folder: string): Promise<Sent> {
  const into = mkdtempSync(join(folder, 'into-'))
  await using receiving = new Program(['listen', '--json', '--accept-from', 'ada', '--into', into], bob)
  await receiving.event('listening')
  const started = performance.now()
  await using sending = new Program(['send', 'bob', '--file', path, '--json'], ada)
  await sending.line('"state":"running"', longest)
  const began = performance.now()
  await sending.line('"state":"done"', longest)
  const seconds = (performance.now() - began) / 1_000
  const memory = { sender: peakOf(sending.pid), receiver: peakOf(receiving.pid) }
  const { code, stderr } = await sending.ended()
  const whole = (performance.now() - started) / 1_000
  if (code !== 0) throw new Error(`send ended with ${code}: ${stderr}`)
  rmSync(into, { recursive: true })
  return { seconds, whole, memory }
}

/** MiB of resident memory, the most so far. */
const peakOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1_024

/** How long a text takes to be decrypted at the buddy, with and without a transfer beside it. */
async function* texts(
  { ada, bob }: Two,
  { name, big, folder }: { name: string; big: string; folder: string },
): AsyncIterable<Figure> {
  const into = mkdtempSync(join(folder, 'into-'))
  await using theirs = new Program(['chat', 'ada', '--json'], bob)
  await using ours = new Program(['chat', 'bob', '--json'], ada)
  await Promise.all([ours.event('secured'), theirs.event('secured')])
  const calm = await said(ours, theirs, 'calm')
  ours.write(`${JSON.stringify({ send: big })}\n`)
  const { transfer } = await theirs.event('offered', longest)
  theirs.write(`${JSON.stringify({ accept: transfer, into })}\n`)
  await theirs.event('progress', longest)
  const busy = await said(ours, theirs, 'busy')
  const isOver = theirs.lines.some((line) => line.includes('"state":"done"'))
  for (const [share, label] of [
    [0.5, 'median'],
    [0.95, '95 %'],
  ] as const)
    yield {
      ...{ name: `${name}: a text beside it, ${label}`, value: percentile(busy, share), unit: 'ms' },
      ...{ against: 'without', ratio: percentile(busy, share) / percentile(calm, share) },
      note: `${more(percentile(busy, share), percentile(calm, share))}${isOver ? '; the transfer ended before' : ''}`,
    }
}

const more = (value: number, without: number): string =>
  `${(value - without).toFixed(1)} ms more than ${without.toFixed(1)}; target: below 50`

async function said(from: Program, to: Program, word: string): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < lines; i++) {
    const text = `${word} ${i};`
    const began = performance.now()
    from.write(`${JSON.stringify({ say: text })}\n`)
    await to.line((line) => line.includes(`"${text}"`))
    times.push(performance.now() - began)
    await sleep(gap)
  }
  return times
}

const sides = ['sender', 'receiver'] as const
const longest = 900_000 // ms
const lines = 100
const gap = 100 // ms between texts
