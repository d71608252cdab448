/**
 * DAKEZ, the interactive deniable key exchange, as values: each message makes
 * the next state. Bob is the initiator, Alice the responder. OTRv4,
 * "Interactive DAKE Overview".
 */
import { equal, type Random, wipe } from '../crypto.ts'
import { Writer } from '../wire/writer.ts'
import { type DhKeys, dh, generateDh, isInGroup, writeMpi } from './dh.ts'
import { decodePoint, type EcdhKeys, ecdh, generateEcdh, ownPoint, type Point } from './ed448.ts'
import type { IdentityKeys } from './identity.ts'
import { kdf, type Usage } from './kdf.ts'
import {
  decapsulate,
  type Encapsulation,
  encapsulate,
  generateKem,
  isEncapsulationKey,
  type KemKeys,
} from './kem.ts'
import { type MixedSecret, mixedSecret, ssidOf, thirdBraceKey } from './keys.ts'
import {
  type AuthI,
  type AuthR,
  type DakeKeys,
  encodeAuthI,
  encodeAuthR,
  encodeIdentity,
  type Identity,
} from './message.ts'
import { type ClientProfile, type ProfileFault, validateClientProfile } from './profile.ts'
import { type Agreed, initiatorRatchet, type Ratchet, responderRatchet } from './ratchet.ts'
import { type Ring, sign, verify } from './ring.ts'

/** Ourselves in one DAKE. */
export interface Self {
  readonly identity: IdentityKeys
  readonly tag: number
  readonly profile: Uint8Array
  readonly isPostQuantum: boolean // what the profile announces
  readonly id: Uint8Array // phi's, ours (D2)
  readonly peerId: Uint8Array // phi's, the peer's
  readonly random: Random
}

/** Bob after Identity. */
export interface WaitingAuthR {
  readonly kind: 'waiting-auth-r'
  readonly self: Self
  readonly secrets: Secrets
  readonly kem: KemKeys | undefined // with the extension
}

/** Alice after Auth-R; K is known, and nothing is shown or sent before Auth-I proves who has it. */
export interface WaitingAuthI {
  readonly kind: 'waiting-auth-i'
  readonly agreed: Agreed
  readonly ssid: Uint8Array
  readonly bob: ClientProfile
  readonly ring: Ring
  readonly signed: Uint8Array
}

/** What a DAKE ends with. */
export interface Established {
  readonly ratchet: Ratchet
  readonly ssid: Uint8Array // 8 octets
  readonly peer: ClientProfile
}

/** Why a message of a DAKE is refused. `keys`: a point or an integer of no use; `sigma`: the proof. */
export type DakeFault = ProfileFault | { readonly kind: 'keys' | 'sigma' }

/** Validated: who speaks, and the public keys they brought. */
export interface Party {
  readonly profile: ClientProfile
  readonly keys: TheirKeys
  readonly kem: Uint8Array // ek or ct, by the kind of message, or empty
}

interface TheirKeys extends DakeKeys {
  readonly ecdhPoint: Point
  readonly firstEcdhPoint: Point
}

interface Secrets {
  readonly ecdh: EcdhKeys
  readonly dh: DhKeys
  readonly firstEcdh: EcdhKeys
  readonly firstDh: DhKeys
}

/** "Identity Message": Bob's first step. */
export function start(self: Self): { readonly state: WaitingAuthR; readonly message: Uint8Array } {
  const secrets = generateKeys(self.random)
  const kem = self.isPostQuantum ? generateKem(self.random) : undefined
  const message = encodeIdentity({
    senderTag: self.tag,
    receiverTag: 0,
    profile: self.profile,
    keys: publicKeys(secrets),
    kem: kem?.public ?? none,
  })
  return { state: { kind: 'waiting-auth-r', self, secrets, kem }, message }
}

/**
 * "To verify an Identity message" and an Auth-R message, up to its proof. Profile first: it is cheap.
 *
 * @param own - our H
 */
