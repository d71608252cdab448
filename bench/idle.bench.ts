/**
 * A program that nobody uses: how often it wakes, its share of a core, and
 * what passes its network interface; with a buddy connected and with none.
 * Behind port-restricted NATs in a private DHT. Needs root and the lab's tools.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cell } from '../test/lab/cells.ts'
import { Internet, tools } from '../test/lab/internet.ts'
import { whyNoLab } from '../test/lab/lab.ts'
import { Program } from '../test/support/program.ts'
import type { Bench, Figure } from './bench.ts'

export const bench: Bench = { name: 'idle', isLong: true, run }

const cell: Cell = { topology: 'duo', nats: { natA: 'port-restricted', natB: 'port-restricted' } }

async function* run(): AsyncIterable<Figure> {
  const missing = whyNoLab(tools)
  if (missing !== undefined) {
    console.error(`skipped: idle: ${missing}`)
    return
  }
  await using internet = await Internet.up('duo')
  await internet.renew(cell)
  {
    await using alone = new Program(['chat', 'bob', '--json'], internet.at(0, 'alice'))
    await alone.event('listening')
    yield* watched(internet, alone, 'looking for a buddy who is not there')
  }
  await internet.renew(cell)
  await using two = await internet.start(cell)
  await Promise.all(two.both.map((program) => program.event('secured')))
  yield* watched(internet, two.first, 'a buddy connected')
}

async function* watched(internet: Internet, program: Program, what: string): AsyncIterable<Figure> {
  await sleep(settling)
  const before = await sample(internet, program)
  await sleep(span)
  const after = await sample(internet, program)
  const seconds = (after.at - before.at) / 1_000
  const per = (key: 'wakes' | 'ticks' | 'octets' | 'packets'): number => (after[key] - before[key]) / seconds
  yield { name: `idle, ${what}: wake-ups`, value: per('wakes'), unit: 'a second' }
  yield { name: `idle, ${what}: processor`, value: per('ticks'), unit: '% of a core' }
  const note = `${(per('packets') * 60).toFixed(0)} packets`
  yield { name: `idle, ${what}: network`, value: (per('octets') * 60) / 1_000, unit: 'kB a minute', note }
}

/** Whatever the host sends and receives is the program's: nothing else runs there. */
async function sample({ lab }: Internet, { pid }: Program) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  const device = await lab.run('alice', 'cat', '/proc/net/dev')
  const counts = /eth0:(.*)/.exec(device)![1]!.trim().split(/\s+/).map(Number)
  return {
    at: performance.now(),
    wakes: Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)![1]),
    ticks: Number(stat[11]) + Number(stat[12]), // user and system, in hundredths of a second
    octets: counts[0]! + counts[8]!,
    packets: counts[1]! + counts[9]!,
  }
}

const settling = 90_000 // ms: the search has become slow by then, and the link's questions as rare as they get
const span = 120_000 // ms
