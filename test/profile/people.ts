/** Identities and buddies for tests: cheap ones, but for their keys as real as any. */
import { randomBytes } from '../../src/crypto.ts'
import { type ProfileAddress, parseProfileAddress } from '../../src/profile/address.ts'
import { addBuddy, type Buddies } from '../../src/profile/buddies.ts'
import { createIdentity } from '../../src/profile/identity.ts'
import type { Cost } from '../../src/profile/seal.ts'
import vectors from '../vectors/profile/rendezvous.json' with { type: 'json' }

export const own = createIdentity(randomBytes)
export const other = createIdentity(randomBytes)
export const third = createIdentity(randomBytes)

/** Two addresses whose owners nobody is. */
export const aliceAddress: ProfileAddress = read(vectors.alice.address)
export const bobAddress: ProfileAddress = read(vectors.bob.address)

/** A guess costs nothing here, and 0.4 s in the program. */
export const cheap: Cost = { logN: 2, r: 1, p: 1 }

/** The list with one more. */
export function withBuddy(buddies: Buddies, alias: string, address: ProfileAddress): Buddies {
  const added = addBuddy(buddies, { alias, address }, { own: own.address, at: 1_700_000_000_000 })
  if (added.kind === 'refused') throw new Error(added.why)
  return added.buddies
}

function read(text: string): ProfileAddress {
  const parsed = parseProfileAddress(text)
  if (parsed.kind !== 'address') throw new Error(parsed.why)
  return parsed.address
}
