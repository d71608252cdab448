import { describe, expect, test } from 'vitest'
import type { Address, Local, Notice, Output } from '../../src/machine.ts'
import { type Place, Standing, type StandingEvent } from '../../src/session/standing.ts'
import { address } from '../support/network.ts'

const both: Place = { hosts: ['192.168.1.5', '2001:db8::5'], families: ['udp4', 'udp6'] }
const only4: Place = { hosts: ['192.168.1.5'], families: ['udp4'] }
const none: Place = { hosts: [], families: [] }
const bound = { isBound: true }
const free = { isBound: false }

const standing = (place = both): Standing => new Standing(place, { loopback: false, now: 0 })
const drain = (machine: Standing, now: number): Output<StandingEvent>[] => [...machine.drain(now)]
const at = (port: number, host = '203.0.113.1'): Address => address(`${host}:${port}`)
const voter = (n: number): Address => address(`198.51.100.${n}:6881`)

const opened = ({ kind }: Local): Address => address(kind === 'udp6' ? '[::]:4006' : '0.0.0.0:4004')

/** Opens what is to be opened; what was said and done. */
function open(machine: Standing, now = 0): Output<StandingEvent>[] {
  const outs = drain(machine, now)
  for (const out of outs)
    if (out.kind === 'open') machine.notice({ kind: 'opened', local: out.local, at: opened(out.local) }, now)
  return [...outs, ...drain(machine, now)]
}

const closed = (local: Local, reason: (Notice & { kind: 'closed' })['reason'] = 'failed'): Notice => ({
  kind: 'closed',
  local,
  reason,
})

const see = (
  machine: Standing,
  n: number,
  as: Address,
  { local = machine.localOf('udp4'), isTrusted = false, now = 0 } = {},
) => machine.see({ local, voter: voter(n), as, sentAt: now, isTrusted }, now)

test('loopback, and an address of ours at any port, is on this machine; nobody else’s is', () => {
  const machine = standing()
  const here = ['127.0.0.1:1', '[::1]:2', '192.168.1.5:3', '[2001:db8::5]:4']
  const elsewhere = ['192.168.1.50:3', '192.168.1.6:3', '[2001:db8::6]:4', '203.0.113.1:5']
  expect(here.map((text) => machine.isHere(address(text)))).toEqual([true, true, true, true])
  expect(elsewhere.map((text) => machine.isHere(address(text)))).toEqual([false, false, false, false])
  machine.moved(only4, free, 1)
  expect(machine.isHere(address('[2001:db8::5]:4'))).toBe(false)
})

describe('the main ends', () => {
  test('are opened at once, one for each family there is, and known with their ports', () => {
    const machine = standing()
    expect(machine.deadline).toBe(0)
    const outs = open(machine)
    expect(outs).toEqual([
      { kind: 'open', local: machine.localOf('udp4') },
      { kind: 'open', local: machine.localOf('udp6') },
      { kind: 'event', event: { kind: 'settled' } },
    ])
    expect(machine.ports).toEqual({ udp4: 4_004, udp6: 4_006 })
    expect(machine.ends.map(({ local }) => local.kind)).toEqual(['udp4', 'udp6'])
    expect([machine.isMain(machine.localOf('udp6')), machine.isMain({ kind: 'udp6' })]).toEqual([true, false])
    expect(machine.deadline).toBe(Infinity)
  })

  test('of a family that there is not are not opened', () => {
    const machine = standing(only4)
    expect(open(machine)).toEqual([
      { kind: 'open', local: machine.localOf('udp4') },
      { kind: 'event', event: { kind: 'settled' } },
    ])
    expect([machine.families, machine.ports.udp6]).toEqual([['udp4'], undefined])
  })

  test('are opened again 5 s after they failed, and count as settled when the first time was in vain', () => {
    const machine = standing(only4)
    const local = machine.localOf('udp4')
    drain(machine, 0)
    expect(machine.notice(closed(local), 100)).toBe('udp4')
    expect(drain(machine, 100)).toEqual([{ kind: 'event', event: { kind: 'settled' } }])
    expect(machine.deadline).toBe(5_100)
    expect(drain(machine, 5_099)).toEqual([])
    expect(drain(machine, 5_100)).toEqual([{ kind: 'open', local }])
    machine.notice({ kind: 'opened', local, at: at(7) }, 5_100)
    expect([machine.isOpen('udp4'), drain(machine, 5_100)]).toEqual([true, []])
  })

  test('are not settled as long as one may still open', () => {
    const machine = standing()
    drain(machine, 0)
    machine.notice({ kind: 'opened', local: machine.localOf('udp4'), at: at(7) }, 0)
    expect(drain(machine, 0)).toEqual([])
    machine.notice(closed(machine.localOf('udp6')), 0)
    expect(drain(machine, 0)).toEqual([{ kind: 'event', event: { kind: 'settled' } }])
  })

  test('nobody is settled who has no network', () => {
    expect(open(standing(none))).toEqual([])
  })

  test('are opened no more once all is closed', () => {
    const machine = standing(only4)
    open(machine)
    machine.close()
    machine.notice(closed(machine.localOf('udp4'), 'ended'), 10)
    expect(machine.deadline).toBe(Infinity)
    machine.moved(both, bound, 20)
    expect(drain(machine, 99_999)).toEqual([])
    const early = standing(only4)
    early.close()
    expect(drain(early, 99_999)).toEqual([])
  })

  test('another end’s fate is not theirs', () => {
    const machine = standing(only4)
    open(machine)
    expect(machine.notice(closed({ kind: 'udp4', isExtra: true }), 0)).toBe(undefined)
    expect(machine.isOpen('udp4')).toBe(true)
  })
})

