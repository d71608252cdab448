import { hexToBytes } from '@noble/hashes/utils.js'
import { describe, expect, test } from 'vitest'
import { profileAddress } from '../../src/profile/address.ts'
import { discoveryKeyOf } from '../../src/profile/discoverykey.ts'
import { Pair } from '../../src/profile/pair.ts'
import type { Known } from '../../src/session/talk.ts'
import {
  contactOf,
  nothingSpecial,
  type Person,
  person,
  type Running,
  seeded,
  World,
} from '../session/people.ts'

const ada = person('ada', 1)
const bob = person('bob', 2)
const eve = person('eve', 3)

const code = (): Uint8Array => seeded(77)(32)

const invitation = (alias: string, side: 'inviter' | 'accepter', prk = code()): Known => ({
  whom: { kind: 'invited', alias, bound: undefined },
  invite: Pair.ofInvite(prk, side),
  isStrange: true,
})

/** What the edge does when an address came: it writes the vault, then says so. */
function saveWhatComes(...running: readonly Running[]): void {
  for (const each of running)
    for (const event of each.host.events)
      if (event.kind === 'met' || event.kind === 'moved') each.saved(event)
}

function runAndSave(world: World, ...running: readonly Running[]): void {
  for (let i = 0; i < 20; i++) {
    world.network.run(1_000)
    saveWhatComes(...running)
  }
}

describe('an invite code', () => {
  test('leads two people who share nothing else to each other: met by code, and they can talk', () => {
    const world = new World({ seed: 1, latency: [20, 20] })
    const a = world.run(ada, [invitation('friend', 'inviter')])
    const b = world.run(bob, [invitation('ada', 'accepter')])
    b.say('ada', 'said before anybody was met')
    runAndSave(world, a, b)
    expect(a.events('met')).toMatchObject([
      { buddy: 'friend', trust: 'by-code', fingerprint: bob.identity.fingerprint },
    ])
    expect(b.events('met')).toMatchObject([
      { buddy: 'ada', trust: 'by-code', fingerprint: ada.identity.fingerprint },
    ])
    expect([a.events('introduced').length, b.events('introduced').length]).toEqual([1, 1])
    expect(a.events('secured')).toMatchObject([{ buddy: 'friend', trust: 'by-code' }])
    expect(a.texts).toEqual(['said before anybody was met'])
    a.say('friend', 'hello')
    world.network.run(1_000)
    expect(b.texts).toEqual(['hello'])
  })

  test('nothing is told of the other before the code is proved', () => {
    const world = new World({ seed: 2, latency: [20, 20] })
    const a = world.run(ada, [invitation('friend', 'inviter')])
    const b = world.run(bob, [invitation('ada', 'accepter')])
    runAndSave(world, a, b)
    for (const { host } of [a, b]) {
      const kinds = host.events.map(({ kind }) => kind)
      const first = kinds.indexOf('bound')
      expect(first).toBeGreaterThan(0)
      for (const kind of ['met', 'secured', 'message', 'sent'] as const) {
        const at = kinds.indexOf(kind)
        expect(at === -1 || at > first).toBe(true)
      }
      expect(kinds.indexOf('met')).toBeLessThan(kinds.indexOf('secured'))
    }
  })

  test('a wrong code reaches nobody', () => {
    const world = new World({ seed: 3, latency: [20, 20] })
    const a = world.run(ada, [invitation('friend', 'inviter')])
    const b = world.run(bob, [invitation('ada', 'accepter', seeded(78)(32))])
    runAndSave(world, a, b)
    expect([...a.events('met'), ...b.events('met'), ...a.events('burnt'), ...b.events('burnt')]).toEqual([])
  })

  test('whoever holds the keys of the meeting place but not the code burns it, and learns no address', () => {
    const world = new World({ seed: 4, latency: [20, 20] })
    const a = world.run(ada, [invitation('friend', 'inviter')])
    const known = invitation('ada', 'accepter')
    const wrong = Pair.ofInvite(code(), 'accepter')
    Object.defineProperty(wrong, 'smpSecret', { get: () => new Uint8Array(32) })
    const e = world.run(eve, [{ ...known, invite: wrong }])
    runAndSave(world, a, e)
    expect(a.events('burnt')).toMatchObject([{ why: 'wrong-code' }])
    expect([...a.events('met'), ...e.events('met'), ...a.events('bound')]).toEqual([])
  })

  test('belongs to the first who proved it: a second one is refused, the first may come back after a crash', () => {
    const world = new World({ seed: 5, latency: [20, 20] })
    const a = world.run(ada, [invitation('friend', 'inviter')])
    const b = world.run(bob, [invitation('ada', 'accepter')])
    world.network.run(20_000) // nobody saves: no address is confirmed
    expect([a.events('met').length, a.events('introduced').length]).toEqual([1, 0])
    b.kill()
    a.kill()
    const { fingerprint } = bob.identity
    const bound: Known = {
      ...invitation('friend', 'inviter'),
      whom: { kind: 'invited', alias: 'friend', bound: fingerprint },
    }
    const again = world.run(ada, [bound])
    const e = world.run(eve, [invitation('ada', 'accepter')])
    runAndSave(world, again, e)
    expect(again.events('refused')).toMatchObject([{ why: 'wrong-fingerprint' }])
    expect([...again.events('met'), ...e.events('met')]).toEqual([])
    e.kill()
    const back = world.run(bob, [
      {
        ...invitation('ada', 'accepter'),
        whom: { kind: 'invited', alias: 'ada', bound: ada.identity.fingerprint },
      },
    ])
    for (let i = 0; i < 4; i++) runAndSave(world, again, back)
    expect(new Set(again.events('met').map(({ address }) => address)).size).toBe(1)
    expect([again.events('introduced').length, back.events('introduced').length]).toEqual([1, 1])
  })
})

