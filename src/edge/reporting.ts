/** What the edge knows and a running profile does not: completes its reports. */

import type { PortmapReport, Report, Rung } from '../session/report.ts'
import { formatAddress, parseAddress, splitAddress } from '../wire/address.ts'
import type { Around } from './around.ts'
import type { Network } from './network.ts'

interface Edge {
  readonly network: Pick<Network, 'portmap' | 'allows'>
  readonly around: Pick<Around, 'tried' | 'mapping'>
}

/** With how routers answered; and what was sent nowhere, because that network may not be used, was not tried. */
export function completed({ network, buddy }: Report, edge: Edge): Report {
  const ladder = buddy.ladder.map((rung) => (isBarred(rung, edge) ? barred(rung) : rung))
  const portmap = edge.network.portmap ? { portmap: portmapReport(edge) } : {}
  return { network: { ...network, ...portmap }, buddy: { ...buddy, ladder } }
}

function portmapReport({ around: { tried, mapping } }: Edge): PortmapReport {
  const address = mapping && formatAddress(mapping)
  return { tried: [...tried], ...(mapping && address && { mapping: { via: mapping.via, address } }) }
}

function isBarred({ state, addresses }: Rung, { network }: Edge): boolean {
  const hosts = addresses.flatMap((text) => {
    const address = parseAddress(text)
    return address === undefined ? [] : [splitAddress(address).address]
  })
  return state !== 'worked' && hosts.length > 0 && !hosts.some((host) => network.allows(host))
}

const barred = (rung: Rung): Rung => ({ ...rung, state: 'absent', ms: 0, why: 'barred' })