describe('in another network', () => {
  test('ends that are bound to an address are closed, and opened anew as soon as they are', () => {
    const machine = standing()
    open(machine)
    machine.moved({ ...both, hosts: ['10.0.0.5'] }, bound, 1_000)
    const locals = [machine.localOf('udp4'), machine.localOf('udp6')]
    expect(drain(machine, 1_000)).toEqual(locals.map((local) => ({ kind: 'close', local })))
    expect([machine.ends, machine.ports]).toEqual([[], { udp4: undefined, udp6: undefined }])
    for (const local of locals) machine.notice(closed(local, 'ended'), 1_001)
    expect(open(machine, 1_001)).toEqual([
      ...locals.map((local) => ({ kind: 'open', local })),
      { kind: 'event', event: { kind: 'settled' } },
    ])
    expect(machine.hosts).toEqual(['10.0.0.5'])
  })

  test('ends that are bound to none stay, and are settled again', () => {
    const machine = standing()
    open(machine)
    machine.moved(both, free, 1_000)
    expect(drain(machine, 1_000)).toEqual([{ kind: 'event', event: { kind: 'settled' } }])
    expect(machine.ends).toHaveLength(2)
  })

  test('a family that is gone is closed, and one that came is opened', () => {
    const machine = standing(only4)
    open(machine)
    machine.moved({ hosts: ['2001:db8::5'], families: ['udp6'] }, free, 1_000)
    const outs = drain(machine, 1_000)
    expect(outs).toContainEqual({ kind: 'close', local: machine.localOf('udp4') })
    expect(outs).toContainEqual({ kind: 'open', local: machine.localOf('udp6') })
    machine.notice(closed(machine.localOf('udp4'), 'ended'), 1_000)
    expect(drain(machine, 99_999)).toEqual([])
  })

  test('an end that was being opened for one that is gone is closed when it is open', () => {
    const machine = standing(only4)
    drain(machine, 0)
    machine.moved(none, free, 1)
    machine.notice({ kind: 'opened', local: machine.localOf('udp4'), at: at(7) }, 2)
    expect(drain(machine, 2)).toEqual([{ kind: 'close', local: machine.localOf('udp4') }])
  })

  test('an end that could not be opened is tried at once', () => {
    const machine = standing(only4)
    drain(machine, 0)
    machine.notice(closed(machine.localOf('udp4')), 0)
    machine.moved(only4, bound, 100)
    expect(machine.deadline <= 100).toBe(true)
    const event = { kind: 'event', event: { kind: 'settled' } }
    // What was said of the first time is said; of this one not before it is open.
    expect(drain(machine, 100)).toEqual([{ kind: 'open', local: machine.localOf('udp4') }, event])
    expect(drain(machine, 100)).toEqual([])
    machine.notice({ kind: 'opened', local: machine.localOf('udp4'), at: at(7) }, 200)
    expect(drain(machine, 200)).toEqual([event])
  })

  test('nothing is known of the NAT any more, nor whom to trust', () => {
    const machine = standing(only4)
    open(machine)
    see(machine, 1, at(7), { isTrusted: true })
    expect(machine.mapping('udp4')).toEqual({ kind: 'same', address: at(7) })
    machine.moved(only4, free, 1_000)
    expect(machine.mapping('udp4')).toEqual({ kind: 'unknown' })
    see(machine, 2, at(8))
    expect(machine.mapping('udp4')).toEqual({ kind: 'unknown' })
  })
})

