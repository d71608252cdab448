/** A bad line on loopback: loses, doubles and delays what passes between two ends, by a seed. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { left } from './cenet.ts'
import { Dice } from './dice.ts'

export interface Line {
  readonly seed: number
  readonly loss: number // percent, each way
  readonly duplication: number // percent
  readonly delay: number // ms at most: what is delayed less overtakes
}

export interface Relay {
  /** Where the one who connects sends to. */
  readonly port: number
  readonly passed: number
  readonly lost: number
}

/** Between whoever sends to it and `target` on 127.0.0.1. */
export async function relay(target: number, { seed, loss, duplication, delay }: Line): Promise<Relay> {
  const [front, back] = [createSocket('udp4'), createSocket('udp4')]
  const dice = new Dice(seed)
  const counts = { passed: 0, lost: 0 }
  const timers = new Set<NodeJS.Timeout>()
  let client = 0
  const carry = (bytes: Buffer, send: (bytes: Buffer) => void): void => {
    const copies = dice.below(100) < duplication ? 2 : 1
    for (let i = 0; i < copies; i++) {
      const wait = dice.below(delay + 1)
      if (dice.below(100) < loss) {
        counts.lost++
        continue
      }
      counts.passed++
      const timer = setTimeout(() => {
        timers.delete(timer)
        send(bytes)
      }, wait)
      timers.add(timer)
    }
  }
  front.on('message', (bytes, from) => {
    client = from.port
    carry(bytes, (all) => back.send(all, target, '127.0.0.1'))
  })
  back.on('message', (bytes) => carry(bytes, (all) => front.send(all, client, '127.0.0.1')))
  left.push(() => {
    for (const timer of timers) clearTimeout(timer)
    front.close()
    back.close()
  })
  for (const socket of [front, back]) {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
  }
  return {
    port: front.address().port,
    get passed() {
      return counts.passed
    },
    get lost() {
      return counts.lost
    },
  }
}
