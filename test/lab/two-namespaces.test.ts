import { expect, test } from 'vitest'
import { entry, execute, freshHome, Program, type Started } from '../support/program.ts'
import { Lab, whyNoLab } from './lab.ts'

const missing = whyNoLab()
if (missing !== undefined) console.warn(`skipped: ${missing}`)

const port = 6881

test.skipIf(missing !== undefined)(
  'a message crosses a LAN without internet: found in a private DHT, delivered, decrypted',
  async () => {
    using lab = new Lab('lan')
    await using aliceHome = await freshHome()
    await using bobHome = await freshHome()
    const alice = on(lab, 'alice', aliceHome.path)
    const bob = on(lab, 'bob', bobHome.path)

    await using seed = new Program(
      ['node', '--port', String(port), '--interface', 'eth0', '--json'],
      on(lab, 'carol'),
    )
    await seed.event('listening')

    await befriend({ name: 'alice', at: alice }, { name: 'bob', at: bob })
    await using listening = new Program(['listen', '--json', '--interface', 'eth0'], bob)
    await listening.event('listening')
    const text = 'kommst du zum See? 🐟'
    const sent = await execute(
      ['send', 'bob', text, '--json', '--interface', 'eth0', '--timeout', '20'],
      alice,
    )
    expect(sent.stderr).toBe('')
    expect(sent.code).toBe(0)
    expect(events(sent.stdout)).toEqual(expect.arrayContaining(['secured', 'sent', 'delivered']))

    const message = await listening.event('message')
    expect(message).toMatchObject({ buddy: 'alice', text, trust: 'unverified' })
    expect(await listening.event('secured')).toMatchObject({ buddy: 'alice', path: 'lan' })

    listening.signal('SIGTERM')
    expect(await listening.ended()).toMatchObject({ code: 143, signal: null })
  },
)

test.skipIf(missing !== undefined)(
  'nobody answers for a buddy who is not there: exit 3 in time',
  async () => {
    using lab = new Lab('lan')
    await using aliceHome = await freshHome()
    await using bobHome = await freshHome()
    const alice = on(lab, 'alice', aliceHome.path)
    await using seed = new Program(
      ['node', '--port', String(port), '--interface', 'eth0', '--json'],
      on(lab, 'carol'),
    )
    await seed.event('listening')
    await befriend({ name: 'alice', at: alice }, { name: 'bob', at: on(lab, 'bob', bobHome.path) })

    const sent = await execute(['send', 'bob', 'anybody?', '--interface', 'eth0', '--timeout', '2'], alice)
    expect(sent).toMatchObject({ code: 3, stdout: '' })
    expect(sent.stderr).toMatch(/could not reach bob within 2 s\nhint: /)
  },
)

/** The built program on a host of the lab, with a home of its own; the private DHT's seed is on carol. */
function on(lab: Lab, host: string, home?: string): Started {
  return {
    command: [...lab.on(host), process.execPath, entry],
    env: { OTRTALK_BOOTSTRAP: `${lab.address('carol')}:${port}` },
    ...(home === undefined ? {} : { home }),
  }
}

interface Person {
  readonly name: string
  readonly at: Started
}

/** Two profiles, and each knows the other's address. */
async function befriend(a: Person, b: Person): Promise<void> {
  for (const [own, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const address = await addressOf(other)
    await addressOf(own)
    expect(await execute(['buddy', 'add', other.name, address], own.at)).toMatchObject({ code: 0 })
  }
}

/** Makes the profile if there is none yet. */
async function addressOf({ name, at }: Person): Promise<string> {
  await execute(['profile', 'create', name, '--no-passphrase'], at)
  const { code, stdout } = await execute(['id', '--json'], at)
  expect(code).toBe(0)
  return JSON.parse(stdout).address
}

function events(stdout: string): string[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).event)
}