describe('whoever has the code and comes second', () => {
  test('takes nothing over, whenever she ends her handshake', () => {
    for (const moment of ['bound', 'met'] as const) {
      const world = new World({ seed: 6, latency: [20, 20] })
      const a = world.run(ada, [invitation('friend', 'inviter')])
      const e = world.run(eve, [invitation('ada', 'accepter')])
      e.say('ada', 'a secret for Ada, from Eve')
      for (let n = 0; n < 2_000 && e.events('phase').at(-1)?.phase !== 'securing'; n++) world.network.run(5)
      world.network.run(70) // her Identity is answered; her Auth-I waits
      e.tap.hold()
      expect(a.events('bound')).toEqual([])
      const b = world.run(bob, [invitation('ada', 'accepter')])
      for (let n = 0; n < 2_000 && a.events(moment).length === 0; n++) world.network.run(5)
      e.tap.release()
      runAndSave(world, a, b)
      expect(a.events('bound').map(({ fingerprint }) => fingerprint)).toEqual([bob.identity.fingerprint])
      expect(a.events('met').map(({ fingerprint }) => fingerprint)).toEqual([bob.identity.fingerprint])
      expect(new Set(a.events('secured').map(({ fingerprint }) => fingerprint))).toEqual(
        new Set([bob.identity.fingerprint]),
      )
      b.say('ada', 'it is me')
      world.network.run(2_000)
      expect([a.texts, e.events('met')]).toEqual([['it is me'], []])
    }
  })
})

test('what is said to a buddy who forgot the code’s proof in a crash waits until he has it again', () => {
  for (const side of ['inviter', 'accepter'] as const) {
    const world = new World({ seed: 12, latency: [20, 20] })
    const { fingerprint } = bob.identity
    const whom = { kind: 'known', contact: contactOf(bob, { fingerprint, trust: 'by-code' }) } as const
    const a = world.run(ada, [{ whom, invite: Pair.ofInvite(code(), side), isStrange: true }])
    a.say('bob', 'waited for you')
    const b = world.run(bob, [invitation('ada', side === 'inviter' ? 'accepter' : 'inviter')])
    for (let i = 0; i < 4; i++) runAndSave(world, a, b)
    expect(b.texts).toEqual(['waited for you'])
    expect(a.events('delivered')).toHaveLength(1)
  }
})

