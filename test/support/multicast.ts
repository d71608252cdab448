/** Whether this machine can multicast at all: asked of node's sockets alone, so that our own faults fail tests. */
import { createSocket } from 'node:dgram'
import type { Link } from '../../src/edge/multicast.ts'

/** Why a datagram to a group does not come back on this interface, or undefined. */
export async function whyNoMulticast(
  type: 'udp4' | 'udp6',
  link: Link | undefined,
): Promise<string | undefined> {
  const source = type === 'udp4' ? link?.address4 : link?.address6
  if (source === undefined) return `no interface for multicast over ${type}`
  const [group, via] =
    type === 'udp4' ? ['239.255.0.99', source] : ['ff12::99', `::${source.slice(source.indexOf('%'))}`]
  const socket = createSocket({ type, reuseAddr: true })
  try {
    return await new Promise((answer) => {
      setTimeout(answer, 500, `${type} multicast on ${link?.name} does not come back`)
      socket.on('error', (error) => answer(error.message))
      socket.on('message', () => answer(undefined))
      socket.bind(0, () => {
        try {
          socket.addMembership(group, via)
          socket.setMulticastInterface(via)
        } catch (error) {
          answer(String(error))
        }
        socket.send('?', socket.address().port, group, (error) => {
          if (error) answer(error.message)
        })
      })
    })
  } finally {
    socket.close()
  }
}
