/**
 * Which router stands between an interface of ours and the rest: the next hop
 * of its default route, as the system's own table has it, or a guess.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { endianness, networkInterfaces } from 'node:os'
import { promisify } from 'node:util'

interface Subnet {
  /** Of the interface. */
  readonly name: string
  readonly address: string
  readonly netmask: string
}

interface Route {
  readonly gateway: string | undefined
}

/**
 * The IPv4 address of the router that the interface with this address uses; `undefined` if it has none.
 * Where there is no table to read: the first address of the subnet, which is a guess.
 */
export async function findGateway(address: string): Promise<string | undefined> {
  const subnet = subnetOf(address)
  const route = subnet && (await readRoute(subnet))
  return route ? route.gateway : subnet && firstHost(subnet)
}

/** The same without a guess: `undefined` also where there is no table to read. */
export async function knownGateway(address: string): Promise<string | undefined> {
  const subnet = subnetOf(address)
  return subnet && (await readRoute(subnet))?.gateway
}

/** What the system's table says; `undefined` if it cannot be read. */
async function readRoute({ name }: Subnet): Promise<Route | undefined> {
  try {
    const { platform } = process
    if (platform === 'linux')
      return { gateway: readProcRoutes(await readFile('/proc/net/route', 'utf8'), name) }
    if (platform !== 'win32') return { gateway: readNetstat(await netstat(), name) }
  } catch {
    // A sandbox without that file or program.
  }
  return undefined
}

/** Whether both are in the subnet of the interface that has `address`. */
export function isNeighbour(address: string, other: string): boolean {
  const subnet = subnetOf(address)
  if (!subnet) return false
  const mask = toNumber(subnet.netmask)
  return ((toNumber(address) ^ toNumber(other)) & mask) === 0
}

/** `/proc/net/route`: numbers as they lie in memory, in hexadecimal. */
export function readProcRoutes(table: string, interfaceName: string): string | undefined {
  const routes = table.split('\n').map((line) => line.trim().split(/\s+/))
  const defaults = routes.filter(([name, destination, , flags, , , , mask]) => {
    const isDefault = destination === zero && mask === zero
    return name === interfaceName && isDefault && (Number.parseInt(flags ?? '', 16) & 3) === 3
  })
  const [best] = defaults.sort((a, b) => Number(a[6]) - Number(b[6])) // metric
  const octets = best?.[2]?.match(/^[\dA-F]{8}$/i)?.[0].match(/../g)
  if (!octets) return undefined
  if (endianness() === 'LE') octets.reverse()
  return octets.map((octet) => Number.parseInt(octet, 16)).join('.')
}

/** `netstat -rn -f inet` of macOS and the BSDs: destination, gateway, flags, …, with the interface in one of them. */
export function readNetstat(table: string, interfaceName: string): string | undefined {
  const lines = table.split('\n').map((line) => line.trim().split(/\s+/))
  const found = lines.find(
    ([destination, gateway, ...rest]) =>
      destination === 'default' && isV4.test(gateway ?? '') && rest.includes(interfaceName),
  )
  return found?.[1]
}

/** Most routers take the first address; nothing is lost if none is there. */
export function firstHost({ address, netmask }: Omit<Subnet, 'name'>): string | undefined {
  const mask = toNumber(netmask)
  const first = ((toNumber(address) & mask) | 1) >>> 0
  const text = [24, 16, 8, 0].map((shift) => (first >>> shift) & 0xff).join('.')
  return text === address ? undefined : text
}

function subnetOf(address: string): Subnet | undefined {
  for (const [name, infos] of Object.entries(networkInterfaces()))
    for (const info of infos ?? []) if (info.address === address) return { name, ...info }
  return undefined
}

const netstat = async (): Promise<string> =>
  (await promisify(execFile)('netstat', ['-rn', '-f', 'inet'], { timeout: 1_000 })).stdout

const toNumber = (address: string): number =>
  address.split('.').reduce((sum, octet) => (sum << 8) | Number(octet), 0)

const zero = '00000000' // RTF_UP and RTF_GATEWAY are the flags' last bits
const isV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/
