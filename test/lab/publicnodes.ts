/**
 * Nodes of a private DHT, one for each address given, in one process: they lie
 * on different hosts of the lab's internet, so that their votes tell one port
 * of a NAT from another.
 *
 *     node scripts/ts.mjs test/lab/publicnodes.ts ADDRESS…
 *
 * A line on stdin makes all of them anew, with nothing stored; it is answered
 * with an event of that name when they know each other.
 */
import { createInterface } from 'node:readline'
import { randomBytes } from '../../src/crypto.ts'
import { run } from '../../src/edge/run.ts'
import { Node } from '../../src/session/node.ts'
import { address } from '../support/network.ts'

/** The port of each. */
const port = 6881

const hosts = process.argv.slice(2)
let nodes: readonly Disposable[] = []

for await (const line of createInterface({ input: process.stdin })) {
  for (const node of nodes) node[Symbol.dispose]()
  const joined: Promise<void>[] = []
  nodes = hosts.map((host, i) => {
    const hasBootstrap = i > 0
    const node = new Node({
      random: randomBytes,
      wall: (now) => Date.now() - performance.now() + now,
      place: { hosts: [host], families: ['udp4'] },
      loopback: false,
      hasBootstrap,
      now: performance.now(),
    })
    const { promise, resolve } = deferred()
    if (hasBootstrap) joined.push(promise)
    const running = run(node, {
      bind: { udp4: host, port },
      onEvent: (event) => {
        if (event.kind === 'network' && event.state === 'joined') resolve()
        if (event.kind === 'network' && event.state === 'no-socket') throw new Error(`no socket at ${host}`)
      },
    })
    if (hasBootstrap)
      running.act((node) => node.addBootstrap([address(`${hosts[0]}:${port}`)], performance.now()))
    return running
  })
  await Promise.all(joined)
  console.log(JSON.stringify({ event: line }))
}
for (const node of nodes) node[Symbol.dispose]()

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