describe('an address that is not in the vault', () => {
  test('is not confirmed, also when it is told again', () => {
    const world = new World({ seed: 7, latency: [20, 20] })
    const a = world.run(ada, [invitation('friend', 'inviter')])
    const b = world.run(bob, [invitation('ada', 'accepter')])
    for (let i = 0; i < 5; i++) {
      world.network.run(20_000)
      saveWhatComes(b)
    }
    expect(a.events('met')).toHaveLength(1)
    expect([b.events('introduced'), a.events('secured'), a.texts]).toEqual([[], [], []])
    saveWhatComes(a)
    world.network.run(5_000)
    expect([b.events('introduced').length, a.events('secured').length]).toEqual([1, 1])
  })

  test('what he says while it is written is shown when it is', () => {
    const world = new World({ seed: 8, latency: [20, 20] })
    const a = world.run(ada, [invitation('friend', 'inviter')])
    const b = world.run(bob, [invitation('ada', 'accepter')])
    b.say('ada', 'in the meantime')
    for (let i = 0; i < 5; i++) {
      world.network.run(2_000)
      saveWhatComes(b)
    }
    expect([a.texts, b.events('sent').length]).toEqual([[], 1])
    saveWhatComes(a)
    world.network.run(2_000)
    expect([a.texts, b.events('delivered').length]).toEqual([['in the meantime'], 1])
  })
})

describe('verification', () => {
  test('the right answer shows who gave it; a wrong one says so, and trust stays', () => {
    const { world, a, b } = meet()
    const ask = (secret: string, answer: string): void => {
      a.talk.act({ kind: 'verify', buddy: 'bob', question: 'Where did we meet?', secret }, world.network.now)
      world.network.run(1_000)
      b.talk.act({ kind: 'answer', buddy: 'ada', secret: answer }, world.network.now)
      world.network.run(2_000)
    }
    ask('Rome', 'Paris')
    expect(b.events('asked')).toMatchObject([{ buddy: 'ada', question: 'Where did we meet?' }])
    expect(a.events('verification').at(-1)).toMatchObject({ state: 'failed', trust: 'unverified' })
    expect([...a.events('verified'), ...b.events('verified')]).toEqual([])
    ask('Rome', 'Rome')
    expect(a.events('verified')).toMatchObject([
      { buddy: 'bob', trust: 'verified', fingerprint: bob.identity.fingerprint },
    ])
    // Bob answered a question: whoever asked it knows that he is Bob, and that is all.
    expect(b.events('verified')).toEqual([])
    expect(b.events('verification').at(-1)).toMatchObject({ state: 'answered', trust: 'unverified' })
    b.say('ada', 'now you know')
    world.network.run(1_000)
    expect(a.events('message')).toMatchObject([{ trust: 'verified' }])
  })

  test('without a question both must have agreed on the secret before: it makes both verified', () => {
    const { world, a, b } = meet()
    a.talk.act({ kind: 'verify', buddy: 'bob', secret: 'our word' }, world.network.now)
    world.network.run(1_000)
    b.talk.act({ kind: 'answer', buddy: 'ada', secret: 'our word' }, world.network.now)
    world.network.run(2_000)
    expect(a.events('verified')).toMatchObject([{ trust: 'verified', fingerprint: bob.identity.fingerprint }])
    expect(b.events('verified')).toMatchObject([{ trust: 'verified', fingerprint: ada.identity.fingerprint }])
  })

  test('a question of a conversation that is over is not answered in the next one', () => {
    const { world, a, b } = meet()
    a.talk.act({ kind: 'verify', buddy: 'bob', question: 'Who?', secret: 'x' }, world.network.now)
    world.network.run(1_000)
    expect(b.events('asked')).toHaveLength(1)
    a.kill()
    const again = world.start(ada, [contactOf(bob)])
    world.network.run(20_000)
    expect(b.events('secured')).toHaveLength(2)
    b.talk.act({ kind: 'answer', buddy: 'ada', secret: 'x' }, world.network.now)
    world.network.run(2_000)
    expect([...again.events('verified'), ...b.events('verified'), ...again.events('asked')]).toEqual([])
    expect(b.events('verification').at(-1)).toMatchObject({ state: 'cancelled' })
  })

  test('after three failures with a key the user is warned, and who asks again goes on', () => {
    const { world, a, b } = meet()
    const ask = (): void => {
      a.talk.act({ kind: 'verify', buddy: 'bob', secret: 'Rome' }, world.network.now)
      world.network.run(1_000)
      b.talk.act({ kind: 'answer', buddy: 'ada', secret: 'Paris' }, world.network.now)
      world.network.run(60_000)
    }
    for (let i = 0; i < 3; i++) ask()
    const states = (): string[] => a.events('verification').map(({ state }) => state)
    expect(states().filter((state) => state === 'failed')).toHaveLength(3)
    a.talk.act({ kind: 'verify', buddy: 'bob', secret: 'Rome' }, world.network.now)
    world.network.run(1_000)
    expect(states().at(-1)).toBe('limited')
    expect(b.events('asked')).toHaveLength(3)
    a.talk.act({ kind: 'verify', buddy: 'bob', secret: 'Rome' }, world.network.now)
    world.network.run(1_000)
    // Bob has counted three failures too: his program refuses until he says otherwise.
    expect(states().slice(-2)).toEqual(['running', 'cancelled'])
    expect(b.events('verification').at(-1)).toMatchObject({ state: 'limited' })
  })

  test('either side can cancel', () => {
    const { world, a, b } = meet()
    a.talk.act({ kind: 'verify', buddy: 'bob', secret: 'x' }, world.network.now)
    world.network.run(1_000)
    b.talk.act({ kind: 'cancel', buddy: 'ada' }, world.network.now)
    world.network.run(1_000)
    expect(a.events('verification').at(-1)).toMatchObject({ state: 'cancelled' })
    b.talk.act({ kind: 'answer', buddy: 'ada', secret: 'x' }, world.network.now)
    world.network.run(1_000)
    expect([...a.events('verified'), ...b.events('verified')]).toEqual([])
  })
})

