/** A machine with interfaces as a test says, and a kernel that routes by them. */
import type { NetworkInterface } from '../../src/edge/interfaces.ts'
import { isOnLink } from '../../src/edge/interfaces.ts'
import { chooseNetwork, type Network, type NetworkChoice, type World } from '../../src/edge/network.ts'

/** `fe80::1/64` gets its zone. */
export function device(
  name: string,
  subnets: readonly string[],
  kind: NetworkInterface['kind'] = 'link',
): NetworkInterface {
  const addresses = subnets.map((subnet) => {
    const address = subnet.replace(/\/.*/, '')
    return address.startsWith('fe80') ? `${address}%${name}` : address
  })
  return { name, addresses, internal: kind === 'loopback', kind, subnets }
}

export const lo = device('lo', ['127.0.0.1/8', '::1/128'], 'loopback')
export const eth0 = device('eth0', ['192.168.1.2/24', 'fd00::2/64', 'fe80::2/64'])
export const wg0 = device('wg0', ['10.8.0.2/24'], 'tunnel')

export class Surroundings implements World {
  now = (): number => this.time
  time = 0
  devices: readonly NetworkInterface[]
  /** Through which device others are reached. */
  way: string
  asked = 0
  busy: readonly number[] = []

  constructor(devices: readonly NetworkInterface[] = [lo, eth0, wg0], way = 'eth0') {
    this.devices = devices
    this.way = way
  }

  list = (): readonly NetworkInterface[] => this.devices

  ask = (host: string): string | undefined => {
    this.asked++
    const near = this.devices.find((each) => isOnLink(each, host))
    const out = near ?? this.devices.find(({ name }) => name === this.way)
    return out?.addresses.find((address) => address.includes(':') === host.includes(':'))
  }

  tables = () => ({ route: '', ipv6Route: '', ifInet6: '' })

  isFree = (_: string, port: number): boolean => !this.busy.includes(port)

  choose(choice: Partial<NetworkChoice> = {}): Network {
    return chooseNetwork({ ...nothingAsked, ...choice }, this)
  }
}

const nothingAsked: NetworkChoice = {
  interface: undefined,
  port: undefined,
  bootstrap: [],
  dht: true,
  lan: 'also',
  portmap: true,
  stun: [],
}
