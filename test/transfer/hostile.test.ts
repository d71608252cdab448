import { expect, test } from 'vitest'
import { Incoming } from '../../src/transfer/incoming.ts'
import type { TransferOutput } from '../../src/transfer/transfer.ts'
import type { Work } from '../../src/transfer/work.ts'
import { Sink } from './disk.ts'
import { Forger, type Hostile, hostile, hostileKey } from './hostile.ts'

test(`there are ${hostile.length} cases, each with a title of its own`, () => {
  expect(hostile.length).toBeGreaterThan(120)
  expect(new Set(hostile.map(({ title }) => title)).size).toBe(hostile.length)
})

test.each(hostile)('$title: $ends', (attack) => {
  const { incoming, sink, outputs } = played(attack)
  const { state } = incoming
  const { ends } = attack
  expect(state.kind === 'failed' ? state.why : state.kind).toBe(ends === 'waits' ? 'running' : ends)
  expect(sink.octets).toBeLessThanOrEqual(attack.octets)
  for (const { path } of sink.files) expect(path).toBe('ok')
  expect(sink.works.includes('finish')).toBe(ends === 'done')
  if (ends === 'waits' || ends === 'done') return
  expect(['empty', 'removed']).toContain(sink.state)
  const answers = outputs.flatMap((output) => (output.kind === 'answer' ? [output.answer.verb] : []))
  expect(answers).toEqual(['accept', 'failed'])
})

test('before it is accepted nothing comes of any of them, and nothing after it is rejected', () => {
  for (const attack of hostile) {
    const incoming = new Incoming(attack.offer, hostileKey())
    const first: Uint8Array[] = []
    for (const frame of attack.frames(new Forger(attack.offer))) if (first.push(frame) === 3) break
    for (const frame of first) incoming.receive(frame)
    expect([...incoming.drain(0)]).toEqual([
      { kind: 'event', event: { kind: 'state', state: { kind: 'offered' } } },
    ])
    incoming.reject('declined')
    for (const frame of first) incoming.receive(frame)
    expect([...incoming.drain(0)].map(({ kind }) => kind)).toEqual(['answer', 'event'])
  }
})

/** Each frame is drained at once, and each work done. */
function played({ offer, frames }: Hostile) {
  const incoming = new Incoming(offer, hostileKey())
  const sink = new Sink()
  const outputs: TransferOutput[] = []
  const pump = (): void => {
    while (incoming.deadline <= 0)
      for (const output of incoming.drain(0)) {
        outputs.push(output)
        if (output.kind === 'work') work(output.work)
      }
  }
  const work = (asked: Work): void => {
    const result = sink.do(asked)
    if (result) incoming.worked(result, 0)
  }
  incoming.accept()
  pump()
  for (const frame of frames(new Forger(offer))) {
    incoming.receive(frame)
    pump()
    if (!['running', 'done'].includes(incoming.state.kind)) break
  }
  return { incoming, sink, outputs }
}
