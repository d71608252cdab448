import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomBytes } from '../../src/crypto.ts'
import { findHome } from '../../src/edge/home.ts'
import { openProfile } from '../../src/edge/profiles.ts'
import type { Identity } from '../../src/profile/identity.ts'
import type { TalkEvent } from '../../src/session/command.ts'
import { introduce, type Seed, seed } from '../support/people.ts'
import { execute, freshHome, Program, type Started } from '../support/program.ts'
import { startThief } from '../support/thief.ts'

let node: Seed
let home: Awaited<ReturnType<typeof freshHome>>
let at: Started

beforeAll(async () => {
  node = await seed({ interface: 'lo' })
  home = await freshHome()
  at = { home: home.path, env: { OTRTALK_INTERFACE: 'lo', OTRTALK_BOOTSTRAP: node.address } }
  const as = (name: string): Started => ({ ...at, env: { ...at.env, OTRTALK_PROFILE: name } })
  await introduce({ name: 'ada', at: as('ada') }, { name: 'bob', at: as('bob') })
})

afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await home[Symbol.asyncDispose]()
})

test('whoever stole Bob’s discovery secret is refused with words and exit 4, and reads nothing', async () => {
  const events: TalkEvent[] = []
  using _thief = await startBobsThief((event) => events.push(event))
  const { code, stdout, stderr } = await execute(['chat', 'bob', '--plain', '--profile', 'ada'], {
    ...at,
    input: 'for Bob alone\n',
  })
  expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
  expect(stderr).toMatch(
    /otrtalk: refused: whoever answers as bob has another key than the one you know\nhint: /,
  )
  const why = await execute(['why', 'bob', '--timeout', '40', '--profile', 'ada'], at)
  expect(why).toMatchObject({ code: 4, stderr: expect.stringContaining('otrtalk: refused: whoever answers') })
  expect(why.stdout).toMatch(
    /refused: whoever answers as bob has another key[\s\S]*what would help\n {2}it may be somebody/,
  )
  const nameless = await execute(['why', 'bob', '--timeout', '40', '--redact', '--profile', 'ada'], at)
  expect(nameless.code).toBe(4)
  expect(`${nameless.stdout}${nameless.stderr}`).not.toMatch(/\bbob\b/)
  expect(nameless.stdout).toContain('refused: whoever answers as buddy has another key')
  expect(events.filter(({ kind }) => kind === 'secured' || kind === 'message')).toEqual([])
})

test('ten thousand each of random, truncated and bit-flipped datagrams from a stranger: no answer, no harm', async () => {
  await using listening = new Program(['listen', '--json', '--profile', 'bob'], at)
  const { port } = await listening.event('listening')
  const stranger = createSocket('udp4').bind(0, '127.0.0.1')
  await once(stranger, 'listening')
  let answers = 0
  stranger.on('message', () => answers++)
  const template = Buffer.from(randomBytes(192))
  template.set([0xf0, 0, 0, 0])
  for (let i = 0; i < 10_000; i++) {
    const flipped = Buffer.from(template)
    flipped[4 + (i % 188)]! ^= 1 << (i % 8)
    const data = Buffer.from(template)
    data[0] = 0xf3
    for (const bytes of [
      Buffer.from(randomBytes(1 + (i % 200))),
      template.subarray(0, i % 192),
      flipped,
      data,
    ])
      stranger.send(bytes, Number(port), '127.0.0.1')
    if (i % 50 === 0) await sleep(1) // the socket's buffer shall lose little of it
  }
  const sent = await execute(['send', 'bob', 'still there?', '--profile', 'ada'], at)
  expect(sent).toMatchObject({ code: 0 })
  // What the test before said while the thief was there has waited for Bob.
  expect(await listening.event('message')).toMatchObject({ text: 'for Bob alone' })
  await listening.line('still there?')
  expect(answers).toBe(0)
  stranger.close()
})

async function startBobsThief(onEvent: (event: TalkEvent) => void): Promise<Disposable> {
  const open = async (name: string): Promise<Identity> => {
    const options = {
      home: await findHome({ OTRTALK_HOME: home.path }),
      name,
      passphrase: '',
      command: 'test',
    }
    await using profile = await openProfile({ ...options, lock: false })
    return profile.contents.identity
  }
  return startThief({ of: await open('ada'), as: await open('bob'), bootstrap: node.address, onEvent })
}
