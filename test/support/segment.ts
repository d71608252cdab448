/**
 * One link of the virtual network (`network.ts`): its hosts hear each other's
 * multicast, and reach the addresses that each has behind its NAT.
 */
import type { Address, Local, Path } from '../../src/machine.ts'
import { parseAddress, splitAddress } from '../../src/wire/address.ts'

interface End<Host> {
  readonly host: Host
  readonly at: Address // ours
  readonly hears: Address // of a multicast end its group
}

export class Segment<Host> {
  readonly #ends = new Map<Local, End<Host>>()
  readonly #hosts = new Map<Host, number>()
  /** Milliseconds, one way. */
  readonly latency = [0.1, 2] as const

  /**
   * @param at - the end's IPv4 address
   * @returns where it is: an IPv6 end has a link-local address
   */
  open(host: Host, local: Local, { at, group }: { readonly at: Address; readonly group?: Address }): Address {
    this.#hosts.set(host, this.#hosts.get(host) ?? this.#hosts.size + 1)
    const { port } = splitAddress(at)
    const v6 = parseAddress(`[fe80::${this.#hosts.get(host)}%lan0]:${port}`)!
    const own = local.kind.endsWith('6') ? v6 : at
    this.#ends.set(local, { host, at: own, hears: isMulticast(local) ? group! : own })
    return own
  }

  close(local: Local): void {
    this.#ends.delete(local)
  }

  /** Where a datagram on this path comes from if it stays here; else `undefined`. */
  sourceOf({ local, peer }: Path): Address | undefined {
    const stays = isMulticast(local) || this.endsAt(peer).length > 0
    return stays ? this.#ends.get(local)?.at : undefined
  }

  /** Who hears what is sent to it: of a group the sender, too. */
  endsAt(to: Address): readonly { readonly host: Host; readonly local: Local }[] {
    return [...this.#ends].flatMap(([local, { host, hears }]) => (hears === to ? [{ host, local }] : []))
  }
}

const isMulticast = ({ kind }: Local): boolean => kind.startsWith('multicast')
