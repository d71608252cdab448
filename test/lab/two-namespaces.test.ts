import { expect, test } from 'vitest'
import { introduce, type Person, seed } from '../support/people.ts'
import { entry, execute, freshHome, Program } from '../support/program.ts'
import { Lab, whyNoLab } from './lab.ts'

const missing = whyNoLab()
if (missing !== undefined) console.warn(`skipped: ${missing}`)

const lan = ['--interface', 'eth0'] as const

test.skipIf(missing !== undefined)(
  'a message crosses a LAN without internet: found in a private DHT, delivered, decrypted',
  async () => {
    await using people = await aliceAndBob()
    const { alice, bob } = people
    await using listening = new Program(['listen', '--json', ...lan], bob.at)
    await listening.event('listening')

    const text = 'kommst du zum See? 🐟'
    const sent = await execute(['send', 'bob', text, '--json', '--timeout', '20', ...lan], alice.at)
    expect(sent).toMatchObject({ code: 0, stderr: '' })
    const events = sent.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).event)
    expect(events).toEqual(expect.arrayContaining(['secured', 'sent', 'delivered']))

    expect(await listening.event('message')).toMatchObject({ buddy: 'alice', text, trust: 'unverified' })
    expect(await listening.event('secured')).toMatchObject({ buddy: 'alice', path: 'lan' })
    listening.signal('SIGTERM')
    expect(await listening.ended()).toMatchObject({ code: 143, signal: null })
  },
)

test.skipIf(missing !== undefined)(
  'nobody answers for a buddy who is not there: exit 3 in time',
  async () => {
    await using people = await aliceAndBob()
    const sent = await execute(['send', 'bob', 'anybody?', '--timeout', '2', ...lan], people.alice.at)
    expect(sent).toMatchObject({ code: 3, stdout: '' })
    expect(sent.stderr).toMatch(/could not reach bob within 2 s\nhint: /)
  },
)

/** Two people on two hosts of one LAN, who know each other; the seed of their DHT is on a third. */
async function aliceAndBob(): Promise<AsyncDisposable & { readonly alice: Person; readonly bob: Person }> {
  const lab = new Lab('lan')
  try {
    return await meetIn(lab)
  } catch (error) {
    lab[Symbol.dispose]()
    throw error
  }
}

async function meetIn(lab: Lab): Promise<AsyncDisposable & { readonly alice: Person; readonly bob: Person }> {
  const homes = [await freshHome(), await freshHome()] as const
  const run = (host: string): string[] => [...lab.on(host), process.execPath, entry]
  const node = await seed({ interface: 'eth0', port: 6881, command: run('carol') })
  const env = { OTRTALK_BOOTSTRAP: node.address }
  const alice = { name: 'alice', at: { home: homes[0].path, command: run('alice'), env } }
  const bob = { name: 'bob', at: { home: homes[1].path, command: run('bob'), env } }
  await introduce(alice, bob)
  return {
    alice,
    bob,
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]()
      for (const home of homes) await home[Symbol.asyncDispose]()
      lab[Symbol.dispose]()
    },
  }
}
