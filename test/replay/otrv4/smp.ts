/** Replays the runs of SMP that a vector file lists: each message from what the file says goes into it. */
import { encodeScalar, littleEndian, mod } from '../../../src/otr/ed448.ts'
import type { Fingerprint } from '../../../src/otr/identity.ts'
import { decodeSmp1, decodeSmp2, decodeSmp3, decodeSmp4 } from '../../../src/otr/smpmessage.ts'
import { begin, compare, conclude, finish, isProven, reply, smpSecret } from '../../../src/otr/smpsteps.ts'
import { drawing, other, type Party, sideOf } from './exchange.ts'
import { type Check, flag, type Json, octets, part, text } from './reading.ts'

const reduced = (scalar: Uint8Array): Uint8Array => encodeScalar(mod(littleEndian(scalar)))

const draws = (run: Json, name: string, fields: readonly string[]): ((size: number) => Uint8Array) =>
  drawing(fields.map((field) => octets(part(run, name), field)))

export function replaySmpRun(exchange: Json, run: Json, check: Check): void {
  const initiator: Party = text(run, 'initiator') === 'bob' ? 'bob' : 'alice'
  const fingerprint = (party: Party) => text(sideOf(exchange, party), 'fingerprint') as Fingerprint
  const who = { initiator: fingerprint(initiator), responder: fingerprint(other(initiator)) }
  const secretOf = (field: string) => {
    const user = new TextEncoder().encode(text(run, field).normalize('NFC'))
    return smpSecret(user, { ...who, ssid: octets(run, 'ssid') })
  }
  const [x, y] = [secretOf('initiator_answer'), secretOf('responder_answer')]
  check.same('x', reduced(x), octets(run, 'x'))
  check.same('y', reduced(y), octets(run, 'y'))

  const first = begin(x, text(run, 'question'), draws(run, 'initiator_random', ['a2', 'a3', 'r2', 'r3']))
  check.same('smp1', first.message, octets(run, 'smp1'))
  const smp1 = decodeSmp1(first.message)
  check.equal('question', smp1?.question, text(run, 'question'))
  if (!smp1 || !isProven(smp1)) throw new Error('smp1 is refused')

  const bob = ['b2', 'b3', 'r2', 'r3', 'r4', 'r5', 'r6']
  const second = reply(y, smp1, draws(run, 'responder_random', bob))
  check.same('smp2', second.message, octets(run, 'smp2'))

  const smp2 = decodeSmp2(second.message)
  const third = smp2 && compare(first.state, smp2, draws(run, 'initiator_random2', ['r4', 'r5', 'r6', 'r7']))
  if (!third) throw new Error('smp2 is refused')
  check.same('smp3', third.message, octets(run, 'smp3'))

  const smp3 = decodeSmp3(third.message)
  const fourth = smp3 && conclude(second.state, smp3, draws(run, 'responder_random2', ['r7']))
  if (!fourth) throw new Error('smp3 is refused')
  check.same('smp4', fourth.message, octets(run, 'smp4'))
  check.equal('equal, to the responder', fourth.isEqual, flag(run, 'equal'))

  const smp4 = decodeSmp4(fourth.message)
  check.equal('equal, to the initiator', smp4 && finish(third.state, smp4), flag(run, 'equal'))
}

/** All that runs of SMP have drawn: what is left are keys. */
export function smpDraws(runs: readonly Json[]): ReadonlySet<string> {
  const names = ['initiator_random', 'responder_random', 'initiator_random2', 'responder_random2']
  return new Set(runs.flatMap((run) => names.flatMap((name) => Object.values(part(run, name)).map(String))))
}
