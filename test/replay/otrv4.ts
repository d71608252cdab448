import { ed448Sign, shake256 } from '../../src/crypto.ts'
import { armor, unarmor } from '../../src/otr/armor.ts'
import { Conversation, type ConversationEvent } from '../../src/otr/conversation.ts'
import { phi, signedForm, transcript } from '../../src/otr/dake.ts'
import { dh, generateDh, isInGroup, readMpi } from '../../src/otr/dh.ts'
import {
  decodePoint,
  ecdh,
  encodeScalar,
  generateEcdh,
  littleEndian,
  mod,
  publicPoint,
  secretScalar,
} from '../../src/otr/ed448.ts'
import type { ExtraKey } from '../../src/otr/extrakey.ts'
import { fingerprintOf, type IdentityKeys } from '../../src/otr/identity.ts'
import { kdf, type Usage, usages } from '../../src/otr/kdf.ts'
import * as keys from '../../src/otr/keys.ts'
import { createClientProfile, validateClientProfile } from '../../src/otr/profile.ts'
import {
  beginSending,
  initiatorRatchet,
  open,
  type Ratchet,
  responderRatchet,
  seal,
} from '../../src/otr/ratchet.ts'
import { type Ring, sign, verify } from '../../src/otr/ring.ts'
import { decodePlaintext, type Plaintext, tlvType } from '../../src/otr/tlv.ts'
import { Reader } from '../../src/wire/reader.ts'
import {
  accountOf,
  afterDraws,
  agreedOf,
  bytesOf,
  companion,
  dataOf,
  drawing,
  drawList,
  drawsOf,
  identityOf,
  macKeys,
  onlyReply,
  other,
  type Party,
  pairsOf,
  parties,
  partyOf,
  phiOf,
  recordedAt,
  ringDraws,
  sharedOf,
  sideOf,
  viewOf,
} from './otrv4/exchange.ts'
import { replayFragments } from './otrv4/fragments.ts'
import {
  array,
  Check,
  field,
  flag,
  hex,
  type Json,
  list,
  mpi,
  NotRun,
  number,
  object,
  octets,
  part,
  point,
  pointOf,
  tag,
  text,
  toHex,
} from './otrv4/reading.ts'
import { replaySmpRun, smpDraws } from './otrv4/smp.ts'
import { replayXzdh } from './otrv4/xzdh.ts'
import type { Replay } from './outcome.ts'

export const replayOtrv4: Replay = (name, json) => {
  try {
    const file = object(json, name)
    const kind = kinds.find(({ prefix }) => name.startsWith(prefix)) ?? kinds.find(({ isOf }) => isOf(file))
    if (!kind) return { kind: 'not-run', why: `${name}: no known kind of file` }
    const check = new Check()
    kind.run(file, check)
    return check.outcome()
  } catch (error) {
    if (error instanceof NotRun) return { kind: 'not-run', why: error.message }
    return { kind: 'failed', why: `${name}: ${error instanceof Error ? error.message : String(error)}` }
  }
}

interface Kind {
  readonly prefix: string
  readonly isOf: (file: Json) => boolean
  readonly run: (file: Json, check: Check) => void
}

const has =
  (...fields: readonly string[]) =>
  (file: Json): boolean =>
    fields.every((field) => field in file)

const isKdf = (file: Json): boolean => has('cases')(file) && 'usage_id' in (list(file, 'cases')[0] ?? {})
const isTieBreak = (file: Json): boolean => has('cases')(file) && 'B_mpi' in (list(file, 'cases')[0] ?? {})
const isRing = (file: Json): boolean => has('cases')(file) && 'A1' in (list(file, 'cases')[0] ?? {})