describe('as whom others see us', () => {
  test('is not one stranger’s to say', () => {
    const machine = standing(only4)
    open(machine)
    expect(see(machine, 1, at(7))).toBe(false)
    expect(see(machine, 1, at(8))).toBe(false)
    expect(machine.mapping('udp4')).toEqual({ kind: 'unknown' })
    expect(see(machine, 2, at(8))).toBe(true)
    expect(machine.mapping('udp4')).toEqual({ kind: 'same', address: at(8) })
    expect(machine.candidates).toContainEqual({ kind: 'reflexive', address: at(8) })
  })

  test('is one’s to say whom the user named, or if there is nobody else', () => {
    const named = standing(only4)
    expect(see(named, 1, at(7), { isTrusted: true })).toBe(true)
    expect(named.mapping('udp4')).toEqual({ kind: 'same', address: at(7) })
    const alone = standing(only4)
    see(alone, 1, at(7))
    alone.trust('udp4')
    expect(alone.mapping('udp4')).toEqual({ kind: 'same', address: at(7) })
  })

  test('is of one family at a time', () => {
    const machine = standing()
    see(machine, 1, at(7), { isTrusted: true })
    expect(machine.mapping('udp6')).toEqual({ kind: 'unknown' })
  })

  test('is told among the candidates, with a mapped port as long as there is one', () => {
    const machine = standing()
    open(machine)
    const hosts = [
      { kind: 'host', address: address('192.168.1.5:4004') },
      { kind: 'host', address: address('[2001:db8::5]:4006') },
    ]
    expect(machine.candidates).toEqual(hosts)
    machine.mapped = at(40_000)
    expect(machine.candidates).toEqual([{ kind: 'mapped', address: at(40_000) }, ...hosts])
    machine.mapped = undefined
    expect(machine.candidates).toEqual(hosts)
    machine.mapped = at(40_000)
    machine.moved({ hosts: [], families: ['udp6'] }, free, 1)
    expect(machine.candidates).toEqual([]) // the mapped port leads to an end that is closed
  })
})

describe('an end that is measured', () => {
  const local: Local = { kind: 'udp4', isExtra: true }

  test('is told when a second one has seen it', () => {
    const machine = standing(none)
    machine.measure(local)
    see(machine, 1, at(7), { local, now: 100 })
    expect(drain(machine, 100)).toEqual([])
    see(machine, 2, at(7), { local, now: 150 })
    expect(machine.deadline).toBe(150)
    const mapping = { kind: 'same', address: at(7) }
    expect(drain(machine, 150)).toEqual([{ kind: 'event', event: { kind: 'measured', local, mapping } }])
    expect(machine.deadline).toBe(Infinity)
  })

  test('is told 300 ms after the first one has seen it, if no second one does', () => {
    const machine = standing(none)
    machine.measure(local)
    expect(machine.deadline).toBe(Infinity)
    see(machine, 1, at(7), { local, now: 100 })
    see(machine, 1, at(7), { local, now: 300 }) // the same one again puts nothing off
    expect(machine.deadline).toBe(400)
    expect([drain(machine, 399).length, drain(machine, 400).length]).toEqual([0, 1])
  })

  test('says nothing of the main end, and no more once it is closed', () => {
    const machine = standing(only4)
    open(machine)
    machine.measure(local)
    expect(see(machine, 1, at(7), { local })).toBe(false)
    expect(machine.mapping('udp4')).toEqual({ kind: 'unknown' })
    machine.notice(closed(local, 'ended'), 10)
    expect(drain(machine, 9_999)).toEqual([])
    expect(see(machine, 2, at(7), { local })).toBe(false)
    expect(drain(machine, 9_999)).toEqual([])
  })
})
