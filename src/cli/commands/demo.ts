/**
 * `otrtalk demo`: everything for real, on this machine alone. A private DHT of
 * eight nodes runs in one process, a buddy who answers in another, and this one
 * is the user's own program. All of it lives in a temporary folder.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findHome, type Home } from '../../edge/home.ts'
import { listInterfaces } from '../../edge/interfaces.ts'
import { createProfile, openProfile } from '../../edge/profiles.ts'
import { diskFault } from '../../edge/store.ts'
import { type ExitCode, UserError } from '../../error.ts'
import { formatProfileAddress } from '../../profile/address.ts'
import { addBuddy } from '../../profile/buddies.ts'
import type { Contents } from '../../profile/contents.ts'
import type { Context, HostPort, ProfileContext } from '../context.ts'
import { converse } from '../conversing.ts'
import { startPart } from '../demo/parts.ts'
import { DemoScript } from '../demo/script.ts'
import { whyNoScreen } from '../terminal.ts'
import { exitCodeOf, uiFor } from './chat.ts'

/** The buddy who answers, and the user. */
export const buddyName = 'ada'
const userName = 'you'

export async function demo(context: Context): Promise<ExitCode> {
  const folder = await temporaryFolder()
  try {
    return await run(context, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function temporaryFolder(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'otrtalk-demo-'))
  } catch (error) {
    throw diskFault(error, `cannot make a folder in ${tmpdir()}`)
  }
}

async function run(context: Context, folder: string): Promise<ExitCode> {
  const env = { ...context.env, OTRTALK_HOME: folder }
  const home = await findHome(env)
  const loopback = loopbackInterface()
  await using network = startPart('network', ['--interface', loopback], env)
  await makeAcquainted(home)
  const bootstrap = await network.ports(entryNodes)
  const flags = bootstrap.flatMap(({ host, port }) => ['--bootstrap', `${host}:${port}`])
  await using _buddy = startPart('buddy', ['--interface', loopback, '--profile', buddyName, ...flags], env)
  // Not without `await`: the other processes would end before it begins.
  return await talk({ ...context, env, home }, { loopback, bootstrap })
}

async function talk(
  context: Context,
  { loopback, bootstrap }: { readonly loopback: string; readonly bootstrap: readonly HostPort[] },
): Promise<ExitCode> {
  const { options } = context
  const here: ProfileContext = {
    ...context,
    profile: userName,
    asked: options,
    layers: { flags: {}, env: context.env, settings: {} },
    options: { ...options, interface: loopback, bootstrap, dht: true, port: undefined },
  }
  const isScripted = !options.json && !options.plain && whyNoScreen(context) !== undefined
  const openUi = isScripted
    ? (ui: ConstructorParameters<typeof DemoScript>[0]) => new DemoScript(ui)
    : uiFor(here)
  return exitCodeOf(await converse({ context: here, command: 'demo', alias: buddyName, openUi }))
}

/** Two profiles that have each other's address, as two people would have exchanged them. */
async function makeAcquainted(home: Home): Promise<void> {
  const create = (name: string): Promise<Contents> =>
    createProfile({ home, name, passphrase: '', command: 'demo' })
  const [user, buddy] = [await create(userName), await create(buddyName)]
  await acquaint(home, userName, { alias: buddyName, with: buddy })
  await acquaint(home, buddyName, { alias: userName, with: user })
}

async function acquaint(
  home: Home,
  name: string,
  { alias, with: other }: { readonly alias: string; readonly with: Contents },
): Promise<void> {
  await using profile = await openProfile({ home, name, passphrase: '', command: 'demo', lock: true })
  await profile.save((contents) => {
    const { address } = other.identity
    const added = addBuddy(
      contents.buddies,
      { alias, address },
      { own: contents.identity.address, at: Date.now() },
    )
    if (added.kind === 'refused')
      throw new Error(`demo: ${formatProfileAddress(address)} is refused: ${added.why}`)
    return { ...contents, buddies: added.buddies }
  })
}

function loopbackInterface(): string {
  const found = listInterfaces().find(({ internal, addresses }) => internal && addresses.some(isV4))
  if (found) return found.name
  throw new UserError('this machine has no loopback interface', {
    hint: 'otrtalk interfaces lists what there is',
    exit: 6,
  })
}

const isV4 = (address: string): boolean => !address.includes(':')

/** Of the network's nodes, how many the two begin with. */
const entryNodes = 2
