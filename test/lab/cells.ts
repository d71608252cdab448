/**
 * The cells of the reach matrix: who stands behind which routers, and whether
 * two otrtalks reach each other there. NAT kinds: test/lab/natlab/README.md.
 */
import type { Topology } from './internet.ts'

export interface Cell {
  readonly topology: Topology
  /** By router; several words as `natlab nat` takes them. Routers that are not named keep what they have. */
  readonly nats: Readonly<Record<string, string>>
  /** The second is behind the same NAT as the first. */
  readonly isNear?: boolean
  /** Of every datagram on either side's line, in percent. */
  readonly loss?: number
  /** The second starts so many ms after the first is running. */
  readonly lateMs?: number
  /** The DHT still has what both told of themselves the last time. */
  readonly isAgain?: boolean
}

/** There is no direct path: within 15 s it must be said why. */
export interface HopelessCell extends Cell {
  readonly exit: 3 | 6
  /** Somewhere in what `send` and `why` tell. */
  readonly says: RegExp
}

const kinds = ['full-cone', 'restricted', 'port-restricted'] as const
const symmetric = ['symmetric', 'symmetric-addr', 'symmetric-inc'] as const

const duo = (natA: string, natB: string, more: Partial<Cell> = {}): Cell => ({
  topology: 'duo',
  nats: { natA, natB },
  ...more,
})

/** Behind these, a hole opens by sending from one socket. */
export const easy: readonly Cell[] = kinds.flatMap((natA, i) => kinds.slice(i).map((natB) => duo(natA, natB)))

/** One side's port depends on whom it sends to. */
export const mixed: readonly Cell[] = kinds.flatMap((natA) => symmetric.map((natB) => duo(natA, natB)))

export const predicted: readonly Cell[] = [duo('symmetric-inc', 'symmetric-inc')]

/** These lose their port to a datagram that comes before their own: both should start at once. */
export const open: readonly Cell[] = [0, 300, 3_000].flatMap((lateMs) => [
  duo('port-restricted-open', 'port-restricted', { lateMs }),
  duo('port-restricted-open', 'port-restricted-open', { lateMs }),
])

/** Both were there a moment ago, with other ports: after any other cell of their lab. */
export const again: readonly Cell[] = [
  duo('port-restricted', 'port-restricted', { isAgain: true }),
  duo('port-restricted', 'symmetric', { isAgain: true }),
]

export const lossy: readonly Cell[] = [
  duo('port-restricted', 'port-restricted', { loss: 3 }),
  duo('restricted', 'symmetric', { loss: 3 }),
  duo('port-restricted', 'symmetric', { loss: 3 }),
]

export const hopeless: readonly HopelessCell[] = [
  {
    ...duo('symmetric', 'symmetric'),
    ...{ exit: 3, says: /the routers of both sides use another port for everyone they send to/ },
  },
  { ...duo('tcp443', 'full-cone'), exit: 6, says: /the network cannot be reached/ },
]

/** One carrier's NAT over both of the home ones, or over one of them. */
export const carrier: readonly Cell[] = [
  ...kinds.map((cgn): Cell => ({ topology: 'cgnat', nats: { cgn, natA: 'port-restricted', natB: cgn } })),
  { topology: 'cgnat', nats: { cgn: 'symmetric', natA: 'port-restricted', natB: 'restricted' } },
  {
    topology: 'cgnat',
    nats: { cgn: 'port-restricted hairpin', natA: 'port-restricted', natC: 'port-restricted' },
    isNear: true,
  },
]

/** Both on one LAN: its addresses reach, whatever the router does. */
export const home: readonly Cell[] = [
  { topology: 'home', nats: { natA: 'port-restricted' }, isNear: true },
  { topology: 'home', nats: { natA: 'port-restricted hairpin' }, isNear: true },
  { topology: 'home', nats: { natA: 'symmetric' }, isNear: true },
]

/** IPv4 is hopeless, IPv6 has firewalls and no translation. */
export const v6: readonly Cell[] = [{ topology: 'v6', nats: { natA: 'symmetric', natB: 'symmetric' } }]

/** Hopeless but for the ports that the routers map when they are asked. */
export const upnp: readonly Cell[] = [
  { topology: 'upnp', nats: { natA: 'symmetric', natB: 'symmetric' } },
  { topology: 'upnp', nats: { natA: 'symmetric', natB: 'port-restricted' } },
]

/** `port-restricted × symmetric, 3 % loss` */
export function titleOf({ topology, nats, isNear, loss, lateMs, isAgain }: Cell): string {
  const where = topology === 'duo' ? '' : `${topology}: `
  return [
    `${where}${Object.values(nats).join(' × ')}`,
    ...(isNear ? ['same NAT'] : []),
    ...(loss ? [`${loss} % loss`] : []),
    ...(lateMs ? [`${lateMs} ms late`] : []),
    ...(isAgain ? ['again'] : []),
  ].join(', ')
}
