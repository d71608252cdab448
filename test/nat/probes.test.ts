import { expect, test } from 'vitest'
import { Probes } from '../../src/nat/probes.ts'
import { address } from '../support/network.ts'

const one = address('198.51.100.1:9')

test('probes at 0, 100, 300 and 700 ms, then every second, and gives up after ten', () => {
  const probes = new Probes({ peers: [one], now: 5 })
  const times: number[] = []
  while (!probes.isOver(probes.deadline)) {
    const now = probes.deadline
    expect(probes.due(now - 1)).toEqual([])
    expect(probes.due(now)).toEqual([one])
    times.push(now - 5)
  }
  expect(times).toEqual([0, 100, 300, 700, 1_700, 2_700, 3_700, 4_700, 5_700, 6_700, 7_700, 8_700, 9_700])
  expect(probes.deadline).toBe(10_005)
  expect(probes.due(10_005)).toEqual([])
})

test('probes all of them at once, each once, and 32 at most', () => {
  const probes = new Probes({ peers: [one, one], now: 0 })
  for (let port = 1; port <= 40; port++) probes.learn(address(`198.51.100.2:${port}`))
  const due = probes.due(0)
  expect([due.length, new Set(due).size]).toEqual([32, 32])
})
