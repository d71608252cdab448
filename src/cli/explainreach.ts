/** Wording for people about ways to a buddy: which one is taken, and why none works. */
import type { PathKind, Unreached } from '../session/command.ts'
import type { NatKind, Rung, RungWhy, Told, Way } from '../session/report.ts'
import { explainElapsed } from './duration.ts'
import { type SafeText, safeName, words } from './safetext.ts'

export function explainPath(path: PathKind): SafeText {
  switch (path) {
    case 'loopback':
      return words`on this machine`
    case 'lan':
      return words`over the local network`
    case 'ipv6':
      return words`over IPv6`
    case 'direct':
      return words`directly over the internet`
    case 'mapped':
      return words`by a port that a router keeps open`
    case 'punched':
      return words`directly, through the routers of both`
    case 'predicted':
      return words`directly, by a port that was foreseen`
    case 'guessed':
      return words`directly, by a port found among many`
    default:
      return path satisfies never
  }
}

/** `text` is a sentence, `reason` completes one that says that he was not reached. */
export function explainUnreached(
  why: Unreached,
  buddy: string,
): { readonly text: SafeText; readonly reason: SafeText; readonly hint: SafeText } {
  const { reason, hint } = reasonAndHint(why, buddy)
  const text = why === 'silent' ? reason : words`${safeName(buddy)} cannot be reached: ${reason}`
  return { text, reason, hint }
}

function reasonAndHint(
  why: Unreached,
  buddy: string,
): { readonly reason: SafeText; readonly hint: SafeText } {
  const name = safeName(buddy)
  switch (why) {
    case 'no-common-family':
      return {
        reason: words`one of you has IPv4 only, the other IPv6 only`,
        hint: words`a VPN or a network that has both helps`,
      }
    case 'both-change':
      return {
        reason: words`the routers of both sides use another port for everyone they send to`,
        hint: words`it works with IPv6, with a port that one of the routers keeps open, or in a VPN`,
      }
    case 'only-private':
      return {
        reason: words`nothing answers, and only addresses in a private network are known`,
        hint: words`is otrtalk still running there? From another network it cannot be reached at these: is one of you offline, or in a network that lets no UDP out?`,
      }
    case 'silent':
      return {
        reason: words`nothing answers at the addresses of ${name}`,
        hint: words`otrtalk may have been closed there a moment ago, or a firewall lets no UDP through`,
      }
    default:
      return why satisfies never
  }
}

/** The name of a way, and as wide as all the others: what is said of it stands behind. */
export function wayLabel(way: Way): SafeText {
  switch (way) {
    case 'lan':
      return words`local network     `
    case 'hint':
      return words`address given     `
    case 'mesh':
      return words`VPN               `
    case 'host':
      return words`own IPv4 address  `
    case 'ipv6':
      return words`IPv6              `
    case 'mapped':
      return words`port kept open    `
    case 'punched':
      return words`through routers   `
    case 'predicted':
      return words`ports foreseen    `
    case 'guessed':
      return words`ports guessed     `
    case 'rumour':
      return words`hearsay           `
    case 'learnt':
      return words`a new address     `
    default:
      return way satisfies never
  }
}

/** What became of a way. */
export function explainRung({ way, state, addresses, ms, why }: Rung, buddy: string): SafeText {
  const count = addresses.length === 1 ? words`1 address` : words`${addresses.length} addresses`
  const known = addresses.length === 0 ? words`many` : count
  const tried = words`${known}, tried for ${explainElapsed(ms)}`
  switch (state) {
    case 'absent':
      return why === undefined ? words`none is known` : explainRungWhy(why, buddy)
    case 'waiting':
      return words`${count}, ${why === undefined ? words`not tried yet` : explainRungWhy(why, buddy)}`
    case 'trying':
      return words`${tried} so far`
    case 'failed':
      return words`${tried}, ${explainRungWhy(why ?? 'no-answer', buddy)}`
    case 'worked':
      return way === 'learnt' ? words`worked, nobody had told it` : words`worked`
    default:
      return state satisfies never
  }
}

export function explainRungWhy(why: RungWhy, buddy: string): SafeText {
  const name = safeName(buddy)
  switch (why) {
    case 'switched-off':
      return words`switched off by --no-lan`
    case 'not-heard':
      return words`${name} is not heard there`
    case 'none-given':
      return words`none; otrtalk buddy at gives one`
    case 'no-mesh':
      return words`no other end of a VPN is known`
    case 'nothing-found':
      return words`not known`
    case 'not-told':
      return words`${name} told none`
    case 'no-ipv6-here':
      return words`this machine has no IPv6`
    case 'no-ipv4-here':
      return words`this machine has no IPv4`
    case 'barred':
      return words`not tried: --interface or --lan forbids it`
    case 'not-needed':
      return words`not needed with these routers`
    case 'both-change':
      return words`hopeless: both routers use another port for everyone`
    case 'too-often':
      return words`once a minute is enough`
    case 'no-hearsay':
      return words`nobody spoke of ${name}`
    case 'no-answer':
      return words`no answer`
    case 'not-secured':
      return words`reached, but no conversation came of it`
    case 'another-first':
      return words`another way worked first`
    default:
      return why satisfies never
  }
}

/** Completes "IPv4: …". */
export function explainRouter(nat: NatKind): SafeText {
  switch (nat) {
    case 'none':
      return words`no router changes its addresses`
    case 'same':
      return words`a router that uses one port for everyone`
    case 'counting':
      return words`a router that uses the next port for each one it sends to`
    case 'changing':
      return words`a router that uses another port for everyone it sends to`
    case 'unknown':
      return words`what its router does is not known`
    default:
      return nat satisfies never
  }
}

/** Why an address is told, behind it. */
export function explainTold(kind: Told['kind']): SafeText {
  switch (kind) {
    case 'host':
      return words`the machine's own`
    case 'loopback':
      return words`within the machine`
    case 'reflexive':
      return words`as others see it`
    case 'mapped':
      return words`a port that the router keeps open`
    case 'changing':
      return words`seen once, another port for everyone`
    case 'predicted':
      return words`the port that should come next`
    default:
      return kind satisfies never
  }
}
