import { networkInterfaces } from 'node:os'
import type { Link } from '../../src/edge/multicast.ts'

/** Those that are up and may be used for multicast: all that lead out of this machine, or the one named. */
export function multicastLinks(only?: string): readonly Link[] {
  return Object.entries(networkInterfaces()).flatMap(([name, infos = []]) => {
    if (only === undefined ? infos.every(({ internal }) => internal) : name !== only) return []
    const address4 = infos.find(({ family }) => family === 'IPv4')?.address
    const v6 = infos.find(({ family, address }) => family === 'IPv6' && /^fe80:/i.test(address))
    const zone = process.platform === 'win32' ? v6?.scopeid : name
    const address6 = v6 && `${v6.address}%${zone}`
    return [
      { name, ...(address4 !== undefined && { address4 }), ...(address6 !== undefined && { address6 }) },
    ]
  })
}
