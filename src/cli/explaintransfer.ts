/** Wording about files and streams that go to a buddy and come from him. */
import type { TalkEvent, TransferTold } from '../session/command.ts'
import { explainDate } from './date.ts'
import { explainDuration } from './duration.ts'
import { bad, fault, type Notice, plain } from './notice.ts'
import { joined, noText, type SafeText, safeName, safeTitle, words } from './safetext.ts'
import { explainSize } from './size.ts'

export type AboutTransfer = Extract<TalkEvent, { kind: 'offered' | 'transfer' | 'progress' | 'skipped' }>

/** What a transfer's progress is told by. */
export type HowFar = Omit<Extract<AboutTransfer, { kind: 'progress' }>, 'kind' | 'buddy' | 'transfer'>

export function explainTransfer(event: AboutTransfer): Notice | undefined {
  switch (event.kind) {
    case 'offered':
      return plain(explainOffered(event), words`/accept takes it, /reject refuses it`)
    case 'skipped':
      return plain(words`not sent: ${path(event.path)} is ${things[event.why]}`)
    case 'progress':
      return undefined // shown as it stands, not told
    case 'transfer':
      return explainTold(event)
    default:
      return event satisfies never
  }
}

function explainOffered(event: TalkEvent & { kind: 'offered' }): SafeText {
  return words`${safeName(event.buddy)} offers ${title(event.name)}: ${explainContent(event)}`
}

/** `3 files in 2 folders, 1.2 MB`, or that nobody knows. */
export function explainContent({
  form,
  files = 0,
  folders = 0,
  octets = 0,
}: Pick<TalkEvent & { kind: 'offered' }, 'form' | 'files' | 'folders' | 'octets'>): SafeText {
  if (form === 'stream') return words`a stream, as long as it will be`
  const where =
    folders === 0 ? noText : words` in ${folders === 1 ? words`1 folder` : words`${folders} folders`}`
  return words`${files === 1 ? words`1 file` : words`${files} files`}${where}, ${explainSize(octets)}`
}

function explainTold(event: TransferTold): Notice | undefined {
  const [name, buddy] = [title(event.name), safeName(event.buddy)]
  const isOurs = event.direction === 'out'
  switch (event.state) {
    case 'reading':
      if (event.since !== undefined)
        return plain(words`reading ${name} again, to go on sending it to ${buddy}`)
      return plain(words`reading ${name}, to be sent to ${buddy}`)
    case 'waiting':
      if (event.since !== undefined)
        return plain(explainSince(event, event.since), words`/cancel gives it up`)
      if (isOurs) return plain(words`${name} waits until ${buddy} is connected`)
      return plain(words`${name} waits until ${buddy} goes on sending it, or sends it again`)
    case 'offered':
      if (event.message !== undefined)
        return fault({ message: event.message, hint: event.hint }, words`not accepted: `)
      if (event.since !== undefined)
        return plain(words`${name} is offered to ${buddy} again, who has to accept it unless that is done`)
      return plain(words`${name} is offered to ${buddy}, who has to accept it`)
    case 'running':
      if (isOurs) return plain(words`sending ${name} to ${buddy}`)
      return plain(words`receiving ${name} from ${buddy}${whereTo(event)}`)
    case 'paused':
      return plain(
        words`${name} is paused${by(event)}`,
        event.by === 'us' ? words`/go lets it go on` : undefined,
      )
    case 'done':
      if (isOurs) return { tone: 'good', text: words`${buddy} has all of ${name}` }
      return { tone: 'good', text: words`all of ${name} is there${whereTo(event)}${underWhich(event)}` }
    case 'rejected':
      return bad(words`${name} was not accepted${by(event)}${reason(event)}`)
    case 'cancelled':
      return bad(words`${name} was cancelled${by(event)}`)
    case 'failed':
      return bad(explainFailed(event))
    default:
      return event.state satisfies never
  }
}

