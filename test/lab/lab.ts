/** A small internet in network namespaces (test/lab/natlab), up for as long as a test holds it. */
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const natlab = join(import.meta.dirname, 'natlab/natlab')

/** What every topology needs. */
const tools = ['ip', 'nft', 'conntrack', 'ethtool']

/** Why no lab can be had here, or undefined. `more`: further programs it needs, for links and services. */
export function whyNoLab(more: readonly string[] = []): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  const missing = [...tools, ...more].filter((tool) => spawnSync('which', [tool]).status !== 0)
  if (missing.length > 0) return `${missing.join(', ')} not installed`
  const trial = `otrtalk-trial-${process.pid}`
  const made = spawnSync('ip', ['netns', 'add', trial], { encoding: 'utf8' })
  if (made.status !== 0) return `no network namespace: ${made.stderr.trim()}`
  spawnSync('ip', ['netns', 'delete', trial])
  return undefined
}

export interface LabOptions {
  /** What the topology takes from the environment: NAT_A, HAIRPIN, … */
  readonly env?: Readonly<Record<string, string>>
}

export class Lab implements Disposable {
  static #made = 0
  static readonly #standing = new Set<Lab>()
  readonly #name = `otrtalk${process.pid}-${++Lab.#made}`
  readonly #env: Readonly<Record<string, string>>

  /** Builds a topology: a file of test/lab/natlab/topologies without `.sh`. Several stand side by side. */
  constructor(topology: string, { env = {} }: LabOptions = {}) {
    this.#env = { ...process.env, ...env, NATLAB: this.#name }
    removeOrphans()
    if (Lab.#made === 1) process.once('exit', () => Lab.#removeAll())
    Lab.#standing.add(this)
    this.#natlab('up', topology)
  }

  /** Put before a command: it runs on that host. */
  on(host: string): readonly string[] {
    return ['ip', 'netns', 'exec', `${this.#name}-${host}`]
  }

  /** The host's first address. */
  address(host: string): string {
    return this.#natlab('addr', host).trim()
  }

  /** A change of the lab while it is up (`natlab` without arguments lists them); what it printed. */
  async change(...args: readonly string[]): Promise<string> {
    const { stdout } = await executeFile(natlab, args, { encoding: 'utf8', env: this.#env })
    return stdout
  }

  /** Runs a command on a host, to its end; its stdout. Rejects if it fails. */
  async run(host: string, ...command: readonly string[]): Promise<string> {
    const [file, ...args] = [...this.on(host), ...command]
    const { stdout } = await executeFile(file!, args, { encoding: 'utf8', maxBuffer: 2 ** 26 })
    return stdout
  }

  [Symbol.dispose](): void {
    if (Lab.#standing.delete(this)) this.#natlab('down')
  }

  /** The process ends before it let go of them. */
  static #removeAll(): void {
    for (const lab of Lab.#standing) lab[Symbol.dispose]()
  }

  #natlab(...args: readonly string[]): string {
    return execFileSync(natlab, args, { encoding: 'utf8', env: this.#env })
  }
}

/** Labs of processes that were killed before they could take them down. */
function removeOrphans(): void {
  for (const file of readdirSync('/tmp')) {
    const [, lab, pid] = /^(otrtalk(\d+)-\d+)\.lab$/.exec(file) ?? []
    if (lab === undefined || existsSync(`/proc/${pid}`)) continue
    execFileSync(natlab, ['down'], { env: { ...process.env, NATLAB: lab } })
  }
}

const executeFile = promisify(execFile)
