/** Records put and read through DHT nodes that nobody here wrote, on loopback. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { randomBytes } from '../../src/crypto.ts'
import { Discovery, type DiscoveryEvent } from '../../src/discovery/discovery.ts'
import { run } from '../../src/edge/run.ts'
import type { Address, Datagram, Local, Machine, Notice, Output } from '../../src/machine.ts'
import { pairOf } from '../discovery/swarm.ts'
import { address } from '../support/network.ts'

const peers = join(import.meta.dirname, '../peers')
const python = '/usr/bin/python3'
const hasLibtorrent = spawnSync(python, ['-c', 'import libtorrent']).status === 0
const stack: Disposable[] = []

afterEach(() => {
  for (const one of stack.splice(0)) one[Symbol.dispose]()
})

/** A Discovery and the one socket it has. */
class Ended implements Machine<DiscoveryEvent> {
  readonly local: Local = { kind: 'udp4' }
  readonly discovery: Discovery
  #state: 'new' | 'opening' | 'open' = 'new'

  constructor(mode: 'client' | 'node', bootstrap: readonly Address[]) {
    const { local } = this
    const now = performance.now()
    const wall = (now: number): number => performance.timeOrigin + now
    this.discovery = new Discovery({ local, random: randomBytes, wall, mode, bootstrap, now })
  }

  get deadline(): number {
    if (this.#state === 'new') return -Infinity
    return this.#state === 'open' ? this.discovery.deadline : Infinity
  }

  receive(datagram: Datagram, now: number): void {
    this.discovery.receive(datagram, now)
  }

  at: Address | undefined

  notice(notice: Notice): void {
    if (notice.kind !== 'opened') return
    this.#state = 'open'
    this.at = notice.at
  }

  *drain(now: number): Generator<Output<DiscoveryEvent>> {
    if (this.#state === 'new') yield { kind: 'open', local: this.local }
    if (this.#state === 'open') yield* this.discovery.drain(now)
    else this.#state = 'opening'
  }
}

function start(mode: 'client' | 'node', bootstrap: readonly Address[]) {
  const machine = new Ended(mode, bootstrap)
  const events: DiscoveryEvent[] = []
  const running = run<Ended, DiscoveryEvent>(machine, {
    onEvent: (event) => events.push(event),
    bind: { udp4: '127.0.0.1' },
  })
  stack.push(running)
  return { machine, events, running }
}

/** Two clients who know three of the nodes; returns after how many ms both had found the other. */
async function meet(bootstrap: readonly Address[]): Promise<number> {
  const began = performance.now()
  const name = String(began)
  const [a, b] = [start('client', bootstrap), start('client', bootstrap)]
  const told = [{ kind: 'loopback', address: address('127.0.0.1:7') }] as const
  for (const [own, one] of [a, b].entries()) {
    one.running.act(({ discovery }) => {
      discovery.announce(told, performance.now())
      discovery.seek('other', pairOf(name, own as 0 | 1), performance.now())
    })
  }
  const found = (): boolean => [a, b].every(({ events }) => events.some(({ kind }) => kind === 'found'))
  while (!found() && performance.now() - began < 60_000) await sleep(5)
  for (const { events } of [a, b]) {
    expect(events.find(({ kind }) => kind === 'found')).toMatchObject({ record: { candidates: told } })
    expect(events.filter(({ kind }) => kind === 'elsewhere')).toEqual([])
  }
  return performance.now() - began
}

/** A child and the lines it prints. */
function child(
  command: string,
  args: readonly string[],
): { process: ChildProcessWithoutNullStreams; lines: AsyncIterator<string> } {
  const process = spawn(command, args)
  process.stderr.resume()
  stack.push({ [Symbol.dispose]: () => void process.kill('SIGKILL') })
  return { process, lines: createInterface({ input: process.stdout })[Symbol.asyncIterator]() }
}

test('one node of our own on loopback is a whole DHT: two clients meet within 1.5 s', async () => {
  const { machine } = start('node', [])
  while (!machine.at) await sleep(5)
  expect(await meet([machine.at])).toBeLessThan(1_500)
  expect(machine.discovery.stored).toBeGreaterThanOrEqual(2) // four within ten minutes of a full hour
})

test('20 nodes of bittorrent-dht keep records of ours, both ways', async () => {
  const { lines } = child(process.execPath, [join(peers, 'bittorrent_dht.mjs'), '20'])
  const { value } = await lines.next()
  const nodes = (JSON.parse(value) as string[]).map(address)
  expect(nodes).toHaveLength(20)
  expect(await meet(nodes.slice(0, 3))).toBeLessThan(5_000)
})

describe.skipIf(!hasLibtorrent)('libtorrent (skipped without python3-libtorrent)', () => {
  test('12 nodes of libtorrent keep records of ours, both ways', async () => {
    const settings = {
      dht_restrict_routing_ips: false,
      dht_restrict_search_ips: false,
      dht_ignore_dark_internet: false,
      dht_prefer_verified_node_ids: false,
    }
    const format = '127.{i}.7.1'
    const { process, lines } = child(python, [
      join(peers, 'libtorrent_net.py'),
      '12',
      '127',
      JSON.stringify(settings),
      format,
    ])
    expect(JSON.parse((await lines.next()).value)).toEqual({ started: 12 })
    for (let known = 0; known < 6 * 12; ) {
      await sleep(1_000)
      process.stdin.write('{"op":"stats"}\n')
      for (;;) {
        const line = JSON.parse((await lines.next()).value) as { dht_nodes?: number[] }
        if (!line.dht_nodes) continue
        known = line.dht_nodes.reduce((sum, nodes) => sum + nodes)
        break
      }
    }
    const bootstrap = [1, 2, 3].map((i) => address(`127.${i}.7.1:6881`))
    expect(await meet(bootstrap)).toBeLessThan(5_000)
  })
})
