/**
 * "With `--interface` or `--lan` no packet leaves elsewhere" (docs/Security.md),
 * looked at from outside: by tcpdump on the other interface and on the router.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { introduce } from '../support/people.ts'
import { entry, freshHome, Program, type Started } from '../support/program.ts'
import { Capture } from './capture.ts'
import { Lab, whyNoLab } from './lab.ts'

const missing = whyNoLab(['tcpdump', 'wireguard-go', 'wg', 'dnsmasq'])
if (missing !== undefined) console.warn(`skipped: ${missing}`)

/** Not the kernel's own, nor the tunnel itself. */
const ofOurs = '(tcp or udp) and not port 51820'
const mesh = '100.64.7.0/24'
const watched = 20_000 // ms

/** Alice knows Bob and looks for him; she has two ways out: eth0, and wg0 to the hub. */
async function vpn(
  topology: string,
): Promise<AsyncDisposable & { readonly lab: Lab; readonly alice: Started }> {
  const lab = new Lab(topology)
  const homes = [await freshHome(), await freshHome()] as const
  const run = [...lab.on('alice'), process.execPath, entry]
  const [alice, bob] = [
    { home: homes[0].path, command: run },
    { home: homes[1].path, command: run },
  ]
  await lab.change('service', 'boot', 'wg')
  await lab.change('service', 'alice', 'wg')
  await introduce({ name: 'alice', at: alice }, { name: 'bob', at: bob })
  return {
    lab,
    alice,
    async [Symbol.asyncDispose]() {
      lab[Symbol.dispose]()
      for (const home of homes) await home[Symbol.asyncDispose]()
    },
  }
}

/** A node of the DHT on the public host, reached by both ways at another address each. */
const nodeOnBoot = (lab: Lab): Program =>
  new Program(['node', '--json', '--port', '6881'], { command: [...lab.on('boot'), process.execPath, entry] })

/** What `alice` has in /etc/resolv.conf. */
function useResolver(lab: Lab, server: string): void {
  const file = join('/etc/netns', lab.on('alice').at(-1)!, 'resolv.conf')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `nameserver ${server}\n`)
}

/** On the hub, at its address in the VPN, for one name: that address. Its files are in `home`. */
function nameServerInVpn(lab: Lab, { home, name }: { home: string; name: string }): Program {
  const settings = join(home, 'dnsmasq.conf')
  writeFileSync(settings, `listen-address=100.64.7.1\nhost-record=${name},100.64.7.1\n`)
  const files = [`--conf-file=${settings}`, `--pid-file=${join(home, 'dnsmasq.pid')}`]
  const flags = ['--keep-in-foreground', '--bind-interfaces', '--no-resolv', '--no-hosts', '--user=root']
  return new Program([...flags, ...files], { command: [...lab.on('boot'), 'dnsmasq'] })
}

const listen = (alice: Started, name: string, bootstrap: string): Program =>
  new Program(['listen', '--json', '--interface', name], { ...alice, env: { OTRTALK_BOOTSTRAP: bootstrap } })

const isJoined = (text: string): boolean => text.includes('"joined"')

test.skipIf(missing !== undefined).each(['home', 'duo'])(
  'with --interface wg0 nothing of ours leaves by eth0 in 20 s, and no name is asked there: %s',
  async (topology) => {
    await using world = await vpn(topology)
    const { lab, alice } = world
    await lab.change('service', 'boot', 'dns') // 203.0.113.20, which eth0 leads to
    await using node = nodeOnBoot(lab)
    await node.event('listening')
    await using wrong = await Capture.on(lab, 'alice', { at: 'eth0', filter: ofOurs })
    await using router = await Capture.on(lab, 'natA', {
      at: 'any',
      filter: `host ${lab.address('alice')} and ${ofOurs}`,
    })
    await using right = await Capture.on(lab, 'alice', { at: 'wg0', filter: 'udp' })
    const bootstrap = '203.0.113.20:6881 boot.example.org:6881 192.168.1.1:6881 100.64.7.1:6881'
    await using program = listen(alice, 'wg0', bootstrap)
    await program.line(isJoined)
    await sleep(watched)
    expect({ wrong: wrong.lines, router: router.lines }).toEqual({ wrong: [], router: [] })
    expect(right.lines.length).toBeGreaterThan(10)
  },
)

