/**
 * Replays the vectors of XZDH, "Non-Interactive DAKE Overview", with what the
 * program has of it: keys, hashes, profiles and ring signatures. The program does
 * not speak XZDH; the octets of its messages are put together here.
 */
import { ed448Sign, ed448Verify } from '../../../src/crypto.ts'
import { signedForm } from '../../../src/otr/dake.ts'
import { dh, generateDh, isInGroup } from '../../../src/otr/dh.ts'
import { ecdh, generateEcdh, publicPoint, secretScalar } from '../../../src/otr/ed448.ts'
import type { IdentityKeys } from '../../../src/otr/identity.ts'
import { kdf } from '../../../src/otr/kdf.ts'
import { type MixedSecret, ssidOf, thirdBraceKey } from '../../../src/otr/keys.ts'
import { validateClientProfile } from '../../../src/otr/profile.ts'
import { type Ring, sign, verify } from '../../../src/otr/ring.ts'
import { Writer } from '../../../src/wire/writer.ts'
import { bytesOf, drawing, recordedAt, ringDraws } from './exchange.ts'
import { type Check, type Json, mpi, number, octets, part, point, pointOf, text } from './reading.ts'

export function replayXzdh(file: Json, check: Check): void {
  const bob = part(file, 'bob')
  const alice = part(file, 'alice')
  for (const side of [bob, alice]) checkSide(side, check)
  checkPrekeys(bob, check)
  const tmpKey = checkSecrets(file, check)
  const t = transcript(file, check)
  const authMacKey = kdf('authMacKey', [tmpKey], 64)
  const authMac = kdf('authMac', [authMacKey, t], 64)
  check.same('auth_mac_k', authMacKey, octets(part(file, 'derived'), 'auth_mac_k'))
  for (const form of ['data', 'raw'] as const) {
    const auth = part(part(file, 'non_interactive_auth'), form)
    check.same(`${form} auth MAC`, authMac, octets(auth, 'auth_mac'))
    const signed = form === 'data' ? signedForm(t) : t
    const ring: Ring = [point(bob, 'F'), point(alice, 'H'), point(bob, 'Y')]
    const sigma = sign(ring, identityOf(alice), signed, drawing(ringDraws(part(alice, 'ring_random'))))
    check.same(`${form} sigma`, sigma, octets(auth, 'sigma'))
    check.true(`${form} sigma verifies`, verify(ring, sigma, signed))
    check.same(`${form} message`, nonInteractiveAuth(file, sigma, authMac), octets(auth, 'message'))
    check.same(`${form} wire`, bytesOf(auth, 'wire'), octets(auth, 'message'))
  }
}

function identityOf(side: Json): IdentityKeys {
  const symmetricKey = octets(side, 'sym_h')
  return { symmetricKey, publicKey: publicPoint(symmetricKey), forgingKey: octets(side, 'F') }
}

function checkSide(side: Json, check: Check): void {
  check.same('H', identityOf(side).publicKey, octets(side, 'H'))
  const senderTag = number(side, 'instance_tag')
  const profile = validateClientProfile(octets(side, 'client_profile'), { senderTag, wall: recordedAt })
  check.true('client profile', 'fingerprint' in profile)
  if (!('fingerprint' in profile)) return
  check.same('profile H', profile.publicKey.bytes, octets(side, 'H'))
  check.same('profile F', profile.forgingKey.bytes, octets(side, 'F'))
}

/** "Prekey Profile Data Type": owner tag, expiry, `11 00` and D, signature of these. "Prekey Message": id, tag, Y, B. */
function checkPrekeys(bob: Json, check: Check): void {
  check.same('D', publicPoint(octets(bob, 'shared_prekey_sym_d')), octets(bob, 'D'))
  const profile = octets(bob, 'prekey_profile')
  const [body, signature] = [profile.subarray(0, -114), profile.subarray(-114)]
  const expiry = body.subarray(4, 12)
  const made = new Writer().u32(number(bob, 'instance_tag')).bytes(expiry).bytes(sharedPrekey(bob)).done()
  check.same('prekey profile', made, body)
  check.same('prekey profile signature', ed448Sign(octets(bob, 'sym_h'), body), signature)
  check.true('prekey profile verifies', ed448Verify(octets(bob, 'H'), body, signature))

  const { ecdh: y, dh: b } = ephemeral(bob, ['Y_random', 'B_random_80'])
  check.same('Y', y.public, octets(bob, 'Y'))
  check.same('B', mpi(b.public), octets(bob, 'B_mpi'))
  const message = header(0x0f).u32(number(bob, 'prekey_message_id')).u32(number(bob, 'instance_tag'))
  message.bytes(y.public).bytes(mpi(b.public))
  check.same('prekey message', message.done(), octets(bob, 'prekey_message'))
  check.same('prekey message wire', bytesOf(bob, 'prekey_message_wire'), octets(bob, 'prekey_message'))
}

