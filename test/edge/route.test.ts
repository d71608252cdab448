import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { routeGuard, sourceFor } from '../../src/edge/route.ts'
import { run } from '../../src/edge/run.ts'
import type { Local, Machine, Output } from '../../src/machine.ts'
import { address } from '../support/network.ts'

test('the kernel names the source address for a destination, and nothing is sent', async () => {
  const receiver = createSocket('udp4').bind(0, '127.0.0.1')
  await once(receiver, 'listening')
  const heard: Buffer[] = []
  receiver.on('message', (bytes) => heard.push(bytes))
  expect(sourceFor('127.0.0.1')).toBe('127.0.0.1')
  receiver.send('end', receiver.address().port, '127.0.0.1')
  await once(receiver, 'message')
  receiver.close()
  expect(heard.map(String)).toEqual(['end'])
})

test('a destination without a way has no source', () => {
  expect(sourceFor('255.255.255.255')).not.toBe('127.0.0.1')
  expect(sourceFor('0.0.0.256')).toBeUndefined()
})

test('what would leave elsewhere is refused', () => {
  const now = (): number => 0
  const allowsLoopback = routeGuard(['127.0.0.1'], { now })
  expect([allowsLoopback('127.0.0.1'), allowsLoopback('127.9.9.9')]).toEqual([true, true])
  expect(allowsLoopback('203.0.113.1')).toBe(false)
  expect(routeGuard(['203.0.113.7'], { now })('127.0.0.1')).toBe(false)
})

test('the kernel is asked again after 5 s: the route may be another by then', () => {
  let [time, source, asked] = [0, '10.8.0.2', 0]
  const ask = (): string => {
    asked++
    return source
  }
  const allows = routeGuard(['10.8.0.2'], { now: () => time, ask })
  expect(allows('192.0.2.1')).toBe(true)
  source = '192.168.1.2' // the VPN went down
  time = 4_999
  expect([allows('192.0.2.1'), asked]).toEqual([true, 1])
  time = 5_000
  expect([allows('192.0.2.1'), asked]).toEqual([false, 2])
})

test('the runner sends nothing to a host that is not allowed', async () => {
  const receiver = createSocket('udp4').bind(0, '127.0.0.1')
  await once(receiver, 'listening')
  const heard: string[] = []
  receiver.on('message', (bytes) => heard.push(String(bytes)))
  const peer = address(`127.0.0.1:${receiver.address().port}`)
  const local: Local = { kind: 'udp4' }
  const send = (text: string): Output<never> => ({
    kind: 'send',
    datagram: { local, peer, bytes: new TextEncoder().encode(text) },
  })
  const outputs: Output<never>[] = [{ kind: 'open', local }]
  const machine: Machine<never> = {
    get deadline() {
      return outputs.length > 0 ? -Infinity : Infinity
    },
    receive() {},
    drain: () => outputs.splice(0),
  }
  let isAllowed = false
  using running = run(machine, { onEvent() {}, bind: { udp4: '127.0.0.1' }, allows: () => isAllowed })
  const pump = (text: string): Promise<void> => {
    running.act(() => outputs.push(send(text)))
    return new Promise((resolve) => setImmediate(resolve))
  }
  await pump('refused')
  isAllowed = true
  await pump('allowed')
  await once(receiver, 'message')
  receiver.close()
  expect(heard).toEqual(['allowed'])
})
