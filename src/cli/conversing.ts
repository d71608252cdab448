/**
 * What `chat`, `send` and `listen` share: the profile is opened, the network
 * joined, and a Ui hears what happens until it is done or something ends it.
 */

import { Client } from '../edge/control/guest.ts'
import { preparePlace } from '../edge/control/place.ts'
import { openServer } from '../edge/control/server.ts'
import { Switchboard } from '../edge/control/switchboard.ts'
import { openDebugLog } from '../edge/debuglog.ts'
import { openMail } from '../edge/kept/maillog.ts'
import { Recorder } from '../edge/kept/recorder.ts'
import { openTransfers } from '../edge/kept/transfers.ts'
import { InUse, isServing } from '../edge/lock.ts'
import { chooseNetwork } from '../edge/network.ts'
import type { OpenProfile } from '../edge/openprofile.ts'
import { startTalking, type Talking } from '../edge/talking.ts'
import { UserError } from '../error.ts'
import type { Habits } from '../profile/habits.ts'
import { inviteOf } from '../profile/invite.ts'
import type { TalkEvent } from '../session/command.ts'
import type { OfferKind, TakeFault } from '../session/offers.ts'
import { Called } from './called.ts'
import type { Options, ProfileContext } from './context.ts'
import { join, networkOf } from './joining.ts'
import { located } from './located.ts'
import { openFor, ownerOf } from './open.ts'
import { remark } from './print.ts'
import { noText, safeTitle, words } from './safetext.ts'
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
  /** Where another process owns the profile, it goes through that one. */
  readonly mayJoin?: boolean
  /** ms to wait for another process that does something short with the profile. */
  readonly turnMs?: number
  /** Messages that come are not shown: they are kept for who shows them. */
  readonly isSilent?: true
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
    const end = await run(options, unsettled)
    if (given.json && end.kind === 'ended' && end.unconfirmed > 0) throw notConfirmed(end.unconfirmed)
    return end
  } finally {
    // After the goodbye, which may bring receipts; JSON has an event for each that came.
    const isTold = options.tellsOfItself && !unsettled.isAbandoned
    if (!given.json && !isTold) for (const line of unsettled.lines) stderr.write(`${line}\n`)
  }
}

/** A script reads nothing else of it: lines for people name each. */
const notConfirmed = (count: number): UserError =>
  new UserError(count === 1 ? 'one message was not confirmed' : `${count} messages were not confirmed`, {
    hint: 'what no event undelivered tells of waits, and goes out when both of you are there: otrtalk outbox',
    exit: 3,
  })

async function run(options: Conversing, unsettled: Unsettled): Promise<UiEnd> {
  const { context, alias } = options
  if (!options.mayJoin || typeof alias !== 'string') return await own(options, unsettled)
  for (;;) {
    const owner = await ownerOf(context)
    if (owner) return await join(owner, { ...options, alias }, unsettled)
    try {
      return await own(options, unsettled)
    } catch (error) {
      const isLate = !(error instanceof InUse) || !isServing(error.holder.command)
      if (isLate) throw error // else somebody was faster, and we go through that one
    }
  }
}

