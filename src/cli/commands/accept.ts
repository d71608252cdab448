/** `otrtalk accept [alias]`: uses a buddy's invite code, and becomes the conversation. */
import { equal } from '../../crypto.ts'
import type { OpenProfile } from '../../edge/openprofile.ts'
import { type ExitCode, UserError } from '../../error.ts'
import { type Code, codeWords, inviteKey, parseCode, typedWords } from '../../profile/code.ts'
import { type Invite, maxInvites, newInvite, without } from '../../profile/invite.ts'
import type { ProfileContext } from '../context.ts'
import { converse } from '../conversing.ts'
import { explainCodeFault } from '../faults.ts'
import { usage } from '../options.ts'
import { askCode } from '../prompts/codeprompt.ts'
import { nameFor } from '../prompts/naming.ts'
import { exitCodeOf, uiFor } from './chat.ts'
import { tooManyInvites } from './invite.ts'

export interface AcceptArguments {
  readonly alias: string | undefined
  /** The code is the first line of stdin. */
  readonly isPiped: boolean
}

/** @throws UserError if there is a code among the words behind `accept` */
export function readAcceptArguments(given: readonly string[]): AcceptArguments {
  const isPiped = given.at(-1) === '-'
  const [alias, ...others] = isPiped ? given.slice(0, -1) : given
  if (others.length === 0 && (alias === undefined || isName(alias))) return { alias, isPiped }
  throw usage(
    'a code is never given as an argument: it would stand in the history of your shell',
    'type it when you are asked, or give it on stdin: otrtalk accept bob -',
  )
}

/** One word, with a hyphen perhaps; a code joined by hyphens is none. */
const isName = (text: string): boolean => !/[\s,;]/u.test(text) && typedWords(text).length < codeWords

/** @param args - `timeoutMs`: until somebody must have come; for good by default */
export async function accept(
  context: ProfileContext,
  args: AcceptArguments & { readonly timeoutMs: number | undefined },
): Promise<ExitCode> {
  if (!args.isPiped && !context.isInteractive)
    throw usage('there is nobody to ask for the code', 'give it on stdin: otrtalk accept bob -')
  const alias = (profile: OpenProfile): Promise<string> => prepare(context, profile, args)
  const { timeoutMs } = args
  return exitCodeOf(await converse({ context, command: 'accept', alias, timeoutMs, openUi: uiFor(context) }))
}

/** The alias of the invite, which is in the vault by then. */
async function prepare(
  context: ProfileContext,
  profile: OpenProfile,
  { alias: given, isPiped }: AcceptArguments,
): Promise<string> {
  const named = await nameFor(context, profile, { alias: given, side: 'accepter' })
  if (named.kind === 'met') return named.alias
  const code = isPiped && !context.stdin.isTTY ? await readCode(context) : await askCode(context)
  if (profile.contents.invites.some((invite) => invite.code === code)) {
    throw usage('this is your own code', 'give it to your buddy, who types: otrtalk accept')
  }
  await remember(profile, named, await inviteKey(code))
  return named.alias
}

/** The same code again goes on where it was; another one takes the place of one that nobody has proved. */
async function remember(
  profile: OpenProfile,
  { alias, pending }: { readonly alias: string; readonly pending: Invite | undefined },
  prk: Uint8Array,
): Promise<void> {
  if (pending && equal(pending.prk, prk)) return
  if (pending?.bound !== undefined) {
    throw new UserError(`the code of ${alias} was another one, and it was right`, {
      hint: `go on with it: otrtalk chat ${alias}; or choose another alias`,
    })
  }
  const others = pending ? without(profile.contents.invites, pending) : profile.contents.invites
  if (others.length >= maxInvites) throw tooManyInvites()
  const typed = newInvite({ side: 'accepter', alias, code: undefined, prk }, Date.now())
  await profile.save((contents) => ({ ...contents, invites: [...others, typed] }))
}

/** The first line of stdin; what follows is for the conversation. */
async function readCode({ stdin }: ProfileContext): Promise<Code> {
  let read = Buffer.alloc(0)
  for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
    read = Buffer.concat([read, Buffer.from(chunk)])
    if (read.includes('\n') || read.length > longest) break
  }
  const end = read.indexOf('\n')
  if (end >= 0 && end + 1 < read.length) stdin.unshift(read.subarray(end + 1))
  const parsed = parseCode(read.subarray(0, end < 0 ? longest : end).toString())
  if (parsed.kind === 'code') return parsed.code
  throw usage(`this is no invite code: ${explainCodeFault(parsed.why)}`)
}

const longest = 1_024 // octets of the line
