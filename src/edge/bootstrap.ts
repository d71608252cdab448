/**
 * Where the DHT begins: names are looked up in the background, all at once and
 * again while one fails, and never keep anybody waiting.
 */
import { lookup } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Address } from '../machine.ts'
import { parseAddress } from '../wire/address.ts'

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

/** Calls `onFound` with the addresses of each name as they become known, until the signal. */
export async function resolveBootstrap(
  names: readonly BootstrapName[],
  { onFound, signal }: { readonly onFound: (addresses: Address[]) => void; readonly signal: AbortSignal },
): Promise<void> {
  await Promise.all(
    names.map(async (name) => {
      while (!signal.aborted) {
        const addresses = await addressesOf(name)
        if (signal.aborted) return
        if (addresses.length > 0) {
          onFound(addresses)
          return
        }
        await sleep(pause, undefined, { signal, ref: false }).catch(() => {}) // aborted: the loop ends
      }
    }),
  )
}

async function addressesOf({ host, port }: BootstrapName): Promise<Address[]> {
  const literal = parseAddress(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
  if (literal !== undefined) return [literal]
  try {
    const found = await lookup(host, { all: true, family: 4 })
    return found.map(({ address }) => parseAddress(`${address}:${port}`)).filter((a) => a !== undefined)
  } catch {
    return [] // no such name, or no network: asked again
  }
}

const pause = 30_000 // ms
