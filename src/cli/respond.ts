/**
 * What comes of a line that was typed: the one place for every `/` command, of
 * the screen and of plain lines. Pure.
 */
import {
  aboutBuddies,
  aboutCarried,
  aboutConversation,
  aboutExcess,
  aboutFingerprints,
  aboutNobody,
  aboutNoSuch,
  aboutUnknown,
} from './about.ts'
import { type Conversation, verificationOf } from './conversation.ts'
import { beginAnswer, beginVerify, cancelVerification, type Step } from './dialogue.ts'
import { explainMailing } from './explain.ts'
import { help, helpAmongSeveral, keys, keysAmongSeveral } from './help.ts'
import { focused, type Model, named } from './model.ts'
import { page } from './notice.ts'
import { cancelTransfer, obeyFiles } from './obeyfiles.ts'
import type { CommandName, Typed } from './parse.ts'
import { nothing, type Response, remarks } from './response.ts'
import { edit, original, reply, takeBack } from './revise.ts'
import { type SafeText, words } from './safetext.ts'

export interface Here {
  readonly model: Model
  /** The profile's own. */
  readonly fingerprint: string | undefined
  readonly now: number // unix ms
  /** A name for a line that is said. */
  readonly newId: () => string
  /** Lines of plain output belong to the terminal: they are neither emptied nor looked through here. */
  readonly on: 'screen' | 'lines'
}

export function respond(typed: Typed, here: Here): Response {
  switch (typed.kind) {
    case 'nothing':
      return nothing
    case 'say':
      return say(typed.text, here)
    case 'command':
      return obey(typed.name, typed.argument ?? '', here)
    case 'carried':
      return remarks(aboutCarried)
    case 'excess':
      return remarks(aboutExcess(typed.name))
    case 'unknown':
      return remarks(aboutUnknown(typed.name, typed.meant))
    default:
      return typed satisfies never
  }
}

/** As a step of a dialogue has it. */
export const ofStep = ({ dialogue, command, notices }: Step): Response => ({
  ...{ inputs: [], notices, commands: command ? [command] : [] },
  ...(dialogue && { dialogue }),
})

function say(text: string, { model, newId }: Here): Response {
  const conversation = focused(model)
  if (!conversation) return remarks(aboutNobody(model))
  const { buddy } = conversation
  const id = newId()
  const inputs = [{ kind: 'said', buddy, id, text }] as const
  return { inputs, notices: [], commands: [{ kind: 'say', buddy, id, text }], said: id }
}

function obey(name: CommandName, argument: string, here: Here): Response {
  switch (name) {
    case 'quit':
      return { ...nothing, leaves: true }
    case 'help':
      return remarks(...page(helpFor(here)))
    case 'buddies':
      return remarks(...page(aboutBuddies(here.model)))
    case 'to':
      return turnTo(argument, here.model)
    default: {
      const conversation = focused(here.model)
      return conversation ? obeyIn(conversation, { name, argument }, here) : remarks(aboutNobody(here.model))
    }
  }
}

interface Asked {
  readonly name: Exclude<CommandName, 'quit' | 'help' | 'buddies' | 'to'>
  readonly argument: string
}

/** Of commands about one conversation. */
function obeyIn(conversation: Conversation, { name, argument }: Asked, here: Here): Response {
  const { buddy } = conversation
  switch (name) {
    case 'info':
      return remarks(...page(aboutConversation(here.model, conversation, here.now)))
    case 'fingerprint':
      return remarks(...page(aboutFingerprints(conversation, here.fingerprint)))
    case 'verify':
      return ofStep(beginVerify(conversation, argument))
    case 'answer':
      return ofStep(beginAnswer(conversation, argument))
    case 'cancel':
      return cancel(conversation, argument)
    case 'send':
    case 'accept':
    case 'reject':
    case 'pause':
    case 'go':
    case 'files':
      return obeyFiles(conversation, { name, argument }, here)
    case 'history':
      return recall(buddy, argument)
    case 'reply':
      return reply(conversation, argument, here)
    case 'edit':
      return edit(conversation, argument, here)
    case 'delete':
      return takeBack(conversation, argument, here)
    case 'original':
      return original(conversation, argument)
    case 'why':
    case 'open':
      return { ...nothing, commands: [{ kind: name, buddy }] }
    case 'resend':
    case 'drop':
      return { ...remarks(explainMailing(name, buddy)), commands: [{ kind: name, buddy }] }
    case 'close':
      return { ...nothing, inputs: [{ kind: 'closed', buddy }], commands: [{ kind: 'close', buddy }] }
    case 'clear':
      return here.on === 'screen'
        ? { ...nothing, inputs: [{ kind: 'cleared', buddy }] }
        : remarks({ tone: 'plain', text: words`what the terminal keeps is emptied by the terminal` })
    case 'find':
      return here.on === 'screen'
        ? { ...nothing, finds: argument }
        : remarks({ tone: 'plain', text: words`what the terminal keeps is searched by the terminal` })
    default:
      return name satisfies never
  }
}

/** A verification is what waits for the user; a transfer is named, or there is nothing else. */
function cancel(conversation: Conversation, argument: string): Response {
  const isVerifying = argument === '' && verificationOf(conversation) !== undefined
  const isTransfer = !isVerifying && (argument !== '' || conversation.transfers.length > 0)
  return isTransfer ? cancelTransfer(conversation, argument) : ofStep(cancelVerification(conversation))
}

function recall(buddy: string, argument: string): Response {
  const count = /^\d{1,5}$/.test(argument) ? Number(argument) : argument === '' ? fewLines : 0
  if (count > 0) return { ...nothing, recalls: { buddy, count } }
  return remarks({
    tone: 'bad',
    text: words`/history takes a number of lines; the search is otrtalk history`,
  })
}

function turnTo(alias: string, model: Model): Response {
  if (alias === '') return remarks(...page(aboutBuddies(model)))
  const found = named(model, alias)
  if (!found) return remarks(aboutNoSuch(alias, model))
  return { ...nothing, inputs: [{ kind: 'focused', buddy: found.buddy }] }
}

function helpFor({ model, on }: Here): readonly SafeText[] {
  const isAmongSeveral = model.conversations.length > 1
  return [
    ...(isAmongSeveral ? helpAmongSeveral : []),
    ...help.filter((text) => on === 'screen' || !ofWindow.test(text)),
    ...(on === 'screen' ? keys : []),
    ...(on === 'screen' && isAmongSeveral ? keysAmongSeveral : []),
  ]
}

const fewLines = 20

const ofWindow = /^\/(?:find|clear) / // lines of the terminal's own are neither looked through nor emptied