/** In the order in which a shape is recognized: the more particular ones first. */
const kinds: readonly Kind[] = [
  { prefix: 'kdf', isOf: isKdf, run: replayKdf },
  { prefix: 'keys', isOf: has('key_pairs'), run: replayKeys },
  { prefix: 'validation', isOf: has('points', 'dh_publics'), run: replayValidation },
  { prefix: 'ring-signature', isOf: isRing, run: replayRing },
  { prefix: 'client-profile', isOf: has('signed_bytes'), run: replayProfile },
  { prefix: 'smp', isOf: has('smp', 'steps'), run: replaySmp },
  { prefix: 'extra-symmetric-key', isOf: has('extra_symmetric_keys', 'steps'), run: replayExtraKeys },
  { prefix: 'fragments', isOf: has('fragments'), run: replayFragments },
  { prefix: 'tie-break', isOf: isTieBreak, run: replayTieBreak },
  { prefix: 'xzdh', isOf: has('bob', 'non_interactive_auth'), run: replayXzdh },
  { prefix: 'tampered-messages', isOf: has('honest', 'cases'), run: replayTampered },
  { prefix: 'framing', isOf: has('tlv', 'mpi'), run: replayFraming },
  { prefix: 'dake', isOf: has('initiator_bob', 'derived'), run: replayDake },
  { prefix: 'ratchet', isOf: has('dake', 'steps'), run: replaySteps },
  { prefix: 'disconnect', isOf: has('dake', 'steps'), run: replaySteps },
]

// ---- kinds without a conversation

function replayKdf(file: Json, check: Check): void {
  const known = new Map<number, Usage>(Object.entries(usages).map(([usage, id]) => [id, usage as Usage]))
  for (const item of list(file, 'cases')) {
    const id = number(item, 'usage_id')
    const usage = known.get(id)
    const label = `kdf ${text(item, 'usage')}`
    if (usage === undefined) throw new Error(`${label}: unknown usage`)
    check.same(label, kdf(usage, [octets(item, 'values')], number(item, 'size')), octets(item, 'output'))
  }
}

function replayKeys(file: Json, check: Check): void {
  for (const item of list(file, 'key_pairs')) {
    const symmetricKey = octets(item, 'sym_key')
    const secret = secretScalar(symmetricKey)
    const [publicKey, forgingKey] = [publicPoint(symmetricKey), publicPoint(octets(item, 'forging_sym_key'))]
    check.same('pruned secret', secret, octets(item, 'pruned_secret_le'))
    check.same('secret mod q', encodeScalar(mod(littleEndian(secret))), octets(item, 'secret_mod_q_le'))
    check.same('public key', publicKey, octets(item, 'public_key'))
    check.same('forging key', forgingKey, octets(item, 'forging_public'))
    check.equal('fingerprint', fingerprintOf({ publicKey, forgingKey }), text(item, 'fingerprint'))
    const signature = ed448Sign(symmetricKey, octets(item, 'message'))
    check.same('EdDSA signature', signature, octets(item, 'eddsa_signature'))
    // The encodings are seen inside a profile, where they belong.
    const identity = { symmetricKey, publicKey, forgingKey }
    const profile = toHex(createClientProfile({ identity, instanceTag: 0x100, expires: 0 }))
    check.true('public key encoded', profile.includes(`0002${text(item, 'ed448_pubkey_encoded')}`))
    check.true('forging key encoded', profile.includes(`0003${text(item, 'forging_key_encoded')}`))
  }
  for (const item of list(file, 'ecdh')) {
    const a = generateEcdh(() => octets(item, 'a_random'))
    const b = generateEcdh(() => octets(item, 'b_random'))
    check.same('A', a.public, octets(item, 'A'))
    check.same('B', b.public, octets(item, 'B'))
    check.same('K_ecdh', ecdh(a.secret, point(item, 'B')), octets(item, 'K_ecdh'))
    check.same('K_ecdh', ecdh(b.secret, point(item, 'A')), octets(item, 'K_ecdh'))
  }
  for (const item of list(file, 'dh')) {
    const a = generateDh(() => octets(item, 'a_random_80'))
    const b = generateDh(() => octets(item, 'b_random_80'))
    check.same('A', mpi(a.public), octets(item, 'A_mpi'))
    check.same('B', mpi(b.public), octets(item, 'B_mpi'))
    for (const shared of [dh(a.secret, b.public), dh(b.secret, a.public)]) {
      check.same('k_dh', shared, octets(item, 'k_dh'))
      check.same('brace_key', keys.thirdBraceKey(shared), octets(item, 'brace_key'))
    }
  }
}

function replayValidation(file: Json, check: Check): void {
  for (const item of list(file, 'points')) {
    check.equal(text(item, 'name'), decodePoint(octets(item, 'encoding')) !== undefined, flag(item, 'valid'))
  }
  for (const item of list(file, 'dh_publics')) {
    const reader = new Reader(octets(item, 'mpi'))
    const value = readMpi(reader)
    check.equal(text(item, 'name'), reader.isComplete && isInGroup(value), flag(item, 'valid'))
  }
}

