import { createSocket } from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { isNeighbour } from '../../src/edge/gateway.ts'
import type { Surroundings } from '../../src/edge/portmap/way.ts'
import { type MapPortOptions, mapPort, type PortMapping } from '../../src/edge/portmap.ts'
import {
  type Igd,
  type IgdOptions,
  igd,
  isPcp,
  isPcpRemoval,
  natPmp,
  pcp,
  searchAnswer,
  type UdpRouter,
  udpRouter,
} from './portmap/router.ts'

const internal = { address: '127.0.0.1', port: 50_123 }

describe.concurrent('PCP', () => {
  test('maps in 60 octets that name our address and port, and takes back under the same nonce', async () => {
    await using router = await udpRouter(pcp({ port: 40_000 }))
    {
      await using user = use({ router })
      expect(await user.mapped()).toEqual({ address: '203.0.113.5', port: 40_000, via: 'pcp' })
    }
    const [map, removal, ...more] = router.heard.filter(isPcp)
    expect(map?.subarray(0, 24).toString('hex')).toBe('0201000000000e1000000000000000000000ffff7f000001')
    expect(map?.subarray(36, 44).toString('hex')).toBe('11000000c3cbc3cb')
    expect(removal).toSatisfy(isPcpRemoval)
    expect(removal?.subarray(24, 40)).toEqual(map?.subarray(24, 40))
    expect(more).toEqual([])
  })

  test('an answer under another nonce, or for another port, is none', async () => {
    const spoil = (at: number) => (request: Buffer) => {
      const [answer] = pcp()(request)
      if (answer) answer[at]! ^= 1
      return answer ? [answer] : []
    }
    for (const at of [24, 35, 41]) {
      await using router = await udpRouter(spoil(at))
      await using user = use({ router })
      expect(await user.tried('pcp')).toEqual(['malformed', 'not an answer'])
    }
  })

  test('a question that is lost is asked again', async () => {
    await using router = await udpRouter((request) => (router.heard.length < 2 ? [] : pcp()(request)))
    await using user = use({ router, around: { headStart: 1_000, patience: 2_000 } })
    expect(await user.mapped()).toMatchObject({ via: 'pcp' })
  })

  test('who is refused for a time asks that router no more until it is over', async () => {
    await using router = await udpRouter(pcp({ result: 2, lifetime: 1_800 }))
    await using user = use({ router, around: { retry: 50 } })
    for (let round = 0; round < 3; round++)
      expect(await user.tried('pcp')).toEqual(['refused', 'not authorized'])
    expect(router.heard.filter(isPcp)).toHaveLength(1)
  })

  test('an external address that is private is told: there is a second NAT', async () => {
    await using router = await udpRouter(pcp({ address: [100, 64, 0, 7] }))
    await using user = use({ router })
    expect(await user.mapped()).toMatchObject({ address: '100.64.0.7' })
  })

  test('port 0 or no lifetime is no mapping', async () => {
    await using router = await udpRouter(pcp({ lifetime: 0 }))
    await using user = use({ router })
    expect(await user.tried('pcp')).toEqual(['malformed', 'no mapping'])
  })
})

describe.concurrent('NAT-PMP', () => {
  test.each(['says so', 'silent'] as const)('is spoken with a router without PCP that %s', async (onPcp) => {
    await using router = await udpRouter(natPmp({ port: 40_000, onPcp }))
    {
      await using user = use({ router })
      expect(await user.mapped()).toEqual({ address: '203.0.113.5', port: 40_000, via: 'nat-pmp' })
    }
    const asked = router.heard.filter(([version]) => version === 0).map((each) => each.toString('hex'))
    expect(asked).toEqual(['0000', '00010000c3cbc3cb00000e10', '0000', '00010000c3cb000000000000'])
  })

  test('an answer for another port is none', async () => {
    await using router = await udpRouter((request) => {
      const answers = natPmp()(request)
      for (const answer of answers) if (answer.length === 16) answer[9]! ^= 1
      return answers
    })
    await using user = use({ router })
    expect(await user.tried('nat-pmp')).toEqual(['malformed', 'not an answer'])
  })

  test('a refusal is told', async () => {
    await using router = await udpRouter(natPmp({ result: 2 }))
    await using user = use({ router })
    expect(await user.tried('nat-pmp')).toEqual(['refused', 'not authorized'])
    expect(await user.tried('pcp')).toEqual(['refused', 'speaks no PCP'])
  })
})

