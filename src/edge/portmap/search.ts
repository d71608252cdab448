/** Looks for UPnP gateways in the subnet of one interface. */
import { on, once } from 'node:events'
import { type Place, readSearchAnswer, writeSearches } from '../../nat/ssdp.ts'
import { open } from './ask.ts'
import { pause, stopWith } from './stop.ts'
import type { Terms } from './way.ts'

/**
 * Yields where gateways describe themselves, as they answer: each once, at most four. The TTL is 1: the router is a
 * neighbour, and an answer from elsewhere would not be taken. Nor is one of another host than our gateway, where that is
 * known: whoever writes a false source address could have us ask any host of the LAN.
 */
export async function* search(
  { internal, allows, around }: Terms,
  signal: AbortSignal,
): AsyncGenerator<Place, void, void> {
  if (!allows(around.search.address)) return
  using stop = stopWith([signal], around.patience)
  const socket = open()
  const found = new Set<string>()
  try {
    const gateway = await around.knownGateway()
    const messages = on(socket, 'message', { signal: stop.signal })
    const bound = once(socket, 'listening')
    socket.bind(0, internal.address)
    await bound
    socket.setMulticastInterface(internal.address)
    void sendSearches((bytes) => socket.send(bytes, around.search.port, around.search.address), stop.signal)
    for await (const [bytes, from] of messages) {
      const place = readSearchAnswer(bytes, from.address)
      const text = JSON.stringify(place)
      if (!place || found.has(text) || !around.isNeighbour(from.address)) continue
      if (gateway !== undefined && from.address !== gateway) continue
      found.add(text)
      yield place
      if (found.size === mostPlaces) return
    }
  } catch {
    // The time is over, or the address no longer ours.
  } finally {
    stop.now()
    socket.close()
  }
}

/** Twice: datagrams are lost, and devices wait up to a second with their answer (MX). */
async function sendSearches(send: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void> {
  for (let round = 0; round < 2 && !signal.aborted; round++) {
    for (const bytes of writeSearches()) send(bytes)
    await pause(1_000, signal)
  }
}

const mostPlaces = 4
