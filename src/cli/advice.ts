/** What would help to reach a buddy: only what really would, as far as a report shows it. */
import type { BuddyReport, FamilyReport, NetworkReport, Report } from '../session/report.ts'
import { explainRefused } from './explain.ts'
import { explainNetwork } from './explainnetwork.ts'
import { explainUnreached } from './explainreach.ts'
import { type SafeText, safeName, words } from './safetext.ts'

/** Nothing once he is reached. @param name - what he is called */
export function adviceFor({ network, buddy }: Report, name: string): readonly SafeText[] {
  if (buddy.state === 'secured' || buddy.state === 'not looking') return []
  const refusal = buddy.refused === undefined ? undefined : explainRefused(buddy.refused, name).hint
  if (refusal !== undefined) return [refusal]
  if (families(network).length === 0) return adviceOnNetwork(network)
  const onWays = adviceOnWays(network, buddy, name)
  if (buddy.record) return onWays.length > 0 ? onWays : [words`is otrtalk still running there?`]
  const isCutOff = !isJoined(network) && families(network).some(({ dht }) => dht.state === 'unreachable')
  return [...(isCutOff ? [] : adviceOnFinding(buddy, name)), ...onWays, ...adviceOnNetwork(network)]
}

const families = ({ ipv4, ipv6 }: NetworkReport): readonly FamilyReport[] =>
  [ipv4, ipv6].filter(({ port }) => port !== undefined)

const isJoined = (network: NetworkReport): boolean =>
  families(network).some(({ dht }) => dht.state === 'joined')

/** He cannot be found as long as nobody can be asked. */
function adviceOnNetwork(network: NetworkReport): readonly SafeText[] {
  const used = families(network)
  if (used.length === 0) return hintOf(explainNetwork(network.addresses.length === 0 ? 'gone' : 'no-socket'))
  if (isJoined(network)) return []
  const states = new Set(used.map(({ dht }) => dht.state))
  if (states.has('unreachable'))
    return [
      ...hintOf(explainNetwork('unreachable')),
      words`perhaps a firewall lets no UDP out: another network, a phone's, or a VPN helps`,
    ]
  if (states.has('joining'))
    return [words`joining the network takes some seconds: try again, with --timeout 60`]
  if (states.has('alone'))
    return [
      words`is there internet here? Without it only a buddy on the same local network or VPN is found; a private network is entered by --bootstrap HOST:PORT`,
    ]
  return [
    words`without the network a buddy is found on the local network, at an address given by otrtalk buddy at, or by lines carried by hand: otrtalk offer`,
  ]
}

function adviceOnFinding({ isInvited }: BuddyReport, name: string): readonly SafeText[] {
  const buddy = safeName(name)
  return [
    isInvited
      ? words`is otrtalk running there, with the same code? Compare it word by word`
      : words`is otrtalk running there, and did ${buddy} add your address (otrtalk id)?`,
    words`are date and time right on both machines? An hour of difference is too much`,
  ]
}

function adviceOnWays(network: NetworkReport, buddy: BuddyReport, name: string): readonly SafeText[] {
  const { verdict, record, ladder } = buddy
  const isBarred = ladder.some(({ why }) => why === 'barred')
  const isOld = record?.age !== undefined && record.age > staleAfter
  return [
    ...(isOld ? [words`what ${safeName(name)} published is old: is otrtalk still running there?`] : []),
    ...(verdict === undefined || (isOld && verdict === 'silent')
      ? []
      : [explainUnreached(verdict, name).hint]),
    ...(isBarred
      ? [words`leave out --lan, or choose another --interface: some addresses may not be used`]
      : []),
    ...(verdict === undefined ? [] : adviceOnRouter(network)),
  ]
}

/** A port of ours that stays open helps against every router of his. */
function adviceOnRouter({ ipv4: { port, nat }, portmap }: NetworkReport): readonly SafeText[] {
  if (port === undefined || nat === 'none' || portmap?.mapping) return []
  if (!portmap) return [words`let the router be asked for a port: leave out --no-portmap`]
  const isAnswered = portmap.tried.some(({ result }) => result === 'refused' || result === 'malformed')
  const choose = words`or forward a UDP port to this machine there, and use it: --port`
  return isAnswered
    ? [words`your router refuses to keep a port open: allow UPnP in its settings, ${choose}`]
    : [words`no router keeps a port open for you: switch on UPnP in its settings, ${choose}`]
}

const hintOf = ({ hint }: { readonly hint?: SafeText }): readonly SafeText[] => (hint ? [hint] : [])

const staleAfter = 40 * 60_000 // ms: he writes every half hour
