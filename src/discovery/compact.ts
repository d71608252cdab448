/** Compact addresses: 4 or 16 octets of IP and 2 of port (BEP 5, BEP 32), in `nodes`, `values`, `ip` and records. */
import type { Address } from '../machine.ts'
import { formatAddress, splitAddress } from '../wire/address.ts'
import { groupsOf } from './reach.ts'

/** 6 or 18 octets; a zone is not carried, as it means nothing to anybody else. */
export function writeCompact(address: Address): Uint8Array {
  const { address: host, port } = splitAddress(address)
  const ip = host.includes(':')
    ? groupsOf(host).flatMap((group) => [group >> 8, group & 0xff])
    : host.split('.').map(Number)
  return Uint8Array.of(...ip, port >> 8, port & 0xff)
}

/** `undefined` for another size, port 0, or an IPv4 address in IPv6's clothes. */
export function readCompact(bytes: Uint8Array): Address | undefined {
  const size = bytes.length - 2
  if (size !== 4 && size !== 16) return undefined
  const address = size === 4 ? bytes.subarray(0, 4).join('.') : hex(bytes.subarray(0, 16))
  const made = formatAddress({ address, port: (bytes[size]! << 8) | bytes[size + 1]! })
  return made !== undefined && writeCompact(made).length === bytes.length ? made : undefined
}

const hex = (ip: Uint8Array): string =>
  Array.from({ length: 8 }, (_, i) => ((ip[2 * i]! << 8) | ip[2 * i + 1]!).toString(16)).join(':')
