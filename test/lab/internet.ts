/**
 * A lab with a private DHT on its public hosts, and two people who know each
 * other: the built program, met behind one pair of NATs after the other.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { introduce } from '../support/people.ts'
import { type Ended, entry, execute, freshHome, Program, type Started } from '../support/program.ts'
import type { Cell } from './cells.ts'
import { Lab } from './lab.ts'

export type Topology = 'duo' | 'cgnat' | 'home' | 'v6' | 'upnp'

/** What python3 does for links, and coturn and miniupnpd for the topologies that have them. */
export const tools: readonly string[] = ['python3', 'turnserver', 'miniupnpd']

/** How two programs came together; all in ms. */
export interface Reached {
  readonly kind: 'reached'
  /** From when both run until both are secured. */
  readonly ms: number
  /** Of that, since both knew where the other is. */
  readonly knownMs: number
  /** From when both are secured until each has a text of the other. */
  readonly textMs: number
  /** As each side tells it. */
  readonly paths: readonly [string, string]
}

export type Outcome = Reached | { readonly kind: 'failed'; readonly why: string }

/** How `otrtalk send` ended for whom nobody can be reached, and what `otrtalk why` tells of it. */
export interface GivenUp {
  readonly sent: Ended & { readonly ms: number }
  readonly asked: Ended & { readonly ms: number }
}

export interface MeetOptions {
  /** Until both have a text of the other. */
  readonly patience: number
  /** The two people change places, and with that the roles of the handshake. */
  readonly swap?: boolean | undefined
  /** A folder for what can be said of it afterwards: both debug logs, and the NATs' tables. */
  readonly evidence?: string | undefined
}

export class Internet implements AsyncDisposable {
  readonly lab: Lab
  readonly #topology: Topology
  readonly #homes: Awaited<ReturnType<typeof freshHome>>[] = []
  readonly #nodes: Program
  readonly #bootstrap: string
  #renewals = 0
  #loss: number | undefined

