import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { bundle } from '../edge/bundle.ts'
import { Program } from '../support/program.ts'
import { Lab, whyNoLab } from './lab.ts'

const missing = whyNoLab(['miniupnpd', 'turnserver'])
if (missing !== undefined) console.warn(`skipped: ${missing}`)

/** It counts from its own start, not from the machine's: so it can be started anew alone. */
const ownEpoch = { IGD_UPTIME: 'no' }

/** What maps a port on a host of the lab until its stdin ends. */
const mapping = `
  import { mapPort } from './src/edge/portmap.ts'
  const say = (event) => console.log(JSON.stringify(event))
  const [address, port] = process.argv.slice(2)
  const portmap = mapPort({
    internal: { address, port: Number(port) },
    onMapped: (mapping) => say({ event: mapping ? 'mapped' : 'lost', ...mapping }),
    onTried: (via, result, detail) => say({ event: 'tried', via, result, detail }),
  })
  process.stdin.resume().on('end', async () => {
    await portmap[Symbol.asyncDispose]()
    say({ event: 'taken back' })
  })
`

/** What asks two STUN servers from one socket. */
const asking = `
  import { randomBytes } from './src/crypto.ts'
  import { run } from './src/edge/run.ts'
  import { Stun } from './src/nat/stun.ts'
  const local = { kind: 'udp4' }
  const stun = new Stun({ servers: process.argv.slice(2), random: randomBytes })
  let isOpen = false
  const machine = {
    get deadline() { return isOpen ? stun.deadline : -Infinity },
    receive: (datagram, now) => stun.receive(datagram, now),
    notice(notice, now) { if (notice.kind === 'opened') stun.ask(local, now) },
    *drain(now) {
      if (!isOpen) yield { kind: 'open', local }
      isOpen = true
      yield* stun.drain(now)
    },
  }
  let left = process.argv.length - 2
  run(machine, {
    onEvent({ kind, voter, as }) {
      console.log(JSON.stringify({ event: kind, voter, as }))
      if (--left === 0) process.exit()
    },
  })
`

