import { expect, test } from 'vitest'
import { type Execute, meshPeers } from '../../src/edge/mesh.ts'
import { device, eth0, wg0 } from './surroundings.ts'

const answering =
  (answers: Readonly<Record<string, string>>): Execute =>
  async (program, args) =>
    answers[[program, ...args].join(' ')]

const key = `${'k'.repeat(43)}=`
const ts0 = device('tailscale0', ['100.101.1.2/32', 'fd7a:115c::2/128', 'fe80::2/64'], 'tunnel')
const tailscale = (status: unknown) =>
  meshPeers(ts0, answering({ 'tailscale status --json': JSON.stringify(status) }))

test('the peers of WireGuard are those with one address each', async () => {
  const lines = [
    `${key}\t10.8.0.3/32 fd08::3/128`,
    `${key}\t10.8.0.4/32 192.168.0.0/16`,
    `${key}\t0.0.0.0/0 ::/0`,
    `${key}\t(none)`,
    `${key}\t10.8.0.2/32`, // ours
    `${key}\t10.8.0.3/32`,
    `${key}\t999.8.0.3/32`,
  ]
  const peers = await meshPeers(wg0, answering({ 'wg show wg0 allowed-ips': `${lines.join('\n')}\n` }))
  expect(peers).toEqual(['10.8.0.3', 'fd08::3', '10.8.0.4'])
})

test('the peers of Tailscale are those that are there', async () => {
  const Self = { TailscaleIPs: ['100.101.1.2', 'fd7a:115c::2'] }
  const Peer = {
    a: { TailscaleIPs: ['100.101.1.3', 'fd7a:115c::3'], Online: true },
    b: { TailscaleIPs: ['100.101.1.4'], Online: false },
    c: { TailscaleIPs: ['100.101.1.5', 5, 'x', '-h', '100.101.1.5:1'], Online: true },
    d: null,
    e: { Online: true },
  }
  expect(await tailscale({ Self, Peer })).toEqual(['100.101.1.3', 'fd7a:115c::3', '100.101.1.5'])
  expect(await tailscale({ Self: { TailscaleIPs: ['100.101.9.9'] }, Peer })).toEqual([]) // another device's
  for (const status of [{ Self, Peer: null }, { Self }, { Self: 1, Peer }, [], null, 'x'])
    expect(await tailscale(status)).toEqual([])
})

test('at most 256 are told', async () => {
  const many = Array.from({ length: 300 }, (_, i) => `${key}\t10.9.${i >> 8}.${i & 255}/32`)
  const peers = await meshPeers(wg0, answering({ 'wg show wg0 allowed-ips': many.join('\n') }))
  expect(peers).toHaveLength(256)
})

test('for what is no tunnel nothing is asked, and what cannot be asked has no peers', async () => {
  const asked: string[] = []
  const execute: Execute = async (program) => {
    asked.push(program)
    return undefined
  }
  expect(await meshPeers(eth0, execute)).toEqual([])
  expect(await meshPeers(undefined, execute)).toEqual([])
  expect(asked).toEqual([])
  expect(await meshPeers(wg0, execute)).toEqual([])
  expect(asked).toEqual(['wg', 'tailscale'])
  expect(await meshPeers(device('no;such', ['10.8.0.2/24'], 'tunnel'))).toEqual([]) // of this machine
})