/** It began in an earlier process. */
function explainSince({ name, buddy, direction }: TransferTold, at: number): SafeText {
  const whose =
    direction === 'out'
      ? words`offered to ${safeName(buddy)} ${explainDate(at)}`
      : words`accepted from ${safeName(buddy)} ${explainDate(at)}`
  return words`${title(name)}, ${whose}, goes on when both are connected`
}

/** In one sentence, for who waited for it. */
export function explainFailed(event: TransferTold): SafeText {
  const name = title(event.name)
  const verb = event.direction === 'out' ? words`sent` : words`received`
  if (event.message !== undefined) return words`${name} is not ${verb}: ${path(event.message)}`
  const at = event.path === undefined ? noText : words` (${path(event.path)})`
  const where = event.by === 'them' ? words`, says ${safeName(event.buddy)}` : noText
  return words`${name} is not ${verb}${reason(event)}${at}${where}`
}

/** What is refused here is put as who refused it sees it: nothing is `there`, and `you` are not he. */
function reason({ why, by, buddy }: TransferTold): SafeText {
  if (why === undefined) return noText
  if (by !== 'us' || (why !== 'policy' && why !== 'large')) return words`: ${reasons[why]}`
  return why === 'policy'
    ? words`: nothing of this kind is accepted here from ${safeName(buddy)}`
    : words`: it is larger than what is accepted here`
}

const by = (event: TransferTold): SafeText =>
  event.by === 'them' ? words` by ${safeName(event.buddy)}` : noText

const whereTo = (event: TransferTold): SafeText =>
  event.path === undefined ? noText : words`: ${path(event.path)}`

/** Of several things, those that have another name than they were sent under. */
function underWhich({ renamed = [] }: TransferTold): SafeText {
  if (renamed.length === 0) return noText
  const named = renamed.slice(0, mostNamed).map(({ name, as }) => words`${title(name)} as ${title(as)}`)
  const more = renamed.length > mostNamed ? words`, …` : noText
  return words`; ${joined(named)}${more}`
}

/** `35 % of 34 MB`; of a stream, what has come so far. */
export function explainShare({ octets, of }: Pick<HowFar, 'octets' | 'of'>): SafeText {
  const share = of === undefined || of === 0 ? noText : words`${Math.floor((octets / of) * 100)} % of `
  return words`${share}${explainSize(of ?? octets)}`
}

/** `35 % of 34 MB, 5.6 MB/s, 4 s left` */
export function explainProgress({ rate, left, ...share }: HowFar): SafeText {
  const { octets, of } = share
  const isMoving = of === undefined || octets < of // else nothing is left but to check it
  const rest =
    left === undefined || !isMoving ? noText : words`, ${explainDuration(Math.max(1_000, left))} left`
  return words`${explainShare(share)}, ${explainSize(rate)}/s${rest}`
}

/** As the other side calls it. */
const title = (name: string): SafeText => safeTitle(name, titleColumns)
const path = (text: string): SafeText => safeTitle(text, pathColumns)

const things = {
  link: words`a symbolic link`,
  pipe: words`a pipe`,
  socket: words`a socket`,
  device: words`a device`,
}

const reasons: Record<NonNullable<TransferTold['why']>, SafeText> = {
  declined: words`the answer was no`,
  policy: words`nothing of this kind is accepted there from you`,
  large: words`it is larger than what is accepted there`,
  names: words`the name of a file cannot be one everywhere, or two have the same`,
  changed: words`a file was changed since it was offered`,
  damaged: words`what came is not what was offered`,
  full: words`the disk is full`,
  denied: words`the system does not permit it`,
  disk: words`the disk, or whoever reads it there, reports an error`,
  broken: words`the two programs do not understand each other`,
  gone: words`it was left as it is; sent again, it goes on`,
  closed: words`the conversation is closed; what came of it is kept`,
  'unknown-buddy': words`there is no such buddy`,
}

const mostNamed = 10
const titleColumns = 60
const pathColumns = 200