  static async up(topology: Topology): Promise<Internet> {
    const internet = new Internet(topology)
    try {
      await internet.#populate()
      return internet
    } catch (error) {
      await internet[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(topology: Topology) {
    const hosts = Array.from({ length: publicNodes }, (_, i) => `203.0.113.${firstNode + i}`)
    this.#topology = topology
    this.lab = new Lab(topology)
    this.#bootstrap = hosts
      .slice(0, 3)
      .map((host) => `${host}:6881`)
      .join(',')
    this.#nodes = new Program(hosts, {
      command: [...this.lab.on('boot'), process.execPath, ts, join(import.meta.dirname, 'publicnodes.ts')],
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#nodes[Symbol.asyncDispose]()
    for (const home of this.#homes) await home[Symbol.asyncDispose]()
    this.lab[Symbol.dispose]()
  }

  /** Where the first or the second person runs the program; the DHT's beginning is in its environment. */
  at(which: 0 | 1, host: string): Started & { readonly home: string } {
    return {
      home: this.#homes[which]!.path,
      command: [...this.lab.on(host), process.execPath, entry],
      env: { OTRTALK_BOOTSTRAP: this.#bootstrap },
    }
  }

  /** Both start where the cell says, talk and end; every NAT and node has forgotten what was before. */
  async meet(cell: Cell, { patience, swap, evidence }: MeetOptions): Promise<Outcome> {
    await this.renew(cell)
    if (evidence !== undefined) await mkdir(evidence, { recursive: true })
    const until = performance.now() + patience + (cell.lateMs ?? 0)
    await using two = await this.start(cell, { swap, evidence })
    const outcome = await meeting(two, until)
    if (evidence !== undefined) await this.#witness(cell, { folder: evidence, two })
    await two.end()
    return outcome
  }

  /** Two programs that look for each other; the second a while after the first, if the cell says so. */
  async start(
    cell: Cell,
    { swap = false, evidence }: Pick<MeetOptions, 'swap' | 'evidence'> = {},
  ): Promise<Two> {
    const hosts = hostsOf(cell)
    const start = (which: 0 | 1, host: string): Program => {
      const log = evidence === undefined ? [] : ['--debug', join(evidence, `${names[which]}.log`)]
      return new Program(['chat', names[which === 0 ? 1 : 0], '--json', ...log], this.at(which, host))
    }
    const first = start(swap ? 1 : 0, hosts[0])
    if (cell.lateMs) {
      await first.event('listening')
      await sleep(cell.lateMs)
    }
    return new Two(first, start(swap ? 0 : 1, hosts[1]))
  }

  /** One sends to another who is there, and cannot be reached; and asks why. */
  async giveUp(cell: Cell, { patience, swap = false }: MeetOptions): Promise<GivenUp> {
    await this.renew(cell)
    const hosts = hostsOf(cell)
    const [one, other] = swap ? ([1, 0] as const) : ([0, 1] as const)
    await using _there = new Program(['listen', '--json'], this.at(other, hosts[1]))
    const run = async (...args: readonly string[]): Promise<GivenUp['sent']> => {
      const before = performance.now()
      const timeout = ['--timeout', String(patience / 1_000)]
      const ended = await execute([...args, ...timeout], this.at(one, hosts[0]))
      return { ...ended, ms: performance.now() - before }
    }
    return { sent: await run('send', names[other], 'hello?'), asked: await run('why', names[other]) }
  }

  /** Routers, lines and nodes as the cell has them, without any memory but what it asks for. */
  async renew({ nats, loss = 0, isAgain }: Cell): Promise<void> {
    if (loss !== this.#loss) {
      const spec = [`delay=${delay}ms`, ...(loss > 0 ? [`loss=${loss}%`] : [])]
      for (const link of lines[this.#topology]) await this.lab.change('link', link, ...spec)
      await this.lab.change('link', 'boot', `delay=${delay}ms`)
      this.#loss = loss
    }
    const changes = Object.entries(nats).map(([router, kind]) =>
      this.lab.change('nat', router, ...kind.split(' ')),
    )
    await Promise.all([...changes, ...(isAgain ? [] : [this.#forget()])])
  }

  async #forget(): Promise<void> {
    const token = `renewed-${++this.#renewals}`
    this.#nodes.write(`${token}\n`)
    await this.#nodes.event(token)
  }

  async #populate(): Promise<void> {
    for (let i = 1; i < publicNodes; i++)
      await this.lab.run('boot', 'ip', 'addr', 'add', `203.0.113.${firstNode + i}/24`, 'dev', 'eth0')
    this.#homes.push(await freshHome(), await freshHome())
    // Profiles need no network: made outside of the lab.
    const [alice, bob] = this.#homes.map(({ path }, i) => ({ name: names[i]!, at: { home: path } }))
    await introduce(alice!, bob!)
    await this.#forget()
  }

  async #witness(cell: Cell, { folder, two }: Witness): Promise<void> {
    const tables = Object.keys(cell.nats).map(async (router) => {
      const table = await this.lab.run(router, 'conntrack', '-L', '-p', 'udp').catch(String)
      await writeFile(join(folder, `${router}.conntrack`), table)
    })
    const outputs = two.both.map((program, i) =>
      writeFile(
        join(folder, `${i === 0 ? 'first' : 'second'}.jsonl`),
        [...program.lines, program.stderr].join('\n'),
      ),
    )
    await Promise.all([...tables, ...outputs])
  }
}

interface Witness {
  readonly folder: string
  readonly two: Two
}

/** Both programs, in the order of the cell's hosts; killed if they were not ended before. */
export class Two implements AsyncDisposable {
  readonly first: Program
  readonly second: Program

  constructor(first: Program, second: Program) {
    this.first = first
    this.second = second
  }

  get both(): readonly [Program, Program] {
    return [this.first, this.second]
  }

  /** Says goodbye, and waits for that. */
  async end(): Promise<void> {
    for (const program of this.both) program.signal('SIGTERM')
    await Promise.all(this.both.map((program) => program.ended()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.both.map((program) => program[Symbol.asyncDispose]()))
  }
}

/** Until both have a text of the other, and know that their own arrived. */
async function meeting({ first, second, both }: Two, until: number): Promise<Outcome> {
  const left = (): number => Math.max(1, Math.ceil(until - performance.now()))
  try {
    await Promise.all(both.map((program) => program.event('listening', left())))
    const running = performance.now()
    const [a, b] = await Promise.all([first.event('secured', left()), second.event('secured', left())])
    const secured = performance.now()
    first.write('{"say":"from the first"}\n')
    second.write('{"say":"from the second"}\n')
    await Promise.all([first.line('from the second', left()), second.line('from the first', left())])
    const heard = performance.now()
    await Promise.all(both.map((program) => program.event('delivered', left())))
    return {
      kind: 'reached',
      ms: secured - running,
      knownMs: Math.min(sinceKnown(first, a), sinceKnown(second, b)),
      textMs: heard - secured,
      paths: [String(a['path']), String(b['path'])],
    }
  } catch (error) {
    return { kind: 'failed', why: String(error) }
  }
}

/** From the first candidate of the buddy's until it was secured. */
function sinceKnown(program: Program, secured: Readonly<Record<string, unknown>>): number {
  const phases = program.lines.map((line): Readonly<Record<string, unknown>> => JSON.parse(line))
  const known = phases.find(({ event, phase }) => event === 'phase' && phase !== 'looking')
  return Number(secured['ms']) - Number(known?.['ms'])
}

function hostsOf({ isNear }: Cell): readonly [string, string] {
  return ['alice', isNear ? 'carol' : 'bob']
}

/** What crosses to the internet. */
const lines: Readonly<Record<Topology, readonly string[]>> = {
  duo: ['natA:wan', 'natB:wan'],
  upnp: ['natA:wan', 'natB:wan'],
  v6: ['natA:wan', 'natB:wan'],
  cgnat: ['cgn:wan', 'natB:wan'],
  home: ['natA:wan'],
}

const names = ['alice', 'bob'] as const
const ts = join(import.meta.dirname, '../../scripts/ts.mjs')
const publicNodes = 10
const firstNode = 20 // 203.0.113.20 is the host's own
const delay = 20 // ms, each way of each line: 80 ms from one home to the other and back
