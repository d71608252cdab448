/** Runs one profile on the real network: what every command that talks begins with. */
import { setTimeout as sleep } from 'node:timers/promises'
import { randomBytes } from '../crypto.ts'
import { createClientProfile, needsRenewal, profileExpiry } from '../otr/profile.ts'
import { formatProfileAddress } from '../profile/address.ts'
import { type Buddy, findBuddy } from '../profile/buddies.ts'
import type { Change } from '../profile/change.ts'
import type { Contents } from '../profile/contents.ts'
import type { Habits } from '../profile/habits.ts'
import { findInvite, type Invite, type Invites, isSame, openInvites } from '../profile/invite.ts'
import { selvesOf } from '../profile/rotation.ts'
import type { Command, TalkEvent, Under } from '../session/command.ts'
import type { Own } from '../session/live.ts'
import type { Standing } from '../session/mailbox.ts'
import type { OfferKind, TakeFault } from '../session/offers.ts'
import { Talk } from '../session/talk.ts'
import { lookAround, placeOf } from './around.ts'
import type { MessageName, Told } from './control/awaited.ts'
import type { DebugLog } from './debuglog.ts'
import { isTransferCommand, Transferring } from './files/transferring.ts'
import { type Following, follow } from './following.ts'
import { Mail, type MailOptions } from './kept/mail.ts'
import { type Waiting, waitingIn } from './kept/outbox.ts'
import type { Recorder } from './kept/recorder.ts'
import type { OpenedTransfers } from './kept/transfers.ts'
import { Unfinished } from './kept/unfinished.ts'
import { introducing, invitedOf, knownOf, meetingFault, standingOf, watchInvite } from './meeting.ts'
import type { Network } from './network.ts'
import type { OpenProfile } from './openprofile.ts'
import { aliasOf, metBy, remembered } from './remember.ts'
import { completed } from './reporting.ts'
import { type Run, run } from './run.ts'

export interface TalkingOptions {
  /** Held with its lock. It stays the caller's to close, after this. */
  readonly profile: OpenProfile
  /** Whom to know: those of the profile, perhaps with more pinned. */
  readonly buddies: readonly Buddy[]
  /** Those to wait for who have the other half of a code and are no buddies yet. */
  readonly invites: Invites
  readonly network: Network
  /** Where nothing is set for a buddy. */
  readonly habits?: Habits
  readonly debug?: DebugLog | undefined
  readonly mail: Pick<MailOptions, 'journal' | 'mailbox'>
  /** Remembers what files are under way; without, none that is sent outlives this process. */
  readonly transfers?: Pick<OpenedTransfers, 'journal' | 'log'> | undefined
  readonly shown: MailOptions['shown']
  /** Keeps what is said. */
  readonly recorder?: Recorder | undefined
  /** What follows from the event is in the vault. */
  readonly onSaved?: (event: TalkEvent) => void
  /** At most once for nodes to begin with, and once for STUN servers: none of the names could be looked up so far. */
  readonly onUnresolved?: ((hosts: readonly string[]) => void) | undefined
  /** A change of the vault could not be written. */
  readonly onFault: (error: unknown) => void
}

/** Disposal says goodbye to every buddy, and waits for that a moment. */
export interface Talking extends AsyncDisposable {
  act(command: Command): void
  /** The buddy of this name has somebody to whom he is shown: what came and was not is told. */
  begin(name: string): void
  /** A message that was told to clients only was shown by one of them. */
  seen(message: MessageName): void
  /** All to whom it was told have left before that. */
  unseen(message: Told): void
  /** What waits for him. */
  unfinished(name: string): readonly TalkEvent[]
  /** What waits for all. */
  readonly outbox: readonly Waiting[]
  /** Our line for this buddy, to be carried by people; `undefined` if there is nothing to tell, or to answer. */
  offer(buddy: string, kind: OfferKind): string | undefined
  take(buddy: string, line: string): 'taken' | TakeFault
  /** Nothing more is being learnt about where we can be reached. */
  readonly isGathered: boolean
  /** Somebody of this name is known to the conversations. */
  knows(name: string): boolean
  /** Looks for a buddy of the profile, too. */
  include(buddy: Buddy): void
  /** Looks for him no more, and ends the conversation. */
  exclude(name: string): void
  /** The user has changed the vault: the conversations follow. */
  follow(change: Change, how: Followed): void
}

/** How a change is followed, and who it was about, as the vault had him before it. */
type Followed = Pick<Following, 'name' | 'isOpenToAll'> & { readonly was: Standing | undefined }

