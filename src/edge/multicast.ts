/**
 * One multicast group on the interfaces that may be used: a socket that hears
 * it on all of them, and one for each that speaks there and nowhere else. A
 * datagram goes no further than the link. An interface that fails is one from
 * which nothing is heard.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import type { Endpoint } from '../wire/address.ts'

/** A network interface for multicast. */
export interface Link {
  readonly name: string
  /** Its IPv4 address; none: it is not used for IPv4. */
  readonly address4?: string
  /** Its link-local IPv6 address, `fe80::1%eth0`; none: it is not used for IPv6. */
  readonly address6?: string
}

export interface MulticastOptions {
  readonly type: 'udp4' | 'udp6'
  readonly group: Endpoint
  readonly links: () => readonly Link[]
  readonly onOpen: (at: Endpoint) => void
  readonly onMessage: (bytes: Buffer, from: RemoteInfo) => void
  /** Nothing can be heard at all. It is disposed by then. */
  readonly onEnd: (reason: 'failed' | 'limit') => void
}

export class Multicast implements Disposable {
  readonly #options: MulticastOptions
  readonly #ear: Socket
  readonly #mouths = new Map<string, Socket>() // by source
  #places: readonly Place[] = []
  #state: 'opening' | 'open' | 'ended' = 'opening'

  constructor(options: MulticastOptions) {
    const { type, group, onMessage } = options
    this.#options = options
    this.#ear = createSocket({ type, reuseAddr: true, ipv6Only: type === 'udp6', lookup: literal })
    this.#ear.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (this.#state === 'opening') this.#end(code === 'EMFILE' || code === 'ENFILE' ? 'limit' : 'failed')
    })
    this.#ear.on('message', (bytes, from) => {
      if (this.#isOnLink(from.address)) onMessage(bytes, from)
    })
    this.#ear.on('listening', () => this.refresh())
    this.#ear.bind(group.port, canBindGroup && type === 'udp4' ? group.address : undefined)
  }

  get isEnded(): boolean {
    return this.#state === 'ended'
  }

  /** Joins the group where an interface is new, and leaves it where one is gone or may not be used any more. */
  refresh(): void {
    if (this.#state === 'ended') return
    const { links, type, onOpen } = this.#options
    const places = links().flatMap((link) => placeOf(link, type) ?? [])
    for (const place of this.#places)
      if (!places.some(({ source }) => source === place.source)) this.#leave(place)
    this.#places = places.filter((place) => this.#join(place)) // all of them: one may have gone and come back
    if (this.#places.length === 0) this.#end('failed')
    else if (this.#state === 'opening') {
      this.#state = 'open'
      onOpen(this.#ear.address())
    }
  }

  /** Speaks on each interface there is at this moment, as its address. */
  send(bytes: Uint8Array): void {
    this.refresh()
    const { address, port } = this.#options.group
    for (const place of this.#places) {
      const mouth = this.#mouths.get(place.source)
      const onSent = (error: Error | null): void => {
        if (error && this.#mouths.get(place.source) === mouth) this.#shut(place) // the next has another
      }
      mouth?.send(bytes, port, `${address}${place.zone}`, onSent)
    }
  }

  [Symbol.dispose](): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#ear.close()
    for (const mouth of this.#mouths.values()) mouth.close()
    this.#mouths.clear()
  }

  #end(reason: 'failed' | 'limit'): void {
    this[Symbol.dispose]()
    this.#options.onEnd(reason)
  }

  /**
   * Linux gives a socket what comes for any group that anybody here has joined
   * anywhere; and no system binds an IPv6 socket to a group on several links,
   * so that it hears datagrams to its port from everywhere. Those to the group
   * come from a link-local address.
   */
  #isOnLink(source: string): boolean {
    return this.#options.type === 'udp4' || this.#places.some(({ zone }) => source.endsWith(zone))
  }

  /** Whether we can speak and hear there. */
  #join(place: Place): boolean {
    // First, as node joins anywhere when it does not find the zone.
    if (!this.#mouths.has(place.source) && !this.#mouth(place)) return false
    const failure = failureOf(() => this.#ear.addMembership(this.#options.group.address, place.name))
    return failure === undefined || failure.code === 'EADDRINUSE' // it had been joined
  }

  #leave(place: Place): void {
    this.#shut(place)
    failureOf(() => this.#ear.dropMembership(this.#options.group.address, place.name)) // it may have gone itself
  }

  #mouth(place: Place): boolean {
    const { type } = this.#options
    const mouth = createSocket({ type, ipv6Only: type === 'udp6', lookup: literal })
    this.#mouths.set(place.source, mouth)
    mouth.on('error', () => this.#shut(place))
    mouth.bind(0, place.source)
    if (!this.#mouths.has(place.source)) return false
    const failure = failureOf(() => {
      mouth.setMulticastInterface(place.name)
      mouth.setMulticastTTL(1)
      mouth.setMulticastLoopback(true) // two profiles on one machine find each other
    })
    if (failure) this.#shut(place)
    return !failure
  }

  #shut({ source }: Place): void {
    this.#mouths.get(source)?.close()
    this.#mouths.delete(source)
  }
}

/** An interface as one family sees it. */
interface Place {
  /** Where what we say comes from: a socket bound there has the interface, or fails. */
  readonly source: string
  /** What node calls the interface, to join or to speak. */
  readonly name: string
  /** `%eth0`; empty with IPv4 */
  readonly zone: string
}

function placeOf({ address4, address6 }: Link, type: 'udp4' | 'udp6'): Place | undefined {
  const source = type === 'udp4' ? address4 : address6
  if (source === undefined) return undefined
  const zone = type === 'udp4' ? '' : source.slice(source.indexOf('%'))
  return { source, zone, name: zone === '' ? source : `::${zone}` }
}

/** What the system has against it: what an interface refuses is no fault of ours. */
function failureOf(act: () => void): NodeJS.ErrnoException | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    if (isSystemError(error)) return error
    throw error
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error

/** Elsewhere a socket bound to a group hears datagrams to the group only. */
const canBindGroup = process.platform !== 'win32'

/** Every host is a literal. */
const literal = (
  host: string,
  _: unknown,
  done: (error: null, address: string, family: number) => void,
): void => done(null, host, 0)
