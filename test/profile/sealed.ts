/** What tests seal, in a vault or an exported profile, and how a sealed file is changed. */
import { sha256 } from '../../src/crypto.ts'
import type { Contents } from '../../src/profile/contents.ts'
import { other, own, withBuddy } from './people.ts'

export const contents: Contents = {
  identity: own,
  createdAt: 1,
  buddies: withBuddy([], 'bob', other.address),
  nodes: [],
  former: [],
  invites: [],
  recordKeys: [],
}

/** As somebody who wants to deceive would leave it. */
export function withChecksum(octets: Uint8Array): Uint8Array {
  const copy = octets.slice()
  copy.set(sha256(copy.subarray(0, -32)), copy.length - 32)
  return copy
}