export function validate(
  message: Identity | AuthR,
  { own, wall }: { readonly own: Uint8Array; readonly wall: number },
): Party | DakeFault {
  const { profile: bytes, keys, kem, senderTag } = message
  const profile = validateClientProfile(bytes, { senderTag, wall })
  if ('kind' in profile) return profile
  // The signed letter says whether there is a key: neither can be stripped without the other.
  if (message.kind === 'identity') {
    if (profile.isPostQuantum !== kem.length > 0) return { kind: 'keys' }
    if (profile.isPostQuantum && !isEncapsulationKey(kem)) return { kind: 'keys' }
  }
  if (!isInGroup(keys.dh) || !isInGroup(keys.firstDh)) return { kind: 'keys' }
  const ecdhPoint = decodePoint(keys.ecdh)
  const firstEcdhPoint = ecdhPoint && decodePoint(keys.firstEcdh)
  if (!firstEcdhPoint || !makesRing(own, profile.forgingKey.bytes, keys.ecdh)) return { kind: 'keys' }
  return { profile, keys: { ...keys, ecdhPoint, firstEcdhPoint }, kem }
}

/**
 * RSig is defined for three keys, and the peer chooses two of the ring that we
 * sign in: its F and its Y or X. In the ring that the peer signs in, F and the
 * ephemeral key are ours, and its H is one whose secret it knows: it signed the
 * profile.
 */
const makesRing = (own: Uint8Array, forgingKey: Uint8Array, ephemeral: Uint8Array): boolean =>
  !equal(own, forgingKey) && !equal(own, ephemeral) && !equal(forgingKey, ephemeral)

/** "Auth-R Message": Alice's step, for a validated Identity. */
export function answer(
  self: Self,
  bob: Party,
): { readonly state: WaitingAuthI; readonly message: Uint8Array } {
  const secrets = generateKeys(self.random)
  const tags = { senderTag: self.tag, receiverTag: bob.profile.instanceTag }
  const keys = publicKeys(secrets)
  const phis = { ...tags, own: keys, theirs: bob.keys, ownId: self.id, theirId: self.peerId }
  const sides = {
    bob: { profile: bob.profile.bytes, keys: bob.keys },
    alice: { profile: self.profile, keys },
  }
  const own = ownPoint(self.identity.publicKey)
  const isHybrid = self.isPostQuantum && bob.profile.isPostQuantum
  const kem = isHybrid ? encapsulate(bob.kem, self.random) : undefined

  const t = transcript('auth-r', sides, phi(phis), kem)
  const ring: Ring = [bob.profile.forgingKey, own, bob.keys.ecdhPoint]
  const sigma = sign(ring, self.identity, signedForm(t), self.random)

  const signed = signedForm(transcript('auth-i', sides, phi(swap(phis)), kem))
  const { secret, agreed } = agree(secrets, bob.keys, kem)
  const state: WaitingAuthI = {
    kind: 'waiting-auth-i',
    agreed,
    ssid: ssidOf(secret),
    bob: bob.profile,
    ring: [bob.profile.publicKey, ownPoint(self.identity.forgingKey), ownPoint(keys.ecdh)],
    signed,
  }
  const profile = self.profile
  return { state, message: encodeAuthR({ ...tags, profile, keys, sigma, kem: kem?.ct ?? none }) }
}

/** "To verify an Auth-R message": its proof. Bob knows then who Alice is, and has shown nothing of himself. */
export function verifyAuthR(state: WaitingAuthR, alice: Party, sigma: Uint8Array): boolean {
  if (isHybridWith(state, alice) !== alice.kem.length > 0) return false
  const { sides, phis, kem } = bobsView(state, alice)
  const t = transcript('auth-r', sides, phi(swap(phis)), kem)
  const ownY = ownPoint(sides.bob.keys.ecdh)
  return verify(
    [ownPoint(state.self.identity.forgingKey), alice.profile.publicKey, ownY],
    sigma,
    signedForm(t),
  )
}

