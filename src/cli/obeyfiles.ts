/** What comes of a `/` command about files. Pure: paths are the user's, as typed. */
import type { Command } from '../session/command.ts'
import type { Conversation } from './conversation.ts'
import { explainProgress, explainShare } from './explaintransfer.ts'
import { bad, type Notice, page, plain } from './notice.ts'
import type { Here } from './respond.ts'
import { nothing, type Response, remarks } from './response.ts'
import { noText, type SafeText, safeName, safeTitle, words } from './safetext.ts'
import { chosen, type Shown } from './transfers.ts'
import { newTransfer } from './ui.ts'

export type FileCommand = 'send' | 'accept' | 'reject' | 'pause' | 'go' | 'files'

export interface TypedCommand {
  readonly name: FileCommand
  readonly argument: string
}

export function obeyFiles(
  conversation: Conversation,
  { name, argument }: TypedCommand,
  { newId }: Pick<Here, 'newId'>,
): Response {
  const { buddy, transfers } = conversation
  switch (name) {
    case 'send': {
      const path = unquoted(argument)
      if (path === '') return remarks(bad(words`what is to be sent? /send PATH`))
      const transfer = newTransfer(newId)
      return asking({ kind: 'send', buddy, transfer, name: '', form: 'files', paths: [path] })
    }
    case 'accept': {
      const [, number = '', folder = ''] = /^(?:(\d+)(?: +|$))?(.*)$/su.exec(argument) ?? []
      const into = unquoted(folder)
      return withOne(transfers, { number, fits: isOffer, none: nothingOffered }, ({ transfer }) => ({
        kind: 'accept',
        buddy,
        transfer,
        into,
      }))
    }
    case 'reject':
      return withOne(
        transfers,
        { number: argument, fits: isOffer, none: nothingOffered },
        ({ transfer }) => ({ kind: 'reject', buddy, transfer, why: 'declined' }),
      )
    case 'pause':
    case 'go': {
      const obeyed = withOne(
        transfers,
        { number: argument, fits: (one) => !isOffer(one), none: nothingUnderWay },
        ({ transfer }) => ({ kind: name, buddy, transfer }),
      )
      return name === 'go'
        ? { ...obeyed, notices: [...obeyed.notices, ...heldBy(conversation, obeyed)] }
        : obeyed
    }
    case 'files':
      if (transfers.length === 0) return remarks(plain(nothingUnderWay))
      return remarks(...page(transfers.map((one) => rowOf(one, buddy))))
    default:
      return name satisfies never
  }
}

/** `/cancel` of a transfer. */
export function cancelTransfer({ buddy, transfers }: Conversation, number: string): Response {
  const fits = (): boolean => true
  return withOne(
    transfers,
    { number, fits, none: words`nothing is under way that could be cancelled` },
    ({ transfer }) => ({ kind: 'withdraw', buddy, transfer }),
  )
}

interface Choice {
  readonly number: string
  readonly fits: (shown: Shown) => boolean
  readonly none: SafeText
}

function withOne(
  transfers: readonly Shown[],
  { number, fits, none }: Choice,
  command: (one: Shown) => Command,
): Response {
  const one = chosen(transfers, number, fits)
  if (one) return asking(command(one))
  const several = transfers.filter(fits)
  if (number !== '') return remarks(bad(words`there is no transfer ${safeTitle(number)}: /files lists them`))
  return remarks(bad(several.length > 1 ? words`which one? /files lists them, with a number each` : none))
}

/** What the buddy paused goes on when he says so: our word alone changes nothing to be seen. */
function heldBy({ buddy, transfers }: Conversation, { commands }: Response): readonly Notice[] {
  const meant = commands.map((command) => 'transfer' in command && command.transfer)
  const held = transfers.filter(
    ({ transfer, by }) => meant.includes(transfer) && (by === 'them' || by === 'both'),
  )
  return held.map(({ name }) =>
    plain(words`${safeTitle(name)} is paused by ${safeName(buddy)}, who has to let it go on`),
  )
}

/** `2: photos to bob, running, 45 % of 812 MB, 12 MB/s, 37 s left`; how fast it was means nothing while it rests. */
function rowOf({ number, name, direction, state, by, progress }: Shown, buddy: string): SafeText {
  const way = direction === 'out' ? words`to` : words`from`
  const who = state === 'paused' && by === 'them' ? words` by ${safeName(buddy)}` : noText
  const row = words`${number}: ${safeTitle(name)} ${way} ${safeName(buddy)}, ${safeName(state)}${who}`
  if (progress === undefined) return row
  return words`${row}, ${state === 'running' ? explainProgress(progress) : explainShare(progress)}`
}

/** As a terminal writes the path of a file that is dragged to it. */
function unquoted(text: string): string {
  const [, quoted] = /^(?:'([^']*)'|"([^"]*)")$/.exec(text)?.filter((part) => part !== undefined) ?? []
  return quoted ?? text.replace(/\\(?=[ '"()&])/g, '')
}

const isOffer = ({ direction, state }: Shown): boolean => direction === 'in' && state === 'offered'

const asking = (command: Command): Response => ({ ...nothing, commands: [command] })

const nothingOffered = words`nothing is offered`
const nothingUnderWay = words`no files are under way`
