/**
 * A new discovery key for the profile: another address, which hides it from
 * whoever holds the old one. The old key is kept until every buddy who is not
 * blocked knows the new address. Spec: docs/Protocol.md, "Rotation".
 */
import type { Random } from '../crypto.ts'
import type { Fingerprint } from '../otr/identity.ts'
import { type Buddy, changeBuddy, findBuddy, isBuddy } from './buddies.ts'
import { type Contents, maxFormer } from './contents.ts'
import { withNewDiscoveryKey } from './identity.ts'
import type { Self } from './pair.ts'

/** Whom the new address is to be told, before the former keys can go. */
export const untold = ({ buddies }: Contents): readonly Buddy[] =>
  buddies.filter(({ isStrange, isBlocked }) => isStrange && !isBlocked)

/** `undefined` if buddies must learn the last new addresses first: as many former keys serve as may. */
export function rotate(contents: Contents, random: Random): Contents | undefined {
  const { identity, former, buddies } = contents
  if (former.length >= maxFormer) return undefined
  const { discoverySecret, address } = identity
  return settle({
    ...contents,
    identity: withNewDiscoveryKey(identity, random),
    buddies: buddies.map((buddy) => ({ ...buddy, isStrange: true })),
    former: [{ discoverySecret, address }, ...former],
  })
}

/** A buddy has confirmed, under his pinned key, that he knows our address. */
export function introduced(contents: Contents, alias: string, fingerprint: Fingerprint): Contents {
  const buddy = findBuddy(contents.buddies, alias)
  if (!buddy?.isStrange || !isBuddy(buddy, fingerprint)) return contents
  const buddies = changeBuddy(contents.buddies, alias, (told) => ({ ...told, isStrange: false }))
  return settle({ ...contents, buddies })
}

/** Without the former keys as soon as they serve nobody: after any change of the buddies. */
export const settle = (contents: Contents): Contents =>
  contents.former.length > 0 && untold(contents).length === 0 ? { ...contents, former: [] } : contents

/** Under which the profile can be found: its address of now, then former ones. */
export const selvesOf = ({ identity, former }: Contents): readonly [Self, ...Self[]] => [identity, ...former]