function replayRing(file: Json, check: Check): void {
  for (const [i, item] of list(file, 'cases').entries()) {
    const ring = ['A1', 'A2', 'A3'].map((name) => point(item, name)) as unknown as Ring
    const plain = octets(item, 'message')
    const message = text(item, 'message_encoding') === 'data' ? signedForm(plain) : plain
    const sigma = octets(item, 'sigma')
    const label = `ring ${i} ${field(item, 'name') ?? ''}`
    check.equal(`${label} verifies`, verify(ring, sigma, message), flag(item, 'valid'))
    if (!('signer_sym_key' in item)) continue
    const symmetricKey = octets(item, 'signer_sym_key')
    const signer = { symmetricKey, publicKey: publicPoint(symmetricKey) }
    check.equal(
      `${label} signer`,
      ring.findIndex((key) => toHex(key.bytes) === toHex(signer.publicKey)),
      number(item, 'signer_index'),
    )
    check.same(`${label} sigma`, sign(ring, signer, message, drawing(ringDraws(part(item, 'random')))), sigma)
  }
}

function replayProfile(file: Json, check: Check): void {
  const symmetricKey = octets(file, 'sym_h')
  const identity: IdentityKeys = {
    symmetricKey,
    publicKey: publicPoint(symmetricKey),
    forgingKey: octets(file, 'F'),
  }
  const instanceTag = tag(field(file, 'instance_tag'))
  const expires = number(file, 'expiration')
  check.same('H', identity.publicKey, octets(file, 'H'))
  check.equal('fingerprint', fingerprintOf(identity), text(file, 'fingerprint'))
  const made = createClientProfile({ identity, instanceTag, expires })
  check.same('signed bytes', made.subarray(4, -114), octets(file, 'signed_bytes'))
  for (const [i, item] of list(file, 'cases').entries()) {
    const label = text(item, 'name')
    const profile = octets(item, 'profile')
    const options = { senderTag: instanceTag, wall: recordedAt }
    const verdict = validateClientProfile(profile, options)
    check.equal(label, 'bytes' in verdict, flag(item, 'valid'))
    // A signature that is wrong is found before anything else is looked at, and only then.
    if (field(item, 'signature_valid') === false)
      check.true(`${label}: signature`, 'kind' in verdict && verdict.kind === 'signature')
    if (field(item, 'signature_valid') === true && 'kind' in verdict)
      check.true(`${label}: no fault of the signature`, verdict.kind !== 'signature')
    if (i === 0) check.same(label, made, profile)
  }
}

const tlvNames: readonly (readonly [keyof typeof tlvType, string])[] = [
  ['padding', 'padding'],
  ['disconnected', 'disconnected'],
  ['smp1', 'SMP 1'],
  ['smp2', 'SMP 2'],
  ['smp3', 'SMP 3'],
  ['smp4', 'SMP 4'],
  ['smpAbort', 'SMP abort'],
  ['extraKey', 'extra symmetric key'],
]

function replayFraming(file: Json, check: Check): void {
  for (const item of list(file, 'mpi')) {
    const reader = new Reader(octets(item, 'encoded'))
    const value = readMpi(reader)
    check.equal('mpi', reader.isComplete, field(item, 'valid') !== false)
    if (field(item, 'valid') === false) continue
    check.equal(
      'mpi value',
      littleEndian(Uint8Array.from([0, ...value]).reverse()),
      BigInt(text(item, 'value')),
    )
    check.same('mpi encoded', mpi(value), octets(item, 'encoded'))
  }
  const types = part(file, 'tlv')
  for (const [name, words] of tlvNames) check.equal('tlv', types[tlvType[name]], words)
  const first = { identity: 0x35, auth_r: 0x36, auth_i: 0x37, data: 0x03 }
  const prefixes = part(file, 'encoded_prefixes')
  for (const [name, type] of Object.entries(first)) {
    check.equal(name, armor(Uint8Array.of(0, 4, type)), `${text(prefixes, name)}.`)
  }
  // Query, whitespace tag and error message never go over a link (D12).
}

