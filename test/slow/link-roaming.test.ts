/** Two sealed links on real sockets; between them a NAT that forgets in mid-transfer, and forgets again. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { End, type Told } from '../../bench/peers/end.ts'
import { type Run, run } from '../../src/edge/run.ts'
import { splitAddress } from '../../src/wire/address.ts'
import { address } from '../support/network.ts'
import { left } from './cenet.ts'
import { relay } from './relay.ts'

const bind = { udp4: '127.0.0.1' } as const
const count = 384
const size = 32_768
const [talk, bulk] = [0, 1]

/** Octets that follow from a number. */
const piece = (number: number): Uint8Array =>
  Buffer.concat(
    Array.from({ length: size / 32 }, (_, i) => createHash('sha256').update(`${number} ${i}`).digest()),
  )

/** Resolves with what `resolve` is given. */
function later<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve = (_: T): void => {}
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

test('12 MiB of bulk, and a line beside each piece, pass 12 changes of the port: all once, in order, unchanged', async () => {
  const expected = Array.from({ length: count }, (_, i) => piece(i))
  const [pieces, lines]: [Uint8Array[], string[]] = [[], []]
  const [port, ended] = [later<number>(), later<'done' | 'gone'>()]
  let moves = 0
  let [lastAt, longestPause] = [Infinity, 0]
  const responder = run<End, Told>(new End({ isSealed: true, congestion: undefined }), {
    bind,
    onEvent(event) {
      if (event.kind === 'opened') port.resolve(splitAddress(event.at).port)
      if (event.kind === 'gone') ended.resolve('gone')
      if (event.kind !== 'message') return
      longestPause = Math.max(longestPause, performance.now() - lastAt)
      lastAt = performance.now()
      if (event.channel === talk) lines.push(new TextDecoder().decode(event.bytes))
      else if (pieces.push(event.bytes) % 32 === 0) {
        moves++
        void line.move()
      }
      if (pieces.length === count && lines.length === count) ended.resolve('done')
    },
  })
  const line = await relay(await port.promise, { seed: 1, loss: 0, duplication: 2, delay: 4 })
  let sent = 0
  const push = (end: End): void => {
    for (; sent < count && end.room > 0; sent++) {
      end.send(expected[sent]!, bulk)
      end.send(new TextEncoder().encode(`${sent}`), talk)
    }
  }
  const to = address(`127.0.0.1:${line.port}`)
  const initiator: Run<End> = run<End, Told>(new End({ to, isSealed: true, congestion: undefined }), {
    bind,
    onEvent(event) {
      if (event.kind === 'gone') ended.resolve('gone')
      if (event.kind === 'up' || event.kind === 'room') initiator.act(push)
    },
  })
  left.push(
    () => initiator[Symbol.dispose](),
    () => responder[Symbol.dispose](),
  )
  expect(await ended.promise).toBe('done')
  expect(moves).toBe(12)
  expect(longestPause).toBeLessThan(2_000) // ms; what is sent meanwhile to the old port is lost
  expect(lines).toEqual(expected.map((_, i) => `${i}`))
  expect(pieces.every((each, i) => Buffer.compare(each, expected[i]!) === 0)).toBe(true)
}, 60_000)
