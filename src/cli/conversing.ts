/**
 * What `chat`, `send` and `listen` share: the profile is opened, the network
 * joined, and a Ui hears what happens until it is done or something ends it.
 */
import { openDebugLog } from '../edge/debuglog.ts'
import { chooseNetwork } from '../edge/network.ts'
import type { OpenProfile } from '../edge/profiles.ts'
import { startTalking, type Talking } from '../edge/talking.ts'
import { inviteOf } from '../profile/invite.ts'
import type { OfferKind, TakeFault } from '../session/offers.ts'
import type { ProfileContext } from './context.ts'
import { openFor } from './open.ts'
import type { Ui, UiEnd, UiOptions } from './ui.ts'
import { Unsettled } from './unsettled.ts'
import { Watch } from './watch.ts'
import { chooseWhom, dropExpired } from './whom.ts'

export interface Conversing {
  readonly context: ProfileContext
  /** As told to another process meanwhile. */
  readonly command: string
  /** With whom; everybody if it is not given. A buddy, or who has the other half of a pending invite. */
  readonly alias?: string | ((profile: OpenProfile) => Promise<string>)
  /** Refuses everybody else (`chat --fingerprint`): 112 hex digits. */
  readonly fingerprint?: string | undefined
  /** ms until it ends if the buddy was not reached. */
  readonly timeoutMs?: number | undefined
  readonly openUi: (options: UiOptions, lines: Lines) => Ui | Promise<Ui>
  /** The Ui itself says what was not delivered. */
  readonly tellsOfItself?: boolean
}

/** Of the profile that runs: lines for the one buddy, and from him, that people carry (docs/Protocol.md, "First contact"). */
export interface Lines {
  /** Our own, with where we can be reached by now; `undefined` if there is nothing to tell. */
  offer(kind: OfferKind): string | undefined
  take(line: string): 'taken' | TakeFault
  /** Everything that may still be learnt about where we can be reached is known. */
  readonly isGathered: boolean
}

/** Ends with what the Ui ended with; throws the UserError that ended it otherwise. */
export async function converse(options: Conversing): Promise<UiEnd> {
  const { stderr, options: given } = options.context
  const unsettled = new Unsettled()
  try {
    return await run(options, unsettled)
  } finally {
    // After the goodbye, which may bring receipts; JSON has an event for each that came.
    if (!given.json && !options.tellsOfItself) for (const line of unsettled.lines) stderr.write(`${line}\n`)
  }
}

async function run(options: Conversing, unsettled: Unsettled): Promise<UiEnd> {
  const { context, command } = options
  const network = chooseNetwork(context.options)
  using debug = context.options.debug === undefined ? undefined : openDebugLog(context.options.debug)
  await using profile = await openFor(context, command, 'own')
  const expired = await dropExpired(profile)
  const alias = typeof options.alias === 'function' ? await options.alias(profile) : options.alias
  const { buddies, invites } = chooseWhom(profile, { alias, expired, fingerprint: options.fingerprint })
  const whom = alias === undefined ? undefined : (buddies[0] ?? invites[0])?.alias
  const isPending = invites.length > 0 || buddies.some((buddy) => inviteOf(profile.contents.invites, buddy))
  using watch = new Watch({
    ...{ buddy: whom, isPending, timeoutMs: options.timeoutMs },
    port: context.options.port,
    hasBootstrap: context.options.bootstrap.length > 0,
  })
  let talk: Talking | undefined
  const lines: Lines = {
    offer: (kind) => talk?.offer(whom ?? '', kind),
    take: (line) => talk?.take(whom ?? '', line) ?? 'unknown-buddy',
    get isGathered() {
      return talk?.isGathered === true
    },
  }
  const uiOptions: UiOptions = {
    profile: profile.name,
    fingerprint: profile.contents.identity.fingerprint,
    buddies: [
      ...buddies.map(({ alias, trust, fingerprint }) => ({
        ...{ alias, trust },
        ...(fingerprint && { fingerprint }),
        ...(options.fingerprint !== undefined && { given: options.fingerprint }),
      })),
      ...invites.map(({ alias }) => ({ alias, trust: 'unverified' as const })),
    ],
    ...(whom !== undefined && { buddy: whom }),
    ...(whom !== undefined && isPending && { heldUntil: watch.introduced }),
    act(command) {
      unsettled.acted(command)
      talk?.act(command)
    },
    stdin: context.stdin,
    stdout: context.stdout,
    stderr: context.stderr,
    env: context.env,
  }
  await using ui = await options.openUi(uiOptions, lines)
  for (const { alias, code, expiresAt } of invites)
    if (code !== undefined) ui.tell({ kind: 'code', buddy: alias, code, expiresAt })
  await using talking: Talking = startTalking({
    profile,
    buddies,
    invites,
    network,
    debug,
    onEvent(event) {
      unsettled.hear(event)
      ui.tell(event)
      watch.hear(event)
    },
    onSaved: (event) => watch.saved(event),
    onUnresolved(hosts) {
      const { interface: name } = context.options
      const event = { kind: 'unresolved', hosts, ...(name !== undefined && { interface: name }) } as const
      ui.tell(event)
      watch.hear(event)
    },
    onFault: (error) => watch.fail(error),
  })
  talk = talking
  for (const { alias } of [...buddies, ...invites]) talking.act({ kind: 'open', buddy: alias })
  return await Promise.race([ui.done, watch.failed])
}