/** "Auth-I Message": Bob's last step, for a verified Auth-R. */
export function finish(
  state: WaitingAuthR,
  alice: Party,
): { readonly established: Established; readonly message: Uint8Array } {
  const { self } = state
  const { sides, phis, kem } = bobsView(state, alice)
  const t = transcript('auth-i', sides, phi(phis), kem)
  const ring: Ring = [ownPoint(self.identity.publicKey), alice.profile.forgingKey, alice.keys.ecdhPoint]
  const sigma = sign(ring, self.identity, signedForm(t), self.random)

  const encapsulation = state.kem && kem ? decapsulate(state.kem, kem.ct) : undefined
  const { secret, agreed } = agree(state.secrets, alice.keys, encapsulation)
  if (state.kem) wipe(state.kem.secret)
  const ssid = ssidOf(secret)
  const ratchet = initiatorRatchet(agreed, self.random)
  const { senderTag, receiverTag } = phis
  return {
    established: { ratchet, ssid, peer: alice.profile },
    message: encodeAuthI({ senderTag, receiverTag, sigma }),
  }
}

/** "To verify an Auth-I message": Alice's last step; `undefined` if the proof is wrong. */
export function conclude(state: WaitingAuthI, { senderTag, sigma }: AuthI): Established | undefined {
  const { bob, ring, signed, ssid, agreed } = state
  if (senderTag !== bob.instanceTag || !verify(ring, sigma, signed)) return undefined
  return { ratchet: responderRatchet(agreed), ssid, peer: bob }
}

/** Overwrites the secrets of a DAKE that leads nowhere. */
export function abandon(state: WaitingAuthR | WaitingAuthI): void {
  if (state.kind === 'waiting-auth-i') {
    wipe(state.agreed.secret, state.agreed.ecdh.secret, state.agreed.dh.secret)
    return
  }
  const { ecdh, dh, firstEcdh, firstDh } = state.secrets
  if (state.kem) wipe(state.kem.secret)
  wipe(ecdh.secret, dh.secret, firstEcdh.secret, firstDh.secret)
}

export interface Phi {
  readonly senderTag: number
  readonly receiverTag: number
  readonly own: Pick<DakeKeys, 'firstEcdh' | 'firstDh'> // the sender's
  readonly theirs: Pick<DakeKeys, 'firstEcdh' | 'firstDh'>
  readonly ownId: Uint8Array
  readonly theirId: Uint8Array
}

/** "Shared Session State", of the sender of a message first; both ids as DATA (D2). */
export function phi({ senderTag, receiverTag, own, theirs, ownId, theirId }: Phi): Uint8Array {
  const writer = new Writer(1024).u32(senderTag).u32(receiverTag)
  writeMpi(writer.bytes(own.firstEcdh), own.firstDh)
  writeMpi(writer.bytes(theirs.firstEcdh), theirs.firstDh)
  return writer.data(ownId).data(theirId).done()
}

const swap = ({ senderTag, receiverTag, own, theirs, ownId, theirId }: Phi): Phi => ({
  senderTag: receiverTag,
  receiverTag: senderTag,
  own: theirs,
  theirs: own,
  ownId: theirId,
  theirId: ownId,
})

interface Side {
  readonly profile: Uint8Array
  readonly keys: Pick<DakeKeys, 'ecdh' | 'dh'>
}

export interface Sides {
  readonly bob: Side
  readonly alice: Side
}

/**
 * t = 0x0 || HWC(usage_auth_r_bob_client_profile || Bob_Client_Profile, 64) ||
 * HWC(usage_auth_r_alice_client_profile || Alice_Client_Profile, 64) || Y || X ||
 * B || A || HWC(usage_auth_r_phi || phi, 64)
 *
 * and with 0x1 and the usages of Auth-I for the other. With the extension both
 * end in || ek || ct.
 */
