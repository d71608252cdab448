import { describe, expect, test } from 'vitest'
import { Pair } from '../../src/profile/pair.ts'
import { Firsts, linkKeys, runName } from '../../src/session/firsts.ts'
import { frameTag, readKnock } from '../../src/transport/link/frames.ts'
import { Responder } from '../../src/transport/link/handshake.ts'
import { address } from '../support/network.ts'
import { person, seeded } from './people.ts'

const [ada, bob] = [person('ada', 1), person('bob', 2)]
const [atAda, atBob] = [
  Pair.of(ada.identity, bob.identity.address)!,
  Pair.of(bob.identity, ada.identity.address)!,
]
const [initiating, responding] = atAda.role === 'initiator' ? [atAda, atBob] : [atBob, atAda]
const sessionId = new Uint8Array(8).fill(5)

function start(pair: Pair) {
  const indices = new Set<number>()
  let last = 0
  const allocate = (): number => {
    indices.add(++last)
    return last
  }
  const release = (index: number): boolean => indices.delete(index)
  const firsts = new Firsts({ pair, random: seeded(3), sessionId, allocate, release })
  return { firsts, indices }
}

/** What the buddy answers to an init of this hour. */
const answered = (init: Uint8Array, epoch: number): Uint8Array =>
  new Responder().receive(
    init,
    address('198.51.100.1:1'),
    { keys: linkKeys(responding, epoch), epoch, index: 77, random: seeded(4) },
    0,
  )!.response

describe('the first datagram of an hour', () => {
  test('is an init of the initiator, and the same each time', () => {
    const { firsts, indices } = start(initiating)
    const [init, other] = [firsts.of(10), firsts.of(11)]
    expect([frameTag(init), frameTag(other)]).toEqual([
      initiating.tag('initiator', 10),
      initiating.tag('initiator', 11),
    ])
    expect([firsts.of(10), indices.size]).toEqual([init, 2])
  })

  test('is known to have gone where it went, until the next', () => {
    const { firsts } = start(initiating)
    const [there, elsewhere] = [address('198.51.100.1:1'), address('198.51.100.1:2')]
    firsts.goesTo(there)
    expect([firsts.wentTo(there), firsts.wentTo(elsewhere)]).toEqual([true, false])
    firsts.wipe()
    expect(firsts.wentTo(there)).toBe(false)
    for (let port = 1; port <= 5_000; port++) firsts.goesTo(address(`198.51.100.1:${port}`))
    expect([firsts.wentTo(there), firsts.wentTo(address('198.51.100.1:5000'))]).toEqual([false, true])
  })

  test('is a knock of the responder that names his run in that hour’s way, and takes no index', () => {
    const { firsts, indices } = start(responding)
    for (const epoch of [10, 11]) {
      const keys = linkKeys(responding, epoch)
      expect(readKnock(keys, firsts.of(epoch))?.sessionId).toEqual(runName(keys, sessionId))
    }
    expect(runName(linkKeys(responding, 10), sessionId)).not.toEqual(
      runName(linkKeys(responding, 11), sessionId),
    )
    expect([firsts.of(10), indices.size]).toEqual([firsts.of(10), 0])
  })

  test('of a foreign one is made for one such hour only', () => {
    const { firsts, indices } = start(initiating)
    const init = firsts.ofNeighbour(500)
    expect([init !== undefined, firsts.ofNeighbour(501)]).toEqual([true, undefined])
    expect(firsts.ofNeighbour(500)).toEqual(init)
    expect(indices.size).toBe(1)
    firsts.wipe()
    expect(firsts.ofNeighbour(501)).toBeDefined()
  })
})

describe('a response', () => {
  test('to any of them ends all: its index is the link’s, the others are free', () => {
    const { firsts, indices } = start(initiating)
    const [, init] = [firsts.of(10), firsts.of(11), firsts.of(12)]
    const established = firsts.receive(answered(init, 11))
    expect([established?.index, established?.peerIndex, [...indices]]).toEqual([2, 77, [2]])
    expect(firsts.receive(answered(init, 11))).toBe(undefined)
    expect(firsts.of(11)).not.toEqual(init)
  })

  test('is of no use once all is wiped, and every index is free', () => {
    const { firsts, indices } = start(initiating)
    const response = answered(firsts.of(10), 10)
    firsts.wipe()
    expect([firsts.receive(response), indices.size]).toEqual([undefined, 0])
  })

  test('with any octet changed changes nothing', () => {
    const { firsts } = start(initiating)
    const response = answered(firsts.of(10), 10)
    for (let at = 0; at < response.length; at++) {
      const changed = response.map((octet, i) => (i === at ? octet ^ 1 : octet))
      // The responder's own index is not looked at before the MAC.
      expect(firsts.receive(changed)).toBe(undefined)
    }
    expect(firsts.receive(response)).toBeDefined()
  })
})
