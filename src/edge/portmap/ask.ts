/**
 * One question to a router over UDP, and its answer. The socket is connected,
 * so that the kernel passes on nothing from another host, and tells us when
 * nobody listens there.
 */
import { createSocket, type Socket } from 'node:dgram'
import { on, once } from 'node:events'
import type { Endpoint } from '../../wire/address.ts'
import { pause, stopWith } from './stop.ts'
import type { Failure, Terms } from './way.ts'

export interface Question<Answer> {
  readonly to: Endpoint
  readonly request: Uint8Array
  /** `undefined` for what is no answer to this request. */
  readonly read: (bytes: Uint8Array) => Answer | undefined
}

export type Answered<Answer> = { readonly kind: 'answered'; readonly answer: Answer } | Failure

/** Sends at 0, 250, 750 ms and so on (RFC 6886, section 3.1) until an answer or the end of the patience. */
export async function ask<Answer>(
  { to, request, read }: Question<Answer>,
  { internal, allows, around }: Terms,
  signal: AbortSignal,
): Promise<Answered<Answer>> {
  if (!allows(to.address)) return { kind: 'barred', detail: 'another interface' }
  using stop = stopWith([signal], around.patience)
  const socket = open()
  let isHeard = false
  try {
    const messages = on(socket, 'message', { signal: stop.signal }) // throws the socket's errors, too
    socket.on('connect', () => void repeat(() => socket.send(request), stop.signal))
    socket.bind(0, internal.address, () => socket.connect(to.port, to.address))
    for await (const [bytes] of messages) {
      const answer = read(bytes)
      if (answer !== undefined) return { kind: 'answered', answer }
      isHeard = true
    }
  } catch (error) {
    if (!isHeard) return { kind: 'silent', detail: stop.signal.aborted ? 'no answer' : codeOf(error) }
  } finally {
    stop.now()
    socket.close()
  }
  return { kind: 'malformed', detail: 'not an answer' }
}

/** Sends once and hopes. */
export async function tell(to: Endpoint, request: Uint8Array, { internal, allows }: Terms): Promise<void> {
  if (!allows(to.address)) return
  const socket = open()
  try {
    const sent = once(socket, 'connect')
    socket.bind(0, internal.address, () => socket.connect(to.port, to.address))
    await sent
    await new Promise((resolve) => socket.send(request, resolve))
  } catch {
    // The address is no longer ours.
  } finally {
    socket.close()
  }
}

/** A socket that only ever takes literals; an error that nobody waits for any more is none. */
export function open(): Socket {
  const lookup = (host: string, _: unknown, done: (error: null, address: string, family: number) => void) =>
    done(null, host, 4)
  return createSocket({ type: 'udp4', lookup }).on('error', () => {})
}

/** `ECONNREFUSED` and the like. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'failed'

async function repeat(send: () => void, signal: AbortSignal): Promise<void> {
  for (let wait = firstWait; !signal.aborted; wait *= 2) {
    send()
    await pause(wait, signal)
  }
}

const firstWait = 250 // ms