/** Nobody compares these here (D8): the hash of "Receiving an Identity Message" alone. */
function replayTieBreak(file: Json, check: Check): void {
  for (const item of list(file, 'cases')) {
    const reader = new Reader(octets(item, 'B_mpi'))
    const B = readMpi(reader)
    check.true('B', reader.isComplete && isInGroup(B))
    check.same('hash of B', shake256(32, mpi(B)), octets(item, 'hash'))
  }
}

// ---- a DAKE, and what may follow

function replayDake(file: Json, check: Check): void {
  checkDerivations(file, check)
  const run = new Run(file, drawsOf(file))
  run.exchange(check)
  if (!('bob_after' in file)) return
  const after = part(file, 'bob_after')
  const bob = initiatorRatchet(agreedOf(file, 'bob'), drawing(afterDraws(after)))
  if (bob.sending.kind !== 'ready') throw new Error('bob cannot send')
  check.same('bob root key', bob.rootKey, octets(after, 'root_key'))
  check.same('bob chain_s', bob.sending.chainKey, octets(after, 'chain_s'))
  check.same('bob ecdh', bob.sending.ecdh.public, octets(after, 'ecdh_public'))
  check.same('bob dh', mpi(bob.sending.dhPublic), octets(after, 'dh_public_mpi'))
}

/** phi, t, both signatures and every secret, each from what the file says goes into it. */
function checkDerivations(file: Json, check: Check): void {
  for (const party of parties) {
    const side = sideOf(file, party)
    const identity = identityOf(side)
    check.same('H', identity.publicKey, octets(side, 'H'))
    check.equal('fingerprint', fingerprintOf(identity), text(side, 'fingerprint'))
    const scalar = encodeScalar(mod(littleEndian(secretScalar(identity.symmetricKey))))
    check.same('secret scalar', scalar, octets(side, 'secret_scalar_mod_q_le'))
    const made = pairsOf(side, party)
    check.same('ECDH', made.ecdh.public, made.keys.ecdh)
    check.same('DH', made.dh.public, made.keys.dh)
    check.same('first ECDH', made.firstEcdh.public, made.keys.firstEcdh)
    check.same('first DH', made.firstDh.public, made.keys.firstDh)
  }
  const view = { bob: viewOf(file, 'bob'), alice: viewOf(file, 'alice') }
  for (const [kind, name, signer] of [
    ['auth-r', 'auth_r', 'alice'],
    ['auth-i', 'auth_i', 'bob'],
  ] as const) {
    const recorded = object(file[name], name)
    const shared = phi(phiOf(file, signer))
    check.same(`${name} phi`, shared, octets(recorded, 'phi'))
    const t = transcript(kind, view, shared)
    check.same(`${name} t`, t, octets(recorded, 't'))
    const ring = array(recorded, 'ring').map((key) => pointOf(hex(key, 'ring'))) as unknown as Ring
    const draws = drawing(ringDraws(part(recorded, 'random')))
    const sigma = sign(ring, identityOf(sideOf(file, signer)), signedForm(t), draws)
    check.same(`${name} sigma`, sigma, octets(recorded, 'sigma'))
  }
  checkSecrets(file, check)
}

function checkSecrets(file: Json, check: Check): void {
  const derived = part(file, 'derived')
  for (const party of parties) {
    const { kEcdh, kDh } = sharedOf(file, party)
    check.same('K_ecdh', kEcdh, octets(derived, 'K_ecdh'))
    check.same('k_dh', kDh, octets(derived, 'k_dh'))
    const brace = keys.thirdBraceKey(kDh)
    check.same('brace_key', brace, octets(derived, 'brace_key'))
    const K = keys.mixedSecret(kEcdh, brace)
    check.same('K', K, octets(derived, 'K'))
    check.same('ssid', keys.ssidOf(K), octets(derived, 'ssid'))
    check.same('first root key', keys.firstRootKey(K), octets(derived, 'first_root_key'))
  }
  const alice = responderRatchet(agreedOf(file, 'alice'))
  if (alice.sending.kind !== 'ready') throw new Error('alice cannot send')
  const kEcdh = ecdh(alice.sending.ecdh.secret, alice.theirEcdh)
  check.same('ratchet 0 K', keys.mixedSecret(kEcdh, alice.braceKey), octets(derived, 'ratchet0_K'))
  check.same('ratchet 0 root key', alice.rootKey, octets(derived, 'ratchet0_root_key'))
  const chainKey = octets(derived, 'ratchet0_chain_key_bob_receiving_alice_sending')
  check.same('ratchet 0 chain key', alice.sending.chainKey, chainKey)
}

