/** One HTTP request to a router: no name is looked up, no redirect followed, and what comes back is bounded. */
import { once } from 'node:events'
import { type IncomingMessage, request as open } from 'node:http'
import type { Place } from '../../nat/ssdp.ts'
import { codeOf } from './ask.ts'
import { stopWith } from './stop.ts'
import type { Failure, Terms } from './way.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export type HttpAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly text: string }
  | Failure

/** Any status but redirects: a fault of SOAP is a 500 with a body. */
export async function askHttp(
  { host, port, path }: Place,
  { method, headers = {}, body }: HttpRequest,
  { terms, signal }: { readonly terms: Terms; readonly signal: AbortSignal },
): Promise<HttpAnswer> {
  if (!terms.allows(host)) return { kind: 'barred', detail: 'another interface' }
  using stop = stopWith([signal], terms.around.patience)
  const localAddress = terms.internal.address
  const sent = open({
    host,
    port,
    path,
    method,
    headers,
    localAddress,
    agent: false,
    signal: stop.signal,
    maxHeaderSize,
  })
  sent.on('error', () => {}) // also when nobody waits any more
  try {
    sent.end(body)
    const [response]: IncomingMessage[] = await once(sent, 'response')
    const status = response?.statusCode ?? 0
    if (status >= 300 && status < 400) return { kind: 'refused', detail: 'redirected' }
    const text = response && (await readBody(response))
    return text === undefined ? { kind: 'malformed', detail: 'too long' } : { kind: 'answered', status, text }
  } catch (error) {
    if (stop.signal.aborted) return { kind: 'silent', detail: 'no answer' }
    const detail = codeOf(error)
    return { kind: detail.startsWith('HPE_') ? 'malformed' : 'silent', detail }
  } finally {
    sent.destroy()
  }
}

async function readBody(response: IncomingMessage): Promise<string | undefined> {
  response.on('error', () => {})
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response) {
    size += part.length
    if (size > maxBody) return undefined
    parts.push(part)
  }
  return new TextDecoder().decode(Buffer.concat(parts))
}

const maxBody = 65_536 // octets; a gateway's description has some 5,000
const maxHeaderSize = 8_192
