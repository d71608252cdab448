/**
 * Where the time goes: bulk data on loopback from one process to another, one of them under V8's profiler. Parts of the
 * time in which it is not idle; beside them what the system says of its processor time.
 */
import type { Bench, Figure, RunOptions } from './bench.ts'
import { measure, peer } from './pair.ts'
import { Samples } from './samples.ts'

export const bench: Bench = { name: 'profile', isLong: true, run }

async function* run({ runs = 3 }: RunOptions): AsyncIterable<Figure> {
  const samples = new Samples('%')
  for (let i = 0; i < runs; i++)
    for (const manner of ['bare', 'sealed'] as const)
      for (const side of ['sender', 'receiver'] as const)
        for (const [part, share] of shares(await profile(manner, side)))
          samples.add(`${manner} ${side}: ${part}`, share)
  for (const manner of ['bare', 'sealed'])
    for (const side of ['sender', 'receiver'])
      for (const part of [...parts.map(([name]) => name), kernel])
        yield* samples.figure(`${manner} ${side}: ${part}`)
}

async function profile(manner: 'bare' | 'sealed', side: 'sender' | 'receiver'): Promise<Profile> {
  const sealed = manner === 'sealed' ? ['--sealed'] : []
  const [profiled, other] = [peer('ours', ...sealed, '--profile'), peer('ours', ...sealed)]
  const [sender, receiver] = side === 'sender' ? [profiled, other] : [other, profiled]
  const by = side === 'sender' ? 'client' : 'server'
  const task = { kind: 'bulk', options: ['--for', '5'], until: { by, key: 'profile' } } as const
  const answer: unknown = await measure(sender, receiver, task)
  return answer as Profile
}

/** What bench/peers/profiled.ts tells. */
interface Profile {
  readonly profile: readonly (readonly [source: string, name: string, ms: number])[]
  readonly user_ms: number
  readonly system_ms: number
}

/** The first that fits. Natives count to their callers; outside JavaScript are the loop, and what it receives. */
const parts: readonly [string, (source: string, name: string) => boolean][] = [
  ['receiving: the event loop, the kernel, node:dgram', (source, name) => isReceiving(source, name)],
  ['sending: node:dgram and the kernel', (source) => /^node:(internal\/)?dgram|^node:net/.test(source)],
  ['ENet', (source) => source.startsWith('src/transport/enet/')],
  ['the cipher', (source) => /^src\/crypto|^node:internal\/crypto|^node_modules\/@noble/.test(source)],
  ['the link', (source) => source.startsWith('src/transport/link/')],
  ['our driver and sockets', (source) => source.startsWith('src/edge/') || source.startsWith('src/wire/')],
  ['collecting garbage', (source) => source === '(garbage collector)'],
  ['the rest', () => true],
]

const isReceiving = (source: string, name: string): boolean =>
  source === '(program)' || (source === 'node:dgram' && name === 'onMessage')

function shares({ profile, user_ms: user, system_ms: system }: Profile): [string, number][] {
  const busy = profile.filter(([source]) => source !== '(idle)' && source !== 'node:inspector')
  const total = busy.reduce((sum, [, , ms]) => sum + ms, 0)
  const spent = new Map(parts.map(([part]) => [part, 0]))
  for (const [source, name, ms] of busy) {
    const [part] = parts.find(([, fits]) => fits(source, name))!
    spent.set(part, spent.get(part)! + (ms * 100) / total)
  }
  return [...spent, [kernel, (system * 100) / (user + system)]]
}

const kernel = 'in the kernel, says the system'