/** Each run by itself, then all of them between conversations. */
function replaySmp(file: Json, check: Check): void {
  const runs = list(file, 'smp')
  for (const run of runs) replaySmpRun(part(file, 'dake'), run, check)
  const { results } = replaySteps(file, check)
  for (const party of parties) {
    const expected = runs.map((run) => (flag(run, 'equal') ? 'succeeded' : 'failed'))
    check.equal(`${party} results`, results[party].join(), expected.join())
  }
}

function replayExtraKeys(file: Json, check: Check): void {
  const { extraKeys } = replaySteps(file, check)
  const keys = part(file, 'extra_symmetric_keys')
  const derived = list(keys, 'derived')
  const bases = list(file, 'steps').map((step) => field(step, 'extra_symm_key'))
  check.true('base', bases.includes(text(keys, 'base')))
  for (const party of parties) {
    check.equal(`${party} keys`, extraKeys[party].length, derived.length)
    for (const [i, item] of derived.entries()) {
      const made = extraKeys[party][i]!
      check.same(`${party} context`, made.context, octets(item, 'context'))
      check.same(`${party} value`, made.value, octets(item, 'value'))
      check.same(`${party} key`, made.key, octets(item, 'key'))
    }
  }
}

/** Conversations make and take each message; beside them bare ratchets show their keys. */
function replaySteps(file: Json, check: Check): Run {
  const exchange = part(file, 'dake')
  const recorded = part(file, 'randomness')
  const draws = { alice: drawList(recorded, 'alice'), bob: drawList(recorded, 'bob') }
  const steps = list(file, 'steps')
  const runs = 'smp' in file ? list(file, 'smp') : []
  const run = new Run(exchange, draws, { steps, runs })
  run.exchange(check)
  const ofSmp = smpDraws(runs)
  const keysOnly = (list: readonly Uint8Array[]) => list.filter((draw) => !ofSmp.has(toHex(draw)))
  const keyDraws = { alice: keysOnly(draws.alice), bob: keysOnly(draws.bob) }
  const inside = new Inside(exchange, keyDraws, run.drawnByAlice)
  for (const [i, step] of steps.entries()) {
    const party = partyOf(step)
    const label = `step ${i}, ${party}`
    const kind = text(step, 'kind')
    if (kind !== 'data' && kind !== 'receive') throw new Error(`${label}: unknown kind ${kind}`)
    if (kind === 'data') run.makes(party, step, label, check)
    else run.takes(party, step, label, check)
    if (kind === 'data') inside.makes(party, step, label, check)
    else inside.takes(party, step, label, check)
  }
  run.isDone(check)
  return run
}

/** Each changed message to a receiver of its own, which ignores it and takes the honest one after it. */
function replayTampered(file: Json, check: Check): void {
  const exchange = 'dake' in file ? part(file, 'dake') : companion('dake')
  const honest = part(file, 'honest')
  const wires = { identity: 'identity', 'auth-r': 'auth_r', 'auth-i': 'auth_i', data: 'data' } as const
  for (const [wire, recorded] of [...Object.values(wires).slice(0, 3)].map((w) => [
    honest[w],
    part(exchange, 'messages')[w],
  ])) {
    if (wire !== recorded) throw new NotRun('its keys are in another file')
  }
  const untouched = new Map<string, Run>()
  for (const item of list(file, 'cases')) {
    const name = text(item, 'message')
    if (!(name in wires)) throw new Error(`unknown message ${name}`)
    const kind = name as keyof typeof wires
    const label = text(item, 'name')
    const party = partyOf({ party: field(item, 'receiver') })
    // One receiver takes all changes of one message, so that none may leave a trace.
    const run = untouched.get(kind) ?? new Run(exchange, drawsOf(exchange))
    if (!untouched.has(kind)) run.exchange(check, kind)
    untouched.set(kind, run)
    const changed = unarmor(text(item, 'wire'))
    if (changed) run.ignores(party, changed, label, check)
  }
  for (const [kind, run] of untouched) {
    const wire = bytesOf(honest, wires[kind as keyof typeof wires])
    run.resume(kind, wire, text(honest, 'data_plaintext'), check)
  }
}

