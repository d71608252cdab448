/** A bad line on loopback: loses, doubles and delays what passes between two ends, by a seed. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { Dice } from '../support/dice.ts'
import { left } from './cenet.ts'

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
  /** What was sent so far came from another port than what is sent from here on, as behind a NAT that forgot. */
  move(): Promise<void>
}

/** Between whoever sends to it and `target` on 127.0.0.1. */
export async function relay(target: number, { seed, loss, duplication, delay }: Line): Promise<Relay> {
  const front = createSocket('udp4')
  let back = createSocket('udp4')
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
  const open = async (socket: Socket): Promise<Socket> => {
    socket.on('message', (bytes) => carry(bytes, (all) => front.send(all, client, '127.0.0.1')))
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return socket
  }
  left.push(() => {
    for (const timer of timers) clearTimeout(timer)
    front.close()
    back.close()
  })
  front.bind(0, '127.0.0.1')
  await Promise.all([once(front, 'listening'), open(back)])
  return {
    port: front.address().port,
    get passed() {
      return counts.passed
    },
    get lost() {
      return counts.lost
    },
    async move() {
      const next = await open(createSocket('udp4'))
      back.close()
      back = next
    },
  }
}
