import { expect, test } from 'vitest'
import { End, type Told } from '../../bench/peers/end.ts'
import { address, Network } from '../support/network.ts'

const manners = [
  { isSealed: false, congestion: undefined },
  { isSealed: false, congestion: 'classic' },
  { isSealed: true, congestion: undefined },
]

const message = Uint8Array.from({ length: 65_536 }, (_, i) => i + (i >> 8))

test.each(manners)('an end carries messages both ways over a line that loses a tenth: %o', (manner) => {
  for (let seed = 1; seed <= 4; seed++) {
    const network = new Network<Told>({ seed, latency: [10, 10], loss: 0.1 })
    const [one, two] = [network.attachAt('192.0.2.8'), network.attachAt('192.0.2.9')]
    const server = new End(manner)
    two.machine = server
    network.run(1)
    const client = new End({ ...manner, to: address('192.0.2.9:6881') })
    one.machine = client
    network.run(5_000)
    expect(two.events.map(({ kind }) => kind)).toEqual(['opened', 'up'])
    expect(client.room).toBeGreaterThan(65_536)
    client.send(message, 1)
    server.send(Uint8Array.of(1, 2, 3), 0)
    network.run(5_000)
    const [came] = two.events.filter((event) => event.kind === 'message')
    expect(came).toMatchObject({ channel: 1 })
    expect(Buffer.compare(came!.bytes, message)).toBe(0)
    expect(one.events.at(-1)).toMatchObject({ kind: 'message', channel: 0, bytes: Uint8Array.of(1, 2, 3) })
  }
})
