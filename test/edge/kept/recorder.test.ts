import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Home } from '../../../src/edge/home.ts'
import { readHistories } from '../../../src/edge/kept/histories.ts'
import { Recorder } from '../../../src/edge/kept/recorder.ts'
import type { OpenProfile } from '../../../src/edge/openprofile.ts'
import { createProfile, openProfile } from '../../../src/edge/profiles.ts'
import { changeBuddy } from '../../../src/profile/buddies.ts'
import type { Habits } from '../../../src/profile/habits.ts'
import type { About, TalkEvent } from '../../../src/session/command.ts'
import { cheap, other, withBuddy } from '../../profile/people.ts'
import { newHome } from '../folder.ts'

const { fingerprint } = other
const under = { buddy: 'bob', session: 1, fingerprint, trust: 'verified' } as const
const secured: TalkEvent = { kind: 'secured', path: 'lan', ms: 1, pq: true, ...under }
const id = (n: number): string => n.toString(16).padStart(16, '0')
const day = 86_400_000
const start = 1_700_000_000_000
const message = (n: number, text: string, at = start, buddy = 'bob'): TalkEvent => ({
  ...{ kind: 'message', id: id(n), text, at },
  ...{ ...under, buddy },
})

async function withProfile(habits: Habits = { history: true }): Promise<OpenProfile> {
  const home: Home = newHome()
  await createProfile({ home, name: 'ada', passphrase: 'pw', command: 'profile create', cost: cheap })
  const profile = await openProfile({ home, name: 'ada', passphrase: 'pw', command: 'chat', lock: true })
  onTestFinished(() => profile[Symbol.asyncDispose]())
  await profile.save((contents) => ({ ...contents, buddies: withBuddy([], 'bob', other.address) }))
  await setHabits(profile, habits)
  return profile
}

const setHabits = (profile: OpenProfile, habits: Habits) =>
  profile.save((contents) => ({
    ...contents,
    buddies: changeBuddy(contents.buddies, contents.buddies[0]!.alias, (buddy) => ({ ...buddy, habits })),
  }))

interface Run {
  readonly habits?: Habits
  readonly now?: () => number
}

const faults: string[] = []

/** Of one process. A text that is said comes before the event that it was sent. */
function recording(profile: OpenProfile, { habits = {}, now = () => start }: Run = {}) {
  faults.length = 0
  const onFault = (alias: string, fault: Error) => faults.push(`${alias}: ${fault.message}`)
  const recorder = new Recorder({ profile, habits, onFault, now })
  const hear = (...events: readonly TalkEvent[]): void => {
    for (const event of events) {
      if (event.kind === 'said') recorder.said(event)
      else recorder.hear(event)
    }
  }
  return Object.assign(recorder, { all: hear })
}

async function heard(profile: OpenProfile, events: readonly TalkEvent[], run?: Run): Promise<void> {
  await using recorder = recording(profile, run)
  recorder.all(...events)
  await recorder.read(fingerprint)
}

const said = (n: number, text: string): TalkEvent => ({ kind: 'said', buddy: 'bob', id: id(n), text })
const sent = (n: number, buddy = 'bob'): TalkEvent => ({ kind: 'sent', buddy, id: id(n) })
const failed = (n: number): TalkEvent => ({ kind: 'undelivered', buddy: 'bob', id: id(n), why: 'closed' })
const delivered = (n: number): TalkEvent => ({ kind: 'delivered', buddy: 'bob', id: id(n), ms: 1 })

const kept = async (profile: OpenProfile) =>
  (await readHistories(profile)).flatMap(({ lines }) =>
    lines.map(({ side, text, settled }) => [side, text, ...(settled ? [settled] : [])].join(' ')),
  )

const files = (profile: OpenProfile): string[] => {
  try {
    return readdirSync(join(profile.path, 'history'))
  } catch {
    return []
  }
}