/** tmp_k = KDF(usage_tmp_key || K_ecdh || ECDH(x, D) || ECDH(x, Hb) || brace_key, 64), of both sides. */
function checkSecrets(file: Json, check: Check): Uint8Array {
  const [bob, alice, derived] = [part(file, 'bob'), part(file, 'alice'), part(file, 'derived')]
  const x = ephemeral(alice, ['X_random', 'A_random_80'])
  const first = ephemeral(alice, ['ecdh_first_random', 'dh_first_random_80'])
  check.same('X', x.ecdh.public, octets(alice, 'X'))
  check.same('A', mpi(x.dh.public), octets(alice, 'A_mpi'))
  check.same('first ECDH', first.ecdh.public, octets(alice, 'ecdh_first'))
  check.same('first DH', mpi(first.dh.public), octets(alice, 'dh_first_mpi'))
  const y = ephemeral(bob, ['Y_random', 'B_random_80'])
  for (const value of [x.dh.public, first.dh.public, y.dh.public]) check.true('DH group', isInGroup(value))

  const X = pointOf(x.ecdh.public)
  const secrets = (['shared_prekey_sym_d', 'sym_h'] as const).map((name) => secretScalar(octets(bob, name)))
  const views = [
    {
      kEcdh: ecdh(x.ecdh.secret, pointOf(y.ecdh.public)),
      withD: ecdh(x.ecdh.secret, point(bob, 'D')),
      withH: ecdh(x.ecdh.secret, point(bob, 'H')),
      kDh: dh(x.dh.secret, y.dh.public),
    },
    {
      kEcdh: ecdh(y.ecdh.secret, X),
      withD: ecdh(secrets[0]!, X),
      withH: ecdh(secrets[1]!, X),
      kDh: dh(y.dh.secret, x.dh.public),
    },
  ]
  const tmpKeys = views.map(({ kEcdh, withD, withH, kDh }) => {
    check.same('K_ecdh', kEcdh, octets(derived, 'K_ecdh'))
    check.same('ECDH with D', withD, octets(derived, 'ecdh_x_sharedprekey'))
    check.same('ECDH with Hb', withH, octets(derived, 'ecdh_x_Hb'))
    check.same('k_dh', kDh, octets(derived, 'k_dh'))
    const brace = thirdBraceKey(kDh)
    check.same('brace_key', brace, octets(derived, 'brace_key'))
    const tmpKey = kdf('tmpKey', [kEcdh, withD, withH, brace], 64)
    check.same('tmp_k', tmpKey, octets(derived, 'tmp_k'))
    return tmpKey
  })
  const K = kdf('sharedSecret', [tmpKeys[0]!], 64) as MixedSecret
  check.same('K', K, octets(derived, 'K'))
  check.same('ssid', ssidOf(K), octets(derived, 'ssid'))
  check.same('root key', kdf('rootKey', [K], 64), octets(derived, 'root_key'))
  check.same('chain key', kdf('chainKey', [K], 64), octets(derived, 'chain_key'))
  return tmpKeys[0]!
}

/**
 * t = HWC(usage_non_int_auth_bob_client_profile || Bob_Client_Profile, 64) ||
 * HWC(usage_non_int_auth_alice_client_profile || Alice_Client_Profile, 64) ||
 * Y || X || B || A || their_shared_prekey || HWC(usage_non_int_auth_phi || phi, 64)
 *
 * with Alice's first keys alone in phi (D10).
 */
function transcript(file: Json, check: Check): Uint8Array {
  const [bob, alice, derived] = [part(file, 'bob'), part(file, 'alice'), part(file, 'derived')]
  const account = (side: Json): Uint8Array => new TextEncoder().encode(text(side, 'account'))
  const phi = new Writer().u32(number(alice, 'instance_tag')).u32(number(bob, 'instance_tag'))
  phi.bytes(octets(alice, 'ecdh_first')).bytes(octets(alice, 'dh_first_mpi'))
  phi.data(account(alice)).data(account(bob))
  check.same('phi', phi.done(), octets(derived, 'phi'))
  const t = new Writer(1200)
    .bytes(kdf('nonIntAuthBobClientProfile', [octets(bob, 'client_profile')], 64))
    .bytes(kdf('nonIntAuthAliceClientProfile', [octets(alice, 'client_profile')], 64))
  for (const value of [octets(bob, 'Y'), octets(alice, 'X'), octets(bob, 'B_mpi'), octets(alice, 'A_mpi')])
    t.bytes(value)
  t.bytes(sharedPrekey(bob)).bytes(kdf('nonIntAuthPhi', [phi.done()], 64))
  check.same('t', t.done(), octets(derived, 't'))
  return t.done()
}

/** "Non-Interactive-Auth Message" */
function nonInteractiveAuth(file: Json, sigma: Uint8Array, authMac: Uint8Array): Uint8Array {
  const [bob, alice] = [part(file, 'bob'), part(file, 'alice')]
  const message = header(0x0d).u32(number(alice, 'instance_tag')).u32(number(bob, 'instance_tag'))
  message.bytes(octets(alice, 'client_profile')).bytes(octets(alice, 'X')).bytes(octets(alice, 'A_mpi'))
  message.bytes(sigma).u32(number(bob, 'prekey_message_id')).bytes(authMac)
  return message.bytes(octets(alice, 'ecdh_first')).bytes(octets(alice, 'dh_first_mpi')).done()
}

const header = (type: number): Writer => new Writer(1600).u16(4).u8(type)

/** ED448-SHARED-PREKEY: its type is little-endian, as those of the other keys. */
const sharedPrekey = (bob: Json): Uint8Array => Uint8Array.from([0x11, 0x00, ...octets(bob, 'D')])

const ephemeral = (side: Json, [ecdhName, dhName]: readonly [string, string]) => ({
  ecdh: generateEcdh(() => octets(side, ecdhName)),
  dh: generateDh(() => octets(side, dhName)),
})
