/** Runs a node of the DHT on the real network. */
import { randomBytes } from '../crypto.ts'
import type { Address } from '../machine.ts'
import { Node, type NodeEvent } from '../session/node.ts'
import type { Place } from '../session/standing.ts'
import { placeOf } from './around.ts'
import { resolveBootstrap } from './bootstrap.ts'
import { chooseNetwork, type NetworkChoice } from './network.ts'
import { run } from './run.ts'

export interface NodeOptions {
  readonly network: NetworkChoice
  readonly onEvent: (event: NodeEvent) => void
  /** At most once: the names of the nodes to begin with cannot be looked up. */
  readonly onUnresolved?: (hosts: readonly string[]) => void
}

/**
 * A node of its own network, unless bootstrap nodes are named: then of theirs.
 *
 * @throws UserError if the network cannot be used as asked for
 */
export function runNode({ network: choice, onEvent, onUnresolved = () => {} }: NodeOptions): Disposable {
  const network = chooseNetwork(choice)
  const { run: options, bootstrap, isPublic } = network
  const names = isPublic ? [] : bootstrap
  const here = network.facts()
  const alone: Place = { hosts: ['127.0.0.1'], families: ['udp4'] } // a machine without a network
  const node = new Node({
    random: randomBytes,
    wall: (now) => Date.now() - performance.now() + now,
    place: here.isUp ? placeOf(network, here) : alone,
    loopback: network.loopback || !here.isUp,
    hasBootstrap: names.length > 0,
    now: performance.now(),
  })
  const running = run(node, { ...options, onEvent })
  const stopped = new AbortController()
  const onFound = (addresses: Address[]): void =>
    running.act((node) => node.addBootstrap(addresses, performance.now()))
  const isBound = network.isNamed
  const watch = network.watch((facts, why) => {
    const place = placeOf(network, facts)
    if (why !== 'links') running.act((node) => node.moved(place, { isBound }, performance.now()))
  })
  void resolveBootstrap(names, { onFound, onUnresolved, signal: stopped.signal })
  return {
    [Symbol.dispose]() {
      stopped.abort()
      watch[Symbol.dispose]()
      running[Symbol.dispose]()
    },
  }
}
