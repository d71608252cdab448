/** Why a buddy whose addresses are known was not reached: as far as our own side can tell. */
import { type Candidate, isV6, scopeOf } from './candidates.ts'
import type { End } from './punch.ts'

export type Unreached =
  /** Neither side has an address of the other's family. */
  | 'no-common-family'
  /** Both routers give each destination a port of its own: only a relay, or a mapped port, helps. */
  | 'both-change'
  /** He told addresses of his own network only, and that is not ours. */
  | 'only-private'
  /** Nobody answers: he is gone, or something in between lets nothing through. */
  | 'silent'

export function verdictOf(ends: readonly End[], candidates: readonly Candidate[]): Unreached {
  const usable = candidates.filter(({ address }) =>
    ends.some(({ local }) => (local.kind === 'udp6') === isV6(address)),
  )
  if (candidates.length > 0 && usable.length === 0) return 'no-common-family'
  const outside = usable.filter(({ address }) => scopeOf(address) === 'public')
  if (usable.length > 0 && outside.length === 0) return 'only-private'
  const own = ends.find(({ local }) => local.kind === 'udp4')?.mapping.kind
  const areHard = outside.every(({ kind }) => kind === 'changing')
  return own === 'changing' && areHard && outside.length > 0 ? 'both-change' : 'silent'
}