describe('what is said with a buddy whose history is on', () => {
  test('is kept in order: ours when it is sent, his when it comes, and what became of ours', async () => {
    const profile = await withProfile()
    const texts = [said(1, 'hi'), said(2, 'never sent'), secured, sent(1), message(3, 'hello'), delivered(1)]
    await heard(profile, [...texts, said(4, 'bye'), sent(4), failed(4)])
    expect(await kept(profile)).toEqual(['ours hi delivered', 'theirs hello', 'ours bye undelivered'])
    const [history] = await readHistories(profile)
    expect(history).toMatchObject({ alias: 'bob', fingerprint })
    expect(statSync(join(profile.path, history!.name)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(profile.path, history!.name)).toString()).not.toContain('hello')
  })

  test('follows its author: an edit changes a line, a deletion empties it, and then the file, too', async () => {
    const profile = await withProfile()
    const edited = (n: number, of: number, text: string): TalkEvent => ({
      ...{ kind: 'edited', id: id(n), of: id(of), text, at: start, ...under },
    })
    const deleted: TalkEvent = { kind: 'deleted', id: id(9), of: id(1), at: start, ...under }
    const own = (n: number, text: string, about: About): TalkEvent => ({
      kind: 'said',
      buddy: 'bob',
      id: id(n),
      text,
      about,
    })
    await heard(profile, [secured, message(1, 'one'), edited(2, 1, 'two'), edited(3, 77, 'of none'), deleted])
    await heard(profile, [
      secured,
      said(4, 'mine'),
      sent(4),
      own(5, 'mine!', { as: 'edit', id: id(4) }),
      sent(5),
    ])
    await heard(profile, [secured, own(6, 'yes', { as: 'reply', id: id(1) }), sent(6)])
    expect(await kept(profile)).toEqual(['theirs ', 'theirs of none', 'ours mine!', 'ours yes'])
    const before = await readHistories(profile)
    expect(before[0]?.lines[2]).toMatchObject({ edited: { was: 'mine' } })
    const size = statSync(join(profile.path, before[0]!.name)).size
    await using recorder = recording(profile)
    await recorder.tidy()
    const after = await readHistories(profile)
    expect(after[0]?.lines).toEqual(before[0]?.lines)
    expect(statSync(join(profile.path, after[0]!.name)).size).toBeLessThan(size)
  })

  test('goes on in another run, and what is told again is kept once', async () => {
    const profile = await withProfile()
    await heard(profile, [secured, message(1, 'one')])
    const size = (): number => statSync(join(profile.path, 'history', files(profile)[0]!)).size
    const before = size()
    await heard(profile, [secured, message(1, 'one'), delivered(7)])
    expect(size()).toBe(before)
    await heard(profile, [secured, message(1, 'one'), message(2, 'two')])
    expect(await kept(profile)).toEqual(['theirs one', 'theirs two'])
    expect(files(profile)).toHaveLength(1)
  })

  test('has every line that was shown, also of who uses an id again, in this run or in another', async () => {
    const profile = await withProfile()
    await heard(profile, [secured, message(1, 'bait'), message(1, 'what he meant'), message(1, 'bait')])
    await heard(profile, [secured, message(1, 'bait'), message(1, 'the next day')])
    expect(await kept(profile)).toEqual(['theirs bait', 'theirs what he meant', 'theirs the next day'])
  })

  test('is in the file as soon as it is heard, once the file is open', async () => {
    const profile = await withProfile()
    await using recorder = recording(profile)
    recorder.all(secured)
    await recorder.read(fingerprint)
    recorder.all(message(1, 'one'))
    expect(await kept(profile)).toEqual(['theirs one'])
  })

  test('is in the file at once with whom it was begun; with nobody else anything is made', async () => {
    const profile = await withProfile()
    const [bob] = profile.contents.buddies
    {
      await using recorder = recording(profile)
      await recorder.begin([bob!]) // whose key nobody knows yet
      expect(files(profile)).toEqual([])
      await setHabits(profile, {})
      await recorder.begin([{ ...bob!, fingerprint }])
      expect(files(profile)).toEqual([])
    }
    await setHabits(profile, { history: true })
    await using recorder = recording(profile)
    await recorder.begin([{ ...bob!, fingerprint }])
    recorder.all(message(1, 'one'))
    expect(await kept(profile)).toEqual(['theirs one'])
  })

  test('is under his new alias when he is called otherwise, in the same file', async () => {
    const profile = await withProfile()
    await heard(profile, [secured, message(1, 'one')])
    await profile.save((contents) => ({
      ...contents,
      buddies: changeBuddy(contents.buddies, 'bob', (buddy) => ({ ...buddy, alias: 'robert' })),
    }))
    await heard(profile, [message(2, 'two', start, 'robert')])
    expect(await readHistories(profile)).toMatchObject([{ alias: 'robert', lines: [{}, {}] }])
  })

  test('is with the key of the conversation, whatever it is called', async () => {
    const profile = await withProfile()
    await using recorder = recording(profile)
    const renamed: TalkEvent = { kind: 'renamed', buddy: 'bob', to: 'b' }
    recorder.all(secured, renamed, said(1, 'hi'), sent(1, 'b'))
    await recorder.read(fingerprint)
    expect(await kept(profile)).toEqual(['ours hi'])
  })
})