export function startTalking(options: TalkingOptions): Talking {
  const { profile, buddies, invites, network, debug, onFault } = options
  const { nodes } = profile.contents
  const talk = new Talk({
    name: profile.name,
    own: ownOf(profile.contents),
    ...(options.habits && { habits: options.habits }),
    random: randomBytes,
    wall: wallClock,
    dht: { mode: network.dht ? 'client' : 'off', bootstrap: [], saved: network.isPublic ? nodes : [] },
    place: placeOf(network, network.facts()),
    lan: network.lan !== 'off',
    isOnLink: (host) => network.isOnLink(host),
    stun: network.stun.length > 0,
    loopback: network.loopback,
    known: options.mail.mailbox.known,
    now: performance.now(),
  })
  for (const contact of buddies) talk.know(knownOf(contact, profile.contents))
  for (const invite of invites) talk.know(invitedOf(invite))
  const stopped = new AbortController()
  let settle = (): void => {}
  const quiet = new Promise<void>((resolve) => {
    settle = resolve
  })
  const transferring = new Transferring({
    talk: () => running,
    tell: (event) => tell(event),
    onAccepted: (consent) => unfinished?.accepted(consent),
    onFinished: (transfer) => unfinished?.finished(transfer),
    onSwept: (count) => debug?.swept(count),
    onFault,
  })
  const unfinished =
    options.transfers &&
    new Unfinished({
      ...options.transfers,
      standing: (name) => standingOf(profile.contents, name),
      rootOf: (buddy, transfer) => transferring.rootOf(buddy, transfer),
      act: (command) => transferring.act(command),
      tell: (event) => show(event),
      discard: (consent) => void transferring.discard(consent).catch(onFault),
      onFault,
    })
  const running: Run<Talk> = run(talk, {
    ...network.run,
    trace: debug?.datagram,
    onEvent: (event) => tell(transferring.completed(event)),
    onWork: (work) => transferring.do(work),
    onPumped() {
      if (stopped.signal.aborted && talk.isQuiet) settle()
    },
  })

  const tell = (event: TalkEvent): void => {
    debug?.event(event)
    if (event.kind === 'listening') around.listening()
    remember(event).catch(onFault)
    if (unfinished) unfinished.hear(event)
    else if (!isOfFormer(event)) show(event)
  }

  const show = (event: TalkEvent): void => {
    if (event.kind === 'met') mail.hear(introducing(event, profile.contents))
    else if (event.kind === 'why')
      mail.hear({ ...event, report: completed(event.report, { network, around }) })
    else mail.hear(event)
  }

  const mail = new Mail({
    ...options.mail,
    standing: (name) => standingOf(profile.contents, name),
    talk: {
      knows: (name) => talk.knows(name),
      act: (command) => running.act((talk) => talk.act(command, performance.now())),
      kept: (message) => running.act((talk) => talk.kept(message)),
      withdraw: (ids) => running.act((talk) => talk.withdraw(ids)),
    },
    shown: {
      isHeard: (name) => options.shown.isHeard(name),
      tell(event) {
        options.recorder?.hear(event)
        options.shown.tell(event)
      },
      isAwaited: (message) => options.shown.isAwaited?.(message) === true,
    },
    onFault,
  })

  /** Writes the vault, then lets the profile know: a buddy who comes back is met as he is known by then. */
  const remember = async (event: TalkEvent): Promise<void> => {
    if (!isForVault(event)) return
    const before = profile.contents
    await profile.save((contents) => remembered(contents, event, Date.now()))
    if ('fingerprint' in event) know(event, before)
    options.onSaved?.(event)
  }

  const know = (event: TalkEvent & Under, before: Contents): void => {
    const { contents } = profile
    if (!talk.knows(event.buddy)) return // renamed or removed since
    const contact = findBuddy(contents.buddies, aliasOf(contents, event))
    const invite = findInvite(openInvites(contents), event.buddy)
    if (contents !== before && contact)
      running.act((talk) => talk.know(knownOf({ ...contact, alias: event.buddy }, contents)))
    else if (contents !== before && invite) running.act((talk) => talk.know(invitedOf(invite)))
    if (event.kind !== 'moved' && event.kind !== 'met') return
    // An address that could not be taken is not confirmed: he tells it again. Nor is one of who is blocked.
    const isWanted = contact !== undefined && !contact.isBlocked
    const isTaken = isWanted && formatProfileAddress(contact.address) === event.address
    if (isTaken) running.act((talk) => talk.saved(event.buddy, event.address, performance.now()))
    else if (event.kind === 'met') throw meetingFault(metBy(contents, event, Date.now()))
  }

  const onAlone = ({ alias }: Invite, ms: number): void => tell({ kind: 'alone', buddy: alias, ms })
  const onExpired = ({ alias }: Invite): void => {
    running.act((talk) => talk.act({ kind: 'close', buddy: alias }, performance.now()))
    tell({ kind: 'burnt', buddy: alias, why: 'expired' })
  }
  const current = (invite: Invite): Invite | undefined =>
    openInvites(profile.contents).find((open) => isSame(open, invite))
  const watches = invites.map((invite) => watchInvite(invite, { current, onAlone, onExpired }))

  const around = lookAround({ network, running, onUnresolved: options.onUnresolved ?? (() => {}), onFault })

  return {
    act(command) {
      if (isTransferCommand(command)) {
        if (unfinished) unfinished.act(command)
        else transferring.act(command.kind === 'send' ? { ...command, once: true } : command)
        return
      }
      if (command.kind === 'say') options.recorder?.said(command)
      mail.act(command)
      if (command.kind === 'open') unfinished?.begin(command.buddy)
    },
    begin: (name) => mail.begin(name),
    seen: (message) => mail.seen(message),
    unseen: (message) => mail.unseen(message),
    unfinished: (name) => mail.unfinished(name),
    get outbox() {
      return waitingIn(options.mail.mailbox, profile.contents)
    },
    offer(buddy, kind) {
      let line: string | undefined
      running.act((talk) => {
        line = talk.offer(buddy, kind, performance.now())
      })
      return line
    },
    take(buddy, line) {
      let taken: 'taken' | TakeFault = 'unknown-buddy'
      running.act((talk) => {
        taken = talk.take(buddy, line, performance.now())
      })
      return taken
    },
    get isGathered() {
      return talk.isGathered && around.isSettled
    },
    knows: (name) => talk.knows(name),
    include(buddy) {
      running.act((talk) => talk.know(knownOf(buddy, profile.contents)))
      mail.act({ kind: 'open', buddy: buddy.alias })
      unfinished?.begin(buddy.alias)
    },
    exclude: (name) => running.act((talk) => talk.forget(name, performance.now())),
    follow: (change, how) => {
      if (change.kind === 'remove' || change.kind === 'block') {
        const isKept = change.keepsOutbox === true
        mail.forget(how.name, { isKept, was: how.was })
        unfinished?.forget(how.name, { isKept, was: how.was })
      }
      running.act((talk) => {
        const following = { ...how, contents: profile.contents, now: performance.now() }
        for (const event of follow(talk, change, following)) tell(event)
      })
    },
    async [Symbol.asyncDispose]() {
      stopped.abort()
      for (const watch of watches) watch[Symbol.dispose]()
      await Promise.race([mail.settled(), sleep(goodbye, undefined, { ref: false })])
      running.act((talk) => talk.quit(performance.now()))
      const left = around[Symbol.asyncDispose]()
      await Promise.race([quiet, sleep(goodbye, undefined, { ref: false })])
      await left
      running[Symbol.dispose]()
      await mail[Symbol.asyncDispose]()
      await transferring[Symbol.asyncDispose]()
      await unfinished?.[Symbol.asyncDispose]()
      const found = talk.nodes
      if (network.isPublic && found.length > 0)
        await profile.save((contents) => ({ ...contents, nodes: found }))
    },
  }
}