test.skipIf(missing !== undefined)(
  'with --interface eth0 nothing leaves by wg0 in 20 s, and a name is asked where eth0 leads to',
  async () => {
    await using world = await vpn('duo')
    const { lab, alice } = world
    await lab.change('service', 'boot', 'dns')
    await using node = nodeOnBoot(lab)
    await node.event('listening')
    await using wrong = await Capture.on(lab, 'alice', { at: 'wg0', filter: ofOurs })
    await using asked = await Capture.on(lab, 'alice', { at: 'eth0', filter: 'udp port 53' })
    const bootstrap = '100.64.7.1:6881 100.64.7.3:6881 boot.example.org:6881'
    await using program = listen(alice, 'eth0', bootstrap)
    await program.line(isJoined) // by the name alone
    await sleep(watched)
    expect(wrong.lines).toEqual([])
    expect(asked.lines.length).toBeGreaterThan(0)
  },
)

test.skipIf(missing !== undefined)(
  'with --interface wg0 a name is asked of a server in the VPN; when wg0 goes all is silent, and goes on when it is back',
  async () => {
    await using world = await vpn('duo')
    const { lab, alice } = world
    await using _dns = nameServerInVpn(lab, { home: alice.home!, name: 'seed.example.org' })
    useResolver(lab, '100.64.7.1')
    await using node = nodeOnBoot(lab)
    await node.event('listening')
    await using wrong = await Capture.on(lab, 'alice', { at: 'eth0', filter: ofOurs })
    await using program = listen(alice, 'wg0', 'seed.example.org:6881')
    await program.line(isJoined)
    const address = '100.64.7.2/24'
    for (const gone of [
      [
        ['link', 'set', 'wg0', 'down'],
        ['link', 'set', 'wg0', 'up'],
        ['route', 'replace', mesh, 'dev', 'wg0'],
      ],
      [
        ['addr', 'del', address, 'dev', 'wg0'],
        ['addr', 'add', address, 'dev', 'wg0'],
      ],
    ]) {
      const [down, ...up] = gone
      await lab.run('alice', 'ip', ...down!)
      await sleep(500) // the guard's answers hold for 0.1 s
      const before = wrong.lines.length
      await sleep(8_000)
      expect(wrong.lines.slice(before)).toEqual([])
      await using right = await Capture.on(lab, 'alice', { at: 'any', filter: 'udp and net 100.64.7.0/24' })
      for (const words of up) await lab.run('alice', 'ip', ...words)
      for (let ms = 0; right.lines.length === 0 && ms < 40_000; ms += 250) await sleep(250)
      expect(right.lines.length).toBeGreaterThan(0)
    }
    expect(wrong.lines.length).toBeLessThanOrEqual(5) // of the moment before the guard asks again
  },
)

