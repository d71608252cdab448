/**
 * Routers on loopback, written from the RFCs and apart from the program: each
 * records what it is asked and answers as it is told to.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface UdpRouter extends AsyncDisposable {
  readonly port: number
  readonly heard: Buffer[]
  /** Called for each datagram; what it yields is sent back. */
  answer: (request: Buffer) => readonly Buffer[]
  send(bytes: Buffer, port: number): void
  /** Resolves with the first datagram, of those that came or will, for which this holds. */
  first(fits: (request: Buffer) => boolean): Promise<Buffer>
}

export async function udpRouter(answer: UdpRouter['answer'], address = '127.0.0.1'): Promise<UdpRouter> {
  const socket = createSocket('udp4').bind(0, address)
  await once(socket, 'listening')
  const asked = new Set<() => void>()
  const router: UdpRouter = {
    port: socket.address().port,
    heard: [],
    answer,
    send: (bytes, port) => socket.send(bytes, port, '127.0.0.1'),
    async first(fits) {
      for (;;) {
        const found = router.heard.find(fits)
        if (found) return found
        await new Promise<void>((resolve) => asked.add(resolve))
      }
    },
    async [Symbol.asyncDispose]() {
      socket.close()
      await once(socket, 'close')
    },
  }
  socket.on('message', (request, from) => {
    router.heard.push(request)
    for (const bytes of router.answer(request)) socket.send(bytes, from.port, from.address)
    for (const resolve of asked) resolve()
    asked.clear()
  })
  return router
}

/** What a gateway of RFC 6887 does: grants `port` for `lifetime`. */
export const pcp =
  ({ address = [203, 0, 113, 5], port = 0, lifetime = 3_600, result = 0, epoch = 7 } = {}) =>
  (request: Buffer): readonly Buffer[] => {
    if (request[0] !== 2 || request.length !== 60) return []
    const answer = Buffer.from(request)
    answer[1] = 0x81
    answer[3] = result
    answer.fill(0, 8, 24)
    if (request.readUInt32BE(4) > 0 || result > 0) answer.writeUInt32BE(lifetime, 4)
    answer.writeUInt32BE(epoch, 8)
    if (port > 0) answer.writeUInt16BE(port, 42)
    answer.set(address, 56)
    return [answer]
  }

/** Of what was heard: no NAT-PMP. */
export const isPcp = ([version]: Buffer): boolean => version === 2

export const isPcpRemoval = (request: Buffer): boolean =>
  request.length === 60 && request.readUInt32BE(4) === 0

/** What a gateway of RFC 6886 does; to PCP it says that it does not speak it. */
export const natPmp =
  ({ port = 0, lifetime = 3_600, result = 0, epoch = 7, onPcp = 'says so' as 'says so' | 'silent' } = {}) =>
  (request: Buffer): readonly Buffer[] => {
    if (request[0] !== 0)
      return onPcp === 'silent' ? [] : [Buffer.from([0, 0x80 | request[1]!, 0, 1, 0, 0, 0, 7])]
    const isAddress = request.length === 2
    const answer = Buffer.alloc(isAddress ? 12 : 16)
    answer.set([0, isAddress ? 128 : 129, 0, result])
    answer.writeUInt32BE(epoch, 4)
    if (isAddress) {
      answer.set([203, 0, 113, 5], 8)
      return [answer]
    }
    request.copy(answer, 8, 4, 12)
    if (port > 0 && request.readUInt32BE(8) > 0) answer.writeUInt16BE(port, 10)
    if (request.readUInt32BE(8) > 0) answer.writeUInt32BE(lifetime, 12)
    return [answer]
  }

export interface Call {
  readonly action: string
  readonly values: Readonly<Record<string, string>>
}

/** What to answer: the values, the number of a fault, or how to break HTTP. */
export type Reply = Readonly<Record<string, string>> | number | ((response: ServerResponse) => void)

export interface Igd extends AsyncDisposable {
  readonly ssdpPort: number
  /** Its LOCATION. */
  readonly place: string
  /** In order; `description` for the description. */
  readonly calls: Call[]
  readonly searches: Buffer[]
  /** The actions so far. */
  readonly actions: readonly string[]
}

export interface IgdOptions {
  readonly service?: string
  readonly reply?: (call: Call) => Reply | undefined
  /** Instead of the description. */
  readonly describe?: (response: ServerResponse) => void
  readonly location?: (port: number) => string
  readonly controlUrl?: string
}

export async function igd(options: IgdOptions = {}): Promise<Igd> {
  const { service = 'WANIPConnection:1', reply = () => undefined, location, controlUrl = '/ctl' } = options
  const calls: Call[] = []
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') {
      calls.push({ action: 'description', values: {} })
      if (options.describe) options.describe(response)
      else response.end(description(service, controlUrl))
      return
    }
    const call = await read(request)
    calls.push(call)
    const answer =
      reply(call) ?? (call.action === 'GetExternalIPAddress' ? { NewExternalIPAddress: '203.0.113.5' } : {})
    if (typeof answer === 'function') answer(response)
    else response.writeHead(typeof answer === 'number' ? 500 : 200).end(envelope(call.action, answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('not bound')
  const place = location?.(bound.port) ?? `http://127.0.0.1:${bound.port}/root.xml`
  const ssdp = await udpRouter((search) => [searchAnswer(place, /^ST: (\S+)/m.exec(String(search))?.[1])])
  return {
    ssdpPort: ssdp.port,
    place,
    calls,
    searches: ssdp.heard,
    get actions() {
      return calls.map(({ action }) => action)
    },
    async [Symbol.asyncDispose]() {
      await ssdp[Symbol.asyncDispose]()
      server.closeAllConnections()
      server.close()
    },
  }
}

export const searchAnswer = (
  place: string,
  target = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1',
): Buffer => Buffer.from(`HTTP/1.1 200 OK\r\nST: ${target}\r\nLOCATION: ${place}\r\n\r\n`)

async function read(request: IncomingMessage): Promise<Call> {
  let body = ''
  for await (const part of request) body += part
  const action = /#(\w+)"$/.exec(String(request.headers['soapaction']))?.[1] ?? ''
  const values = [...body.matchAll(/<(New\w+)>([^<]*)<\/\1>/g)].map(([, name, value]) => [name, value])
  return { action, values: Object.fromEntries(values) }
}

const description = (service: string, controlUrl: string): string =>
  '<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><serviceList><service>' +
  `<serviceType>urn:schemas-upnp-org:service:${service}</serviceType><controlURL>${controlUrl}</controlURL>` +
  '</service></serviceList></device></root>'

function envelope(action: string, answer: Exclude<Reply, (response: ServerResponse) => void>): string {
  const inside =
    typeof answer === 'number'
      ? `<s:Fault><detail><UPnPError><errorCode>${answer}</errorCode></UPnPError></detail></s:Fault>`
      : `<u:${action}Response>${Object.entries(answer)
          .map(([name, value]) => `<${name}>${value}</${name}>`)
          .join('')}</u:${action}Response>`
  return `<s:Envelope><s:Body>${inside}</s:Body></s:Envelope>`
}