/** What became of a transfer of an earlier process is news only where that is remembered. */
const isOfFormer = (event: TalkEvent): boolean => event.kind === 'transfer' && event.name === ''

/** What is said, and what goes with it, changes nothing there. */
const isForVault = (event: TalkEvent): boolean =>
  event.kind === 'burnt' || ('fingerprint' in event && !ofMessages.has(event.kind))

const ofMessages: ReadonlySet<TalkEvent['kind']> = new Set(['message', 'edited', 'deleted', 'typing', 'read'])

/** The client profile is made when it is needed and kept until a day before it expires (D14). */
function ownOf(contents: Contents): Own {
  const { keys, instanceTag } = contents.identity
  let made: { readonly bytes: Uint8Array; readonly expires: number } | undefined
  return {
    identity: keys,
    instanceTag,
    selves: selvesOf(contents),
    clientProfile(now) {
      const wall = wallClock(now)
      if (!made || needsRenewal(made.expires, wall)) {
        const expires = profileExpiry(wall)
        const bytes = createClientProfile({ identity: keys, instanceTag, expires, versions: '4q' })
        made = { bytes, expires }
      }
      return made.bytes
    },
  }
}

/** Follows the system's clock, also when it is set in mid-run. */
const wallClock = (now: number): number => Date.now() - performance.now() + now

const goodbye = 2_000 // ms: a link that cannot flush by then is as good as cut
