/** Opens the profile that a command works on: finds which, asks for the passphrase, waits for nobody. */
import { join } from 'node:path'
import {
  type Access,
  accessThrough,
  accessTo,
  type Keeping,
  keepingOf,
  keepingThrough,
} from '../edge/access.ts'
import { type Owner, type Reached, reachOwner } from '../edge/control/client.ts'
import type { Home } from '../edge/home.ts'
import { type Outbox, outboxOf, outboxThrough } from '../edge/kept/outbox.ts'
import { type Holder, InUse, isServing } from '../edge/lock.ts'
import type { OpenProfile } from '../edge/openprofile.ts'
import {
  findProfile,
  ownerOf as holderOf,
  listProfiles,
  openProfile,
  WrongPassphrase,
} from '../edge/profiles.ts'
import { UserError } from '../error.ts'
import type { ProfileContext } from './context.ts'
import { remark } from './print.ts'
import { allowMistyping, passphraseFor } from './prompts/passphrase.ts'
import { safeName, words } from './safetext.ts'

/**
 * The profile in force when none is named: the only one, else `default`.
 *
 * @param wanted - by flag or variable
 */
export async function chooseProfile(home: Home, wanted: string | undefined): Promise<string> {
  if (wanted !== undefined) return (await findProfile(home, wanted)).name
  const names = (await listProfiles(home)).map((entry) => entry.name)
  const only = names.length === 1 ? names[0] : names.find((name) => name === defaultName)
  if (only !== undefined) return only
  if (names.length > 0) {
    throw new UserError('which profile?', { hint: `add --profile, one of: ${names.join(', ')}`, exit: 2 })
  }
  throw new UserError('there is no profile yet', { hint: 'make one: otrtalk profile create' })
}

/**
 * @param command - who opens it, as told to another process meanwhile: `chat`
 * @param access - `own`: with the lock, for changes; `read`: beside whoever owns it
 * @param turnMs - to wait for a process that does something short with it
 */
export async function openFor(
  context: ProfileContext,
  command: string,
  access: 'own' | 'read',
  turnMs: number = defaultTurn,
): Promise<OpenProfile> {
  const { home, profile: name } = context
  const { hasPassphrase, usedBy } = await findProfile(home, name)
  const lock = access === 'own'
  if (lock && usedBy && isServing(usedBy.command)) throw new InUse(name, usedBy) // before anybody types a passphrase
  const onWait = (holder: Holder): void =>
    remark(context, words`waiting for process ${holder.pid} (otrtalk ${safeName(holder.command)}) to end`)
  const turn = { ms: turnMs, onWait }
  if (!hasPassphrase) return openProfile({ home, name, passphrase: '', command, lock, turn })
  return allowMistyping(context, async () => {
    const passphrase = await passphraseFor(context, name)
    return openProfile({ home, name, passphrase, command, lock, turn })
  })
}

/** The process that others use the profile through, if there is one. @throws UserError if it cannot be talked to */
export async function ownerOf(context: ProfileContext): Promise<Owner | undefined> {
  const reached = await reach(context)
  if (reached.kind === 'refused' && isServing(reached.holder.command)) throw reached.fault
  return reached.kind === 'owner' ? reached.owner : undefined
}

/** The process that owns the profile, or why there is none to talk with. @param waits - ms, for one that is just starting */
function reach({ home, profile: name, env }: ProfileContext, waits?: number): Promise<Reached> {
  const path = join(home.profiles, name)
  return reachOwner({
    name,
    path,
    env,
    holder: () => holderOf(path),
    ...(waits !== undefined && { waits }),
  })
}

/**
 * The profile, to look at or to change: through the process that owns it if there is one, and then nobody is
 * asked for a passphrase.
 *
 * @param access - `change`: refused if the owner cannot be talked to; `read` needs it not
 */
export async function openAccess(
  context: ProfileContext,
  command: string,
  access: 'change' | 'read',
): Promise<Access> {
  if (access === 'change') {
    const owner = await ownerOf(context)
    return owner ? await accessThrough(owner) : accessTo(await openFor(context, command, 'own'))
  }
  const reached = await reach(context, 0) // a read can do without
  if (reached.kind === 'owner') return await accessThrough(reached.owner)
  return accessTo(await openFor(context, command, 'read'))
}

/** What waits for buddies: in the process that owns the profile if there is one, else in its log. */
export async function openOutbox(context: ProfileContext, command: string): Promise<Outbox> {
  const owner = await ownerOf(context)
  return owner ? await outboxThrough(owner) : await outboxOf(await openFor(context, command, 'own'))
}

/** The profile for who knows its passphrase, which is always asked for: by the process that owns it, if there is one. */
export async function openKeeping(context: ProfileContext, command: string): Promise<Keeping> {
  const owner = await ownerOf(context)
  if (!owner) return keepingOf(await openFor(context, command, 'own'))
  const { home, profile: name } = context
  try {
    const { hasPassphrase } = await findProfile(home, name)
    if (!hasPassphrase) await owner.unlock('')
    else
      await allowMistyping(context, async () => {
        if (!(await owner.unlock(await passphraseFor(context, name))))
          throw new WrongPassphrase(`the profile ${name}`)
      })
    return await keepingThrough(owner)
  } catch (error) {
    owner[Symbol.dispose]()
    throw error
  }
}

const defaultTurn = 60_000 // ms: `send` and `why` take no longer by default

/** The name of a profile that was given none. */
export const defaultName = 'default'
