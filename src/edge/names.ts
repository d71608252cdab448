/**
 * How a name becomes addresses: by the system; with `--interface` by servers
 * that are reached through it and no others; with `--lan` not at all.
 */
import { lookup, Resolver } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import type { Address } from '../machine.ts'
import { parseAddress, splitAddress } from '../wire/address.ts'
import type { BootstrapName } from './bootstrap.ts'
import { isV6 } from './interfaces.ts'

/** One of those to begin with. */
export interface Entry {
  readonly host: string
  /** None while it is not known. */
  readonly find: () => Promise<readonly Address[]>
}

/** The address that a literal is; `undefined` for a name. */
export const literalOf = ({ host, port }: BootstrapName): Address | undefined => at(host, port)

/** Asks the system, which goes whichever way it likes. */
export const bySystem = (name: BootstrapName): Entry =>
  entryOf(name, async (host) => {
    const found = await lookup(host, { all: true })
    return found.map(({ address }) => address)
  })

export interface WayOut {
  /** Our address per family; `undefined`: the family is not there. */
  readonly sources: () => { readonly udp4: string | undefined; readonly udp6: string | undefined }
  readonly allows: (host: string) => boolean
  /** `1.2.3.4`, `[2001:db8::1]:5353`: as the system is configured. */
  readonly servers?: () => readonly string[]
  /** Whether a server is on this machine. */
  readonly isLocal?: (host: string) => boolean
}

/**
 * Asks those of the system's servers that are reached through the interface,
 * from its address. One on this machine (127.0.0.53) would ask others, through
 * whichever interface it likes: it is not asked.
 */
export const byInterface = (name: BootstrapName, way: WayOut): Entry =>
  entryOf(name, async (host) => {
    const { servers = systemServers, isLocal = isLoopback, allows } = way
    const { udp4, udp6 } = way.sources()
    const usable = servers().filter((server) => {
      const literal = hostOf(server)
      const source = literal === undefined ? undefined : isV6(literal) ? udp6 : udp4
      return literal !== undefined && source !== undefined && !isLocal(literal) && allows(literal)
    })
    if (usable.length === 0) return []
    const resolver = new Resolver({ timeout, tries: 2 })
    resolver.setServers(usable)
    resolver.setLocalAddress(udp4 ?? '0.0.0.0', udp6 ?? '::')
    const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
    return found.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  })

function entryOf(name: BootstrapName, ask: (host: string) => Promise<readonly string[]>): Entry {
  const { host, port } = name
  const literal = literalOf(name)
  if (literal !== undefined) return { host, find: async () => [literal] }
  return {
    host,
    async find() {
      const hosts = await ask(host).catch(() => []) // no such name, or no network: asked again
      return hosts.map((found) => at(found, port)).filter((address) => address !== undefined)
    },
  }
}

/** Behind systemd's resolver on this machine are the servers it would ask. */
function systemServers(): readonly string[] {
  const servers = new Resolver().getServers()
  return servers.every((server) => isLoopback(hostOf(server) ?? '')) ? behindStub() : servers
}

function behindStub(): readonly string[] {
  try {
    const text = readFileSync('/run/systemd/resolve/resolv.conf', 'utf8')
    return [...text.matchAll(/^nameserver\s+(\S+)/gm)].map(([, server]) => server!)
  } catch {
    return [] // another resolver, or another system
  }
}

/** Of `1.2.3.4`, `1.2.3.4:53`, `2001:db8::1` or `[2001:db8::1]:53`. */
function hostOf(server: string): string | undefined {
  const address = parseAddress(server) ?? at(server, 53)
  return address && splitAddress(address).address
}

const at = (host: string, port: number): Address | undefined =>
  parseAddress(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

const isLoopback = (host: string): boolean => host.startsWith('127.') || host === '::1'

const timeout = 2_000 // ms
