/** Foreign text in each place that it can come from, and the harmless text that takes as much room there. */
import { expect } from 'vitest'
import { safeName, safeText, safeTitle, slice } from '../../src/cli/safetext.ts'
import type { TalkEvent } from '../../src/session/command.ts'
import { Emulator } from './emulator.ts'
import { report } from './reports.ts'
import { differences, harmlessAs, isCertain, stateOf } from './untouched.ts'
import type { Widths } from './widths.ts'

/** One text, as each kind of place takes it. */
export interface Told {
  readonly name: string
  /** One line: a title, an address, the name of a host. */
  readonly title: string
  /** Several lines: a message. */
  readonly text: string
  /** Behind words of ours, in an error. */
  readonly quoted: string
}

export const hostileAs = (text: string): Told => ({ name: text, title: text, text, quoted: text })

/** What takes as much room, and does nothing. */
export function harmlessFor(hostile: string): Told {
  const text = harmlessAs(safeText(hostile))
  return {
    name: harmlessAs(safeName(hostile)),
    title: harmlessAs(safeTitle(hostile)),
    text: hostile !== '' && text === '' ? invisible : text, // a question of nothing is not asked
    quoted: harmlessAs(slice(safeTitle(`x ${hostile}`, 4096), 2, 4096)),
  }
}

/** All that a buddy, and those in between, can have told, with harmless lines of his around each. */
export function eventsOf({ name, title, text, quoted }: Told): readonly TalkEvent[] {
  const under = { buddy: name, session: 1, fingerprint: 'ab'.repeat(56), trust: 'by-code' } as const
  const said = (text: string): TalkEvent => ({ kind: 'message', id: '0', text, at, ...under })
  const kept = (text: string) =>
    ({ from: 'buddy', id: '0', at, text, fingerprint: under.fingerprint }) as const
  const { network, buddy } = report
  const told = { kind: 'host', address: title } as const
  const reached = {
    network: {
      ...network,
      addresses: [told],
      portmap: { tried: [], mapping: { via: title, address: title } },
    },
    buddy: {
      ...{ ...buddy, record: { ...buddy.record!, addresses: [told] } },
      ladder: [{ way: 'hint', state: 'failed', addresses: [title], ms: 0, why: 'no-answer' } as const],
    },
  }
  return [
    { kind: 'listening', profile: 'home', port: 4711, addresses: [title] },
    { kind: 'unresolved', hosts: [quoted], interface: title },
    { kind: 'met', address: title, knownAs: 'carol', ...under },
    { kind: 'why', buddy: name, report: reached },
    { kind: 'refused', buddy: name, why: 'wrong-fingerprint' },
    { kind: 'unkept', message: quoted },
    { kind: 'earlier', buddy: name, why: 'asked', lines: [kept('before.'), kept(text), kept('after.')] },
    { kind: 'secured', path: 'direct', ms: 9, pq: true, ...under },
    said('before.'),
    said(text),
    said('between.'),
    { kind: 'asked', question: text, ...under },
    said('after.'),
  ]
}

export interface Printed {
  readonly hostile: string
  readonly harmless: string
  readonly columns: number
  readonly rows: number
}

/** Shows both in terminals of each of these kinds, and compares all that is not the foreign text's own. */
export async function expectUntouched(
  text: string,
  { hostile, harmless, columns, rows }: Printed,
  kinds: readonly Widths[] = ['apart'],
): Promise<void> {
  const isSure = [safeName(text), safeTitle(text), safeText(text)].every(isCertain)
  for (const widths of kinds) {
    const [shown, other] = [new Emulator(columns, rows, widths), new Emulator(columns, rows, widths)]
    shown.stdout.write(hostile)
    other.stdout.write(harmless)
    await Promise.all([shown.parsed(), other.parsed()])
    expect(differences(shown, other, isSure && widths === 'apart' ? 'fixed' : 'movable')).toEqual([])
    expect(await stateOf(shown)).toEqual(await stateOf(other))
  }
}

export const at = new Date(2026, 0, 2, 14, 2).getTime()

/** What controls a terminal, or the order of what it draws. */
export const controlling =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
  /[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u

const invisible = '\u200b'
