/** A conversation through the process that owns the profile: the same as one's own, with another's network. */
import type { Owner } from '../edge/control/client.ts'
import type { OwnerNetwork } from '../edge/control/protocol.ts'
import { openDebugLog } from '../edge/debuglog.ts'
import { findBuddy } from '../profile/buddies.ts'
import { isSaying, type TalkEvent } from '../session/command.ts'
import { Called } from './called.ts'
import type { HostPort, Options } from './context.ts'
import type { Conversing, Lines } from './conversing.ts'
import { located } from './located.ts'
import { usage } from './options.ts'
import { remark } from './print.ts'
import { safeName, words } from './safetext.ts'
import type { UiEnd, UiOptions } from './ui.ts'
import type { Unsettled } from './unsettled.ts'
import { Watch } from './watch.ts'
import { chooseIn } from './whom.ts'

export interface Joining extends Omit<Conversing, 'alias'> {
  readonly alias: string
}

/** Ends as `converse` does, and when the owner leaves. */
export async function join(owner: Owner, options: Joining, unsettled: Unsettled): Promise<UiEnd> {
  const { context, fingerprint, timeoutMs } = options
  using _ = owner
  refuseOtherNetwork(context.asked, owner)
  using debug = context.options.debug === undefined ? undefined : openDebugLog(context.options.debug)
  const view = await owner.view()
  const alias = chooseIn(view, options)
  const isPending = findBuddy(view.buddies, alias) === undefined
  const told: TalkEvent[] = []
  let tell = (event: TalkEvent): unknown => told.push(event)
  const whom = {
    buddy: alias,
    ...(fingerprint !== undefined && { fingerprint }),
    ...(options.isSilent ? { silent: true as const } : { confirms: true as const }),
  }
  const attached = await owner.attach(whom, (event) => tell(event))
  const buddy = attached.buddy ?? alias
  const called = new Called(buddy)
  using watch = new Watch({ buddy, isPending, timeoutMs, port: undefined, hasBootstrap: false })
  const given = fingerprint === undefined ? {} : { given: fingerprint }
  const known = attached.buddies.map((each) => ({ ...each, ...given }))
  const uiOptions: UiOptions = {
    profile: view.profile,
    fingerprint: attached.fingerprint,
    buddies: known.length > 0 ? known : [{ alias: buddy, trust: 'unverified' }],
    buddy,
    hints: true,
    act(command) {
      const meant = located(called.meant(command), context)
      unsettled.acted(meant)
      owner.act(meant)
    },
    ...{ stdin: context.stdin, stdout: context.stdout, stderr: context.stderr, env: context.env },
  }
  await using ui = await options.openUi(uiOptions, noLines)
  if (options.command === 'chat' && !context.options.json) remarkOwner(options, owner)
  if (context.asked.history)
    remark(context, words`what is kept is up to process ${owner.holder.pid}, as it was started`)
  tell = (event) => {
    debug?.event(event)
    called.hear(event)
    unsettled.hear(event)
    ui.tell(event)
    if (!options.isSilent && isSaying(event)) owner.shown(event)
    watch.hear(event)
  }
  for (const event of told.splice(0)) tell(event)
  const left = owner.gone.catch((error: unknown) => {
    unsettled.abandon()
    throw error
  })
  left.catch(() => {}) // nothing else may have ended it before
  return await Promise.race([ui.done, watch.failed, left])
}

function remarkOwner({ context }: Joining, { holder: { pid, command } }: Owner): void {
  remark(
    context,
    words`talking through process ${pid} (otrtalk ${safeName(command)}), which has the profile open`,
  )
}

/**
 * What is asked for by flag or variable must be so with the owner: nobody's packets leave by another network than
 * the one that was named.
 */
function refuseOtherNetwork(asked: Options, { hello, holder }: Owner): void {
  const theirs = hello?.network
  const wanted = theirs && differing(asked, theirs)
  if (wanted === undefined) return
  throw usage(
    `the profile is open in process ${holder.pid} (otrtalk ${holder.command}), which does not run with ${wanted}`,
    `leave ${wanted} away, or leave the other one first`,
  )
}

/** The first option that was asked for and does not hold. */
function differing(asked: Options, theirs: OwnerNetwork): string | undefined {
  const isSame = (hosts: readonly HostPort[], others: readonly string[]): boolean =>
    hosts.length === 0 || hosts.map(hostText).sort().join() === [...others].sort().join()
  if (asked.interface !== undefined && asked.interface !== theirs.interface)
    return `--interface ${asked.interface}`
  if (asked.port !== undefined && asked.port !== theirs.port) return `--port ${asked.port}`
  if (!isSame(asked.bootstrap, theirs.bootstrap)) return '--bootstrap'
  if (!isSame(asked.stun, theirs.stun)) return '--stun'
  if (asked.lan !== 'also' && asked.lan !== theirs.lan) return asked.lan === 'only' ? '--lan' : '--no-lan'
  if (!asked.dht && theirs.dht) return '--no-dht'
  return !asked.portmap && theirs.portmap ? '--no-portmap' : undefined
}

/** How an owner uses the network, for its clients. */
export function networkOf(options: Options): OwnerNetwork {
  const { interface: name, port, bootstrap, dht, lan, portmap, stun } = options
  return {
    ...(name !== undefined && { interface: name }),
    ...(port !== undefined && { port }),
    ...{ bootstrap: bootstrap.map(hostText), dht, lan, portmap, stun: stun.map(hostText) },
  }
}

const hostText = ({ host, port }: HostPort): string => `${host}:${port}`

/** Lines are the owner's to exchange. */
const noLines: Lines = {
  offer: () => undefined,
  take: () => 'unknown-buddy',
  isGathered: true,
}
