import { describe, expect, test } from 'vitest'
import { epochOf, Pair } from '../../src/profile/pair.ts'
import { SoughtNames } from '../../src/session/sought.ts'
import { person, wall } from './people.ts'

const [ada, bob, eve] = [person('ada', 1), person('bob', 2), person('eve', 3)]
const pairOf = (own: typeof ada, buddy: typeof ada): Pair => Pair.of(own.identity, buddy.identity.address)!
const [withBob, withEve] = [pairOf(ada, bob), pairOf(ada, eve)]
const theirs = ({ role }: Pair): 'initiator' | 'responder' =>
  role === 'initiator' ? 'responder' : 'initiator'

const now = wall(0)
const epoch = epochOf(now)
const hour = 3_600_000
const nothing = (): readonly number[] => []

function names(): SoughtNames {
  const names = new SoughtNames()
  names.change('bob', [withBob])
  names.change('eve', [withEve])
  return names
}

const tagOf = (pair: Pair, e: number): Uint8Array => pair.tag(theirs(pair), e)

describe('the tag of a frame', () => {
  test('says whose it is in three epochs, and in no other', () => {
    const known = names()
    for (const [alias, pair] of [
      ['bob', withBob],
      ['eve', withEve],
    ] as const) {
      for (const e of [epoch - 1, epoch, epoch + 1])
        expect(known.tagged(tagOf(pair, e), now, nothing)).toEqual({ alias, pair, epoch: e })
      for (const e of [epoch - 2, epoch + 2])
        expect(known.tagged(tagOf(pair, e), now, nothing)).toBe(undefined)
    }
  })

  test('of an hour that a line names says it too, for that buddy only', () => {
    const known = names()
    const named = (alias: string): readonly number[] => (alias === 'bob' ? [epoch + 50, epoch - 9_000] : [])
    for (const e of [epoch + 50, epoch - 9_000])
      expect(known.tagged(tagOf(withBob, e), now, named)).toEqual({ alias: 'bob', pair: withBob, epoch: e })
    expect(known.tagged(tagOf(withEve, epoch + 50), now, named)).toBe(undefined)
  })

  test('of an hour that is named later is known once it is told that other hours are', () => {
    const known = names()
    const tag = tagOf(withBob, epoch + 50)
    expect(known.tagged(tag, now, nothing)).toBe(undefined)
    known.forgetTags()
    expect(known.tagged(tag, now, () => [epoch + 50])).toMatchObject({ alias: 'bob' })
  })

  test('goes with the time', () => {
    const known = names()
    expect(known.tagged(tagOf(withBob, epoch + 2), now, nothing)).toBe(undefined)
    expect(known.tagged(tagOf(withBob, epoch + 2), now + hour, nothing)).toMatchObject({ epoch: epoch + 2 })
    expect(known.tagged(tagOf(withBob, epoch - 1), now + hour, nothing)).toBe(undefined)
  })

  test('is his, not ours: what we send is not taken for an answer', () => {
    expect(names().tagged(withBob.tag(withBob.role, epoch), now, nothing)).toBe(undefined)
  })

  test('of one who is no longer sought is nobody’s, and of one who is sought anew is his', () => {
    const known = names()
    known.tagged(tagOf(withBob, epoch), now, nothing)
    known.change('bob', [])
    expect(known.tagged(tagOf(withBob, epoch), now, nothing)).toBe(undefined)
    expect(known.tagged(tagOf(withEve, epoch), now, nothing)).toMatchObject({ alias: 'eve' })
    known.change('bob', [withBob])
    expect(known.tagged(tagOf(withBob, epoch), now, nothing)).toMatchObject({ alias: 'bob' })
  })
})

describe('names', () => {
  test('begin and end with the secrets shared with a buddy; what stays keeps its name', () => {
    const known = new SoughtNames()
    const { begun } = known.change('bob', [withBob])
    expect(begun).toMatchObject([{ alias: 'bob', pair: withBob }])
    const { name } = begun[0]!
    const invite = Pair.ofInvite(new Uint8Array(32).fill(7), 'inviter')
    const second = known.change('bob', [withBob, invite])
    expect([second.ended, second.begun.map(({ pair }) => pair)]).toEqual([[], [invite]])
    expect(known.of('bob')).toHaveLength(2)
    expect(known.nameOf(withBob)).toBe(name)
    expect(known.change('bob', [invite])).toEqual({ begun: [], ended: [name] })
    expect([known.get(name), known.nameOf(withBob)]).toEqual([undefined, undefined])
    // A name is never that of another: what still comes for it is dropped.
    expect(known.change('bob', [withBob]).begun[0]!.name).not.toBe(name)
  })

  test('carry what discovery needs of the pair, a mark of our own only if there is one', () => {
    const known = new SoughtNames()
    const invite = Pair.ofInvite(new Uint8Array(32).fill(7), 'accepter')
    known.change('bob', [withBob, invite])
    const [ofPair, ofInvite] = known.of('bob').map(({ keys }) => keys)
    expect([ofPair!.own, ofInvite!.own]).toEqual([withBob.direction, 1])
    expect(ofPair!.key('lan', 0, epoch)).toEqual(withBob.key('lan', 0, epoch))
    expect(ofPair!.mark!(Uint8Array.of(1))).toEqual(withBob.mark!(Uint8Array.of(1)))
    expect('mark' in ofInvite!).toBe(false)
  })
})
