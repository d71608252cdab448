/**
 * UPnP Internet Gateway Devices 1 and 2: which services a description offers
 * (WANIPConnection 1 and 2, WANPPPConnection 1), and the SOAP in which they
 * are asked (UPnP Device Architecture 1.1, sections 2 and 3).
 */
import { type Place, readPlace } from './ssdp.ts'
import { childText, findAll, readXml } from './xml.ts'

export interface Service {
  /** `urn:schemas-upnp-org:service:WANIPConnection:2` and the like. */
  readonly type: string
  readonly version: 1 | 2
  /** Where it is asked: of the host that described itself, never of another. */
  readonly control: Place
}

export type SoapAnswer =
  | { readonly kind: 'done'; readonly values: ReadonlyMap<string, string> }
  | { readonly kind: 'fault'; readonly code: number }

/** The services that map ports, best first, at most four; `undefined` if this is no description. */
export function readDescription(text: string, at: Place): readonly Service[] | undefined {
  const root = readXml(text)
  if (root?.name !== 'root') return undefined
  const stated = childText(root, 'URLBase') // UPnP 1.0
  const base = stated ? readPlace(stated, at.host) : at
  const services = findAll(root, 'service').flatMap((element): Service[] => {
    const type = childText(element, 'serviceType') ?? ''
    const path = childText(element, 'controlURL')
    const control = base && path ? readPlace(path, at.host, base) : undefined
    const version = /^urn:schemas-upnp-org:service:WAN(?:IP|PPP)Connection:([12])$/.exec(type)?.[1]
    return control && version !== undefined ? [{ type, version: version === '2' ? 2 : 1, control }] : []
  })
  return services.sort((a, b) => rank(b) - rank(a)).slice(0, maxServices)
}

/** Numbers, addresses and words of ours: nothing in them is markup. */
export type SoapArguments = Readonly<Record<string, string | number>>

export interface SoapRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export function writeSoap({ type }: Service, action: string, values: SoapArguments): SoapRequest {
  const inside = Object.entries(values).map(([name, value]) => `<${name}>${value}</${name}>`)
  const body = encoder.encode(
    `<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ` +
      's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">' +
      `<s:Body><u:${action} xmlns:u="${type}">${inside.join('')}</u:${action}></s:Body></s:Envelope>\r\n`,
  )
  const headers = {
    'Content-Type': 'text/xml; charset="utf-8"',
    'Content-Length': String(body.length), // many routers do not read chunks
    SOAPAction: `"${type}#${action}"`,
  }
  return { headers, body }
}

export function readSoap(text: string, action: string): SoapAnswer | undefined {
  const root = readXml(text)
  const body = root?.name === 'Envelope' ? root.children.find(({ name }) => name === 'Body') : undefined
  const [answer] = body?.children ?? []
  if (answer?.name === `${action}Response`)
    return { kind: 'done', values: new Map(answer.children.map(({ name, text }) => [name, text])) }
  if (answer?.name !== 'Fault') return undefined
  const code = findAll(answer, 'errorCode')[0]?.text ?? ''
  return /^\d{1,5}$/.test(code) ? { kind: 'fault', code: Number(code) } : undefined
}

/** What is most likely connected, and asked most easily. */
const rank = ({ type, version }: Service): number => (type.includes(':WANIP') ? 2 : 0) + version

const maxServices = 4
const encoder = new TextEncoder()
