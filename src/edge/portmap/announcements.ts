/**
 * Listens for what gateways multicast when they were started anew. Several
 * programs may do so on one machine; where it cannot be had, renewal finds out.
 */
import { createSocket } from 'node:dgram'
import type { Terms } from './way.ts'

export function listen(
  { internal, around }: Terms,
  onAnnounced: (bytes: Uint8Array, from: string) => void,
): Disposable {
  const { address, port } = around.announcements
  const socket = createSocket({ type: 'udp4', reuseAddr: true }).unref()
  socket.on('error', () => {})
  socket.on('message', (bytes, from) => onAnnounced(bytes, from.address))
  // Bound to the group itself: what is sent to one machine alone does not come here.
  socket.bind(port, address, () => {
    try {
      if (isMulticast(address)) socket.addMembership(address, internal.address)
    } catch {
      // The interface has no multicast.
    }
  })
  return { [Symbol.dispose]: () => socket.close() }
}

const isMulticast = (address: string): boolean => /^22[4-9]\.|^23\d\./.test(address)
