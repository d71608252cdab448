/**
 * Where the DHT begins: names are looked up in the background, all at once and
 * again while one fails, and never keep anybody waiting.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Address } from '../machine.ts'
import type { Entry } from './names.ts'

/** The nodes that the mainline DHT is usually entered by. */
export const mainline: readonly BootstrapName[] = [
  { host: 'router.bittorrent.com', port: 6881 },
  { host: 'dht.transmissionbt.com', port: 6881 },
  { host: 'router.utorrent.com', port: 6881 },
  { host: 'dht.libtorrent.org', port: 25401 },
]

export interface BootstrapName {
  readonly host: string // a name, or a literal address without brackets
  readonly port: number
}

export interface ResolveOptions {
  readonly onFound: (addresses: Address[]) => void
  /** At most once: none of the names could be looked up at the first attempt; all are tried again. */
  readonly onUnresolved?: (hosts: readonly string[]) => void
  readonly signal: AbortSignal
  /** Waits between two attempts, as long as the signal lets it. */
  readonly wait?: (ms: number) => Promise<unknown>
}

/** Calls `onFound` with the addresses of each name as they become known, until the signal. */
export async function resolveBootstrap(
  entries: readonly Entry[],
  {
    onFound,
    onUnresolved,
    signal,
    wait = (ms) => sleep(ms, undefined, { signal, ref: false }),
  }: ResolveOptions,
): Promise<void> {
  const unresolved = new Set<Entry>()
  await Promise.all(
    entries.map(async (entry) => {
      for (let pause = firstPause; !signal.aborted; pause = Math.min(2 * pause, longestPause)) {
        const addresses = await entry.find()
        if (signal.aborted) return
        if (addresses.length > 0) {
          onFound([...addresses])
          return
        }
        const isFirst = !unresolved.has(entry)
        unresolved.add(entry)
        if (isFirst && unresolved.size === entries.length) onUnresolved?.(entries.map(({ host }) => host))
        await wait(pause).catch(() => {}) // aborted: the loop ends
      }
    }),
  )
}

const firstPause = 2_000 // ms: the network may be on its way up
const longestPause = 30_000 // ms
