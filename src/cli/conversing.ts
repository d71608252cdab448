/**
 * What `chat`, `send` and `listen` share: the profile is opened, the network
 * joined, and a Ui hears what happens until it is done or something ends it.
 */
import { openDebugLog } from '../edge/debuglog.ts'
import { chooseNetwork } from '../edge/network.ts'
import type { OpenProfile } from '../edge/profiles.ts'
import { startTalking, type Talking } from '../edge/talking.ts'
import { UserError } from '../error.ts'
import { type Buddy, findBuddy, pinBuddy } from '../profile/buddies.ts'
import type { Command, NetworkState, TalkEvent } from '../session/command.ts'
import type { ProfileContext } from './context.ts'
import { explainNetwork, explainRefused } from './explain.ts'
import { openFor } from './open.ts'
import type { Ui, UiEnd, UiOptions } from './ui.ts'

export interface Conversing {
  readonly context: ProfileContext
  /** As told to another process meanwhile. */
  readonly command: string
  /** With whom; everybody if it is not given. */
  readonly alias?: string
  /** Refuses everybody else (`chat --fingerprint`): 112 hex digits. */
  readonly fingerprint?: string | undefined
  /** ms until it ends if the buddy was not reached. */
  readonly timeoutMs?: number | undefined
  readonly openUi: (options: UiOptions) => Ui | Promise<Ui>
}

/** Ends with what the Ui ended with; throws the UserError that ended it otherwise. */
export async function converse(options: Conversing): Promise<UiEnd> {
  const { context, command, alias } = options
  const network = chooseNetwork(context.options)
  using debug = context.options.debug === undefined ? undefined : openDebugLog(context.options.debug)
  await using profile = await openFor(context, command, 'own')
  const buddies = chosen(profile, alias).map((buddy) => pinned(buddy, options.fingerprint))
  const buddy = alias === undefined ? undefined : buddies[0]
  using watch = new Watch(buddy, options.timeoutMs)
  const talk: { act: (command: Command) => void } = { act: () => {} }
  await using ui = await options.openUi({
    profile: profile.name,
    fingerprint: profile.contents.identity.fingerprint,
    buddies: buddies.map(({ alias, trust, fingerprint }) => ({
      alias,
      trust,
      ...(fingerprint && { fingerprint }),
    })),
    ...(buddy && { buddy: buddy.alias }),
    act: (command) => talk.act(command),
    stdin: context.stdin,
    stdout: context.stdout,
    stderr: context.stderr,
    env: context.env,
  })
  await using talking: Talking = startTalking({
    profile,
    buddies,
    network,
    debug,
    onEvent(event) {
      ui.tell(event)
      watch.hear(event)
    },
    onFault: (error) => watch.fail(error),
  })
  talk.act = (command) => talking.act(command)
  for (const { alias } of buddies) talking.act({ kind: 'open', buddy: alias })
  return await Promise.race([ui.done, watch.failed])
}

function chosen(profile: OpenProfile, alias: string | undefined): readonly Buddy[] {
  const { buddies } = profile.contents
  return alias === undefined ? buddies : [requireBuddy(profile, alias)]
}

function requireBuddy({ name, contents }: OpenProfile, alias: string): Buddy {
  const found = findBuddy(contents.buddies, alias)
  if (found) return found
  const known = contents.buddies.map((buddy) => buddy.alias).join(', ')
  throw new UserError(`the profile ${name} has no buddy ${alias}`, {
    hint: known === '' ? `add one: otrtalk buddy add ${alias} ADDRESS` : `there are: ${known}`,
  })
}

/** The buddy, accepted under `wanted` alone; refused at once where it cannot be his. */
function pinned(buddy: Buddy, wanted: string | undefined): Buddy {
  if (wanted === undefined) return buddy
  const certain = pinBuddy(buddy, wanted)
  if (certain) return certain
  throw new UserError(`${buddy.alias} has another fingerprint than the one you gave`, {
    hint: 'his address says so: ask him for both again, by phone or in person',
    exit: 4,
  })
}

/** Ends a conversation that cannot become what was asked for. */
class Watch implements Disposable {
  /** Rejects with the UserError to end with. */
  readonly failed: Promise<never>
  readonly #buddy: Buddy | undefined
  #reject: (error: unknown) => void = () => {}
  #timer: NodeJS.Timeout | undefined
  #network: NetworkState | undefined
  #wasListening = false
  #isSecured = false

  constructor(buddy: Buddy | undefined, timeoutMs: number | undefined) {
    this.#buddy = buddy
    this.failed = new Promise((_, reject) => {
      this.#reject = reject
    })
    this.failed.catch(() => {}) // it may fail after the Ui was done
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.fail(this.#late(timeoutMs)), timeoutMs)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }

  fail(error: unknown): void {
    clearTimeout(this.#timer)
    this.#reject(error)
  }

  hear(event: TalkEvent): void {
    switch (event.kind) {
      case 'listening':
        this.#wasListening = true
        return
      case 'network':
        this.#network = event.state
        // In mid-run an interface may come back; at the start nobody waits for that.
        if (event.state === 'no-socket' && !this.#wasListening) this.fail(noNetwork(event.state))
        return
      case 'secured':
        this.#isSecured = true
        clearTimeout(this.#timer)
        return
      case 'refused':
        this.#refused(event)
        return
      default:
    }
  }

  /** A stranger cannot end a conversation there is; before there is one, nothing else can come of it. */
  #refused({ why, buddy }: TalkEvent & { kind: 'refused' }): void {
    const isFinal = why === 'wrong-fingerprint' || why === 'wrong-version' || why === 'clock'
    if (this.#buddy && !this.#isSecured && isFinal) this.fail(refusal(why, buddy))
  }

  #late(timeoutMs: number): UserError {
    if (this.#network === 'unreachable') return noNetwork(this.#network)
    const name = this.#buddy?.alias ?? 'anybody'
    return new UserError(`could not reach ${name} within ${timeoutMs / 1_000} s`, {
      hint: `is otrtalk running there, and did ${name} add your address (otrtalk id)?`,
      exit: 3,
    })
  }
}

function refusal(...[why, buddy]: Parameters<typeof explainRefused>): UserError {
  const { text, hint } = explainRefused(why, buddy)
  return new UserError(text, { hint, exit: 4 })
}

function noNetwork(state: NetworkState): UserError {
  const { text, hint } = explainNetwork(state)
  return new UserError(text, { hint, exit: 6 })
}