describe('nothing is written', () => {
  test.each<[string, Habits, Habits]>([
    ['that nobody asked for', {}, {}],
    ['of a buddy for whom it is off, though it is on for others', { history: false }, { history: true }],
  ])('%s: not even a key or a folder', async (_, own, habits) => {
    const profile = await withProfile(own)
    await heard(profile, [said(1, 'hi'), secured, sent(1), message(2, 'hello')], { habits })
    expect(readdirSync(profile.path).sort()).toEqual(['lock', 'vault'])
    expect(profile.contents.recordKeys).toEqual([])
  })

  test('of a key that is no buddy’s', async () => {
    const profile = await withProfile()
    await profile.save((contents) => ({ ...contents, buddies: [] }))
    await heard(profile, [secured, message(1, 'hello')], { habits: { history: true } })
    expect(files(profile)).toEqual([])
  })

  test('from where it is switched off', async () => {
    const profile = await withProfile()
    await using recorder = recording(profile)
    recorder.all(secured, message(1, 'one'))
    await setHabits(profile, { history: false })
    recorder.all(message(2, 'two'))
    await recorder.read(fingerprint)
    expect(await kept(profile)).toEqual(['theirs one'])
  })
})

test('with history on for all, it is kept of whom nothing is set', async () => {
  const profile = await withProfile({})
  await heard(profile, [secured, message(1, 'one')], { habits: { history: true } })
  expect(await kept(profile)).toEqual(['theirs one'])
})

