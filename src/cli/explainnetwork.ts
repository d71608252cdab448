/** Wording for people about the network of this machine, and where to begin in it. */
import type { NetworkState } from '../session/command.ts'
import { type Notice, plain } from './notice.ts'
import { safeName, safeTitle, words } from './safetext.ts'

/** @param port - that was asked for, if one was */
export function explainNetwork(state: NetworkState, port?: number): Notice {
  switch (state) {
    case 'joining':
      return plain(words`joining the network`)
    case 'joined':
      return plain(words`joined the network`)
    case 'unreachable':
      return {
        tone: 'bad',
        text: words`the network cannot be reached`,
        hint: words`is this machine online? A private network is entered by one of its nodes: --bootstrap HOST:PORT`,
      }
    case 'no-socket':
      return {
        tone: 'bad',
        text:
          port === undefined
            ? words`no network port could be opened`
            : words`UDP port ${port} cannot be opened`,
        hint:
          port === undefined
            ? words`another program may use it: try another --port or --interface`
            : words`another program may use it: try another --port, or none for any free one`,
      }
    case 'gone':
      return {
        tone: 'bad',
        text: words`this machine has no network address: nothing is sent until it has one`,
        hint: words`is a cable unplugged, Wi-Fi off, or a VPN down? It goes on by itself when that is back`,
      }
    default:
      return state satisfies never
  }
}

/** Names of nodes to begin with; those of servers to ask for them are the system's. */
export function explainUnresolved(hosts: readonly string[], interfaceName: string | undefined): Notice {
  const names = safeTitle(hosts.join(', '), 200)
  return {
    tone: 'bad',
    text: words`the addresses of ${names} cannot be looked up`,
    hint:
      interfaceName === undefined
        ? words`is this machine online? It is tried again`
        : words`no name server answers through ${safeName(interfaceName)}, and others are not asked: give addresses, --bootstrap IP:PORT`,
  }
}
