/**
 * Which way would a datagram leave? Binding a socket to an address does not
 * bind it to a device: the kernel routes by destination. So with `--interface`
 * the kernel is asked which source address it would use for a destination (a
 * scratch socket is connected, which sends nothing), and what would leave
 * elsewhere is refused.
 */
import { createSocket } from 'node:dgram'

/** The source address the kernel would use to reach an IPv4 literal; `undefined` if there is no way. */
export function sourceFor(host: string): string | undefined {
  const socket = createSocket({ type: 'udp4', lookup: (literal, _options, done) => done(null, literal, 4) })
  let source: string | undefined
  // All of this happens before `connect` returns: nothing is looked up.
  socket.on('error', () => {})
  socket.on('connect', () => {})
  try {
    socket.connect(discardPort, host)
    source = socket.address().address
    return source === '0.0.0.0' ? undefined : source
  } catch {
    return undefined // not connected: the kernel has no route
  } finally {
    socket.close()
  }
}

/** Says whether a datagram to `host` would leave from one of `sources`; each answer holds for 5 s. */
export function routeGuard(
  sources: readonly string[],
  { now, ask = sourceFor }: { readonly now: () => number; readonly ask?: typeof sourceFor },
): (host: string) => boolean {
  const answers = new Map<string, { readonly isAllowed: boolean; readonly until: number }>()
  return (host) => {
    const known = answers.get(host)
    if (known && now() < known.until) return known.isAllowed
    const source = ask(host)
    const isAllowed = source !== undefined && sources.some((own) => isSame(own, source))
    if (answers.size >= maxAnswers) answers.clear()
    answers.set(host, { isAllowed, until: now() + lifetime })
    return isAllowed
  }
}

/** All of 127/8 is one interface: the kernel answers 127.0.0.9 for 127.0.0.9. */
const isSame = (own: string, source: string): boolean =>
  own === source || (own.startsWith('127.') && source.startsWith('127.'))

const discardPort = 9
const lifetime = 5_000 // ms: routes change when a VPN goes down
const maxAnswers = 4_096 // more hosts than a search of the DHT meets