describe('what was kept', () => {
  test('is told as earlier, the newest lines, oldest first, with the key', async () => {
    const profile = await withProfile()
    const texts = [secured, said(1, 'hi'), sent(1), delivered(1), message(2, 'hello'), message(3, 'again')]
    await heard(profile, texts)
    await using recorder = recording(profile)
    recorder.all(secured)
    expect(await recorder.earlier('bob', 2, 'asked')).toEqual([
      { from: 'buddy', id: id(2), at: start, text: 'hello', fingerprint },
      { from: 'buddy', id: id(3), at: start, text: 'again', fingerprint },
    ])
    expect((await recorder.earlier('bob', 9, 'began'))?.[0]).toMatchObject({
      from: 'you',
      settled: 'delivered',
    })
    expect(await recorder.earlier('nobody', 9, 'asked')).toEqual([])
    await setHabits(profile, {})
    expect(await recorder.earlier('bob', 9, 'began')).toBeUndefined()
    expect(await recorder.earlier('bob', 9, 'asked')).toHaveLength(3)
  })

  test('is told up to 256 Ki characters', async () => {
    const profile = await withProfile()
    const long = Array.from({ length: 10 }, (_, i) => message(i, 'x'.repeat(30_000)))
    await using recorder = recording(profile)
    recorder.all(secured, ...long)
    expect(await recorder.earlier('bob', 99, 'asked')).toHaveLength(8)
  })

  test('before a time is gone when it is deleted: the file and its key are new', async () => {
    const profile = await withProfile()
    await using recorder = recording(profile)
    recorder.all(secured, message(1, 'old'), message(2, 'new', start + day))
    await recorder.read(fingerprint)
    const [name] = files(profile)
    const [before, former] = [
      readFileSync(join(profile.path, 'history', name!)),
      profile.contents.recordKeys[0]!.slice(),
    ]
    expect(await recorder.forget(fingerprint, start + 1)).toBe(1)
    expect(await kept(profile)).toEqual(['theirs new'])
    recorder.all(message(3, 'later', start + day))
    expect(await kept(profile)).toEqual(['theirs new', 'theirs later'])
    expect(profile.contents.recordKeys).toHaveLength(1)
    writeFileSync(join(profile.path, 'history', name!), before) // as from a disk that still holds it
    expect(await kept(profile)).toEqual([])
    const stolen = { path: profile.path, contents: { recordKeys: [former] } }
    expect(await readHistories(stolen)).toHaveLength(1) // and would have, with the former key
  })

  test('is gone with its file when all of it is deleted; what is said then begins anew', async () => {
    const profile = await withProfile()
    await using recorder = recording(profile)
    recorder.all(secured, message(1, 'old'))
    expect(await recorder.forget(fingerprint)).toBe(1)
    expect(files(profile)).toEqual([])
    expect(await recorder.forget(fingerprint)).toBe(0)
    recorder.all(message(2, 'new'))
    await recorder.read(fingerprint)
    expect(await kept(profile)).toEqual(['theirs new'])
  })

  test('is deleted after as many days as it is to be kept, also of whom nothing more is kept', async () => {
    const profile = await withProfile()
    await heard(profile, [secured, message(1, 'old'), message(2, 'new', start + day)])
    for (const [now, habits, left] of [
      [start + 2 * day, { history: true }, 2],
      [start + 2 * day, { history: true, keep: 2 }, 2],
      [start + 2 * day + 1, { keep: 2 }, 1],
      [start + 3 * day + 1, { keep: 2 }, 0],
    ] as const) {
      await setHabits(profile, habits)
      await using recorder = recording(profile, { now: () => now })
      await recorder.tidy()
      expect(await kept(profile)).toHaveLength(left)
    }
    expect([files(profile), faults]).toEqual([[], []])
  })
})

describe('a fault', () => {
  test('is told once, what is said goes on, and the damaged file is kept aside', async () => {
    const profile = await withProfile()
    await heard(profile, [secured, message(1, 'one'), message(2, 'two')])
    const path = join(profile.path, 'history', files(profile)[0]!)
    const damaged = readFileSync(path)
    damaged[damaged.length - 1]! ^= 1
    writeFileSync(path, damaged)
    await heard(profile, [secured, message(3, 'three')])
    expect(faults).toEqual([`bob: a part of ${path} is damaged; what could be read is kept`])
    expect(await kept(profile)).toEqual(['theirs one', 'theirs three'])
    expect(readFileSync(`${path}.damaged`)).toEqual(damaged)
  })

  test('of the folder is told once, however much is said', async () => {
    const profile = await withProfile()
    writeFileSync(join(profile.path, 'history'), 'no folder')
    await using recorder = recording(profile)
    recorder.all(secured, message(1, 'one'), message(2, 'two'))
    await recorder.read(fingerprint).catch(() => {})
    await expect.poll(() => faults).toHaveLength(1)
    recorder.all(message(3, 'three'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(faults).toEqual([expect.stringContaining('a part of this path is a file')])
  })
})