describe.skipIf(missing !== undefined)('miniupnpd', () => {
  const labs: Lab[] = []
  const up = (env: Readonly<Record<string, string>> = {}): Lab => {
    const lab = new Lab('upnp', { env })
    labs.push(lab)
    return lab
  }
  afterAll(() => {
    for (const lab of labs) lab[Symbol.dispose]()
  })

  /** Everything the router's kernel would do with packets for this port. */
  const rules = async (lab: Lab, router: string, port: number): Promise<readonly string[]> =>
    (await lab.run(router, 'nft', 'list', 'ruleset'))
      .split('\n')
      .filter((line) => line.includes(String(port)))

  const start = async (lab: Lab, host: string, port: number): Promise<Program> => {
    const command = [...lab.on(host), process.execPath, await bundle(mapping)]
    return new Program([lab.address(host), String(port)], { command })
  }

  /** Maps, looks into the router, takes back, and looks again. */
  const mapAndTakeBack = async (lab: Lab, [host, router, port]: readonly [string, string, number]) => {
    await using program = await start(lab, host, port)
    const mapped = await program.event('mapped')
    const held = await rules(lab, router, port)
    program.end()
    expect(await program.ended()).toMatchObject({ code: 0, stderr: '' })
    await program.event('taken back')
    return { mapped, held, left: await rules(lab, router, port) }
  }

  const dnat = (port: number) => expect.stringMatching(`dnat ip to 192\\.168\\.1\\.10:${port}`)

  test('maps by PCP, and forgets when the mapping is taken back', async () => {
    const { mapped, held, left } = await mapAndTakeBack(up(ownEpoch), ['alice', 'natA', 50_123])
    expect(mapped).toEqual({ event: 'mapped', address: '11.0.0.101', port: 50_123, via: 'pcp' })
    expect(held).toContainEqual(dnat(50_123))
    expect(left).toEqual([])
  })

  test('maps by NAT-PMP where PCP is dropped', async () => {
    const lab = labs[0] ?? up(ownEpoch)
    const drop = 'add rule inet natlab to_router udp dport 5351 @th,64,8 2 drop'
    await lab.run('natB', 'nft', ...drop.split(' '))
    const { mapped, held, left } = await mapAndTakeBack(lab, ['bob', 'natB', 50_124])
    expect(mapped).toEqual({ event: 'mapped', address: '11.0.0.102', port: 50_124, via: 'nat-pmp' })
    expect(held).toContainEqual(dnat(50_124))
    expect(left).toEqual([])
  })

  test('that was started anew and forgot is asked again within seconds, not at half of the lifetime', async () => {
    const lab = labs[0] ?? up(ownEpoch)
    await sleep(2_500) // its clock must have run for longer than clocks may differ
    await using program = await start(lab, 'alice', 50_125)
    await program.event('mapped')
    await restart(lab, 'natA')
    expect(await rules(lab, 'natA', 50_125)).toEqual([])
    const before = performance.now()
    while ((await rules(lab, 'natA', 50_125)).length === 0) {
      expect(performance.now() - before).toBeLessThan(15_000)
      await sleep(100) // the router says so to nobody
    }
  })

  test.each([
    ['2', 'alice', 'natA', '11.0.0.101'],
    ['1', 'bob', 'natB', '11.0.0.102'],
  ])('maps by UPnP IGD %s', async (_, host, router, address) => {
    const lab = labs[1] ?? up({ IGD_PMP: 'no' })
    const { mapped, held, left } = await mapAndTakeBack(lab, [host, router, 50_126])
    expect(mapped).toEqual({ event: 'mapped', address, port: 50_126, via: 'upnp' })
    expect(held).toContainEqual(dnat(50_126))
    expect(left).toEqual([])
  })

  test.each([
    ['2', 'alice', 'natA'],
    ['1', 'bob', 'natB'],
  ])('gives by UPnP IGD %s another port when a host has the one we ask for', async (_, host, router) => {
    const lab = labs[1] ?? up({ IGD_PMP: 'no' })
    await lab.run(host, 'ip', 'address', 'add', '192.168.1.11/24', 'dev', 'eth0')
    const command = [...lab.on(host), process.execPath, await bundle(mapping)]
    await using other = new Program(['192.168.1.11', '50127'], { command })
    expect(await other.event('mapped')).toMatchObject({ port: 50_127 })
    const { mapped, held } = await mapAndTakeBack(lab, [host, router, 50_127])
    expect(mapped['port']).not.toBe(50_127)
    expect(held).toContainEqual(dnat(50_127))
    const left = await rules(lab, router, Number(mapped['port']))
    expect(left).toEqual([])
    expect(await rules(lab, router, 50_127)).not.toEqual([]) // the other host's
  })

  test('beside it coturn says as whom it sees one socket, on both of its addresses', async () => {
    const lab = labs[0] ?? up(ownEpoch)
    const servers = ['203.0.113.10:3478', '203.0.113.11:3478']
    await using program = new Program(servers, {
      command: [...lab.on('bob'), process.execPath, await bundle(asking)],
    })
    expect(await program.ended()).toMatchObject({ code: 0, stderr: '' })
    const seen = program.lines.map((line) => JSON.parse(line))
    expect(seen.map(({ voter }) => voter).sort()).toEqual(servers)
    expect(seen[0].as).toMatch(/^203\.0\.113\.102:\d+$/)
    expect(seen[1].as).toBe(seen[0].as)
  })
})

/** Kills miniupnpd and starts it without what it had on disk, and without its rules. */
async function restart(lab: Lab, router: string): Promise<void> {
  const state = `/tmp/${lab.on(router).at(-1)?.replace(`-${router}`, '')}.lab/svc.${router}.igd`
  const pid = Number(readFileSync(`${state}.pid`, 'utf8'))
  await lab.run(router, 'kill', '-KILL', String(pid))
  await lab.run(router, 'rm', '-f', `${state}.leases`, `${state}.pid`, `${state}.own`)
  await lab.change('service', router, 'igd')
}