describe.concurrent('UPnP', () => {
  test('maps at an IGD 1 under a neutral description, and takes back', async () => {
    await using router = await igd()
    {
      await using user = use({ igd: router })
      expect(await user.mapped()).toEqual({ address: '203.0.113.5', port: 50_123, via: 'upnp' })
    }
    expect(router.actions).toEqual([
      'description',
      'GetExternalIPAddress',
      'AddPortMapping',
      'GetExternalIPAddress',
      'DeletePortMapping',
    ])
    expect(router.calls[2]?.values).toEqual({
      NewRemoteHost: '',
      NewExternalPort: '50123',
      NewProtocol: 'UDP',
      NewInternalPort: '50123',
      NewInternalClient: '127.0.0.1',
      NewEnabled: '1',
      NewPortMappingDescription: 'udp 50123',
      NewLeaseDuration: '3600',
    })
    expect(router.calls[4]?.values).toEqual({
      NewRemoteHost: '',
      NewExternalPort: '50123',
      NewProtocol: 'UDP',
    })
  })

  test('lets an IGD 2 pick the port, and keeps that one', async () => {
    const reply: IgdOptions['reply'] = ({ action }) =>
      action === 'AddAnyPortMapping' ? { NewReservedPort: '40000' } : undefined
    await using router = await igd({ service: 'WANIPConnection:2', reply })
    {
      await using user = use({ igd: router, lifetime: 1 })
      expect(await user.mapped()).toMatchObject({ port: 40_000 })
      await user.tried('upnp')
      await user.tried('upnp') // half a second later
    }
    const changes = router.calls.filter(({ action }) => /^(?:Add|Delete)/.test(action))
    expect(changes.map(({ action, values }) => [action, values['NewExternalPort']])).toEqual([
      ['AddAnyPortMapping', '50123'],
      ['AddPortMapping', '40000'],
      ['DeletePortMapping', '40000'],
    ])
  })

  test.each([
    ['a fault', 401],
    ['nonsense', { NewReservedPort: '70000' }],
  ])('an IGD 2 that answers AddAnyPortMapping with %s is asked for a port', async (_, answer) => {
    const reply: IgdOptions['reply'] = ({ action }) => (action === 'AddAnyPortMapping' ? answer : undefined)
    await using router = await igd({ service: 'WANIPConnection:2', reply })
    await using user = use({ igd: router })
    expect(await user.mapped()).toMatchObject({ port: 50_123 })
  })

  test('where another host has the port (718), another one is asked for, and only that one taken back', async () => {
    const reply: IgdOptions['reply'] = ({ action, values }) =>
      action === 'AddPortMapping' && values['NewExternalPort'] === '50123' ? 718 : undefined
    await using router = await igd({ service: 'WANPPPConnection:1', reply })
    let port = 0
    {
      await using user = use({ igd: router })
      port = (await user.mapped())?.port ?? 0
    }
    expect(port).toBeGreaterThanOrEqual(16_384)
    expect(port).toBeLessThan(32_768)
    const removals = router.calls.filter(({ action }) => action === 'DeletePortMapping')
    expect(removals.map(({ values }) => values['NewExternalPort'])).toEqual([String(port)])
  })

  test('where every port is taken, four are asked for', async () => {
    await using router = await igd({ reply: ({ action }) => (action === 'AddPortMapping' ? 718 : undefined) })
    await using user = use({ igd: router })
    expect(await user.tried('upnp')).toEqual(['refused', 'error 718'])
    expect(router.actions.filter((action) => action === 'AddPortMapping')).toHaveLength(4)
  })

  test('a router that knows no lifetimes (725) is asked for a mapping without one', async () => {
    const reply: IgdOptions['reply'] = ({ action, values }) =>
      action === 'AddPortMapping' && values['NewLeaseDuration'] !== '0' ? 725 : undefined
    await using router = await igd({ reply })
    await using user = use({ igd: router })
    expect(await user.mapped()).toMatchObject({ port: 50_123 })
  })

  test('a router that does not know its external address is not asked for a mapping', async () => {
    for (const address of ['', 'not an address', '::1', '1.2.3.4:5', '1.2.3.400']) {
      const reply = () => ({ NewExternalIPAddress: address })
      await using router = await igd({ reply })
      await using user = use({ igd: router })
      expect(await user.tried('upnp')).toEqual(['malformed', 'no external address'])
      expect(router.actions).toEqual(['description', 'GetExternalIPAddress'])
    }
  })

  test.concurrent.each<[string, IgdOptions, string[]]>([
    [
      'describes nothing',
      { describe: (response) => response.end('<root></root>') },
      ['refused', 'no gateway'],
    ],
    ['describes a page', { describe: (response) => response.end('<html>') }, ['malformed', 'no description']],
    [
      'describes itself in more than 64 KiB',
      { describe: (response) => response.end('x'.repeat(65_537)) },
      ['malformed', 'too long'],
    ],
    [
      'sends us elsewhere',
      { describe: (response) => response.writeHead(302, { Location: '/root.xml' }).end() },
      ['refused', 'redirected'],
    ],
    [
      'knows no description',
      { describe: (response) => response.writeHead(404).end() },
      ['refused', 'status 404'],
    ],
    ['says nothing', { describe: () => {} }, ['silent', 'no answer']],
    ['never ends', { describe: (response) => response.write('<root>') }, ['silent', 'no answer']],
    ['breaks off', { describe: (response) => response.socket?.destroy() }, ['silent', 'ECONNRESET']],
    [
      'speaks no HTTP',
      { describe: (response) => response.socket?.end('hello\r\n\r\n') },
      ['malformed', 'HPE_INVALID_CONSTANT'],
    ],
    [
      'has a header without end',
      { describe: (response) => response.socket?.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`) },
      ['malformed', 'HPE_HEADER_OVERFLOW'],
    ],
    ['is controlled elsewhere', { controlUrl: 'http://192.0.2.1/ctl' }, ['refused', 'no gateway']],
    ['is described elsewhere', { location: () => 'http://192.0.2.1/' }, ['silent', 'no gateway answered']],
    [
      'is described by a name',
      { location: (port) => `http://localhost:${port}/` },
      ['silent', 'no gateway answered'],
    ],
    [
      'answers SOAP with a page',
      { reply: () => (response) => response.end('<html></html>') },
      ['malformed', 'not an answer'],
    ],
    ['refuses', { reply: ({ action }) => (/^Add/.test(action) ? 606 : undefined) }, ['refused', 'error 606']],
  ])('of a router that %s, just that is told', async (_, options, told) => {
    await using router = await igd(options)
    await using user = use({ igd: router })
    expect(await user.tried('upnp')).toEqual(told)
    expect(user.mappings).toEqual([])
  })

  test('an IGD 2 that falls silent is not asked the same in other words', async () => {
    const reply: IgdOptions['reply'] = ({ action }) => (action === 'AddAnyPortMapping' ? () => {} : undefined)
    await using router = await igd({ service: 'WANIPConnection:2', reply })
    await using user = use({ igd: router })
    expect(await user.tried('upnp')).toEqual(['silent', 'no answer'])
    expect(router.actions).not.toContain('AddPortMapping')
  })

  test('an answer from beyond the subnet is none', async () => {
    await using router = await igd()
    await using user = use({ igd: router, around: { isNeighbour: () => false } })
    expect(await user.tried('upnp')).toEqual(['silent', 'no gateway answered'])
    expect(router.calls).toEqual([])
  })

  test('an answer of another host than the gateway is none, unless that is a guess', async () => {
    await using router = await igd()
    const gateway = async (): Promise<string> => '127.0.0.2'
    {
      await using user = use({ igd: router, around: { gateway } })
      expect(await user.tried('upnp')).toEqual(['silent', 'no gateway answered'])
      expect(router.searches.length).toBeGreaterThan(0)
      expect(router.calls).toEqual([])
    }
    const knownGateway = async (): Promise<undefined> => undefined
    await using user = use({ igd: router, around: { gateway, knownGateway } })
    expect(await user.mapped()).toMatchObject({ via: 'upnp' })
  })

  test('of a router with a hundred descriptions four are read', async () => {
    await using router = await igd({ describe: (response) => response.end('<html>') })
    await using many = await udpRouter(() =>
      Array.from({ length: 100 }, (_, i) => searchAnswer(`${router.place}?${i}`)),
    )
    await using user = use({ around: { search: { address: '127.0.0.1', port: many.port } } })
    expect(await user.tried('upnp')).toEqual(['malformed', 'no description'])
    expect(router.actions).toHaveLength(4)
  })

  test('one liar and one silent router beside it do not keep us from the good one', async () => {
    await using good = await igd()
    await using liar = await igd({ describe: (response) => response.end('<html>') })
    await using silent = await igd({ describe: () => {} })
    await using all = await udpRouter(() => [silent, liar, good].map(({ place }) => searchAnswer(place)))
    const search = { address: '127.0.0.1', port: all.port }
    const before = performance.now()
    await using user = use({ around: { search, patience: 15_000 } })
    expect(await user.mapped()).toMatchObject({ via: 'upnp' })
    expect(performance.now() - before).toBeLessThan(5_000)
  })

  test('where another router took the place of the first, it is asked for our own port, and to take that back', async () => {
    const reply: IgdOptions['reply'] = ({ action }) =>
      action === 'AddAnyPortMapping' ? { NewReservedPort: '40000' } : undefined
    const first = await igd({ service: 'WANIPConnection:2', reply })
    await using second = await igd()
    await using both = await udpRouter(() => [searchAnswer(first.place)])
    {
      await using user = use({ lifetime: 1, around: { search: { address: '127.0.0.1', port: both.port } } })
      expect(await user.mapped()).toMatchObject({ port: 40_000 })
      await first[Symbol.asyncDispose]()
      both.answer = () => [searchAnswer(second.place)]
      expect(await user.mapped()).toMatchObject({ port: 50_123 })
    }
    const removals = second.calls.filter(({ action }) => action === 'DeletePortMapping')
    expect(removals.map(({ values }) => values['NewExternalPort'])).toEqual(['50123'])
  })
})

describe.concurrent('mapPort', () => {
  test('PCP comes first where all three would do, and no other mapping is made', async () => {
    await using router = await udpRouter((request) => (request[0] === 2 ? pcp() : natPmp())(request))
    await using upnp = await igd()
    {
      await using user = use({ router, igd: upnp, around: { headStart: 2_000 } })
      expect(await user.mapped()).toMatchObject({ via: 'pcp' })
    }
    expect(upnp.actions).not.toContain('AddPortMapping')
    expect(router.heard.filter((request) => request.length === 12)).toEqual([])
  })

  test('who answers first wins when PCP is later than its head start', async () => {
    await using router = await udpRouter(() => [])
    await using upnp = await igd()
    await using user = use({ router, igd: upnp, around: { patience: 5_000 } })
    expect(await user.mapped()).toMatchObject({ via: 'upnp' })
    await user[Symbol.asyncDispose]()
    expect(user.told).toEqual(['upnp']) // the others were not let finish
    expect(upnp.actions.at(-1)).toBe('DeletePortMapping')
    expect(await router.first(isPcpRemoval)).toBeDefined() // it may have mapped, and its answer be lost
  })

  test('while one asks for its mapping the next one waits', async () => {
    let lost = 0
    const isMap = (request: Buffer): boolean => request.length === 12
    await using router = await udpRouter((request) =>
      isMap(request) && lost++ === 0 ? [] : natPmp()(request),
    )
    await using upnp = await igd()
    await using user = use({ router, igd: upnp, around: { patience: 5_000 } })
    expect(await user.mapped()).toMatchObject({ via: 'nat-pmp' }) // after 250 ms
    expect(upnp.actions).not.toContain('AddPortMapping')
    expect(router.heard.filter(isMap)).toHaveLength(2)
  })

  test('a mapping is renewed at half of its lifetime, for the same port', async () => {
    await using router = await udpRouter(pcp({ port: 40_000, lifetime: 1 }))
    await using user = use({ router })
    await user.mapped()
    const before = performance.now()
    await user.tried('pcp')
    await user.tried('pcp')
    expect(performance.now() - before).toBeGreaterThan(450)
    const [map, renewal] = router.heard.filter(isPcp)
    expect(renewal?.subarray(24)).toEqual(
      Buffer.concat([map!.subarray(24, 42), Buffer.from('9c4000000000000000000000ffffcb007105', 'hex')]),
    )
    expect(user.mappings).toHaveLength(1) // nothing else to tell
  })

  test('however long a router grants it, a mapping is renewed at half of what was asked for', async () => {
    await using router = await udpRouter(pcp({ lifetime: 3_600 }))
    await using user = use({ router, lifetime: 1 })
    await user.tried('pcp')
    await user.tried('pcp')
  })

  test('however short a router grants it, a mapping is not renewed sooner than it may be', async () => {
    await using router = await udpRouter(pcp({ lifetime: 1 }))
    await using user = use({ router, around: { leastRenewal: 800 } })
    await user.mapped()
    const before = performance.now()
    await user.tried('pcp')
    await user.tried('pcp')
    expect(performance.now() - before).toBeGreaterThan(750)
  })

  test('a mapping that a router changed is told', async () => {
    await using router = await udpRouter(pcp({ port: 40_000, lifetime: 1 }))
    await using user = use({ router })
    await user.mapped()
    router.answer = pcp({ port: 40_001 })
    expect(await user.mapped()).toMatchObject({ port: 40_001 })
  })

  test('a mapping that nobody renews is lost when its time is over, and tried for again', async () => {
    await using router = await udpRouter(pcp({ lifetime: 1 }))
    await using user = use({ router, around: { retry: 100 } })
    await user.mapped()
    const before = performance.now()
    router.answer = () => []
    expect(await user.mapped()).toBeUndefined()
    expect(performance.now() - before).toBeGreaterThan(900)
    router.answer = pcp()
    expect(await user.mapped()).toMatchObject({ via: 'pcp' })
  })

  describe.each([
    [
      'PCP',
      (lifetime: number) => pcp({ epoch: 5_000, lifetime }),
      '02800000 00000000 EPOCH 000000000000000000000000',
    ],
    ['NAT-PMP', (lifetime: number) => natPmp({ epoch: 5_000, lifetime }), '00800000 EPOCH cb007105'],
  ])('a router that announces itself by %s', (_, answer, template) => {
    const announcement = (epoch: number): Buffer =>
      Buffer.from(template.replace('EPOCH', epoch.toString(16).padStart(8, '0')).replaceAll(' ', ''), 'hex')

    /** ms from the mapping to its renewal, when all of these were announced in between. */
    async function renewedAfter(announced: readonly Buffer[], options: Announced = {}): Promise<number> {
      const { from = '127.0.0.1', lifetime = 1, leastRenewal = 20 } = options
      await using router = await udpRouter(answer(lifetime))
      await using announcer = await udpRouter(() => [], from)
      const port = await freePort()
      const announcements = { address: '127.0.0.1', port }
      await using user = use({ router, around: { announcements, leastRenewal } })
      const mapping = await user.mapped()
      const before = performance.now()
      await user.tried(mapping!.via)
      for (const bytes of announced) announcer.send(bytes, port)
      await user.tried(mapping!.via)
      return performance.now() - before
    }

    test('having lost its state is asked at once for the mapping', async () => {
      expect(await renewedAfter([announcement(0)], { lifetime: 3_600 })).toBeLessThan(15_000)
    })

    test('is not asked sooner than it may be', async () => {
      const ms = await renewedAfter([announcement(0)], { lifetime: 3_600, leastRenewal: 600 })
      expect(ms).toBeGreaterThan(550)
    })

    test('and kept its state, or says nonsense, is not', async () => {
      const nonsense = [announcement(0).subarray(1), announcement(0).subarray(0, 6), Buffer.of()]
      expect(await renewedAfter([announcement(5_000), ...nonsense])).toBeGreaterThan(450)
    })

    test('but is not the one we asked, is not', async () => {
      expect(await renewedAfter([announcement(0)], { from: '127.0.0.2' })).toBeGreaterThan(450)
    })
  })

  test('nobody answers: that is told of each way, and tried again', async () => {
    await using router = await udpRouter(() => [])
    await using user = use({ router, around: { retry: 50 } })
    for (let round = 0; round < 2; round++) {
      expect(await user.tried('pcp')).toEqual(['silent', 'no answer'])
      expect(await user.tried('nat-pmp')).toEqual(['silent', 'no answer'])
      expect(await user.tried('upnp')).toEqual(['silent', 'no gateway answered'])
    }
    expect(user.mappings).toEqual([])
  })

  test('nobody listens: that is told without waiting', async () => {
    await using user = use({ around: { port: await freePort(), patience: 10_000 } })
    expect(await user.tried('pcp')).toEqual(['silent', 'ECONNREFUSED'])
    expect(await user.tried('nat-pmp')).toEqual(['silent', 'ECONNREFUSED'])
  })

  test('without a gateway only UPnP is tried', async () => {
    await using upnp = await igd()
    await using user = use({ igd: upnp, around: { gateway: async () => undefined } })
    expect(await user.mapped()).toMatchObject({ via: 'upnp' })
    expect(await user.tried('pcp')).toEqual(['barred', 'no gateway'])
  })

  test('nothing is sent to a host that is not allowed, by datagrams or TCP', async () => {
    await using router = await udpRouter(pcp())
    await using upnp = await igd()
    await using user = use({ router, igd: upnp, allows: () => false })
    for (const via of ['pcp', 'nat-pmp', 'upnp'])
      expect(await user.tried(via)).toEqual(['barred', 'another interface'])
    expect([...router.heard, ...upnp.searches, ...upnp.calls]).toEqual([])
  })

  test('a gateway that may be searched but not asked is not asked', async () => {
    await using upnp = await igd()
    let asked = 0
    const allows = (): boolean => ++asked <= 2
    await using user = use({ igd: upnp, allows, around: { gateway: async () => undefined } })
    expect(await user.tried('upnp')).toEqual(['barred', 'another interface'])
    expect(upnp.searches.length).toBeGreaterThan(0)
    expect(upnp.calls).toEqual([])
  })

  test('disposal waits a second for a router that fell silent, and no longer', async () => {
    await using router = await udpRouter(pcp())
    const user = use({ router, around: { patience: 60_000 } })
    await user.mapped()
    router.answer = () => []
    const before = performance.now()
    await user[Symbol.asyncDispose]()
    const ms = performance.now() - before
    expect(ms).toBeGreaterThan(950)
    expect(ms).toBeLessThan(10_000) // a busy machine is no fault; the patience is a minute
    expect(router.heard.filter(isPcpRemoval).length).toBeGreaterThan(1)
  })

  test('nothing is told any more once it is disposed of', async () => {
    await using router = await udpRouter(() => [])
    const user = use({ router })
    await router.first(isPcp)
    await user[Symbol.asyncDispose]()
    expect(user.told).toEqual([])
  })

  test('an aborted signal ends it, also before it began', async () => {
    await using router = await udpRouter(pcp())
    const controller = new AbortController()
    await using user = use({ router, signal: controller.signal })
    await user.mapped()
    controller.abort()
    expect(await router.first(isPcpRemoval)).toBeDefined()
    const asked = router.heard.length
    await using late = use({ router, signal: controller.signal })
    await late[Symbol.asyncDispose]()
    expect(router.heard).toHaveLength(asked)
  })

  test('an address that is no longer ours is no fault of ours', async () => {
    await using user = use({ internal: { address: '192.0.2.77', port: 1 } })
    expect(await user.tried('pcp')).toEqual(['silent', 'EADDRNOTAVAIL'])
    expect(await user.tried('upnp')).toEqual(['silent', 'no gateway answered'])
  })
})

interface Announced {
  readonly from?: string
  readonly lifetime?: number // s
  readonly leastRenewal?: number // ms
}

interface User extends AsyncDisposable {
  readonly mappings: readonly (PortMapping | undefined)[]
  /** Which ways, in order. */
  readonly told: readonly string[]
  /** The next that is told, or was and not asked for yet. */
  mapped(): Promise<PortMapping | undefined>
  tried(via: string): Promise<readonly string[]>
}

interface UseOptions extends Partial<MapPortOptions> {
  readonly router?: UdpRouter
  readonly igd?: Igd
}

function use({ router, igd: upnp, around, ...options }: UseOptions): User {
  const mappings: (PortMapping | undefined)[] = []
  const results: { readonly via: string; readonly told: readonly string[] }[] = []
  const told: string[] = []
  const changes = new EventEmitter()
  let shown = 0
  const { gateway = async () => '127.0.0.1' } = around ?? {}
  const loopback: Surroundings = {
    gateway,
    knownGateway: gateway,
    isNeighbour: (host) => isNeighbour('127.0.0.1', host),
    port: router?.port ?? 9,
    search: { address: '127.0.0.1', port: upnp?.ssdpPort ?? 9 },
    announcements: { address: '127.0.0.1', port: 0 },
    patience: 400,
    headStart: 40,
    retry: 60_000,
    leastRenewal: 20,
  }
  const portmap = mapPort({
    internal,
    onMapped(mapping) {
      mappings.push(mapping)
      changes.emit('change')
    },
    onTried(via, result, detail) {
      told.push(via)
      results.push({ via, told: [result, detail] })
      changes.emit('change')
    },
    ...options,
    around: { ...loopback, ...around },
  })
  return {
    mappings,
    told,
    async mapped() {
      while (shown === mappings.length) await once(changes, 'change')
      return mappings[shown++]
    },
    async tried(wanted) {
      for (;;) {
        const at = results.findIndex(({ via }) => via === wanted)
        if (at >= 0) return results.splice(at, 1)[0]!.told
        await once(changes, 'change')
      }
    },
    [Symbol.asyncDispose]: () => portmap[Symbol.asyncDispose](),
  }
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}
