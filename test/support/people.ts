/** Profiles of the built program that know each other, and a private DHT for them to meet in. */
import { execute, freshHome, Program, type Started } from './program.ts'

export interface Person {
  /** Of the profile, and the alias that the other gives it. */
  readonly name: string
  /** Where and with which home this person runs the program. */
  readonly at: Started
}

/** Makes both profiles, without passphrases, and adds each to the other's buddies. */
export async function introduce(a: Person, b: Person): Promise<void> {
  const [addressOfA, addressOfB] = await Promise.all([addressOfNew(a), addressOfNew(b)])
  await Promise.all([
    succeed(['buddy', 'add', b.name, addressOfB, '--profile', a.name], a.at),
    succeed(['buddy', 'add', a.name, addressOfA, '--profile', b.name], b.at),
  ])
}

async function addressOfNew({ name, at }: Person): Promise<string> {
  const made = await succeed(['profile', 'create', name, '--no-passphrase', '--json'], at)
  return JSON.parse(made).address
}

async function succeed(args: readonly string[], at: Started): Promise<string> {
  const { code, stdout, stderr } = await execute(args, at)
  if (code !== 0) throw new Error(`otrtalk ${args.join(' ')} ended with ${code}: ${stderr}`)
  return stdout
}

/** A DHT node that listens; its address, to be given to the others as OTRTALK_BOOTSTRAP. */
export async function seed(
  options: Started & { readonly interface: string; readonly port?: number },
): Promise<Seed> {
  const port = options.port === undefined ? [] : ['--port', String(options.port)]
  const node = new Program(['node', '--json', '--interface', options.interface, ...port], options)
  const { addresses } = await node.event('listening')
  const address = Array.isArray(addresses) ? addresses[0] : undefined
  if (typeof address !== 'string') throw new Error(`the node told no address: ${node.lines}`)
  return { address, [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() }
}

export interface Seed extends AsyncDisposable {
  /** `1.2.3.4:5678` */
  readonly address: string
}

/** Two people with a home each, who know each other and meet in a private DHT. */
export interface Two extends AsyncDisposable {
  readonly node: Seed
  readonly ada: Started & { readonly home: string }
  readonly bob: Started & { readonly home: string }
}

/** How and where each program runs; on loopback without. */
export interface Places {
  readonly node: Parameters<typeof seed>[0]
  readonly ada: Started
  readonly bob: Started
}

export async function adaAndBob(places: Places = onLoopback): Promise<Two> {
  const node = await seed(places.node)
  const homes = [await freshHome(), await freshHome()] as const
  const at = (started: Started, home: string): Two['ada'] => ({
    ...started,
    home,
    env: { OTRTALK_BOOTSTRAP: node.address, ...started.env },
  })
  const [ada, bob] = [at(places.ada, homes[0].path), at(places.bob, homes[1].path)]
  await introduce({ name: 'ada', at: ada }, { name: 'bob', at: bob })
  return {
    node,
    ada,
    bob,
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]()
      for (const home of homes) await home[Symbol.asyncDispose]()
    },
  }
}

const alone: Started = { env: { OTRTALK_INTERFACE: 'lo' } }
const onLoopback: Places = { node: { interface: 'lo' }, ada: alone, bob: alone }