export function transcript(
  kind: 'auth-r' | 'auth-i',
  { bob, alice }: Sides,
  phi: Uint8Array,
  kem?: Pick<Encapsulation, 'ek' | 'ct'>,
): Uint8Array {
  const { mark, usages } = forms[kind]
  const t = new Writer(1200).u8(mark)
  t.bytes(kdf(usages.bob, [bob.profile], 64)).bytes(kdf(usages.alice, [alice.profile], 64))
  t.bytes(bob.keys.ecdh).bytes(alice.keys.ecdh)
  writeMpi(writeMpi(t, bob.keys.dh), alice.keys.dh)
  t.bytes(kdf(usages.phi, [phi], 64))
  return kem ? t.bytes(kem.ek).bytes(kem.ct).done() : t.done()
}

/** D1: the ring signature is over DATA(t), as otr4j and otrr have it; the text says t. They do not interoperate. */
export const signedForm = (t: Uint8Array): Uint8Array => new Writer(4 + t.length).data(t).done()

/** K = KDF(usage_shared_secret || K_ecdh || brace_key, 64) of the first two pairs, which are overwritten. */
function agree(
  secrets: Secrets,
  theirs: TheirKeys,
  kem: Encapsulation | undefined,
): { readonly secret: MixedSecret; readonly agreed: Agreed } {
  const braceKey = thirdBraceKey(dh(secrets.dh.secret, theirs.dh), kem)
  const secret = mixedSecret(ecdh(secrets.ecdh.secret, theirs.ecdhPoint), braceKey)
  wipe(braceKey, secrets.ecdh.secret, secrets.dh.secret)
  const first = { ecdh: secrets.firstEcdh, dh: secrets.firstDh }
  const their = { theirEcdh: theirs.firstEcdhPoint, theirDh: theirs.firstDh }
  return { secret, agreed: { secret, ...first, ...their, isPostQuantum: kem !== undefined } }
}

function generateKeys(random: Random): Secrets {
  const [ecdh, dh] = [generateEcdh(random), generateDh(random)]
  return { ecdh, dh, firstEcdh: generateEcdh(random), firstDh: generateDh(random) }
}

const publicKeys = ({ ecdh, dh, firstEcdh, firstDh }: Secrets): DakeKeys => ({
  ecdh: ecdh.public,
  dh: dh.public,
  firstEcdh: firstEcdh.public,
  firstDh: firstDh.public,
})

/** Both profiles announce the extension. */
const isHybridWith = ({ self }: WaitingAuthR, alice: Party): boolean =>
  self.isPostQuantum && alice.profile.isPostQuantum

interface View {
  readonly sides: Sides
  readonly phis: Phi
  readonly kem: Pick<Encapsulation, 'ek' | 'ct'> | undefined
}

function bobsView(state: WaitingAuthR, alice: Party): View {
  const { self, secrets } = state
  const keys = publicKeys(secrets)
  const tags = { senderTag: self.tag, receiverTag: alice.profile.instanceTag }
  return {
    sides: {
      bob: { profile: self.profile, keys },
      alice: { profile: alice.profile.bytes, keys: alice.keys },
    },
    phis: { ...tags, own: keys, theirs: alice.keys, ownId: self.id, theirId: self.peerId },
    kem: state.kem && isHybridWith(state, alice) ? { ek: state.kem.public, ct: alice.kem } : undefined,
  }
}

const none = new Uint8Array(0)

const forms = {
  'auth-r': {
    mark: 0,
    usages: { bob: 'authRBobClientProfile', alice: 'authRAliceClientProfile', phi: 'authRPhi' },
  },
  'auth-i': {
    mark: 1,
    usages: { bob: 'authIBobClientProfile', alice: 'authIAliceClientProfile', phi: 'authIPhi' },
  },
} as const satisfies Record<string, { mark: number; usages: Record<'bob' | 'alice' | 'phi', Usage> }>
