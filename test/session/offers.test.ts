import { describe, expect, test } from 'vitest'
import { sealOffer } from '../../src/discovery/offer.ts'
import type { Candidate } from '../../src/discovery/record.ts'
import { epochOf, Pair } from '../../src/profile/pair.ts'
import { Offers, type TakeFault, type TakenOffer } from '../../src/session/offers.ts'
import { address } from '../support/network.ts'
import { person, seeded, wall } from './people.ts'

const [ada, bob, eve] = [person('ada', 1), person('bob', 2), person('eve', 3)]
const atAda = Pair.of(ada.identity, bob.identity.address)!
const atBob = Pair.of(bob.identity, ada.identity.address)!
const candidates: readonly Candidate[] = [
  { kind: 'host', address: address('192.168.1.5:40000') },
  { kind: 'reflexive', address: address('203.0.113.1:4') },
]

/** One of two who exchange lines; `skew` ms ahead. */
class Side {
  readonly offers: Offers
  readonly sessionId: Uint8Array
  readonly #alias: string
  readonly #pairs: readonly Pair[]

  constructor(alias: string, pairs: readonly Pair[], { seed = 7, skew = 0 } = {}) {
    const random = seeded(seed)
    this.sessionId = random(8)
    this.offers = new Offers({ random, sessionId: this.sessionId, wall: (now) => wall(now) + skew })
    this.#alias = alias
    this.#pairs = pairs
  }

