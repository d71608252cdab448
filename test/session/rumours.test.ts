import { expect, test } from 'vitest'
import { Rumours } from '../../src/session/rumours.ts'

const allowed = (rumours: Rumours, host: string, epoch: number): number =>
  Array.from({ length: 50 }, () => rumours.maySend(host, epoch)).filter((may) => may).length

test('each host gets twelve datagrams an hour', () => {
  const rumours = new Rumours()
  expect([allowed(rumours, 'a', 1), allowed(rumours, 'b', 1), allowed(rumours, 'a', 1)]).toEqual([12, 12, 0])
  expect([allowed(rumours, 'a', 2), allowed(rumours, 'a', 2)]).toEqual([12, 0])
})

test('256 hosts get any in an hour; they get the rest of theirs when there are no more', () => {
  const rumours = new Rumours()
  const hosts = Array.from({ length: 300 }, (_, i) => `host ${i}`)
  expect(hosts.filter((host) => rumours.maySend(host, 1))).toEqual(hosts.slice(0, 256))
  expect([allowed(rumours, 'host 0', 1), allowed(rumours, 'host 299', 1)]).toEqual([11, 0])
  expect(allowed(rumours, 'host 299', 2)).toBe(12)
})
