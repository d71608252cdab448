import { describe, expect, test } from 'vitest'
import { timeOfDay } from '../../src/cli/date.ts'
import { durationChange, explainDuration } from '../../src/cli/duration.ts'
import {
  explainEvent,
  explainLost,
  explainPhase,
  explainRefused,
  explainUndelivered,
} from '../../src/cli/explain.ts'
import { explainNetwork } from '../../src/cli/explainnetwork.ts'
import {
  explainPath,
  explainRouter,
  explainRung,
  explainRungWhy,
  explainTold,
  explainUnreached,
} from '../../src/cli/explainreach.ts'
import { explainFingerprint, explainTrust } from '../../src/cli/explaintrust.ts'
import { safeText } from '../../src/cli/safetext.ts'

const absences = [
  ...(['switched-off', 'not-heard', 'none-given', 'no-mesh', 'nothing-found', 'not-told'] as const),
  ...(['no-ipv6-here', 'no-ipv4-here', 'barred', 'not-needed', 'both-change', 'no-hearsay'] as const),
  'too-often' as const,
]
const outcomes = ['no-answer', 'not-secured', 'another-first'] as const

const everything: readonly { text: string; hint?: string | undefined }[] = [
  ...(['looking', 'punching', 'securing'] as const).map((phase) => ({ text: explainPhase(phase, 'ada') })),
  ...(['unverified', 'by-code', 'verified'] as const).map((trust) => ({ text: explainTrust(trust) })),
  ...(['loopback', 'lan', 'ipv6', 'direct', 'mapped', 'punched', 'predicted', 'guessed'] as const).map(
    (path) => ({ text: explainPath(path) }),
  ),
  ...(['no-common-family', 'both-change', 'only-private', 'silent'] as const).map((why) =>
    explainUnreached(why, 'ada'),
  ),
  ...(['too-long', 'too-many', 'closed', 'unknown-buddy'] as const).map((why) => ({
    text: explainUndelivered(why),
  })),
  ...(['left', 'timeout', 'restarted', 'closed'] as const).map((why) => ({ text: explainLost(why, 'ada') })),
  ...(['wrong-fingerprint', 'wrong-version', 'clock', 'failed', 'elsewhere'] as const).map((why) =>
    explainRefused(why, 'ada'),
  ),
  ...(['joining', 'joined', 'unreachable', 'no-socket', 'gone'] as const).map((state) =>
    explainNetwork(state),
  ),
  ...([...absences, ...outcomes] as const).map((why) => ({ text: explainRungWhy(why, 'ada') })),
  ...(['none', 'same', 'counting', 'changing', 'unknown'] as const).map((nat) => ({
    text: explainRouter(nat),
  })),
  ...(['host', 'loopback', 'reflexive', 'mapped', 'changing', 'predicted'] as const).map((kind) => ({
    text: explainTold(kind),
  })),
  ...(['waiting', 'trying', 'failed', 'worked'] as const).map((state) => ({
    text: explainRung({ way: 'ipv6', state, addresses: ['[2001:db8::1]:1'], ms: 12_000 }, 'ada'),
  })),
]

test('each of the 67 things that happen has words of its own', () => {
  expect(new Set(everything.map(({ text }) => text)).size).toBe(67)
})

test.each(everything)('$text: plain words, no jargon, no full stop', ({ text, hint = '' }) => {
  expect(text).toMatch(/^[^.]{5,}$/)
  expect(`${text} ${hint}`).not.toMatch(
    /DAKE|OTR[v ]|NAT\b|punch|ENet|SMP|handshake|hash|undefined|socket|DHT|packet/i,
  )
})

