/**
 * Who else is in a mesh network: multicast does not reach them, but WireGuard
 * and Tailscale know their addresses. Asked is only for the mesh that
 * `--interface` names: to knock at everybody in a network is the user's choice.
 */
import { execFile } from 'node:child_process'
import { parsedJson } from '../json.ts'
import { parseAddress } from '../wire/address.ts'
import { isV6, type NetworkInterface } from './interfaces.ts'

/** Where a program in a mesh waits that was given no `--port`: no service has it (IANA). */
export const meshPort = 28_687

/** Runs a program; what it printed, `undefined` if it is not there or fails. */
export type Execute = (program: string, args: readonly string[]) => Promise<string | undefined>

/** Addresses of others, without port; none if the interface is no mesh or its program does not tell. */
export async function meshPeers(
  own: NetworkInterface | undefined,
  execute: Execute = run,
): Promise<readonly string[]> {
  if (own?.kind !== 'tunnel') return []
  const [wireguard, tailscale] = await Promise.all([
    execute('wg', ['show', own.name, 'allowed-ips']),
    execute('tailscale', ['status', '--json']),
  ])
  const found = [...fromWireGuard(wireguard ?? ''), ...fromTailscale(tailscale ?? '', own)]
  const others = found.filter((host) => isHost(host) && !own.addresses.includes(host))
  return [...new Set(others)].slice(0, maxPeers)
}

/** Lines of `key TAB 10.8.0.2/32 10.9.0.0/24`: what is one address is one peer. */
const fromWireGuard = (output: string): readonly string[] =>
  [...output.matchAll(/[\t ]([\d.]+)\/32\b|[\t ]([\da-f:.]+)\/128\b/g)].map(([, v4, v6]) => (v4 ?? v6)!)

/** Of this interface, and there at the moment. */
function fromTailscale(output: string, own: NetworkInterface): readonly string[] {
  const status = parsedJson(output)
  const mine = list(field(field(status, 'Self'), 'TailscaleIPs'))
  if (!mine.some((address) => own.addresses.includes(address))) return []
  return Object.values(field(status, 'Peer') ?? {})
    .filter((peer: unknown) => field(peer, 'Online') === true)
    .flatMap((peer: unknown) => list(field(peer, 'TailscaleIPs')))
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined

const list = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []

const isHost = (host: string): boolean =>
  parseAddress(isV6(host) ? `[${host}]:${meshPort}` : `${host}:${meshPort}`) !== undefined

const run: Execute = (program, args) =>
  new Promise((resolve) => {
    execFile(program, args, { timeout, maxBuffer, windowsHide: true, encoding: 'utf8' }, (error, output) =>
      resolve(error ? undefined : output),
    )
  })

const maxPeers = 256
const timeout = 2_000 // ms
const maxBuffer = 1_048_576 // octets of what it prints
