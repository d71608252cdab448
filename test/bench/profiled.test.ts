import { expect, test } from 'vitest'
import { costs } from '../../bench/peers/profiled.ts'

const node = (id: number, functionName: string, url: string, children: number[] = []) => ({
  id,
  callFrame: { functionName, url, scriptId: '0', lineNumber: 0, columnNumber: 0 },
  children,
})

test('what is written in C++ counts to whoever called it, V8 for itself', () => {
  const nodes = [
    node(1, '(root)', '', [2, 3, 6]),
    node(2, '(garbage collector)', ''),
    node(3, 'send', 'node:dgram', [4]),
    node(4, 'doSend', 'node:dgram', [5]),
    node(5, 'send', ''),
    node(6, 'send', ''),
  ]
  const profile = {
    nodes,
    startTime: 0,
    endTime: 10,
    samples: [2, 3, 5, 4, 6],
    timeDeltas: [1e3, 2e3, 4e3, 3e3, 8e3],
  }
  expect(costs(profile)).toEqual([
    ['(root)', 'send', 8],
    ['node:dgram', 'send', 6],
    ['node:dgram', 'doSend', 3],
    ['(garbage collector)', '(garbage collector)', 1],
  ])
})
