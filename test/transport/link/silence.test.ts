import { expect, test } from 'vitest'
import { Silence } from '../../../src/transport/link/silence.ts'

/** Everything that is due until the link is lost, with its time. */
function beats(silence: Silence, from = 0): [number, string][] {
  const all: [number, string][] = []
  for (let now = from; all.at(-1)?.[1] !== 'lost'; now = Math.max(now, silence.deadline)) {
    for (let beat = silence.beat(now); beat; beat = silence.beat(now)) {
      all.push([now, beat])
      if (beat === 'lost') break
      silence.sent(now)
    }
  }
  return all
}

const start = (octet: number): Silence => new Silence(() => Uint8Array.of(octet), 0)
const range = (from: number, to: number): number[] =>
  Array.from({ length: (to - from) / 1_000 + 1 }, (_, i) => from + i * 1_000)

test('an idle link: a keep-alive, a challenge a second from 27 s on, lost at 40 s', () => {
  for (const [octet, gap] of [
    [0, 15_000],
    [255, 25_000],
  ] as const) {
    const challenges = range(27_000, 39_000).map((at) => [at, 'challenge'])
    expect(beats(start(octet))).toEqual([[gap, 'keep-alive'], ...challenges, [40_000, 'lost']])
  }
})

test('something sent: a challenge a second from 3 s on, lost at 10 s', () => {
  const silence = start(255)
  silence.asked(5_000)
  silence.asked(7_000) // the first counts
  const challenges = range(8_000, 14_000).map((at) => [at, 'challenge'])
  expect(beats(silence)).toEqual([...challenges, [15_000, 'lost']])
})

test('a frame heard begins all of it anew', () => {
  const silence = start(255)
  silence.asked(5_000)
  expect(silence.beat(8_000)).toBe('challenge')
  silence.heard(8_100)
  silence.sent(8_100)
  expect(silence.deadline).toBe(33_100)
  expect(beats(silence).at(-1)).toEqual([48_100, 'lost'])
})

test('waking more than 5 s late: 13 s to answer before it is lost', () => {
  const silence = start(0)
  const late = beats(silence, 3_600_000)
  expect(late[0]).toEqual([3_600_000, 'challenge'])
  expect(late.at(-1)).toEqual([3_613_000, 'lost'])
  const dozing = start(0)
  expect(dozing.beat(15_000)).toBe('keep-alive')
  expect(dozing.beat(34_000)).toBe('challenge') // 4 s late: not asleep
})
