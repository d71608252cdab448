/** What ends a conversation from outside: it cannot be reached, it is not what was asked for. */
import { UserError } from '../error.ts'
import type { NetworkState, TalkEvent, Unreached } from '../session/command.ts'
import { explainEvent, explainRefused, explainRemoved } from './explain.ts'
import { explainNetwork } from './explainnetwork.ts'
import { explainUnreached } from './explainreach.ts'
import { burntFault } from './faults.ts'
import type { Notice } from './notice.ts'

export interface WatchOptions {
  /** With whom the conversation is; everybody if it is not given. */
  readonly buddy: string | undefined
  /** He is met by a code: whoever comes with another key than the first is not he, and ends nothing. */
  readonly isPending: boolean
  /** ms until it ends if the buddy was not reached. */
  readonly timeoutMs: number | undefined
  /** The UDP port that was asked for. */
  readonly port: number | undefined
  /** The network to join was named. */
  readonly hasBootstrap: boolean
}

/** Ends a conversation that cannot become what was asked for. */
export class Watch implements Disposable {
  /** Rejects with the UserError to end with. */
  readonly failed: Promise<never>
  /** Settles when an invite has done its work: both know each other, and it is in the vault. */
  readonly introduced: Promise<void>
  #buddy: string | undefined
  readonly #isPending: boolean
  readonly #port: number | undefined
  readonly #hasBootstrap: boolean
  #introduce: () => void = () => {}
  #reject: (error: unknown) => void = () => {}
  #timer: NodeJS.Timeout | undefined
  #network: NetworkState | undefined
  #wasListening = false
  #unreached: Unreached | undefined
  #unresolved: Notice | undefined
  #isSecured = false

  constructor({ buddy, timeoutMs, isPending, port, hasBootstrap }: WatchOptions) {
    this.#hasBootstrap = hasBootstrap
    this.#buddy = buddy
    this.#port = port
    this.#isPending = isPending
    this.failed = new Promise((_, reject) => {
      this.#reject = reject
    })
    this.introduced = new Promise((resolve) => {
      this.#introduce = resolve
    })
    this.failed.catch(() => {}) // it may fail after the Ui was done
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.fail(this.#late(timeoutMs)), timeoutMs)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }

  fail(error: unknown): void {
    clearTimeout(this.#timer)
    this.#reject(error)
  }

  hear(event: TalkEvent): void {
    switch (event.kind) {
      case 'listening':
        this.#wasListening = true
        return
      case 'network':
        this.#network = event.state
        // In mid-run an interface may come back; at the start nobody waits for that.
        if (event.state === 'no-socket' && !this.#wasListening) this.fail(noNetwork(event.state, this.#port))
        return
      case 'secured':
        this.#isSecured = true
        clearTimeout(this.#timer)
        return
      case 'refused':
        this.#refused(event)
        return
      case 'unresolved':
        this.#unresolved = explainEvent(event)
        return
      case 'unreached':
        if (event.buddy === this.#buddy) this.#unreached = event.why
        return
      case 'renamed':
        if (event.buddy === this.#buddy) this.#buddy = event.to
        return
      case 'removed':
        if (event.buddy === this.#buddy)
          this.fail(new UserError(explainRemoved(event.why, event.buddy), { hint: 'by another otrtalk' }))
        return
      case 'burnt':
        if (event.buddy === this.#buddy) this.fail(burntFault(event.why))
        return
      default:
    }
  }

  saved(event: TalkEvent): void {
    if (event.kind === 'introduced' && event.buddy === this.#buddy) this.#introduce()
  }

  /** A stranger cannot end a conversation there is; before there is one, nothing else can come of it. */
  #refused({ why, buddy, clocks }: TalkEvent & { kind: 'refused' }): void {
    const isFinal = why === 'wrong-fingerprint' || why === 'wrong-version' || why === 'clock'
    if (this.#buddy !== undefined && !this.#isPending && !this.#isSecured && isFinal)
      this.fail(refusal(why, buddy, clocks))
  }

  #late(timeoutMs: number): UserError {
    if (this.#network === 'unreachable') return noNetwork(this.#network)
    const isAlone = this.#unresolved !== undefined && this.#network !== 'joined'
    // Without internet a buddy may be on the local network: only who named a network wants that one.
    if (isAlone && this.#hasBootstrap)
      return new UserError(this.#unresolved!.text, { hint: this.#unresolved!.hint, exit: 6 })
    const name = this.#buddy ?? 'anybody'
    if (this.#isPending)
      return new UserError(`nobody with this code was found within ${timeoutMs / 1_000} s`, {
        hint: `is otrtalk running there, with the same words? The code stays: otrtalk chat ${name} goes on`,
        exit: 3,
      })
    if (this.#unreached !== undefined) {
      const { reason, hint } = explainUnreached(this.#unreached, name)
      return new UserError(`could not reach ${name} within ${timeoutMs / 1_000} s: ${reason}`, {
        hint: `${hint}; more: otrtalk why ${name}`,
        exit: 3,
      })
    }
    if (isAlone)
      return new UserError(
        `could not reach ${name} within ${timeoutMs / 1_000} s: there is no internet here`,
        {
          hint: `is otrtalk running there? Without internet it must be on the same local network or VPN`,
          exit: 3,
        },
      )
    return new UserError(`could not reach ${name} within ${timeoutMs / 1_000} s`, {
      hint: `is otrtalk running there, and did ${name} add your address (otrtalk id)? More: otrtalk why ${name}`,
      exit: 3,
    })
  }
}

function refusal(...refused: Parameters<typeof explainRefused>): UserError {
  const { text, hint } = explainRefused(...refused)
  return new UserError(text, { hint, exit: 4 })
}

function noNetwork(state: NetworkState, port?: number): UserError {
  const { text, hint } = explainNetwork(state, port)
  return new UserError(text, { hint, exit: 6 })
}