/** Both sides of a recorded run: real conversations that draw what was drawn. */
class Run {
  readonly #conversations: Record<Party, Conversation>
  readonly #draws: Record<Party, Uint8Array[]>
  readonly #file: Json
  readonly #macKeys: ReadonlyMap<string, string> // by wire
  readonly #unrevealed: Record<Party, string[]> = { alice: [], bob: [] } // what otr4j did not accept, and we did
  readonly #runs: Json[] // of SMP, still to be begun
  #run: Json | undefined
  #asked = 0 // the last run that somebody was asked in
  readonly #replies: Record<Party, Uint8Array[]> = { alice: [], bob: [] }
  readonly results: Record<Party, string[]> = { alice: [], bob: [] } // of SMP
  readonly extraKeys: Record<Party, ExtraKey[]> = { alice: [], bob: [] }
  #now = 0
  drawnByAlice = 0

  constructor(
    file: Json,
    draws: Record<Party, readonly Uint8Array[]>,
    { steps = [], runs = [] }: { readonly steps?: readonly Json[]; readonly runs?: readonly Json[] } = {},
  ) {
    this.#file = file
    this.#runs = [...runs]
    this.#draws = { alice: [...draws.alice], bob: [...draws.bob] }
    this.#conversations = { alice: this.#open('alice'), bob: this.#open('bob') }
    const made = steps.filter((step) => field(step, 'kind') === 'data')
    this.#macKeys = new Map(made.map((step) => [text(step, 'wire'), text(step, 'MKmac')]))
  }

