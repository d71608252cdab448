/**
 * Which way would a datagram leave? Binding a socket to an address does not
 * bind it to a device: the kernel routes by destination. So with `--interface`
 * and `--lan` the kernel is asked which source address it would use for a
 * destination (a scratch socket is connected, which sends nothing), and what
 * would leave elsewhere is refused.
 */
import { createSocket } from 'node:dgram'
import { isOnLink, isV6, type NetworkInterface } from './interfaces.ts'

/**
 * The source address the kernel would use to reach a literal of either family,
 * a link-local one with its zone; `undefined` if there is no way.
 */
export function sourceFor(host: string): string | undefined {
  const type = isV6(host) ? 'udp6' : 'udp4'
  const socket = createSocket({ type, lookup: (literal, _options, done) => done(null, literal, 0) })
  // All of this happens before `connect` returns: nothing is looked up.
  socket.on('error', () => {})
  socket.on('connect', () => {})
  try {
    socket.connect(discardPort, host)
    const source = socket.address().address
    return source === '0.0.0.0' || source === '::' ? undefined : source
  } catch {
    return undefined // not connected: the kernel has no route
  } finally {
    socket.close()
  }
}

export interface RouteGuard {
  /** Whether a datagram to this host, which is no group of multicast, would leave as it must. */
  allows(host: string): boolean
  /** The network is another: every question is asked again. */
  flush(): void
}

export interface RouteGuardOptions {
  /** By which datagrams may leave, as they are at the moment. */
  readonly interfaces: () => readonly NetworkInterface[]
  /** Only to who is in a subnet of the interface that it would leave by. */
  readonly onLink: boolean
  readonly now: () => number
  readonly ask?: typeof sourceFor
  /** Whether it may leave by a device of another name in spite of its source address: src/edge/stray.ts. */
  readonly strays?: (host: string, names: readonly string[]) => boolean
}

/** Each answer holds for a tenth of a second. */
export function routeGuard(options: RouteGuardOptions): RouteGuard {
  const { interfaces, onLink, now, ask = sourceFor, strays = () => false } = options
  const answers = new Map<string, { readonly isAllowed: boolean; readonly until: number }>()
  const isAllowed = (host: string): boolean => {
    const candidates = interfaces().filter((own) => !onLink || isOnLink(own, host))
    const source = candidates.length > 0 ? ask(host) : undefined
    if (source === undefined) return false
    const ways = candidates.filter(({ addresses }) => addresses.some((own) => isSame(own, source)))
    const names = ways.map(({ name }) => name)
    return names.length > 0 && !strays(host, names)
  }
  return {
    allows(host) {
      const known = answers.get(host)
      if (known && now() < known.until) return known.isAllowed
      const answer = { isAllowed: isAllowed(host), until: now() + lifetime }
      if (answers.size >= maxAnswers) answers.clear()
      answers.set(host, answer)
      return answer.isAllowed
    },
    flush: () => answers.clear(),
  }
}

/** All of 127/8 is one interface: the kernel answers 127.0.0.9 for 127.0.0.9. */
const isSame = (own: string, source: string): boolean =>
  own === source || (own.startsWith('127.') && source.startsWith('127.'))

const discardPort = 9
const lifetime = 100 // ms: routes change when a VPN goes down; asking takes 0.02 ms
const maxAnswers = 4_096 // more hosts than a search of the DHT meets
