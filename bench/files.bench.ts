/**
 * Files between two built programs: 1 GiB and 10,000 small ones on loopback, and over an emulated line of 50 ms with
 * 1 % loss; how much memory both take meanwhile; and how long a text takes beside them. `scp` on the same machine and
 * line where there is an sshd. Takes some minutes.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomBytes } from '../src/crypto.ts'
import { introduce, seed } from '../test/support/people.ts'
import { entry, freshHome, Program, type Started } from '../test/support/program.ts'
import type { Bench, Figure } from './bench.ts'
import { overLines } from './emulated.ts'
import { loopback, type Place } from './pair.ts'
import { percentile } from './percentile.ts'
import { Samples } from './samples.ts'

export const bench: Bench = {
  name: 'files',
  isLong: true,
  async *run({ runs = 3 }) {
    const at = { place: loopback, options: { interface: 'lo' } as const }
    yield* within({ ...at, where: 'loopback', size: 1 << 30, count: 10_000, runs })
    yield* overLines('files', async function* (lines) {
      await using line = await lines.up({ rtt: 50, loss: 1, rate: 200, seed: 1 })
      yield* within({
        where: '50 ms, 1 % loss',
        place: line.place,
        options: {},
        size: 1 << 28,
        count: 10_000,
        runs: 1,
      })
    })
  },
}

interface Setting {
  readonly where: string
  readonly place: Place
  readonly options: { readonly interface?: 'lo' }
  readonly size: number // octets of the one file
  readonly count: number // small files, of 1 KiB
  readonly runs: number
}

async function* within(setting: Setting): AsyncIterable<Figure> {
  const { where, place, size, count, runs } = setting
  const folder = mkdtempSync(join(tmpdir(), 'otrtalk-bench-'))
  try {
    const [big, small] = [join(folder, 'big'), join(folder, 'small')]
    spawnSync('dd', ['if=/dev/urandom', `of=${big}`, 'bs=1M', `count=${size >> 20}`, 'status=none'])
    mkdirSync(small)
    for (let i = 0; i < count; i++) writeFileSync(join(small, `${i}`), randomBytes(1_024))
    const [rates, times, memory] = [new Samples('MiB/s'), new Samples('s'), new Samples('MiB')]
    await using two = await people(setting)
    for (let run = 0; run < runs; run++) {
      const took = await sent(two, big, folder)
      rates.add('otrtalk', size / 2 ** 20 / took.seconds)
      memory.add('sender', took.memory.sender)
      memory.add('receiver', took.memory.receiver)
      times.add('otrtalk', (await sent(two, small, folder)).seconds)
      const [ofBig, ofSmall] = [await copied(place, big, folder), await copied(place, small, folder)]
      if (ofBig !== undefined) rates.add('scp', size / 2 ** 20 / ofBig)
      if (ofSmall !== undefined) times.add('scp', ofSmall)
    }
    const name = `files, ${where}`
    yield* rates.figure('otrtalk', { as: `${name}: ${size >> 20} MiB`, beside: 'scp' })
    yield* times.figure('otrtalk', { as: `${name}: ${count} files of 1 KiB`, beside: 'scp' })
    for (const side of ['sender', 'receiver'] as const)
      yield* memory.figure(side, { as: `${name}: most memory of the ${side}` })
    yield* texts(two, { name, big, folder })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Two extends AsyncDisposable {
  readonly ada: Started
  readonly bob: Started
}

/** Ada where the client is, bob where the server is, with a private node. */
async function people({ place, options }: Setting): Promise<Two> {
  const homes = [await freshHome(), await freshHome()] as const
  const program = [process.execPath, entry]
  const [client, server] = [
    [...place.client, ...program],
    [...place.server, ...program],
  ]
  const [file, ...up] = [...place.server, 'ip', 'link', 'set', 'lo', 'up'] // bob and the node are on one machine
  if (place.server.length > 0) spawnSync(file!, up)
  const node = await seed({ interface: options.interface ?? 'emu0', command: server })
  const env = {
    OTRTALK_BOOTSTRAP: node.address,
    ...(options.interface && { OTRTALK_INTERFACE: options.interface }),
  }
  const [ada, bob] = [
    { home: homes[0].path, env, command: client },
    { home: homes[1].path, env, command: server },
  ]
  await introduce({ name: 'ada', at: ada }, { name: 'bob', at: bob })
  return {
    ada,
    bob,
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]()
      for (const home of homes) await home[Symbol.asyncDispose]()
    },
  }
}

/** From the moment it is accepted to `done`. */
async function sent(
  { ada, bob }: Two,
  path: string,
  folder: string,
): Promise<{ seconds: number; memory: { sender: number; receiver: number } }> {
  const into = mkdtempSync(join(folder, 'into-'))
  await using receiving = new Program(['listen', '--json', '--accept-from', 'ada', '--into', into], bob)
  await receiving.event('listening')
  await using sending = new Program(['send', 'bob', '--file', path, '--json'], ada)
  await sending.line('"state":"running"', longest)
  const began = performance.now()
  await sending.line('"state":"done"', longest)
  const seconds = (performance.now() - began) / 1_000
  const memory = { sender: peakOf(sending.pid), receiver: peakOf(receiving.pid) }
  await sending.ended()
  rmSync(into, { recursive: true })
  return { seconds, memory }
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
      note: `without: ${percentile(calm, share).toFixed(1)}${isOver ? '; the transfer ended before' : ''}`,
    }
}

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

/** Seconds that `scp` takes; undefined without an sshd. It runs for one connection, under keys made for it. */
async function copied(
  { client, server, host }: Place,
  path: string,
  folder: string,
): Promise<number | undefined> {
  const sshd = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((file) => existsSync(file))
  if (sshd === undefined) return undefined
  const keys = mkdtempSync(join(folder, 'keys-'))
  for (const key of ['host', 'user'])
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(keys, key)])
  mkdirSync('/run/sshd', { recursive: true })
  const port = '2022'
  const config = ['-e', '-D', '-f', '/dev/null', '-p', port, '-h', join(keys, 'host')]
  const own = ['-o', `AuthorizedKeysFile=${join(keys, 'user.pub')}`, '-o', 'StrictModes=no']
  const [file, ...args] = [...server, sshd, ...config, ...own]
  const serving = spawn(file!, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  try {
    await once(serving.stderr, 'data')
    const into = mkdtempSync(join(folder, 'into-'))
    const trust = [
      '-o',
      'StrictHostKeyChecking=no',
      '-o',
      'UserKnownHostsFile=/dev/null',
      '-i',
      join(keys, 'user'),
    ]
    const [scp, ...rest] = [...client, 'scp', '-q', '-r', '-P', port, ...trust, path, `${host}:${into}`]
    const began = performance.now()
    const [code] = await once(spawn(scp!, rest, { stdio: 'ignore' }), 'exit')
    if (code !== 0) throw new Error(`scp ended with ${code}`)
    return (performance.now() - began) / 1_000
  } finally {
    serving.kill()
  }
}

const longest = 900_000 // ms
const lines = 100
const gap = 100 // ms between texts