describe('a new discovery key', () => {
  /** Bob with another discovery key: the same person at another address. */
  const secret = hexToBytes('11'.repeat(32))
  const { identity } = bob
  const address = profileAddress(discoveryKeyOf(secret), identity.fingerprint)
  const moved: Person = {
    alias: 'bob',
    identity: { ...identity, discoverySecret: secret, address },
    former: [identity],
  }

  test('is told in the conversation, once; afterwards the buddies find each other by the new one', () => {
    const world = new World({ seed: 9, latency: [20, 20] })
    const a = world.start(ada, [contactOf(bob)])
    const b = world.run(moved, [
      { whom: { kind: 'known', contact: contactOf(ada) }, invite: undefined, isStrange: true },
    ])
    runAndSave(world, a, b)
    expect(a.events('moved')).toMatchObject([{ buddy: 'bob', fingerprint: identity.fingerprint }])
    expect(b.events('introduced')).toHaveLength(1)
    b.quit()
    world.network.run(3_000)
    // Bob has forgotten the old key by now.
    const { former: _, ...after } = moved
    const again = world.run(after, [{ whom: { kind: 'known', contact: contactOf(ada) }, ...nothingSpecial }])
    world.network.run(90_000)
    expect(again.events('secured')).toHaveLength(1)
    expect(a.events('moved')).toHaveLength(1)
  })

  test('an address with somebody else’s fingerprint is not taken', () => {
    const world = new World({ seed: 10, latency: [20, 20] })
    const stolen = profileAddress(discoveryKeyOf(secret), eve.identity.fingerprint)
    const liar: Person = {
      alias: 'bob',
      identity: { ...identity, discoverySecret: secret, address: stolen },
      former: [identity],
    }
    const a = world.start(ada, [contactOf(bob)])
    const b = world.run(liar, [
      { whom: { kind: 'known', contact: contactOf(ada) }, invite: undefined, isStrange: true },
    ])
    runAndSave(world, a, b)
    expect(a.events('secured')).toHaveLength(1)
    expect([...a.events('moved'), ...b.events('introduced')]).toEqual([])
  })
})

function meet(): { world: World; a: Running; b: Running } {
  const world = new World({ seed: 11, latency: [20, 20] })
  const a = world.start(ada, [contactOf(bob)])
  const b = world.start(bob, [contactOf(ada)])
  world.network.run(15_000)
  return { world, a, b }
}
