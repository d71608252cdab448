/**
 * Vectors recorded from libenet 1.3.17. First the codec: every datagram is
 * decoded and encoded again. Then, where the recording asks for nothing that
 * is not built, two hosts must do the same again.
 */
import { decodeDatagram, encodeDatagram } from '../../src/transport/enet/datagram.ts'
import { packed, unpacked } from './enet/packed.ts'
import { deliveryOf, play } from './enet/playback.ts'
import { type Entry, type Recording, readRecording } from './enet/recording.ts'
import type { Replay } from './outcome.ts'

export const replayEnet: Replay = (_name, json) => {
  try {
    const recording = readRecording(json)
    if (!recording) return { kind: 'failed', why: 'not a recording of this form' }
    return outcomeOf(recording)
  } catch (error) {
    return { kind: 'failed', why: `threw: ${error instanceof Error ? error.message : String(error)}` }
  }
}

function outcomeOf(recording: Recording): ReturnType<Replay> {
  const codec = checkCodec(recording)
  if (codec.kind === 'wrong') return { kind: 'failed', why: codec.why }
  const missing = whatIsMissing(recording)
  if (missing !== undefined)
    return { kind: 'not-run', why: `codec checked on ${codec.count} datagrams; ${missing}` }
  const played = play(recording)
  if (played.kind === 'different') return { kind: 'failed', why: played.why }
  return { kind: 'passed', checks: codec.count + played.checks }
}

type Codec =
  | { readonly kind: 'right'; readonly count: number }
  | { readonly kind: 'wrong'; readonly why: string }

function checkCodec({ log, checksums, compression }: Recording): Codec {
  let count = 0
  for (const entry of log) {
    if (entry.kind !== 'datagram') continue
    const parsed = decodeDatagram(unpacked(entry.bytes, checksums), checksums)
    if (!parsed) return { kind: 'wrong', why: `datagram ${entry.n} is not decoded` }
    const plain = encodeDatagram(parsed)
    const again = compression === 'plain' ? plain : packed(plain, checksums)
    if (Buffer.compare(again, entry.bytes) !== 0)
      return { kind: 'wrong', why: `datagram ${entry.n} is encoded otherwise` }
    count++
  }
  return { kind: 'right', count }
}

function whatIsMissing({ log }: Recording): string | undefined {
  for (const entry of log) {
    const missing = entry.kind === 'call' ? missingCall(entry) : missingEvent(entry)
    if (missing !== undefined) return missing
  }
  return undefined
}

function missingCall({ name, fields }: Extract<Entry, { readonly kind: 'call' }>): string | undefined {
  if (!calls.has(name)) return `the call ${name} is not built`
  if (name !== 'send') return undefined
  if (deliveryOf(fields) === undefined) return 'such a sending is not built'
  const isKnown = /^byte i = \(i\*7 \+ \(i>>8\)\) & 255$|^\d+ times 0x[\da-f]{2}$/.test(
    String(fields['payload']),
  )
  return isKnown ? undefined : 'the payload follows an unknown rule'
}

function missingEvent(entry: Entry): string | undefined {
  return entry.kind === 'event' && !events.has(entry.name) ? `the event ${entry.name} is unknown` : undefined
}

const calls = new Set([
  'connect',
  'send',
  'ping',
  'disconnect',
  'disconnectNow',
  'disconnectLater',
  'reset',
  'timeout',
  'throttleConfigure',
  'bandwidthLimit',
])
const events = new Set(['connect', 'disconnect', 'receive'])
