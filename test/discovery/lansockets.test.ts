import { afterEach, describe, expect, test } from 'vitest'
import type { LanEvent } from '../../src/discovery/lan.ts'
import type { Link } from '../../src/edge/multicast.ts'
import { run } from '../../src/edge/run.ts'
import { multicastLinks } from '../edge/multicastlinks.ts'
import { whyNoMulticast } from '../support/multicast.ts'
import { type ProgramOptions, pairOf, program } from './lanpeople.ts'

describe.each([
  ['IPv4 on loopback', multicastLinks('lo').slice(0, 1), 4],
  ['IPv4', multicastLinks().slice(0, 1), 4],
  ['IPv6', multicastLinks().slice(0, 1), 6],
] as const)('two programs on one machine, by %s', async (_, links, family) => {
  const why = await whyNoMulticast(`udp${family}`, links[0])
  if (why !== undefined) console.warn(`skipped: ${why}`)

  test.skipIf(why !== undefined)('know each other by what they say first', async () => {
    const [ours, theirs] = pairOf(process.pid & 0xffff) // of no other run of this test
    const since = performance.now()
    const ada = enter(links, { seed: 1, families: [family] })
    ada.lan.seek('bob', ours)
    const bob = enter(links, { seed: 2, families: [family] })
    bob.lan.seek('ada', theirs)
    const events = await Promise.all([ada.first, bob.first])
    expect(performance.now() - since).toBeLessThan(2_000) // 20 ms, but a busy machine is no fault
    const [{ address4, address6 } = {}] = links
    const host = family === 4 ? address4 : `[${address6}]`
    expect(events).toMatchObject([
      { name: 'bob', address: `${host}:${7_000 + family}`, sessionId: bob.sessionId },
      { name: 'ada', address: `${host}:${7_000 + family}`, sessionId: ada.sessionId },
    ])
  })
})

const started: Disposable[] = []
afterEach(() => {
  for (const running of started.splice(0)) running[Symbol.dispose]()
})

function enter(links: readonly Link[], options: ProgramOptions) {
  const { lan, sessionId } = program(options)
  lan.announce({ port4: 7_004, port6: 7_006 })
  const first = new Promise<LanEvent>((onEvent) => {
    started.push(run(lan, { multicast: () => links, onEvent }))
  })
  return { lan, sessionId, first }
}
