/** A small internet in network namespaces (test/lab/natlab), up for as long as a test holds it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'

const natlab = join(import.meta.dirname, 'natlab/natlab')

/** What every topology needs; python3, coturn and the like only for links and services. */
const tools = ['ip', 'nft', 'conntrack', 'ethtool']

/** Why no lab can be had here, or undefined. */
export function whyNoLab(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  const missing = tools.filter((tool) => spawnSync('which', [tool]).status !== 0)
  if (missing.length > 0) return `${missing.join(', ')} not installed`
  const trial = `otrtalk-trial-${process.pid}`
  const made = spawnSync('ip', ['netns', 'add', trial], { encoding: 'utf8' })
  if (made.status !== 0) return `no network namespace: ${made.stderr.trim()}`
  spawnSync('ip', ['netns', 'delete', trial])
  return undefined
}

export class Lab implements Disposable {
  readonly #name = `otrtalk${process.pid}`

  /** Builds a topology: a file of test/lab/natlab/topologies without `.sh`. */
  constructor(topology: string) {
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

  [Symbol.dispose](): void {
    this.#natlab('down')
  }

  #natlab(...args: readonly string[]): string {
    return execFileSync(natlab, args, { encoding: 'utf8', env: { ...process.env, NATLAB: this.#name } })
  }
}
