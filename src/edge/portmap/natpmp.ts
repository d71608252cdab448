/** A port mapped by NAT-PMP (RFC 6886). */
import { type Epoch, hasNatPmpLostState } from '../../nat/epoch.ts'
import {
  type NatPmpAnswer,
  readNatPmp,
  writeNatPmpAddressRequest,
  writeNatPmpMapRequest,
} from '../../nat/natpmp.ts'
import type { Endpoint } from '../../wire/address.ts'
import { ask, tell } from './ask.ts'
import type { Failure, Outcome, Terms, Way } from './way.ts'

export class NatPmpWay implements Way {
  readonly via = 'nat-pmp'
  readonly #terms: Terms
  #server: Endpoint | undefined
  #state: 'unasked' | 'asked' | 'granted' = 'unasked'
  #port: number
  #epoch: Epoch | undefined

  constructor(terms: Terms) {
    this.#terms = terms
    this.#port = terms.internal.port
  }

  /** A gateway that says its address maps ports, too. */
  async prepare(signal: AbortSignal): Promise<Failure | undefined> {
    const address = await this.#terms.around.gateway()
    if (address === undefined) return { kind: 'barred', detail: 'no gateway' }
    if (this.#server?.address !== address) {
      this.#state = 'unasked' // the former gateway is out of reach
      this.#epoch = undefined
    }
    this.#server = { address, port: this.#terms.around.port }
    const asked = await this.#address(signal)
    return asked.kind === 'address' ? undefined : asked
  }

  async map(signal: AbortSignal): Promise<Outcome> {
    if (this.#state === 'unasked') this.#state = 'asked'
    const asked = await this.#mapping({ external: this.#port, lifetime: this.#terms.lifetime }, signal)
    if (asked.kind !== 'mapped') {
      if (asked.kind === 'refused' && this.#state === 'asked') this.#state = 'unasked'
      return asked
    }
    this.#state = 'granted'
    this.#port = asked.external
    this.#epoch = { seconds: asked.epoch, at: now() }
    const seen = await this.#address(signal) // it changes with the line
    if (seen.kind !== 'address') return seen
    const { address } = seen
    return { kind: 'mapped', grant: { address, port: asked.external, lifetime: asked.lifetime } }
  }

  async unmap(signal: AbortSignal): Promise<void> {
    const [to, state] = [this.#server, this.#state]
    this.#state = 'unasked'
    const removal = { external: 0, lifetime: 0 }
    if (to && state === 'asked') await tell(to, this.#request(removal), this.#terms)
    if (to && state === 'granted') await this.#mapping(removal, signal)
  }

  isLost(announcement: Uint8Array, from: string): boolean {
    const answer = readNatPmp(announcement)
    if (!this.#epoch || from !== this.#server?.address || answer?.kind !== 'address') return false
    return hasNatPmpLostState(this.#epoch, { seconds: answer.epoch, at: now() })
  }

  async #address(signal: AbortSignal): Promise<Seen | Failure> {
    const request = writeNatPmpAddressRequest()
    const read = (bytes: Uint8Array): Seen | Failure | undefined => {
      const answer = readNatPmp(bytes)
      if (answer?.kind === 'address') return answer
      return answer?.kind === 'refused' && answer.what === 'address' ? refused(answer.reason) : undefined
    }
    const asked = await ask({ to: this.#server!, request, read }, this.#terms, signal)
    return asked.kind === 'answered' ? asked.answer : asked
  }

  async #mapping(wanted: Wanted, signal: AbortSignal): Promise<Mapped | Failure> {
    const request = this.#request(wanted)
    const read = (bytes: Uint8Array): Mapped | Failure | undefined => {
      const answer = readNatPmp(bytes)
      if (answer?.kind === 'mapped') return answer.internal === this.#terms.internal.port ? answer : undefined
      return answer?.kind === 'refused' && answer.what === 'mapping' ? refused(answer.reason) : undefined
    }
    const asked = await ask({ to: this.#server!, request, read }, this.#terms, signal)
    return asked.kind === 'answered' ? asked.answer : asked
  }

  #request({ external, lifetime }: Wanted): Uint8Array {
    return writeNatPmpMapRequest({ internal: this.#terms.internal.port, external, lifetime })
  }
}

interface Wanted {
  readonly external: number
  readonly lifetime: number
}

type Seen = Extract<NatPmpAnswer, { readonly kind: 'address' }>
type Mapped = Extract<NatPmpAnswer, { readonly kind: 'mapped' }>

const refused = (detail: string): Failure => ({ kind: 'refused', detail })
const now = (): number => performance.now()
