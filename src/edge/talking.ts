/** Runs one profile on the real network: what every command that talks begins with. */
import { setTimeout as sleep } from 'node:timers/promises'
import { randomBytes } from '../crypto.ts'
import type { Address } from '../machine.ts'
import { parseFingerprint } from '../otr/identity.ts'
import { createClientProfile, needsRenewal, profileExpiry } from '../otr/profile.ts'
import { type Buddy, touchBuddy } from '../profile/buddies.ts'
import type { Identity } from '../profile/identity.ts'
import type { Own } from '../session/buddy.ts'
import type { Command, TalkEvent } from '../session/command.ts'
import { Talk } from '../session/talk.ts'
import { resolveBootstrap } from './bootstrap.ts'
import type { DebugLog } from './debuglog.ts'
import type { Network } from './network.ts'
import type { OpenProfile } from './profiles.ts'
import { run } from './run.ts'

export interface TalkingOptions {
  /** Held with its lock. It stays the caller's to close, after this. */
  readonly profile: OpenProfile
  /** Whom to know: those of the profile, perhaps with more pinned. */
  readonly buddies: readonly Buddy[]
  readonly network: Network
  readonly debug?: DebugLog | undefined
  readonly onEvent: (event: TalkEvent) => void
  /** A change of the vault could not be written. */
  readonly onFault: (error: unknown) => void
}

/** Disposal says goodbye to every buddy, and waits for that a moment. */
export interface Talking extends AsyncDisposable {
  act(command: Command): void
}

export function startTalking(options: TalkingOptions): Talking {
  const { profile, buddies, network, debug, onEvent, onFault } = options
  const { identity, nodes } = profile.contents
  const talk = new Talk({
    name: profile.name,
    own: ownOf(identity),
    random: randomBytes,
    wall: wallClock,
    dht: { mode: network.dht ? 'client' : 'off', bootstrap: [], saved: network.isPublic ? nodes : [] },
    hosts: network.hosts,
    loopback: network.loopback,
    now: performance.now(),
  })
  for (const contact of buddies)
    talk.know({ whom: { kind: 'known', contact }, invite: undefined, isStrange: false })
  const stopped = new AbortController()
  let settle = (): void => {}
  const quiet = new Promise<void>((resolve) => {
    settle = resolve
  })
  const running = run(talk, {
    ...network.run,
    trace: debug?.datagram,
    onEvent(event) {
      debug?.event(event)
      if (event.kind === 'secured') remember(event)
      onEvent(event)
    },
    onPumped() {
      if (stopped.signal.aborted && talk.isQuiet) settle()
    },
  })

  const remember = ({ buddy, fingerprint }: TalkEvent & { kind: 'secured' }): void => {
    const pinned = parseFingerprint(fingerprint)
    if (pinned === undefined) throw new Error('what was secured has no fingerprint')
    const seen = { fingerprint: pinned, at: Date.now() }
    profile
      .save((contents) => ({ ...contents, buddies: touchBuddy(contents.buddies, buddy, seen) }))
      .catch(onFault)
  }

  if (network.dht) {
    const onFound = (addresses: Address[]): void =>
      running.act((talk) => talk.addBootstrap(addresses, performance.now()))
    resolveBootstrap(network.bootstrap, { onFound, signal: stopped.signal }).catch(onFault)
  }

  return {
    act: (command) => running.act((talk) => talk.act(command, performance.now())),
    async [Symbol.asyncDispose]() {
      stopped.abort()
      running.act((talk) => talk.quit(performance.now()))
      await Promise.race([quiet, sleep(goodbye, undefined, { ref: false })])
      running[Symbol.dispose]()
      const found = talk.nodes
      if (network.isPublic && found.length > 0)
        await profile.save((contents) => ({ ...contents, nodes: found }))
    },
  }
}

/** The client profile is made when it is needed and kept until a day before it expires (D14). */
function ownOf(identity: Identity): Own {
  const { keys, instanceTag } = identity
  let made: { readonly bytes: Uint8Array; readonly expires: number } | undefined
  return {
    identity: keys,
    instanceTag,
    selves: [identity],
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