  #open(party: Party): Conversation {
    const side = sideOf(this.#file, party)
    const [own, peer] = [accountOf(this.#file, party), accountOf(this.#file, other(party))]
    return new Conversation({
      role: party === 'bob' ? 'initiator' : 'responder',
      identity: identityOf(side),
      instanceTag: tag(field(side, 'instance_tag')),
      profile: () => octets(side, 'client_profile'),
      ids: { own, peer },
      accepts: (fingerprint) => fingerprint === text(sideOf(this.#file, other(party)), 'fingerprint'),
      random: drawing(this.#draws[party]),
      wall: () => recordedAt,
    })
  }

  /** The DAKE, or the part of it before the named message is received. */
  exchange(check: Check, before?: string): void {
    const { alice, bob } = this.#conversations
    const messages = part(this.#file, 'messages')
    const drawn = this.#draws.alice.length
    check.same('identity', bob.start(this.#now), bytesOf(messages, 'identity'))
    if (before === 'identity') return
    const authR = alice.receive(bytesOf(messages, 'identity'), this.#now)
    this.drawnByAlice = drawn - this.#draws.alice.length
    check.same('auth-r', onlyReply(authR.replies), bytesOf(messages, 'auth_r'))
    if (before === 'auth-r') return
    const authI = bob.receive(bytesOf(messages, 'auth_r'), this.#now)
    check.same('auth-i', onlyReply(authI.replies), bytesOf(messages, 'auth_i'))
    this.#secured('bob', authI.events, check)
    if (before === 'auth-i') return
    this.#secured('alice', alice.receive(bytesOf(messages, 'auth_i'), this.#now).events, check)
  }

  #secured(party: Party, events: readonly ConversationEvent[], check: Check): void {
    const event = events[0]
    if (event?.kind !== 'secured') throw new Error(`${party}: not secured`)
    check.same(`${party} ssid`, event.ssid, octets(part(this.#file, 'derived'), 'ssid'))
    check.equal(`${party} peer`, event.fingerprint, text(sideOf(this.#file, other(party)), 'fingerprint'))
  }

  makes(party: Party, step: Json, label: string, check: Check): void {
    const plaintext = decodePlaintext(octets(step, 'plaintext'))
    if (!plaintext) throw new Error(`${label}: plaintext`)
    const isLast = plaintext.tlvs.some(({ type }) => type === tlvType.disconnected)
    const made = dataOf(this.#make(party, plaintext) ?? new Uint8Array(0), label)
    const recorded = dataOf(bytesOf(step, 'wire'), label)
    check.same(label, made.authenticated, recorded.authenticated)
    check.same(`${label} authenticator`, made.authenticator, recorded.authenticator)
    this.#reveals(party, { made: macKeys(made), recorded: macKeys(recorded), isLast, label }, check)
    const listed = array(step, 'revealed_mac_keys').map((key) => toHex(hex(key, 'revealed')))
    check.equal(`${label} reveal list`, macKeys(recorded).join(), listed.sort().join())
  }

  /** By what the message carries: a conversation makes each kind on another occasion. */
  #make(party: Party, plaintext: Plaintext): Uint8Array | undefined {
    const conversation = this.#conversations[party]
    const own = plaintext.tlvs.map(({ type }) => type).find((type) => type !== tlvType.padding)
    switch (own) {
      case tlvType.disconnected:
        return conversation.close(this.#now)
      case tlvType.smp1: {
        this.#now += 60_000 // else there may be too many runs, and too many that fail
        conversation.allowSmp()
        this.#run = this.#runs.shift() ?? {}
        const question = text(this.#run, 'question')
        return conversation.startSmp({ secret: text(this.#run, 'initiator_answer'), question }, this.#now)
      }
      case tlvType.smp2: {
        const secret = text(this.#run ?? {}, 'responder_answer')
        return conversation.answerSmp({ secret, run: this.#asked }, this.#now)
      }
      case tlvType.smp3:
      case tlvType.smp4:
        return this.#replies[party].shift()
      default: {
        const { message, keys } = conversation.encryptWithKeys(plaintext, this.#now)
        this.extraKeys[party].push(...keys)
        return message
      }
    }
  }

  isDone(check: Check): void {
    check.equal('runs of SMP left', this.#runs.length, 0)
    check.equal('replies left', this.#replies.alice.length + this.#replies.bob.length, 0)
  }

  /** The order is open. With the last message we reveal all there is, which the text asks only of an expired session. */
  #reveals(
    party: Party,
    { made, recorded, isLast, label }: { made: string[]; recorded: string[]; isLast: boolean; label: string },
    check: Check,
  ): void {
    if (isLast) {
      const known = [...this.#macKeys.values()]
      check.true(
        `${label} reveals`,
        recorded.every((key) => made.includes(key)),
      )
      check.true(
        `${label} reveals no other`,
        made.every((key) => known.includes(key)),
      )
      return
    }
    const expected = made.length === 0 ? recorded : [...recorded, ...this.#unrevealed[party].splice(0)]
    check.equal(`${label} reveals`, made.join(), expected.sort().join())
  }

  takes(party: Party, step: Json, label: string, check: Check): void {
    const { replies, events } = this.#conversations[party].receive(bytesOf(step, 'wire'), this.#now)
    this.#replies[party].push(...replies) // compared when they are sent
    const isTaken = events.some(({ kind }) => kind !== 'refused')
    check.equal(`${label} ok`, isTaken, flag(step, 'ok'))
    if (!isTaken) return
    check.equal(`${label} text`, textOf(events), text(step, 'text'))
    for (const event of events) this.#hear(party, event, check)
    const mkMac = this.#macKeys.get(text(step, 'wire'))
    if (field(step, 'otr4j_rejected') === true && mkMac) this.#unrevealed[party].push(mkMac)
  }

  #hear(party: Party, event: ConversationEvent, check: Check): void {
    if (event.kind === 'extra-key') this.extraKeys[party].push(event)
    if (event.kind !== 'smp') return
    if (event.state === 'asked') {
      check.equal('question', event.question, text(this.#run ?? {}, 'question'))
      this.#asked = event.run
    } else if (event.state === 'succeeded' || event.state === 'failed') this.results[party].push(event.state)
  }

  ignores(party: Party, message: Uint8Array, label: string, check: Check): void {
    if (message[2] === 0x35) this.#now += 60_000 // else the limit of DAKEs would ignore it, whatever it is
    const conversation = this.#conversations[party]
    const before = conversation.isSecured
    const { replies, events } = conversation.receive(message, this.#now)
    const harmless = events.every(({ kind }) => kind === 'refused')
    check.true(label, replies.length === 0 && harmless && conversation.isSecured === before)
  }

  /** The honest message after all the changed ones. */
  resume(kind: string, wire: Uint8Array, plaintext: string, check: Check): void {
    if (kind === 'identity') this.#now += 60_000
    const { alice, bob } = this.#conversations
    const messages = part(this.#file, 'messages')
    const { replies, events } = (kind === 'identity' || kind === 'auth-i' ? alice : bob).receive(
      wire,
      this.#now,
    )
    const [event] = events
    if (kind === 'identity') check.same('honest identity', onlyReply(replies), bytesOf(messages, 'auth_r'))
    if (kind === 'auth-r') check.same('honest auth-r', onlyReply(replies), bytesOf(messages, 'auth_i'))
    if (kind === 'auth-i') check.equal('honest auth-i', event?.kind, 'secured')
    if (kind === 'data')
      check.equal('honest data', event?.kind === 'message' ? event.text : undefined, plaintext)
  }
}

const textOf = (events: readonly ConversationEvent[]): string =>
  events.map((event) => (event.kind === 'message' ? event.text : '')).join('')

/** The ratchets alone, with the same draws: what is in them, and which stored key a message takes. */
class Inside {
  readonly #draws: Record<Party, (size: number) => Uint8Array>
  #ratchets: Record<Party, Ratchet>

  constructor(file: Json, draws: Record<Party, readonly Uint8Array[]>, drawnInExchange: number) {
    const bob = drawing(draws.bob.slice(drawnInExchange))
    this.#draws = { bob, alice: drawing(draws.alice.slice(drawnInExchange)) }
    this.#ratchets = {
      bob: initiatorRatchet(agreedOf(file, 'bob'), bob),
      alice: responderRatchet(agreedOf(file, 'alice')),
    }
  }

  makes(party: Party, step: Json, label: string, check: Check): void {
    const ratchet = beginSending(this.#ratchets[party], this.#draws[party])
    if (ratchet.sending.kind !== 'ready') throw new Error(`${label}: cannot send`)
    const { chainKey, ecdh: own } = ratchet.sending
    const kEcdh = ecdh(own.secret, ratchet.theirEcdh)
    check.same(`${label} K_ecdh`, kEcdh, octets(step, 'K_ecdh'))
    check.same(`${label} brace_key`, ratchet.braceKey, octets(step, 'brace_key'))
    check.same(`${label} K`, keys.mixedSecret(kEcdh, ratchet.braceKey), octets(step, 'K'))
    check.same(`${label} root_key`, ratchet.rootKey, octets(step, 'root_key'))
    const { mkEnc, extraKey } = keys.messageKeys(chainKey)
    check.same(`${label} MKenc`, mkEnc, octets(step, 'MKenc'))
    check.same(`${label} MKmac`, keys.macKey(mkEnc), octets(step, 'MKmac'))
    check.same(`${label} extra key`, extraKey, octets(step, 'extra_symm_key'))
    const { authenticated, ...header } = dataOf(bytesOf(step, 'wire'), label)
    for (const [name, value] of [
      ['ratchet_id', header.ratchetId],
      ['message_id', header.messageId],
      ['pn', header.pn],
      ['flags', header.flags],
    ] as const) {
      check.equal(`${label} ${name}`, value, number(step, name))
    }
    const sealed = seal(ratchet, { ...header, plaintext: octets(step, 'plaintext'), reveal: 'turn' })
    check.same(label, dataOf(sealed.message, label).authenticated, authenticated)
    const { sending } = sealed.ratchet
    if (sending.kind === 'ready')
      check.same(`${label} next chain key`, sending.chainKey, octets(step, 'chain_key_next'))
    this.#ratchets[party] = sealed.ratchet
  }

  takes(party: Party, step: Json, label: string, check: Check): void {
    const ratchet = this.#ratchets[party]
    const message = dataOf(bytesOf(step, 'wire'), label)
    const isStored = ratchet.skipped.find(message.ecdh, message.messageId) !== undefined
    check.equal(`${label} stored key`, isStored, flag(step, 'from_skipped_store'))
    const opened = open(ratchet, message, 0)
    check.equal(`${label} ok`, opened !== undefined, flag(step, 'ok'))
    if (!opened) return
    check.equal(`${label} ratchet_id`, message.ratchetId, number(step, 'ratchet_id'))
    check.equal(`${label} message_id`, message.messageId, number(step, 'message_id'))
    this.#ratchets[party] = opened.ratchet
  }
}
