/** Wording for people of what the profile refuses. */
import { nobodyIn, otherFingerprint } from '../edge/refusals.ts'
import { UserError } from '../error.ts'
import type { AddressFault } from '../profile/address.ts'
import { type BuddyFault, maxHints } from '../profile/buddies.ts'
import type { ChangeFault } from '../profile/change.ts'
import type { CodeFault } from '../profile/code.ts'
import type { ProfileView } from '../profile/view.ts'
import type { Burnt } from '../session/command.ts'
import type { OfferKind, TakeFault } from '../session/offers.ts'
import { explainBurnt } from './explain.ts'

/** Completes "this is no address: …". */
export function explainAddressFault(why: AddressFault): string {
  switch (why) {
    case 'empty':
      return 'it is empty'
    case 'prefix':
      return 'an address begins with ot1'
    case 'short':
      return 'it is too short, a part of it is missing'
    case 'long':
      return 'it is too long, something else is attached to it'
    case 'characters':
      return 'it has a character that no address has'
    case 'mixed-case':
      return 'it mixes upper and lower case'
    case 'checksum':
      return 'its checksum is wrong, a character of it was changed'
    case 'version':
      return 'it is of a newer otrtalk, update yours'
    case 'key':
      return 'its key is not safe to use'
    default:
      return why satisfies never
  }
}

/** @param by - the alias of the buddy who has it already */
export function explainBuddyFault(
  { why, by = '' }: { readonly why: BuddyFault; readonly by?: string },
  alias: string,
): UserError {
  switch (why) {
    case 'alias-empty':
    case 'alias-long':
    case 'alias-characters':
      return new UserError(`${alias || '(nothing)'} cannot be an alias`, {
        hint: 'an alias has 1 to 32 letters, digits, dots, _ or -, and begins with a letter or digit',
        exit: 2,
      })
    case 'alias-taken':
      return new UserError(
        by === '' ? `a conversation that runs is called ${alias}` : `you have a buddy ${by} already`,
        { hint: 'choose another alias' },
      )
    case 'own-address':
      return new UserError('this is your own address', {
        hint: 'give it to your buddy, and add your buddy’s',
      })
    case 'own-discovery-key':
      return new UserError('this address has your own discovery key with another identity', {
        hint: 'somebody made it up from yours: do not use it',
      })
    case 'address-taken':
      return new UserError(`this is the address of ${by}`, { hint: 'a buddy has one alias' })
    case 'discovery-key-taken':
      return new UserError(`this address has the discovery key of ${by}, and another identity`, {
        hint: `if ${by} has a new identity, remove the old one first: otrtalk buddy remove ${by}; else do not use it`,
      })
    case 'too-many':
      return new UserError('a profile has at most 1000 buddies', { hint: 'make another profile' })
    default:
      return why satisfies never
  }
}

/** A change of the profile that was refused. @param view - of the profile as it is */
export function explainChangeFault(
  { why, by }: { readonly why: ChangeFault; readonly by?: string },
  alias: string,
  view: Pick<ProfileView, 'buddies' | 'invites'>,
): UserError {
  switch (why) {
    case 'unknown-buddy':
      return nobodyIn(view, alias)
    case 'no-address':
      return new UserError('this is no address', {
        hint: 'your buddy sees his own with: otrtalk id',
        exit: 2,
      })
    case 'no-hint':
      return new UserError('nobody can be there', { hint: hintHint, exit: 2 })
    case 'too-many-hints':
      return new UserError(`a buddy can be at ${maxHints} addresses at the most`, { exit: 2 })
    case 'other-fingerprint':
      return otherFingerprint(alias)
    case 'too-many-former':
      return new UserError('some buddies have not learned your last four addresses', {
        hint: `talk with them first, or block them: ${untoldOf(view.buddies).join(', ')}`,
      })
    default:
      return explainBuddyFault({ why, ...(by !== undefined && { by }) }, alias)
  }
}

/** Aliases of whom a new address is to be told. */
export const untoldOf = (buddies: ProfileView['buddies']): readonly string[] =>
  buddies.filter(({ untold, blocked }) => untold && !blocked).map(({ alias }) => alias)

export const hintHint =
  'where a buddy is, is an IP address with a port, not a name: 192.168.1.7:4000 or [2001:db8::7]:4000'

/** What is wrong with a code as it was typed, word by word. */
export function explainCodeFault(why: CodeFault): string {
  switch (why.kind) {
    case 'count':
      return `a code has six words, this has ${why.count}`
    case 'unknown':
      return `no word begins with ‘${why.word}’`
    case 'ambiguous': {
      const [first, second, ...others] = why.meant
      const more = others.length > 0 ? ', …' : ''
      return `‘${why.word}’ may be ${first}, ${second}${more}`
    }
    default:
      return why satisfies never
  }
}

/**
 * A line of a buddy's that is not taken, and what to do.
 *
 * @param kind - what we give: the buddy's is the other one
 */
export function explainTakeFault(
  why: TakeFault,
  alias: string,
  kind: OfferKind,
): { readonly message: string; readonly hint: string } {
  switch (why) {
    case 'empty':
    case 'prefix':
      return {
        message: 'this is no line of otrtalk: an offer begins with oto1, an answer with ota1',
        hint: `copy the line that otrtalk shows to ${alias}`,
      }
    case 'short':
      return {
        message: 'the end of the line is missing',
        hint: 'copy it whole, in several pieces if need be',
      }
    case 'damaged':
      return { message: 'the line was changed on its way', hint: 'copy it again, and nothing else' }
    case 'version':
      return { message: 'the line is of a newer otrtalk', hint: 'update yours' }
    case 'own':
      return {
        message: 'this is your own line',
        hint: `give it to ${alias}, and paste here what ${alias} gives you`,
      }
    case 'not-for-you':
      return {
        message: `this line is not from ${alias}, or not for you`,
        hint:
          kind === 'offer'
            ? `both must have added each other (otrtalk buddy add), or share an invite code`
            : `both must have added each other, or share an invite code; else make the offer yourself: otrtalk offer ${alias}`,
      }
    case 'too-old':
      return {
        message: 'this line is more than a day old, or a clock is wrong',
        hint: `check the date here and there, and ask ${alias} for a new line`,
      }
    case 'too-new':
      return {
        message: 'this line comes from a day in the future: a clock is wrong',
        hint: `check the date here and there, and ask ${alias} for a new line`,
      }
    case 'offer':
      return {
        message: 'this is an offer too, and an answer is waited for',
        hint: `one of you ends this with Ctrl-C and types: otrtalk answer`,
      }
    case 'answer':
      return {
        message: 'this is an answer, and an offer is waited for',
        hint: `${alias} makes one with: otrtalk offer; or you do, and ${alias} answers`,
      }
    case 'other-offer':
      return {
        message: 'this line answers an earlier offer',
        hint: `give ${alias} the line above, and ask for an answer to it`,
      }
    case 'unknown-buddy':
      return { message: `nobody named ${alias} is looked for`, hint: 'begin again' }
    default:
      return why satisfies never
  }
}

export function takeFault(why: TakeFault, alias: string, kind: OfferKind): UserError {
  const { message, hint } = explainTakeFault(why, alias, kind)
  return new UserError(message, { hint, exit: 2 })
}

/** An invite code that is of no use any more. */
export function burntFault(why: Burnt): UserError {
  const { text, hint } = explainBurnt(why)
  return new UserError(text, { hint, exit: why === 'wrong-code' ? 4 : 1 })
}
