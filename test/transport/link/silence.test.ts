import { expect, test } from 'vitest'
import { Silence } from '../../../src/transport/link/silence.ts'

/** Everything that is due until the link is lost, with its time. */
function beats(silence: Silence, from = 0): [number, string][] {
  const all: [number, string][] = []
  for (let now = from; all.at(-1)?.[1] !== 'lost'; now = Math.max(now, silence.deadline)) {
    for (let beat = silence.beat(now); beat; beat = silence.beat(now)) {
      all.push([now, beat])
      if (beat === 'lost') break
    }
  }
  return all
}

const challenges = (from: number, to: number): [number, string][] =>
  Array.from({ length: (to - from) / 1_000 + 1 }, (_, i) => [from + i * 1_000, 'challenge'])

test('an idle link: a challenge a second from 27 s on, lost at 40 s', () => {
  expect(beats(new Silence(0))).toEqual([...challenges(27_000, 39_000), [40_000, 'lost']])
})

test('the other side may be silent as long as it said: 2 s more until it is asked, 15 s until it is lost', () => {
  const silence = new Silence(0)
  silence.expected = 120_000
  expect(beats(silence)).toEqual([...challenges(122_000, 134_000), [135_000, 'lost']])
})

test('something sent: a challenge a second from 3 s on, lost at 10 s', () => {
  const silence = new Silence(0)
  silence.asked(5_000)
  silence.asked(7_000) // the first counts
  expect(silence.isAnswered).toBe(false)
  expect(beats(silence)).toEqual([...challenges(8_000, 14_000), [15_000, 'lost']])
})

test('something sent into a silence that was agreed on: its unknown part is not counted in the 10 s', () => {
  const silence = new Silence(0)
  silence.expected = 44_000
  silence.agreed = { from: 25_000, until: 42_000 }
  silence.asked(15_001)
  expect(beats(silence)).toEqual([...challenges(18_001, 42_000), [42_001, 'lost']])
  for (const [asked, lost] of [
    [30_000, 52_000],
    [42_000, 52_000],
  ] as const) {
    const late = new Silence(0)
    late.expected = 44_000
    late.agreed = { from: 25_000, until: 42_000 }
    late.asked(asked)
    expect(beats(late).at(-1)).toEqual([lost, 'lost'])
  }
})

test('a doubt in a silence that was agreed on: asked at once, and its 4 s are counted outside of it', () => {
  for (const [doubted, lost] of [
    [20_000, 24_000],
    [58_000, 93_500],
    [65_000, 95_500],
    [91_500, 95_500],
  ] as const) {
    const silence = new Silence(0)
    silence.expected = 93_000
    silence.agreed = { from: 60_000, until: 91_500 }
    silence.doubt(doubted)
    expect(beats(silence, doubted)).toEqual([...challenges(doubted, lost - 1), [lost, 'lost']])
  }
})

test('something sent when the way is known to be open: lost 10 s after it', () => {
  const silence = new Silence(0)
  silence.agreed = { from: 25_000, until: 42_000 }
  silence.asked(15_000)
  expect(beats(silence).at(-1)).toEqual([25_000, 'lost'])
})

test('a frame heard begins all of it anew, and says what it ended', () => {
  const silence = new Silence(0)
  silence.asked(5_000)
  expect(silence.beat(8_000)).toBe('challenge')
  expect(silence.heard(8_100)).toBe('unanswered')
  expect(silence.isAnswered).toBe(true)
  expect(beats(silence).at(-1)).toEqual([48_100, 'lost'])
  silence.asked(48_200)
  expect(silence.heard(50_100)).toBe('overdue')
  silence.asked(50_200)
  expect(silence.heard(52_100)).toBe(undefined)
  expect(silence.heard(79_099)).toBe(undefined)
  expect(silence.heard(106_099)).toBe('overdue')
})

test('a change of our own network: it is asked at once, and is not lost for the span, whatever was sent', () => {
  const silence = new Silence(0)
  silence.asked(0)
  silence.doubt(0)
  silence.spare(30_000, 1_000)
  expect(beats(silence, 1_000)).toEqual([...challenges(1_000, 30_000), [31_000, 'lost']])
})

test('a span of grace survives a frame that was on its way, and ends when a way is found', () => {
  const silence = new Silence(0)
  silence.spare(30_000, 1_000)
  silence.heard(1_010)
  silence.asked(1_020)
  expect(beats(silence, 1_020).at(-1)).toEqual([31_000, 'lost'])
  silence.settled()
  expect(beats(silence, 1_020).at(-1)).toEqual([11_020, 'lost'])
})
