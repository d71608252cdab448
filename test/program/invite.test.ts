import { afterAll, test as base, beforeAll, describe, expect, vi } from 'vitest'
import { findHome } from '../../src/edge/home.ts'
import { openProfile } from '../../src/edge/profiles.ts'
import type { Contents } from '../../src/profile/contents.ts'
import { type Seed, seed } from '../support/people.ts'
import { execute, freshHome, Program, type Started } from '../support/program.ts'
import { type Pty, start, untouched } from '../support/pty.ts'

vi.setConfig({ testTimeout: 120_000 }) // several at once, and some wait for half a minute

// One private DHT on loopback for all of it; each test has people of its own, so that they wait beside one another.
let node: Seed
beforeAll(async () => {
  node = await seed({ interface: 'lo' })
})
afterAll(() => node[Symbol.asyncDispose]())

interface People {
  /** A profile of this name, in a home of its own. */
  readonly someone: (name: string) => Promise<Started>
  readonly ada: Started
  readonly bob: Started
}

const test = base.extend<People>({
  async someone({ task: _ }, use) {
    const homes: Awaited<ReturnType<typeof freshHome>>[] = []
    await use(async (name) => {
      const home = await freshHome()
      homes.push(home)
      const at = { home: home.path, env: { OTRTALK_INTERFACE: 'lo', OTRTALK_BOOTSTRAP: node.address } }
      expect(await execute(['profile', 'create', name, '--no-passphrase'], at)).toMatchObject({ code: 0 })
      return at
    })
    for (const home of homes) await home[Symbol.asyncDispose]()
  },
  ada: async ({ someone }, use) => use(await someone('ada')),
  bob: async ({ someone }, use) => use(await someone('bob')),
})

interface Known {
  readonly alias: string
  readonly trust: string
  readonly fingerprint: string
}

async function buddiesOf(at: Started): Promise<readonly Known[]> {
  return JSON.parse((await execute(['buddy', 'list', '--json'], at)).stdout)
}

/** What a person sees and tells the other by phone. */
const codeOn = (screen: string): string => /the code for \S+: ((?:[a-z]+ ){5}[a-z]+)/.exec(screen)?.[1] ?? ''

async function codeOf(pty: Pty): Promise<string> {
  return codeOn(await pty.waitFor((screen) => codeOn(screen) !== ''))
}

/** Changes a vault as time would. */
async function age({ home }: Started, name: string, by: (contents: Contents) => Contents): Promise<void> {
  const options = { home: await findHome({ OTRTALK_HOME: home }), name, passphrase: '', command: 'test' }
  await using profile = await openProfile({ ...options, lock: true })
  await profile.save(by)
}

const contentsOf = async (at: Started, name: string): Promise<Contents> => {
  let found: Contents | undefined
  await age(at, name, (contents) => {
    found = contents
    return contents
  })
  return found!
}

describe('in two terminals', () => {
  test.concurrent('invite, accept and six words lead to a conversation with who is met by code', async ({
    ada,
    bob,
  }) => {
    await using left = start(['invite', 'bob'], ada)
    const code = await codeOf(left)
    await using right = start(['accept', 'ada'], bob)
    await right.waitFor('Tab completes')
    // The first word is completed by Tab, of the second there are four letters.
    const [first, second, ...others] = code.split(' ')
    right.type(first!.slice(0, 4))
    right.key('tab')
    right.type(` ${second!.slice(0, 4)} ${others.join(' ')}`)
    right.key('enter')
    await right.waitFor('ada: secured, met by code')
    await left.waitFor('bob: secured, met by code')
    left.type('so it is you')
    left.key('enter')
    await right.waitFor('so it is you')
    await left.waitFor((screen) => /so it is you ✓/.test(screen))
    right.key('ctrlD')
    expect(await right.ended()).toEqual({ code: 0 })
    left.key('ctrlC')
    expect(await left.ended()).toEqual({ code: 0 })
    expect([left.state, right.state]).toEqual([untouched, untouched])
    expect(await buddiesOf(ada)).toMatchObject([{ alias: 'bob', trust: 'by-code' }])
    expect(await buddiesOf(bob)).toMatchObject([{ alias: 'ada', trust: 'by-code' }])
    expect((await contentsOf(ada, 'ada')).invites).toEqual([])
    expect((await contentsOf(bob, 'bob')).invites).toEqual([])
  })

  test.concurrent('typing errors are named, word by word, before anybody is looked for', async ({ bob }) => {
    await using right = start(['accept', 'ada'], bob)
    await right.waitFor('Tab completes')
    right.type('abandon xq')
    await right.waitFor('no word begins with ‘xq’')
    right.key('backspace')
    right.key('backspace')
    right.type('zo ')
    await right.waitFor('‘zo’ may be zone, zoo')
    right.key('enter')
    right.type('o abs')
    right.key('tab')
    await right.waitFor('absent absorb abstract absurd')
    right.type('ent')
    right.key('enter')
    await right.waitFor('a code has six words, this has 3')
    expect(right.screen).toContain('code: abandon zoo absent')
    right.key('ctrlC')
    expect(await right.ended()).toEqual({ code: 130 })
    expect(right.state).toEqual(untouched)
    expect((await contentsOf(bob, 'bob')).invites).toEqual([])
  })

  test.concurrent('a wrong code finds nobody, and after half a minute a hint says to compare it', async ({
    ada,
    bob,
  }) => {
    await using left = start(['invite', 'bob'], ada)
    await codeOf(left)
    await using right = start(['accept', 'ada'], bob)
    await right.waitFor('Tab completes')
    right.type('zoo zoo zoo zoo zoo zoo')
    right.key('enter')
    await right.waitFor('Compare the code word by word', 90_000)
    expect(left.screen).toContain('looking for bob')
    right.key('ctrlC')
    await right.ended()
    expect(await buddiesOf(bob)).toEqual([])
  })

  test.concurrent('without an alias somebody is asked for one, and Enter takes the proposed one', async ({
    ada,
  }) => {
    await using left = start(['invite', '--qr'], ada)
    await left.waitFor('what do you call your buddy? [buddy]')
    left.key('enter')
    await left.waitFor('press Enter when it was read')
    expect(left.screen).toMatch(/[█▀▄]{20}/)
    left.key('enter')
    await left.waitFor('the code for buddy')
    left.key('ctrlC')
    expect(await left.ended()).toEqual({ code: 0 })
  })
})

