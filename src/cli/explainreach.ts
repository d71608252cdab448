/** Wording for people about ways to a buddy: which one is taken, and why none works. */
import type { PathKind, Unreached } from '../session/command.ts'
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

export function explainUnreached(
  why: Unreached,
  buddy: string,
): { readonly text: SafeText; readonly hint: SafeText } {
  const name = safeName(buddy)
  switch (why) {
    case 'no-common-family':
      return {
        text: words`${name} cannot be reached: one of you has IPv4 only, the other IPv6 only`,
        hint: words`a VPN or a network that has both helps`,
      }
    case 'both-change':
      return {
        text: words`${name} cannot be reached: the routers of both sides use another port for everyone they send to`,
        hint: words`it works with IPv6, with a port that one of the routers keeps open, or in a VPN`,
      }
    case 'only-private':
      return {
        text: words`${name} cannot be reached: only addresses of another private network are known`,
        hint: words`is one of you offline, or in a network that lets no UDP out?`,
      }
    case 'silent':
      return {
        text: words`nothing answers at the addresses of ${name}`,
        hint: words`otrtalk may have been closed there a moment ago, or a firewall lets no UDP through`,
      }
    default:
      return why satisfies never
  }
}
