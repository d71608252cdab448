/**
 * Five minutes each: with `--interface` or `--lan`, what leaves elsewhere while
 * two talk. Nothing may. Needs root, tcpdump and wireguard-go.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Capture } from '../test/lab/capture.ts'
import { Lab, whyNoLab } from '../test/lab/lab.ts'
import { introduce } from '../test/support/people.ts'
import { entry, freshHome, Program } from '../test/support/program.ts'
import type { Bench, Figure } from './bench.ts'

export const bench: Bench = { name: 'guarantee', isLong: true, run }

interface Trial {
  readonly name: string
  readonly topology: string
  /** Where the second is. */
  readonly buddy: string
  readonly options: readonly string[]
  readonly bootstrap: string
  /** Where nothing of ours may pass, and where all of it does. */
  readonly forbidden: readonly Place[]
  readonly allowed: Place
}

interface Place {
  readonly host: string
  readonly at: string
  readonly filter: string
}

/** Not the tunnel itself, nor what kernels say of their addresses (ARP, neighbour discovery, MLD). IGMP would be ours. */
const ofOurs = 'not arp and not icmp6 and not ip6 proto 0 and not (udp port 51820)'
const trials: readonly Trial[] = [
  {
    name: '--interface wg0',
    topology: 'duo',
    buddy: 'bob',
    options: ['--interface', 'wg0'],
    bootstrap: '100.64.7.1:6881 203.0.113.20:6881 192.168.1.1:6881',
    forbidden: [
      { host: 'alice', at: 'eth0', filter: ofOurs },
      { host: 'natA', at: 'any', filter: `host 192.168.1.10 and ${ofOurs}` },
    ],
    allowed: { host: 'alice', at: 'wg0', filter: 'udp' },
  },
  {
    name: '--lan',
    topology: 'home',
    buddy: 'carol',
    options: ['--lan'],
    bootstrap: '', // a node beyond the link would be refused
    forbidden: [{ host: 'natA', at: 'wan', filter: ofOurs }],
    allowed: { host: 'alice', at: 'eth0', filter: 'udp' },
  },
]

async function* run(): AsyncIterable<Figure> {
  const missing = whyNoLab(['tcpdump', 'wireguard-go', 'wg', 'turnserver'])
  if (missing !== undefined) {
    console.error(`skipped: guarantee: ${missing}`)
    return
  }
  for (const trial of trials) yield await watch(trial)
}

async function watch({ name, topology, buddy, options, ...trial }: Trial): Promise<Figure> {
  using lab = new Lab(topology)
  if (options.includes('wg0'))
    for (const host of ['boot', 'alice', buddy]) await lab.change('service', host, 'wg')
  await using node = new Program(['node', '--json', '--port', '6881'], { command: run('boot') })
  await node.event('listening')
  await using alicesHome = await freshHome()
  await using bobsHome = await freshHome()
  const env = trial.bootstrap === '' ? {} : { OTRTALK_BOOTSTRAP: trial.bootstrap }
  const alice = { name: 'alice', at: { home: alicesHome.path, command: run('alice'), env } }
  const bob = { name: 'bob', at: { home: bobsHome.path, command: run(buddy), env } }
  await introduce(alice, bob)
  const forbidden: Capture[] = []
  try {
    for (const { host, ...place } of trial.forbidden) forbidden.push(await Capture.on(lab, host, place))
    await using allowed = await Capture.on(lab, trial.allowed.host, trial.allowed)
    await using first = new Program(['chat', 'bob', '--json', ...options], alice.at)
    await using second = new Program(['chat', 'alice', '--json', ...options], bob.at)
    const secured = Promise.all([first, second].map((program) => program.event('secured', 60_000)))
    const isSecured = await secured.then(
      () => true,
      () => false,
    )
    const until = performance.now() + span
    for (let i = 0; performance.now() < until; i++) {
      if (isSecured) first.write(`{"say":"${i}"}\n`)
      await sleep(pause)
    }
    const strayed = forbidden.flatMap(({ lines }) => lines)
    for (const line of strayed.slice(0, 10)) console.error(`${name}: ${line}`)
    const note = `${allowed.lines.length} by the right way; ${isSecured ? 'secured' : 'NOT secured'}`
    return { name: `${name}, five minutes: leaves elsewhere`, value: strayed.length, unit: 'packets', note }
  } finally {
    for (const capture of forbidden) await capture[Symbol.asyncDispose]()
  }

  function run(host: string): string[] {
    return [...lab.on(host), process.execPath, entry]
  }
}

const span = 300_000 // ms
const pause = 2_000 // ms
