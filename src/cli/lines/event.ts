/** What happens, as a line of JSON for scripts (docs/Tutorial.md, "JSON lines"). Pure. */
import type { TalkEvent, Under } from '../../session/command.ts'
import type { AboutTransfer } from '../explaintransfer.ts'
import { type SafeText, visibleJson, words } from '../safetext.ts'

/** An event as a line, with its newline: `event` first, raw text with all controls escaped. */
export function jsonLine(event: TalkEvent): SafeText {
  return words`${visibleJson(fieldsOf(event))}\n`
}

/** In the order of the documentation; later fields come behind the older ones. */
export function fieldsOf(event: TalkEvent): object {
  const name = { event: event.kind }
  switch (event.kind) {
    case 'listening':
      return { ...name, profile: event.profile, port: event.port, addresses: event.addresses }
    case 'phase':
      return { ...name, buddy: event.buddy, phase: event.phase, ms: event.ms }
    case 'secured': {
      const { buddy, fingerprint, trust, path, ms, session, pq } = event
      return { ...name, buddy, fingerprint, trust, path, ms, session, pq }
    }
    case 'message': {
      const { buddy, id, text, at, again, about } = event
      const more = { ...(again && { again }), ...(about && { about }) }
      return { ...name, buddy, id, text, at, ...under(event), ...more }
    }
    case 'waiting': {
      const { buddy, id, text, at, about } = event
      return { ...name, buddy, id, text, at, ...(about && { about }) }
    }
    case 'held':
      return { ...name, buddy: event.buddy, ids: event.ids, count: event.count, ...under(event) }
    case 'edited': {
      const { buddy, id, of, text, at, again } = event
      return { ...name, buddy, id, of, text, at, ...under(event), ...(again && { again }) }
    }
    case 'deleted': {
      const { buddy, id, of, at, again } = event
      return { ...name, buddy, id, of, at, ...under(event), ...(again && { again }) }
    }
    case 'typing':
      return { ...name, buddy: event.buddy, state: event.state, ...under(event) }
    case 'read':
      return { ...name, buddy: event.buddy, ids: event.ids, ...under(event) }
    case 'written':
    case 'sent':
      return { ...name, buddy: event.buddy, id: event.id }
    case 'delivered':
      return { ...name, buddy: event.buddy, id: event.id, ms: event.ms }
    case 'undelivered':
      return { ...name, buddy: event.buddy, id: event.id, why: event.why }
    case 'refused': {
      const { buddy, why, clocks } = event
      return { ...name, buddy, why, ...(clocks && { clocks }) }
    }
    case 'added':
      return { ...name, buddy: event.buddy }
    case 'renamed':
      return { ...name, buddy: event.buddy, to: event.to }
    case 'said':
      return {
        ...name,
        buddy: event.buddy,
        id: event.id,
        text: event.text,
        ...(event.about && { about: event.about }),
      }
    case 'lost':
    case 'burnt':
    case 'removed':
      return { ...name, buddy: event.buddy, why: event.why }
    case 'why':
      return { ...name, buddy: event.buddy, report: event.report }
    case 'network':
      return { ...name, state: event.state }
    case 'earlier':
      return { ...name, buddy: event.buddy, lines: event.lines }
    case 'unkept':
      return { ...name, message: event.message, ...(event.hint !== undefined && { hint: event.hint }) }
    case 'unresolved':
      return { ...name, hosts: event.hosts }
    case 'path':
      return { ...name, buddy: event.buddy, path: event.path }
    case 'unreached':
      return { ...name, buddy: event.buddy, why: event.why, ms: event.ms }
    case 'asked':
      return { ...name, buddy: event.buddy, question: event.question, ...under(event) }
    case 'verification':
      return { ...name, buddy: event.buddy, state: event.state, ...under(event) }
    case 'verified':
    case 'trust':
    case 'bound':
    case 'introduced':
      return { ...name, buddy: event.buddy, ...under(event) }
    case 'moved':
      return { ...name, buddy: event.buddy, address: event.address, ...under(event) }
    case 'met': {
      const { buddy, address, knownAs } = event
      return { ...name, buddy, address, ...under(event), ...(knownAs !== undefined && { knownAs }) }
    }
    case 'code':
      return { ...name, code: event.code, expiresAt: event.expiresAt, buddy: event.buddy }
    case 'alone':
      return { ...name, buddy: event.buddy, ms: event.ms }
    case 'offered':
    case 'transfer':
    case 'progress':
    case 'skipped':
      return transferFields(event)
    default:
      return event satisfies never
  }
}

function transferFields(event: AboutTransfer): object {
  const name = { event: event.kind, buddy: event.buddy, transfer: event.transfer }
  switch (event.kind) {
    case 'offered': {
      const { name: title, form, files, folders, octets } = event
      return { ...name, name: title, form, files, folders, octets, ...under(event) }
    }
    case 'transfer': {
      const { name: title, direction, state, by, why, path, renamed, message, root, since } = event
      return { ...name, name: title, direction, state, by, why, path, renamed, message, root, since }
    }
    case 'progress':
      return { ...name, octets: event.octets, of: event.of, rate: event.rate, left: event.left }
    case 'skipped':
      return { ...name, path: event.path, why: event.why }
    default:
      return event satisfies never
  }
}

/** Of which conversation and key it is told. */
const under = ({ trust, fingerprint, session }: Under): object => ({ trust, fingerprint, session })