/** This process owns the profile: it serves others, too. */
async function own(options: Conversing, unsettled: Unsettled): Promise<UiEnd> {
  const { context, command } = options
  const network = chooseNetwork(context.options)
  using debug = context.options.debug === undefined ? undefined : openDebugLog(context.options.debug)
  await using profile = await openFor(context, command, 'own', options.turnMs)
  let show = (_event: TalkEvent): void => {}
  let begin = (): void => {}
  const shown = new Promise<void>((resolve) => {
    begin = resolve
  })
  await using recorder = new Recorder({
    profile,
    habits: habitsIn(context.options),
    onFault: (alias, fault) => show(unkept(alias, fault)),
  })
  const board = new Switchboard({
    ...{ profile, recorder },
    isOpenToAll: options.alias === undefined,
    onEvent: (event) => show(event),
    isSilent: options.isSilent === true,
  })
  const mail = await openMail(profile)
  const transfers = isServing(command) ? await openTransfers(profile) : undefined
  for (const fault of [mail.fault, transfers?.fault]) if (fault) remarkFault(context, fault)
  await using _server = isServing(command) ? await serve(context, { profile, command, board }) : undefined
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
  const called = new Called(whom)
  const lines: Lines = {
    offer: (kind) => talk?.offer(called.name ?? '', kind),
    take: (line) => talk?.take(called.name ?? '', line) ?? 'unknown-buddy',
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
    ...(command !== 'listen' && { hints: true }), // who listens need not look
    act(command) {
      const meant = located(called.meant(command), context)
      unsettled.acted(meant)
      if (talk) board.act(talk, meant, 'owner')
    },
    recall(buddy, count, why) {
      void Promise.all([recorder.earlier(buddy, count, why), shown]).then(
        ([lines]) => lines && show({ kind: 'earlier', buddy, why, lines }),
      )
    },
    stdin: context.stdin,
    stdout: context.stdout,
    stderr: context.stderr,
    env: context.env,
  }
  await using ui = await options.openUi(uiOptions, lines)
  for (const { alias, code, expiresAt } of invites)
    if (code !== undefined) ui.tell({ kind: 'code', buddy: alias, code, expiresAt })
  show = (event) => {
    called.hear(event)
    unsettled.hear(event)
    ui.tell(event)
    watch.hear(event)
  }
  begin()
  await recorder.begin(buddies)
  await using talking: Talking = startTalking({
    profile,
    buddies,
    invites,
    network,
    habits: { typing: context.options.typing, read: context.options.read },
    debug,
    mail,
    transfers,
    recorder,
    shown: {
      isHeard: (name) => board.isHeard(name),
      tell: (event) => board.hear(event),
      isAwaited: (message) => board.isAwaited(message),
    },
    onSaved: (event) => watch.saved(event),
    onUnresolved(hosts) {
      const { interface: name } = context.options
      board.hear({ kind: 'unresolved', hosts, ...(name !== undefined && { interface: name }) })
    },
    onFault: (error) => watch.fail(error),
  })
  talk = talking
  const names = [...buddies, ...invites].map(({ alias }) => alias)
  board.open(talking, names)
  for (const buddy of names) talking.act({ kind: 'open', buddy })
  if (isServing(command)) void recorder.tidy()
  return await Promise.race([ui.done, watch.failed])
}

/** What is kept where nothing is set for a buddy. */
export const habitsIn = ({ history, keep }: Options): Habits => ({
  history,
  ...(keep !== undefined && { keep }),
})

function unkept(alias: string, { message, hint }: UserError): TalkEvent {
  const whose = alias === '' ? 'history' : `history with ${alias}`
  return { kind: 'unkept', message: `${whose}: ${message}`, ...(hint !== undefined && { hint }) }
}

interface Serving {
  readonly profile: OpenProfile
  readonly command: string
  readonly board: Switchboard
}

/** Without a socket the profile runs as well: that others cannot use it is said, and no more. */
async function serve(context: ProfileContext, serving: Serving): Promise<AsyncDisposable | undefined> {
  const { profile, command, board } = serving
  const network = networkOf(context.options)
  try {
    return await openServer({
      place: preparePlace(profile.path, context.env),
      hello: { process: process.pid, command, profile: profile.name, network },
      welcome: (channel) => new Client(channel, board),
    })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    remarkFault(context, error, words`no other otrtalk can use this profile meanwhile: `)
    return undefined
  }
}

function remarkFault(context: ProfileContext, { message, hint }: UserError, before = noText): void {
  remark(context, words`${before}${safeTitle(message, longestRow)}`)
  if (hint !== undefined) remark(context, words`hint: ${safeTitle(hint, longestRow)}`)
}

const longestRow = 400 // columns: a path may be as long