  make(kind: 'offer' | 'answer', now = 0, told = candidates): string | undefined {
    return this.offers.make(kind, { alias: this.#alias, pairs: this.#pairs, candidates: told }, now)
  }

  take(line: string | undefined, now = 0): TakenOffer | TakeFault {
    return this.offers.take(line ?? '', { alias: this.#alias, pairs: this.#pairs }, now)
  }
}

const sides = ({ skew = 0 } = {}) => ({
  ada: new Side('bob', [atAda]),
  bob: new Side('ada', [atBob], { seed: 8, skew }),
})

describe('an offer and its answer', () => {
  test('tell each where the other is, and both take the hour of the offer, ten hours apart as their clocks may be', () => {
    for (const skew of [0, 36_000_000, -36_000_000]) {
      const { ada, bob } = sides({ skew })
      const epoch = epochOf(wall(0))
      const { sessionId } = ada
      expect(bob.take(ada.make('offer'))).toEqual({
        kind: 'taken',
        pair: atBob,
        epoch,
        sessionId,
        candidates,
      })
      const answer = ada.take(bob.make('answer'))
      expect(answer).toEqual({ kind: 'taken', pair: atAda, epoch, sessionId: bob.sessionId, candidates })
    }
  })

  test('name an hour whose keys may serve, until the exchange is over', () => {
    const { ada, bob } = sides({ skew: 36_000_000 })
    expect([ada.offers.epochs('bob'), bob.offers.epochs('ada')]).toEqual([[], []])
    bob.take(ada.make('offer'))
    const epoch = epochOf(wall(0))
    expect([ada.offers.epochs('bob'), bob.offers.epochs('ada')]).toEqual([[epoch], [epoch]])
    bob.offers.forget('ada')
    expect(bob.offers.epochs('ada')).toEqual([])
  })

  test('may be taken and given again, at the moment they were made or an hour later', () => {
    const { ada, bob } = sides()
    const offer = ada.make('offer')
    for (const now of [0, 0, 3_600_000]) {
      expect(bob.take(offer, now)).toMatchObject({ kind: 'taken' })
      expect(ada.take(bob.make('answer', now), now)).toMatchObject({ kind: 'taken', epoch: epochOf(wall(0)) })
    }
  })

  test('go by a former key of ours, or by a code, where the buddy may know no other', () => {
    const former = Pair.of(eve.identity, bob.identity.address)!
    const rotated = new Side('bob', [atAda, former])
    const [knowsNew, knowsOld] = [
      new Side('ada', [atBob]),
      new Side('ada', [Pair.of(bob.identity, eve.identity.address)!]),
    ]
    expect(knowsNew.take(rotated.make('offer'))).toBe('not-for-you')
    expect(knowsOld.take(rotated.make('offer'))).toMatchObject({ kind: 'taken' })
    expect(rotated.take(knowsOld.make('answer'))).toMatchObject({ kind: 'taken', pair: former })
    // The other way round all keys are tried.
    const again = new Side('bob', [atAda, former])
    expect(again.take(knowsNew.make('offer'))).toMatchObject({ kind: 'taken', pair: atAda })
    expect(knowsNew.take(again.make('answer'))).toMatchObject({ kind: 'taken', pair: atBob })
    const [inviter, accepter] = (['inviter', 'accepter'] as const).map(
      (side) => new Side('buddy', [Pair.ofInvite(new Uint8Array(32).fill(5), side)]),
    )
    expect(accepter!.take(inviter!.make('offer'))).toMatchObject({ kind: 'taken' })
    expect(inviter!.take(accepter!.make('answer'))).toMatchObject({ kind: 'taken' })
  })
})

describe('refused, and why', () => {
  test('an offer where one was made, an answer where none was, our own line', () => {
    const { ada, bob } = sides()
    const offer = ada.make('offer')
    expect(ada.take(offer)).toBe('own')
    expect(bob.take(offer)).toMatchObject({ kind: 'taken' })
    const answer = bob.make('answer')
    expect(bob.take(answer)).toBe('own')
    expect(ada.take(bob.make('offer'))).toBe('offer')
    expect(new Side('bob', [atAda]).take(answer)).toBe('answer')
  })

  test('an answer to another offer: of an earlier run, replaced since, of a moment before, of another hour', () => {
    const { ada, bob } = sides()
    const [first, second] = [ada.make('offer'), ada.make('offer')]
    bob.take(first)
    expect(ada.take(bob.make('answer'))).toBe('other-offer')
    bob.take(second)
    expect(ada.take(bob.make('answer'))).toMatchObject({ kind: 'taken' })
    const restarted = new Side('bob', [atAda], { seed: 9 })
    for (const now of [1_000, 2_000, 3_000, 3_600_000]) {
      restarted.make('offer', now)
      expect(restarted.take(bob.make('answer'), now)).toBe('other-offer')
    }
  })

  test('an offer that was made an answer by another prefix', async () => {
    const { bech32m } = await import('@scure/base')
    const { ada, bob } = sides()
    ada.make('offer')
    const { words } = bech32m.decode(bob.make('offer') as `${string}1${string}`, 1_000)
    expect(ada.take(bech32m.encode('ota', words, 1_000))).toBe('other-offer')
  })

  test('an answer of another hour than the offer, although it has its number', () => {
    const { ada } = sides()
    ada.make('offer')
    const answer = (epoch: number): string =>
      sealOffer(
        {
          kind: 'answer',
          pair: { own: atBob.direction, key: (...which) => atBob.key(...which) },
          epoch,
          seq: wall(0) + 1,
          record: { sessionId: new Uint8Array(8), timestamp: wall(0), startAt: 0, candidates },
        },
        seeded(3),
      )
    expect(ada.take(answer(epochOf(wall(0)) + 1))).toBe('other-offer')
    expect(ada.take(answer(epochOf(wall(0))))).toMatchObject({ kind: 'taken' })
  })

  test('what is from somebody else', () => {
    const { ada } = sides()
    const stranger = new Side('ada', [Pair.of(eve.identity, bob.identity.address)!])
    expect(ada.take(stranger.make('offer'))).toBe('not-for-you')
  })
})

describe('no line', () => {
  test('where there is nothing to tell, nobody to tell it, and no offer to answer', () => {
    const { ada, bob } = sides()
    expect(ada.make('offer', 0, [])).toBeUndefined()
    expect(new Side('bob', []).make('offer')).toBeUndefined()
    expect(bob.make('answer')).toBeUndefined()
    bob.take(ada.make('offer'))
    expect(bob.make('answer', 0, [])).toBeUndefined()
  })

  test('of an exchange that is over', () => {
    const { ada, bob } = sides()
    bob.take(ada.make('offer'))
    const answer = bob.make('answer')
    for (const side of [ada, bob]) side.offers.forget(side === ada ? 'bob' : 'ada')
    expect(bob.make('answer')).toBeUndefined()
    expect(ada.take(answer)).toBe('answer')
  })
})