test.skipIf(missing !== undefined)(
  'real kernels: zones, subnets, and devices that would send with the address of another',
  async () => {
    using lab = new Lab('v6')
    const ip = (...words: string[]) => lab.run('alice', 'ip', ...words)
    for (const name of ['eth1', 'tun9'])
      await ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}-peer`)
    await ip('addr', 'add', '192.168.7.1/24', 'dev', 'eth1')
    await ip('addr', 'add', 'fd07::1/64', 'dev', 'eth1', 'nodad')
    for (const name of ['eth1', 'eth1-peer', 'tun9', 'tun9-peer']) await ip('link', 'set', name, 'up')
    const script = join(import.meta.dirname, '../../scripts/ts.mjs')
    const hosts = [
      ...['203.0.113.20', '192.168.1.1', '192.168.7.9', '10.99.0.1', '255.255.255.255', '192.168.1.255'],
      ...['2001:db8::20', '2001:db8:a::1', 'fd07::9', 'fd99::1', 'fe80::9', 'fe80::9%eth0', 'fe80::9%eth1'],
    ]
    const ask = async (name: string, lan: string) => {
      const file = join(import.meta.dirname, 'allowed.ts')
      return JSON.parse(await lab.run('alice', process.execPath, script, file, name, lan, ...hosts))
    }
    for (let n = 0; n < 50 && (await ip('-6', 'addr')).includes('tentative'); n++) await sleep(100)

    const far = ['203.0.113.20', '2001:db8::20']
    const link = ['192.168.1.1', '2001:db8:a::1', 'fe80::9%eth0']
    const all = await ask('eth0', 'also')
    expect(all.allowed.sort()).toEqual([...far, ...link, '10.99.0.1', 'fd99::1'].sort())
    expect(all.bind).toMatchObject({ udp4: '192.168.1.10', udp6: '2001:db8:a::10' })
    expect((await ask('eth0', 'only')).allowed.sort()).toEqual([...link].sort())
    expect((await ask('eth1', 'also')).allowed).toEqual(['192.168.7.9', 'fd07::9', 'fe80::9%eth1'])
    expect((await ask('-', 'only')).allowed.sort()).toEqual(
      [...link, '192.168.7.9', 'fd07::9', 'fe80::9%eth1'].sort(),
    )

    // tun9 has no address but a link-local one, so the kernel takes eth0's for what it sends there.
    await ip('route', 'add', '10.99.0.0/16', 'dev', 'tun9')
    await ip('-6', 'route', 'add', 'fd99::/16', 'dev', 'tun9')
    expect(await ip('route', 'get', '10.99.0.1')).toMatch(/dev tun9 src 192\.168\./)
    expect(await ip('-6', 'route', 'get', 'fd99::1')).toMatch(/dev tun9 .*src (?:2001:db8:a::10|fd07::1)/)
    expect((await ask('eth0', 'also')).allowed.sort()).toEqual([...far, ...link].sort())
    const tables = await ip('-6', 'rule', 'add', 'from', 'all', 'lookup', '77')
    expect(tables).toBe('')
    await ip('-6', 'route', 'add', '2001:db8::/64', 'dev', 'tun9', 'table', '77')
    expect((await ask('eth0', 'also')).allowed).not.toContain('2001:db8::20')
  },
)

test.skipIf(missing !== undefined)(
  'with --lan nothing passes a router in 20 s, though all of them are asked for',
  async () => {
    await using world = await vpn('home')
    const { lab, alice } = world
    await using router = await Capture.on(lab, 'natA', {
      at: 'any',
      // It is on the link itself, and hears what is said to all there.
      filter: `udp and not port 51820 and not net 192.168.1.0/24 and not dst net ff12::/16`,
    })
    await using beyond = await Capture.on(lab, 'natA', { at: 'wan', filter: 'udp and not port 51820' })
    await using tunnel = await Capture.on(lab, 'alice', { at: 'wg0', filter: 'udp' })
    await using link = await Capture.on(lab, 'alice', { at: 'eth0', filter: `udp and ${ofOurs}` })
    await using carol = new Program(['node', '--json', '--port', '6881', '--lan'], {
      command: [...lab.on('carol'), process.execPath, entry],
    })
    await carol.event('listening')
    await using program = new Program(['listen', '--json', '--lan'], {
      ...alice,
      env: { OTRTALK_BOOTSTRAP: '192.168.1.11:6881' },
    })
    await program.line(isJoined)
    await sleep(watched)
    const passed = { router: router.lines, beyond: beyond.lines, tunnel: tunnel.lines }
    expect(passed).toEqual({ router: [], beyond: [], tunnel: [] })
    expect(link.lines.length).toBeGreaterThan(10)
    for (const node of ['203.0.113.20:6881', 'boot.example.org:6881', '100.64.7.1:6881']) {
      const refused = new Program(['listen', '--lan', '--bootstrap', node], alice)
      expect(await refused.ended()).toMatchObject({ code: 2, stdout: '' })
    }
  },
)
