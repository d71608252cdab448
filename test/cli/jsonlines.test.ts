/** What the documents say of JSON lines is what is printed: every event, every field. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonLine } from '../../src/cli/lines/event.ts'
import type { TalkEvent } from '../../src/session/command.ts'
import { report } from './reports.ts'

const under = { buddy: 'bob', session: 1, fingerprint: 'ab', trust: 'by-code' } as const
const about = { as: 'reply', id: 'i' } as const
const clocks = { ours: 1, theirs: 2 }

/** One of each, with all that it may have; the types see to it that none is missing. */
const events: { readonly [Kind in TalkEvent['kind']]: Required<Extract<TalkEvent, { kind: Kind }>> } = {
  listening: { kind: 'listening', profile: 'ada', port: 1, addresses: [] },
  phase: { kind: 'phase', buddy: 'bob', phase: 'looking', ms: 1 },
  secured: { kind: 'secured', path: 'lan', ms: 1, pq: true, ...under },
  message: { kind: 'message', id: 'i', text: 't', at: 1, again: true, about, ...under },
  waiting: { kind: 'waiting', buddy: 'bob', id: 'i', text: 't', at: 1, about },
  written: { kind: 'written', buddy: 'bob', id: 'i' },
  held: { kind: 'held', ids: ['i'], count: 1, ...under },
  edited: { kind: 'edited', id: 'i', of: 'h', text: 't', at: 1, again: true, ...under },
  deleted: { kind: 'deleted', id: 'i', of: 'h', at: 1, again: true, ...under },
  typing: { kind: 'typing', state: 'begun', ...under },
  read: { kind: 'read', ids: ['i'], ...under },
  asked: { kind: 'asked', question: 'q', ...under },
  verification: { kind: 'verification', state: 'running', ...under },
  verified: { kind: 'verified', ...under },
  code: { kind: 'code', buddy: 'bob', code: 'c', expiresAt: 1 },
  alone: { kind: 'alone', buddy: 'bob', ms: 1 },
  met: { kind: 'met', address: 'a', knownAs: 'robert', ...under },
  bound: { kind: 'bound', ...under },
  burnt: { kind: 'burnt', buddy: 'bob', why: 'expired' },
  introduced: { kind: 'introduced', ...under },
  moved: { kind: 'moved', address: 'a', ...under },
  trust: { kind: 'trust', ...under },
  added: { kind: 'added', buddy: 'bob' },
  renamed: { kind: 'renamed', buddy: 'bob', to: 'robert' },
  removed: { kind: 'removed', buddy: 'bob', why: 'blocked' },
  said: { kind: 'said', buddy: 'bob', id: 'i', text: 't', about },
  sent: { kind: 'sent', buddy: 'bob', id: 'i' },
  delivered: { kind: 'delivered', buddy: 'bob', id: 'i', ms: 1 },
  undelivered: { kind: 'undelivered', buddy: 'bob', id: 'i', why: 'closed' },
  path: { kind: 'path', buddy: 'bob', path: 'lan' },
  unreached: { kind: 'unreached', buddy: 'bob', why: 'silent', ms: 1 },
  why: { kind: 'why', buddy: 'bob', report },
  offered: {
    kind: 'offered',
    transfer: 'x',
    name: 'n',
    form: 'files',
    files: 1,
    folders: 1,
    octets: 1,
    ...under,
  },
  transfer: {
    ...{ kind: 'transfer', buddy: 'bob', transfer: 'x', name: 'n', direction: 'out', state: 'failed' },
    ...{
      by: 'us',
      why: 'full',
      path: 'p',
      renamed: [{ name: 'n', as: 'n (2)' }],
      message: 'm',
      hint: 'h',
      root: 'r',
      since: 1,
    },
  },
  progress: { kind: 'progress', buddy: 'bob', transfer: 'x', octets: 1, of: 1, rate: 1, left: 1 },
  skipped: { kind: 'skipped', buddy: 'bob', transfer: 'x', path: 'p', why: 'link' },
  lost: { kind: 'lost', buddy: 'bob', why: 'left' },
  refused: { kind: 'refused', buddy: 'bob', why: 'clock', clocks },
  unresolved: { kind: 'unresolved', hosts: [], interface: 'lo' },
  unkept: { kind: 'unkept', message: 'm', hint: 'h' },
  earlier: { kind: 'earlier', buddy: 'bob', why: 'asked', lines: [] },
  network: { kind: 'network', state: 'joined' },
}

/** What is no event of a conversation: what a command prints of itself. */
const ofCommands = {
  offer: ['buddy', 'line'],
  answer: ['buddy', 'line'],
  exec: ['buddy', 'id', 'result', 'code', 'ms'],
  error: ['message', 'hint'],
}

const fieldsOf = (line: string): string[] => Object.keys(JSON.parse(line)).filter((key) => key !== 'event')

const printed: ReadonlyMap<string, readonly string[]> = new Map([
  ...Object.values(events).map((event) => [event.kind, fieldsOf(jsonLine(event)).sort()] as const),
  ...Object.entries(ofCommands).map(([name, fields]) => [name, fields.toSorted()] as const),
])

const sectionOf = (file: string, heading: RegExp): string => {
  const text = readFileSync(join(import.meta.dirname, '../../docs', file), 'utf8')
  return heading.exec(text)?.[1] ?? ''
}

test('the Tutorial has a line for each event, with the fields that it has', () => {
  const section = sectionOf('Tutorial.md', /\n### JSON lines\n(.*?)\n##/s)
  const documented = new Map<string, Set<string>>()
  for (const line of section.match(/^ {4}\{"event".*$/gm) ?? []) {
    const { event } = JSON.parse(line)
    documented.set(event, new Set([...(documented.get(event) ?? []), ...fieldsOf(line)]))
  }
  const asPrinted = [...documented].map(([name, fields]) => [name, [...fields].sort()] as const)
  expect(Object.fromEntries(asPrinted)).toEqual(Object.fromEntries(printed))
})

test('the Protocol has a row for each event, that names all of its fields', () => {
  const section = sectionOf('Protocol.md', /\n## JSON lines\n(.*?)\n\*\*Report/s)
  const rows = [...section.matchAll(/^\| `([a-z]+)` \| (.*) \|$/gm)]
  expect(rows.map(([, name]) => name).sort()).toEqual([...printed.keys()].sort())
  for (const [, name, words] of rows)
    for (const field of printed.get(name!) ?? []) expect(`${name}: ${words}`).toContain(`\`${field}\``)
})
