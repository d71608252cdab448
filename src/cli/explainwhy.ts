/** The page that `otrtalk why` and `/why` show: which ways were tried, who stands behind what, what would help. */
import type { BuddyReport, FamilyReport, NetworkReport, Report, Told } from '../session/report.ts'
import { adviceFor } from './advice.ts'
import { explainElapsed } from './duration.ts'
import { explainPhase, explainRefused } from './explain.ts'
import { explainNetwork } from './explainnetwork.ts'
import {
  explainPath,
  explainRouter,
  explainRung,
  explainTold,
  explainUnreached,
  wayLabel,
} from './explainreach.ts'
import { noText, type SafeText, safeName, safeTitle, words } from './safetext.ts'

/** @param buddy - his alias, or what stands for it */
export function explainReport({ network, buddy: report }: Report, buddy: string): readonly SafeText[] {
  if (report.state === 'not looking') return [words`not looking for ${safeName(buddy)}; /open begins`]
  const advice = adviceFor({ network, buddy: report }, buddy)
  return [
    ...explainOutcome(report, buddy),
    explainAttempts(report.attempts),
    ...report.ladder.map((rung) => words`  ${wayLabel(rung.way)}${explainRung(rung, buddy)}`),
    words`your side`,
    ...explainOwn(network),
    words`the side of ${safeName(buddy)}`,
    ...explainTheirs(report, buddy),
    ...(advice.length === 0 ? [] : [words`what would help`]),
    ...advice.map((text) => words`  ${text}`),
  ]
}

function explainOutcome({ state, ms, path, verdict }: BuddyReport, buddy: string): readonly SafeText[] {
  const name = safeName(buddy)
  if (path) return [words`${name} was reached after ${explainElapsed(ms)}, ${explainPath(path.kind)}`]
  const phase = state === 'secured' || state === 'not looking' ? 'securing' : state
  const first = words`${name} is not reached after ${explainElapsed(ms)}: ${explainPhase(phase, buddy)}`
  return verdict === undefined ? [first] : [first, explainUnreached(verdict, buddy).text]
}

const explainAttempts = (attempts: number): SafeText =>
  attempts === 1 ? words`ways to get there, 1 attempt` : words`ways to get there, ${attempts} attempts`

function explainOwn(network: NetworkReport): readonly SafeText[] {
  const { ipv4, ipv6, lan, portmap, addresses } = network
  return [
    words`  IPv4              ${explainFamily(ipv4)}`,
    words`  IPv6              ${explainFamily(ipv6)}`,
    lan === 'off'
      ? words`  local network     switched off by --no-lan`
      : words`  local network     listened to`,
    words`  port of a router  ${explainPortmap(portmap)}`,
    ...explainAddresses(addresses),
  ]
}

function explainFamily({ port, nat, dht }: FamilyReport): SafeText {
  if (port === undefined) return words`none`
  const router = nat === 'unknown' && dht.state !== 'joined' ? noText : words`, ${explainRouter(nat)}`
  return words`UDP port ${port}${router}; ${explainMembership(dht)}`
}

function explainMembership({ state, sent, received }: FamilyReport['dht']): SafeText {
  switch (state) {
    case 'off':
      return words`the network is not asked`
    case 'alone':
      return words`no member of the network is known to begin with`
    case 'joining':
    case 'joined':
    case 'unreachable':
      return words`${explainNetwork(state).text}, ${sent} sent, ${received} received`
    default:
      return state satisfies never
  }
}

function explainPortmap(portmap: NetworkReport['portmap']): SafeText {
  if (!portmap) return words`not asked for`
  if (portmap.mapping) return words`kept open: ${safeTitle(portmap.mapping.address)}`
  const results = new Set(portmap.tried.map(({ result }) => result))
  if (results.has('refused')) return words`refused`
  if (results.has('malformed')) return words`the router answered what makes no sense`
  if (results.has('silent')) return words`no router answers`
  return results.size > 0 ? words`no router is known` : words`asked for, no answer yet`
}

function explainTheirs(
  { record, isOnLan, refused, ladder }: BuddyReport,
  buddy: string,
): readonly SafeText[] {
  const name = safeName(buddy)
  const near = isOnLan ? [words`  heard on the local network`] : []
  if (refused !== undefined) near.push(words`  ${explainRefused(refused, buddy).text}`)
  if (!record) return [...near, words`  nothing that ${name} published was found`]
  const age =
    record.age === undefined ? words`given by hand` : words`written ${explainElapsed(record.age)} ago`
  return [
    ...near,
    words`  published         found, ${age}`,
    words`  IPv4              ${explainRouter(record.nat)}`,
    ...explainAddresses(record.addresses),
    ...ladder
      .filter(({ way }) => way === 'hint' || way === 'lan' || way === 'mesh')
      .flatMap(({ addresses }) => addresses.slice(0, maxListed))
      .map((address) => words`  known otherwise   ${safeTitle(address)}`),
  ]
}

const explainAddresses = (addresses: readonly Told[]): readonly SafeText[] =>
  addresses.map(({ kind, address }) => words`  told              ${safeTitle(address)}, ${explainTold(kind)}`)

const maxListed = 4 // of a VPN with hundreds