/** Without terminals, so that the events can be read. */
const inviting = (at: Started, alias = 'bob'): Program => new Program(['invite', alias, '--json'], at)

async function codeFrom(program: Program): Promise<string> {
  expect(program.lines[0] ?? (await program.line(() => true))).toMatch(/^\{"event":"code","code":"/)
  return String((await program.event('code'))['code'])
}

function accepting(at: Started, code: string): Program {
  const program = new Program(['accept', 'ada', '-', '--json'], at)
  program.write(`${code}\n`)
  return program
}

test.concurrent('accept - takes the code from stdin, and ends with 0 once both know each other', async ({
  ada,
  bob,
}) => {
  await using left = inviting(ada)
  const accepted = await execute(['accept', 'ada', '-'], { ...bob, input: `${await codeFrom(left)}\n` })
  expect(accepted).toMatchObject({ code: 0 })
  expect(accepted.stderr).toMatch(/ada is your buddy now: met by code/)
  await left.event('introduced')
  const sent = await execute(['send', 'ada', 'hello', '--timeout', '40'], bob)
  expect(sent).toMatchObject({ code: 0 })
  expect(await left.event('message')).toMatchObject({ buddy: 'bob', text: 'hello', trust: 'by-code' })
})

test.concurrent('what follows the code on stdin is said', async ({ ada, bob }) => {
  await using left = inviting(ada)
  const input = `${await codeFrom(left)}\n{"say":"first words"}\n`
  await execute(['accept', 'ada', '-', '--json'], { ...bob, input })
  expect(await left.event('message')).toMatchObject({ text: 'first words' })
})

test.concurrent('a code is used once: whoever has it too, and comes later, meets nobody', async ({
  ada,
  bob,
  someone,
}) => {
  const eve = await someone('eve')
  await using left = inviting(ada)
  const code = await codeFrom(left)
  await using right = accepting(bob, code)
  await right.event('introduced')
  await left.event('introduced')
  await using late = accepting(eve, code)
  expect(await late.event('alone', 90_000)).toMatchObject({ buddy: 'ada' })
  expect(await buddiesOf(eve)).toEqual([])
  expect((await buddiesOf(ada)).map(({ alias }) => alias)).toEqual(['bob'])
})

test.concurrent('an expired code is refused in words, forgotten, and the next one is another', async ({
  ada,
}) => {
  await using left = inviting(ada)
  const code = await codeFrom(left)
  left.signal('SIGKILL')
  await left.ended()
  await age(ada, 'ada', (contents) => ({
    ...contents,
    invites: contents.invites.map((invite) => ({ ...invite, expiresAt: Date.now() - 1 })),
  }))
  const late = await execute(['chat', 'bob', '--plain'], ada)
  expect(late).toMatchObject({ code: 1 })
  expect(late.stderr).toMatch(/otrtalk: the invite code has expired\nhint: .*otrtalk invite/)
  expect((await contentsOf(ada, 'ada')).invites).toEqual([])
  await using again = inviting(ada)
  expect(await codeFrom(again)).not.toBe(code)
})

test.concurrent('a code that expires while it is waited with ends the program with 1', async ({ ada }) => {
  {
    await using left = inviting(ada)
    await codeFrom(left)
  }
  await age(ada, 'ada', (contents) => ({
    ...contents,
    invites: contents.invites.map((invite) => ({ ...invite, expiresAt: Date.now() + 8_000 })),
  }))
  await using waiting = new Program(['chat', 'bob', '--json'], ada)
  expect(await waiting.event('burnt')).toMatchObject({ buddy: 'bob', why: 'expired' })
  expect(await waiting.ended()).toMatchObject({ code: 1 })
  expect((await contentsOf(ada, 'ada')).invites).toEqual([])
})

test.concurrent('after a restart of both, invite and chat go on with the same code', async ({ ada, bob }) => {
  await using left = inviting(ada)
  const code = await codeFrom(left)
  await left.event('listening')
  left.signal('SIGKILL')
  await left.ended()
  {
    await using right = accepting(bob, code)
    await right.event('listening')
  }
  await using again = inviting(ada)
  expect(await codeFrom(again)).toBe(code)
  await using resumed = new Program(['chat', 'ada', '--json'], bob)
  await resumed.event('introduced', 40_000)
  await again.event('introduced')
  expect(await buddiesOf(bob)).toMatchObject([{ alias: 'ada', trust: 'by-code' }])
})

// Every moment of both: test/slow/meeting.test.ts, on the virtual network.
test.concurrent.for(['bound', 'met', 'introduced'])(
  'kill -9 of the accepter when it tells “%s”: started again it is met by the same code',
  async (step, { ada, bob }) => {
    await using left = inviting(ada)
    const code = await codeFrom(left)
    {
      await using doomed = accepting(bob, code)
      await doomed.event(step, 40_000)
      doomed.signal('SIGKILL')
      await doomed.ended()
    }
    await using again = new Program(['chat', 'ada', '--json'], bob)
    await again.event('secured', 50_000)
    again.write('{"say":"back"}\n')
    expect(await left.event('message', 30_000)).toMatchObject({ text: 'back', trust: 'by-code' })
    expect(await buddiesOf(bob)).toMatchObject([{ alias: 'ada', trust: 'by-code' }])
    expect(await buddiesOf(ada)).toMatchObject([{ alias: 'bob', trust: 'by-code' }])
  },
)

test.concurrent('kill -9 of the inviter when it tells “bound”: started again it meets the same accepter', async ({
  ada,
  bob,
}) => {
  await using left = inviting(ada)
  await using right = accepting(bob, await codeFrom(left))
  await left.event('bound', 40_000)
  left.signal('SIGKILL')
  await left.ended()
  await using again = new Program(['chat', 'bob', '--json'], ada)
  await again.event('secured', 50_000)
  right.write('{"say":"still here"}\n')
  expect(await again.event('message', 30_000)).toMatchObject({ text: 'still here' })
})

test.concurrent('who is a buddy already keeps his alias, and his trust rises', async ({ ada, bob }) => {
  const { address } = JSON.parse((await execute(['id', '--json'], bob)).stdout)
  expect(await execute(['buddy', 'add', 'robert', address], ada)).toMatchObject({ code: 0 })
  await using left = inviting(ada, 'bob')
  await using right = accepting(bob, await codeFrom(left))
  expect(await left.event('met')).toMatchObject({ buddy: 'bob', knownAs: 'robert' })
  await left.event('introduced')
  await right.event('introduced')
  expect(await buddiesOf(ada)).toMatchObject([{ alias: 'robert', trust: 'by-code' }])
})

describe('refused with words', () => {
  test.concurrent.for([
    [['accept', 'zoo', 'zoo', 'zoo', 'zoo', 'zoo', 'zoo']],
    [['accept', 'zoo zoo zoo zoo zoo zoo']],
    [['accept', 'ada', 'zoo zoo zoo zoo zoo zoo']],
    [['accept', 'zoo-zoo-zoo-zoo-zoo-zoo']],
  ] as const)('a code as an argument: %j', async ([args], { bob }) => {
    const refused = await execute(args, bob)
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toMatch(/never given as an argument: it would stand in the history/)
    expect(refused.stderr).not.toMatch(/zoo/)
  })

  test.concurrent.for([
    ['abandon xq zoo zoo zoo zoo', /no word begins with ‘xq’/],
    ['zoo zoo', /a code has six words, this has 2/],
    ['', /this has 0/],
  ] as const)('the code %j on stdin', async ([input, words], { bob }) => {
    const refused = await execute(['accept', 'ada', '-'], { ...bob, input })
    expect(refused).toMatchObject({ code: 2 })
    expect(refused.stderr).toMatch(words)
  })

  test.concurrent('nobody to ask, an alias that is taken, one’s own code', async ({ ada, bob }) => {
    expect(await execute(['accept', 'ada'], bob)).toMatchObject({ code: 2 })
    const { address } = JSON.parse((await execute(['id', '--json'], bob)).stdout)
    await execute(['buddy', 'add', 'bob', address], ada)
    const taken = await execute(['invite', 'BOB'], ada)
    expect(taken).toMatchObject({ code: 1 })
    expect(taken.stderr).toMatch(/you have a buddy bob already/)
    let code: string
    {
      await using left = inviting(ada, 'carol')
      code = await codeFrom(left)
    }
    const own = await execute(['accept', 'dave', '-'], { ...ada, input: `${code}\n` })
    expect(own).toMatchObject({ code: 2 })
    expect(own.stderr).toMatch(/this is your own code/)
  })
})
