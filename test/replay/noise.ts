/**
 * Replays test/vectors/noise: the handshake with the given ephemeral keys, from
 * both sides, then the transport messages. Every value of a case is compared.
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { aead } from '../../src/crypto.ts'
import {
  type Agreed,
  hkdf,
  NoiseInitiator,
  type NoiseOptions,
  respond,
} from '../../src/transport/link/noise.ts'
import type { Outcome, Replay } from './outcome.ts'

export const replayNoise: Replay = (_name, json) => {
  if (!isFile(json)) return { kind: 'not-run', why: 'no list of cases of NNpsk0' }
  const check = new Check()
  for (const [i, each] of json.cases.entries()) {
    if (!isCase(each)) return { kind: 'not-run', why: `case ${i} has other fields` }
    check.begin(`case ${i}`)
    replayCase(each, check)
  }
  return check.outcome
}

function replayCase(vector: Case, check: Check): void {
  const [first = none, second = none, ...texts] = vector.payloads.map(hexToBytes)
  const initiator = new NoiseInitiator(optionsOf(vector, vector.initiator_ephemeral), first)
  check.same('message 0', initiator.message, vector.messages[0])
  const response = respond(
    hexToBytes(vector.messages[0] ?? ''),
    optionsOf(vector, vector.responder_ephemeral),
    second,
  )
  check.same('payload 0', response?.payload, vector.payloads[0])
  check.same('message 1', response?.message, vector.messages[1])
  const answer = initiator.read(hexToBytes(vector.messages[1] ?? ''))
  check.same('payload 1', answer?.payload, vector.payloads[1])
  if (response) replayTransport(vector, texts, response, check)
  if (answer) replayTransport(vector, texts, answer, check)
}

function replayTransport(vector: Case, texts: readonly Uint8Array[], { h, ck }: Agreed, check: Check): void {
  const keys = hkdf(ck)
  check.same('handshake hash', h, vector.handshake_hash)
  check.same('chaining key', ck, vector.chaining_key)
  check.same('key of the initiator', keys[0], vector.key_initiator_to_responder)
  check.same('key of the responder', keys[1], vector.key_responder_to_initiator)
  for (const [i, text] of texts.entries()) {
    const nonce = new Uint8Array(12)
    nonce[4] = Math.floor(i / 2)
    const sealed = aead(keys[i % 2 === 0 ? 0 : 1]).seal(nonce, none, text)
    check.same(`message ${i + 2}`, sealed, vector.messages[i + 2])
  }
}

const optionsOf = (vector: Case, secret: string): NoiseOptions => ({
  prologue: hexToBytes(vector.prologue),
  psk: hexToBytes(vector.psk),
  secret: hexToBytes(secret),
})

class Check {
  #checks = 0
  #where = ''
  #why: string | undefined

  get outcome(): Outcome {
    if (this.#why !== undefined) return { kind: 'failed', why: this.#why }
    if (this.#checks === 0) return { kind: 'not-run', why: 'no cases' }
    return { kind: 'passed', checks: this.#checks }
  }

  begin(where: string): void {
    this.#where = where
  }

  same(what: string, actual: Uint8Array | undefined, expected: string | undefined): void {
    this.#checks++
    const hex = actual && bytesToHex(actual)
    if (hex === undefined || hex !== expected)
      this.#why ??= `${this.#where}: ${what} is ${hex}, not ${expected}`
  }
}

const none = new Uint8Array(0)

interface Case {
  readonly prologue: string
  readonly psk: string
  readonly initiator_ephemeral: string
  readonly responder_ephemeral: string
  readonly payloads: readonly string[]
  readonly messages: readonly string[]
  readonly handshake_hash: string
  readonly chaining_key: string
  readonly key_initiator_to_responder: string
  readonly key_responder_to_initiator: string
}

const keyFields = [
  'psk',
  'initiator_ephemeral',
  'responder_ephemeral',
  'handshake_hash',
  'chaining_key',
  'key_initiator_to_responder',
  'key_responder_to_initiator',
]

const known = new Set([...keyFields, 'origin', 'prologue', 'payloads', 'messages'])

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isHex = (value: unknown): value is string =>
  typeof value === 'string' && /^(?:[\da-f]{2})*$/.test(value)

const isHexList = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isHex)

function isFile(json: unknown): json is { readonly cases: readonly unknown[] } {
  const { protocol, cases } = (isObject(json) ? json : {}) as { protocol?: unknown; cases?: unknown }
  return protocol === 'Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s' && Array.isArray(cases)
}

function isCase(value: unknown): value is Case {
  if (!isObject(value) || Object.keys(value).some((key) => !known.has(key))) return false
  const { prologue, payloads, messages } = value as { [key in keyof Case]?: unknown }
  if (!keyFields.every((key) => isHex(value[key]) && value[key].length === 64)) return false
  if (!isHex(prologue) || !isHexList(payloads) || !isHexList(messages)) return false
  return messages.length >= 2 && messages.length === payloads.length
}
