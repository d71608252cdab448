/** A port mapped by a UPnP Internet Gateway Device, version 1 or 2. */
import { isDeepStrictEqual } from 'node:util'
import { randomBytes } from '../../crypto.ts'
import type { Place } from '../../nat/ssdp.ts'
import { readDescription, readSoap, type Service, type SoapArguments, writeSoap } from '../../nat/upnp.ts'
import { parseAddress } from '../../wire/address.ts'
import { askHttp } from './http.ts'
import { search } from './search.ts'
import { stopWith } from './stop.ts'
import type { Failure, Outcome, Terms, Way } from './way.ts'

export class UpnpWay implements Way {
  readonly via = 'upnp'
  readonly #terms: Terms
  #service: Service | undefined
  /** External ports that we may hold at the router. */
  readonly #asked = new Set<number>()
  #port: number | undefined

  constructor(terms: Terms) {
    this.#terms = terms
  }

  /** The first gateway that knows its external address: it is the one that is connected. */
  async prepare(signal: AbortSignal): Promise<Failure | undefined> {
    using stop = stopWith([signal])
    let failure: Failure = this.#terms.allows(this.#terms.around.search.address)
      ? { kind: 'silent', detail: 'no gateway answered' }
      : { kind: 'barred', detail: 'another interface' }
    let found: Service | undefined
    const look = async (place: Place): Promise<void> => {
      const seen = await this.#look(place, stop.signal)
      if ('kind' in seen) failure = seen
      else found ??= seen
      if (found) stop.now()
    }
    const looks: Promise<void>[] = []
    for await (const place of search(this.#terms, stop.signal)) looks.push(look(place))
    await Promise.all(looks)
    if (!found) return failure
    if (!isDeepStrictEqual(found, this.#service)) {
      this.#asked.clear() // another router's, that is out of reach
      this.#port = undefined
    }
    this.#service = found
    return undefined
  }

  async map(signal: AbortSignal): Promise<Outcome> {
    const added = await this.#add(signal)
    if ('kind' in added) return added
    this.#port = added.port
    const address = await this.#address(this.#service!, signal) // it changes with the line
    return typeof address === 'string' ? { kind: 'mapped', grant: { address, ...added } } : address
  }

  async unmap(signal: AbortSignal): Promise<void> {
    const ports = [...this.#asked]
    this.#asked.clear()
    const removals = ports.map((port) =>
      this.#ask(this.#service!, 'DeletePortMapping', { ...whose(port) }, signal),
    )
    await Promise.all(removals)
  }

  async #look(place: Place, signal: AbortSignal): Promise<Service | Failure> {
    const answer = await askHttp(place, { method: 'GET' }, { terms: this.#terms, signal })
    if (answer.kind !== 'answered') return answer
    if (answer.status !== 200) return { kind: 'refused', detail: `status ${answer.status}` }
    const services = readDescription(answer.text, place)
    if (!services) return { kind: 'malformed', detail: 'no description' }
    let failure: Failure = { kind: 'refused', detail: 'no gateway' }
    for (const service of services) {
      const address = await this.#address(service, signal)
      if (typeof address === 'string') return service
      failure = address
    }
    return failure
  }

  /** Asks for the port we have, or our own, then for others. */
  async #add(signal: AbortSignal): Promise<Added | Failure> {
    let failure: Failure = { kind: 'refused', detail: '' }
    let { lifetime } = this.#terms
    const ports = [this.#port ?? this.#terms.internal.port, ...Array.from({ length: 3 }, anyPort)]
    for (let tries = 0; tries < mostTries && ports.length > 0; tries++) {
      const added = await this.#addAt(ports[0]!, lifetime, signal)
      if (!('kind' in added)) return added
      failure = added
      if (added.code === permanentOnly && lifetime > 0) lifetime = 0
      else if (added.code !== undefined && isTaken.has(added.code)) ports.shift()
      else break
    }
    return failure
  }

  /** IGD 2 picks another port itself if this one is taken. A mapping that is ours already is only prolonged. */
  async #addAt(port: number, lifetime: number, signal: AbortSignal): Promise<Added | Fault> {
    const service = this.#service!
    const values = {
      ...whose(port),
      NewInternalPort: this.#terms.internal.port,
      NewInternalClient: this.#terms.internal.address,
      NewEnabled: 1,
      NewPortMappingDescription: `udp ${this.#terms.internal.port}`,
      NewLeaseDuration: lifetime,
    }
    this.#asked.add(port)
    const granted = lifetime === 0 ? Infinity : lifetime
    if (service.version === 2 && port !== this.#port) {
      const any = await this.#ask(service, 'AddAnyPortMapping', values, signal)
      const reserved = 'kind' in any ? undefined : readPort(any.get('NewReservedPort'))
      if (reserved !== undefined) {
        if (reserved !== port) this.#asked.delete(port)
        this.#asked.add(reserved)
        return { port: reserved, lifetime: granted }
      }
      if ('kind' in any && any.kind !== 'refused') return any
    }
    const added = await this.#ask(service, 'AddPortMapping', values, signal)
    if (!('kind' in added)) return { port, lifetime: granted }
    if (added.kind === 'refused' && port !== this.#port) this.#asked.delete(port)
    return added
  }

  async #address(service: Service, signal: AbortSignal): Promise<string | Failure> {
    const values = await this.#ask(service, 'GetExternalIPAddress', {}, signal)
    if ('kind' in values) return values
    const address = values.get('NewExternalIPAddress') ?? ''
    return parseAddress(`${address}:1`) === `${address}:1` && !address.startsWith('[')
      ? address
      : { kind: 'malformed', detail: 'no external address' }
  }

  async #ask(
    service: Service,
    action: string,
    values: SoapArguments,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string> | Fault> {
    const request = { method: 'POST', ...writeSoap(service, action, values) } as const
    const answer = await askHttp(service.control, request, { terms: this.#terms, signal })
    if (answer.kind !== 'answered') return answer
    const read = readSoap(answer.text, action)
    if (read?.kind === 'done' && answer.status === 200) return read.values
    if (read?.kind === 'fault') return { kind: 'refused', detail: `error ${read.code}`, code: read.code }
    return answer.status === 200
      ? { kind: 'malformed', detail: 'not an answer' }
      : { kind: 'refused', detail: `status ${answer.status}` }
  }
}

interface Added {
  readonly port: number
  readonly lifetime: number // s, or Infinity
}

interface Fault extends Failure {
  readonly code?: number
}

/** What names a mapping at the router. */
const whose = (port: number) =>
  ({ NewRemoteHost: '', NewExternalPort: port, NewProtocol: 'UDP' }) satisfies SoapArguments

const readPort = (text: string | undefined): number | undefined =>
  /^[1-9]\d{0,4}$/.test(text ?? '') && Number(text) < 65_536 ? Number(text) : undefined

/** Neither a well-known port, nor one that systems pick themselves. */
function anyPort(): number {
  const [a, b] = randomBytes(2)
  return 16_384 + (((a! << 8) | b!) & 0x3fff)
}

/** WANIPConnection 2, table 2-3: OnlyPermanentLeasesSupported. */
const permanentOnly = 725
/** ConflictInMappingEntry, ConflictWithOtherMechanisms. */
const isTaken: ReadonlySet<number> = new Set([718, 729])
const mostTries = 5 // four ports, and one more with another lease
