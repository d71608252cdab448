/** A port mapped by PCP (RFC 6887). */
import { equal, randomBytes } from '../../crypto.ts'
import { type Epoch, hasPcpLostState } from '../../nat/epoch.ts'
import { type PcpAnswer, readPcp, writePcpMapRequest } from '../../nat/pcp.ts'
import type { Endpoint } from '../../wire/address.ts'
import { ask, tell } from './ask.ts'
import type { Failure, Outcome, Terms, Way } from './way.ts'

export class PcpWay implements Way {
  readonly via = 'pcp'
  readonly #terms: Terms
  readonly #nonce = randomBytes(12)
  #server: Endpoint | undefined
  #state: 'unasked' | 'asked' | 'granted' = 'unasked'
  #external: Endpoint
  #epoch: Epoch | undefined
  #refused: (Failure & { readonly until: number }) | undefined

  constructor(terms: Terms) {
    this.#terms = terms
    this.#external = { address: '0.0.0.0', port: terms.internal.port }
  }

  async prepare(): Promise<Failure | undefined> {
    const address = await this.#terms.around.gateway()
    if (address === undefined) return { kind: 'barred', detail: 'no gateway' }
    const { port } = this.#terms.around
    if (this.#server?.address !== address) {
      this.#state = 'unasked' // the former gateway is out of reach
      this.#refused = undefined
      this.#epoch = undefined
    }
    this.#server = { address, port }
    // Section 7.2: the lifetime of a refusal; the same request would be refused again.
    return this.#refused && now() < this.#refused.until ? this.#refused : undefined
  }

  async map(signal: AbortSignal): Promise<Outcome> {
    if (this.#state === 'unasked') this.#state = 'asked'
    const to = this.#server!
    const request = this.#request(this.#terms.lifetime)
    const read = (bytes: Uint8Array): PcpAnswer | undefined => this.#read(bytes)
    const asked = await ask({ to, request, read }, this.#terms, signal)
    if (asked.kind !== 'answered') return asked
    const { answer } = asked
    if (answer.kind === 'mapped') {
      this.#state = 'granted'
      this.#epoch = { seconds: answer.epoch, at: now() }
      this.#external = answer.external
      return { kind: 'mapped', grant: { ...answer.external, lifetime: answer.lifetime } }
    }
    if (this.#state === 'asked') this.#state = 'unasked'
    if (answer.kind !== 'refused') return { kind: 'refused', detail: 'speaks no PCP' }
    const failure = { kind: 'refused', detail: answer.reason } as const
    this.#refused = { ...failure, until: now() + Math.min(answer.lifetime, longestRefusal) * 1_000 }
    return failure
  }

  async unmap(signal: AbortSignal): Promise<void> {
    const [to, state] = [this.#server, this.#state]
    this.#state = 'unasked'
    const request = this.#request(0)
    if (to && state === 'asked') await tell(to, request, this.#terms)
    const read = (bytes: Uint8Array): PcpAnswer | undefined => this.#read(bytes)
    if (to && state === 'granted') await ask({ to, request, read }, this.#terms, signal)
  }

  isLost(announcement: Uint8Array, from: string): boolean {
    const answer = readPcp(announcement)
    if (!this.#epoch || from !== this.#server?.address || answer?.kind !== 'announced') return false
    return hasPcpLostState(this.#epoch, { seconds: answer.epoch, at: now() })
  }

  #request(lifetime: number): Uint8Array {
    const { address: client, port: internal } = this.#terms.internal
    return writePcpMapRequest({ nonce: this.#nonce, client, internal, external: this.#external, lifetime })
  }

  /** Section 11.4: an answer names the nonce and the port. */
  #read(bytes: Uint8Array): PcpAnswer | undefined {
    const answer = readPcp(bytes)
    if (!answer || answer.kind === 'announced') return undefined
    if (answer.kind === 'other version') return answer
    if (!equal(answer.nonce, this.#nonce)) return undefined
    return answer.kind === 'refused' || answer.internal === this.#terms.internal.port ? answer : undefined
  }
}

const now = (): number => performance.now()
const longestRefusal = 1_800 // s: what section 7.4 calls a long lifetime