describe('an event', () => {
  test('that secures says with whom, how far trusted, by which way, and the key', () => {
    const event = {
      kind: 'secured',
      buddy: 'ada',
      session: 1,
      fingerprint: 'ab'.repeat(56),
      path: 'lan',
      ms: 3,
      pq: true,
    } as const
    expect(explainEvent({ ...event, trust: 'by-code' })).toEqual({
      tone: 'good',
      text: 'secured with ada: met by code, over the local network',
      hint: `fingerprint ${Array(14).fill('ABABABAB').join(' ')}`,
    })
    expect(explainEvent({ ...event, trust: 'unverified' })?.hint).toContain('compare it with your buddy')
  })

  test('that secures under the fingerprint that was given asks for no comparison', () => {
    const fingerprint = 'ab'.repeat(56)
    const event = { kind: 'secured', buddy: 'ada', session: 1, trust: 'unverified', fingerprint } as const
    const hint = (given: string) =>
      explainEvent({ ...event, path: 'lan', ms: 3, pq: true }, given)
        ?.hint?.split('; ')
        .at(-1)
    expect(hint(fingerprint)).toBe('it is the one you gave')
    expect(hint('cd'.repeat(56))).toBe('compare it with your buddy by phone or in person')
  })

  test('that refuses for the time names both clocks, whatever the other one says', () => {
    const hint = (theirs: number) =>
      explainRefused('clock', 'ada', { ours: new Date(2026, 10, 21, 1, 2).getTime(), theirs }).hint
    expect(hint(new Date(2026, 9, 1, 14, 2).getTime())).toBe(
      'it ended 2026-10-01 14:02, and this machine says it is 2026-11-21 01:02: check date and time here and at ada',
    )
    for (const theirs of [-9.2e21, 9.2e21, Number.NaN]) expect(hint(theirs)).toContain('it ended at no date')
  })

  test('of a port that cannot be opened names the port', () => {
    expect(explainNetwork('no-socket', 4000).text).toBe('UDP port 4000 cannot be opened')
  })

  test.each(['wrong-fingerprint', 'wrong-version', 'clock', 'failed', 'elsewhere'] as const)(
    'that refuses (%s) is bad news with advice',
    (why) => {
      const notice = explainEvent({ kind: 'refused', buddy: 'ada', why })
      expect(notice?.tone).toBe('bad')
      expect(notice?.hint?.length).toBeGreaterThan(20)
    },
  )

  test('shows a hostile name as a safe one', () => {
    const notice = explainEvent({ kind: 'lost', buddy: 'a\x1b]0;x\x07\nb', why: 'left' })
    expect(notice?.text).toBe('a␛]0;x␇ b has left')
    const key = explainEvent({
      ...{
        kind: 'secured',
        buddy: 'a',
        session: 1,
        fingerprint: '\x1b[31m',
        trust: 'verified',
        path: 'lan',
        ms: 3,
        pq: true,
      },
    } as const)
    expect(safeText(`${key?.text}${key?.hint}`)).toBe(`${key?.text}${key?.hint}`)
  })
})

test.each([
  [-5, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_599_999, '59 min'],
  [3_900_000, '1 h 5 min'],
])('%d ms are %s', (ms, text) => expect(explainDuration(ms)).toBe(text))

test('a time that is none does no harm', () => {
  expect(timeOfDay(Number.NaN)).toBe('--:--')
  expect(timeOfDay(1e300)).toBe('--:--')
  expect(timeOfDay(new Date(2026, 0, 2, 3, 4).getTime())).toBe('03:04')
})

test('a fingerprint has all its digits, in groups of eight', () => {
  expect(explainFingerprint('0123456789abcdef'.repeat(7))).toBe('01234567 89ABCDEF '.repeat(7).trim())
})

test('a duration is told anew when it would be another text, and not before', () => {
  for (const ms of [0, 1, 999, 1_000, 59_000, 59_999, 60_000, 60_001, 119_999, 3_599_999, 3_600_000]) {
    const change = durationChange(ms)
    expect(explainDuration(ms + change)).not.toBe(explainDuration(ms))
    expect(explainDuration(ms + change - 1)).toBe(explainDuration(ms))
  }
})
