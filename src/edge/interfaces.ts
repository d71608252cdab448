/** The network interfaces of this machine: what `--interface` takes. */
import { networkInterfaces } from 'node:os'

export interface NetworkInterface {
  readonly name: string
  readonly addresses: readonly string[]
  /** Reaches this machine only. */
  readonly internal: boolean
}

/** Those that are up and have an address, in the system's order. */
export function listInterfaces(): readonly NetworkInterface[] {
  return Object.entries(networkInterfaces()).flatMap(([name, infos]) => {
    if (!infos?.length) return []
    const internal = infos.every((info) => info.internal)
    return [{ name, addresses: infos.map((info) => info.address), internal }]
  })
}
