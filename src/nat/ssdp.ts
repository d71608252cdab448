/**
 * How UPnP devices are found: a search multicast as something like HTTP, and
 * answers that name where the device describes itself (UPnP Device Architecture
 * 1.1, section 1.3).
 */

/** Where to ask by HTTP. */
export interface Place {
  readonly host: string // an IPv4 literal
  readonly port: number // 1..65535
  readonly path: string // with its query
}

/** A search for gateways of both versions: one datagram each. */
export function writeSearches(): readonly Uint8Array[] {
  return [1, 2].map((version) => encoder.encode(search(`${gateway}${version}`)))
}

/** `from`: the address that answered. `undefined` unless a gateway of that very host describes itself. */
export function readSearchAnswer(bytes: Uint8Array, from: string): Place | undefined {
  if (bytes.length > maxAnswer) return undefined
  const [status, ...lines] = decoder.decode(bytes).split(/\r?\n/)
  if (!/^HTTP\/1\.[01] 200\b/.test(status!)) return undefined
  const field = (name: string): string | undefined =>
    lines
      .find((line) => line.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim()
  const location = field('location')
  return field('st')?.startsWith(gateway) && location !== undefined ? readPlace(location, from) : undefined
}

/** Reads an absolute URL, or one relative to `base`; `undefined` unless it is plain HTTP to `host`. */
export function readPlace(url: string, host: string, base?: Place): Place | undefined {
  const root = base && `http://${base.host}:${base.port}${base.path}`
  if (url.length > maxUrl || !URL.canParse(url, root)) return undefined
  const { protocol, hostname, port, pathname, search, username } = new URL(url, root)
  if (protocol !== 'http:' || hostname !== host || username !== '' || port === '0') return undefined
  return { host, port: port === '' ? 80 : Number(port), path: pathname + search }
}

const search = (target: string): string =>
  ['M-SEARCH * HTTP/1.1', `HOST: ${group}`, 'MAN: "ssdp:discover"', 'MX: 1', `ST: ${target}`, '', ''].join(
    '\r\n',
  )

const group = '239.255.255.250:1900'
const gateway = 'urn:schemas-upnp-org:device:InternetGatewayDevice:'
const maxAnswer = 2_048 // octets; they fit an Ethernet frame
const maxUrl = 1_024
const encoder = new TextEncoder()
const decoder = new TextDecoder() // what is no UTF-8 becomes U+FFFD
