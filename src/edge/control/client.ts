/** The way to the process that owns a profile: found, trusted and greeted, or why not in words. */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../../error.ts'
import type { Change } from '../../profile/change.ts'
import type { ProfileView } from '../../profile/view.ts'
import type { Command, TalkEvent } from '../../session/command.ts'
import type { Environment } from '../home.ts'
import type { OutboxChange, Waiting } from '../kept/outbox.ts'
import { type Holder, InUse, isServing } from '../lock.ts'
import { isStopped } from '../process.ts'
import { codeOf } from '../store.ts'
import { Channel } from './channel.ts'
import { folderFault, placesOf } from './place.ts'
import {
  type Answer,
  type Asked,
  type Attached,
  type Hello,
  isAnswer,
  isAnswered,
  lineOf,
  longestRequest,
  type Request,
  readHello,
  readReply,
  type Shown,
  version,
} from './protocol.ts'
import type { Refusal } from './switchboard.ts'

export type Reached =
  | { readonly kind: 'alone' } // nobody owns the profile
  | { readonly kind: 'owner'; readonly owner: Owner }
  /** It is owned, and its owner cannot be talked to. */
  | { readonly kind: 'refused'; readonly holder: Holder; readonly fault: UserError }

export interface Reaching {
  readonly name: string
  /** Of the profile's folder. */
  readonly path: string
  readonly env: Environment
  /** Who holds the lock now. */
  readonly holder: () => Promise<Holder | undefined>
  /** ms to wait for the socket of an owner that is just starting; two seconds by default. */
  readonly waits?: number
  /** ms to wait for its first line; other than by default for tests. */
  readonly patience?: number
}

/** Waits a moment for an owner that is just starting. */
export async function reachOwner(reaching: Reaching): Promise<Reached> {
  const { path, env, name, waits = defaultPatience, patience = defaultPatience } = reaching
  const until = performance.now() + waits
  for (;;) {
    const holder = await reaching.holder()
    if (!holder) return { kind: 'alone' }
    if (isStopped(holder.pid)) return { kind: 'refused', holder, fault: stopped(holder, name) }
    const places = isServing(holder.command) ? placesOf(path, env) : []
    const faults = places.flatMap(({ folder }) => folderFault(folder) ?? [])
    for (const place of places) {
      const socket = folderFault(place.folder) ? undefined : await open(place.path)
      const owner = socket && (await greet(socket, holder, patience))
      if (owner instanceof Owner) return { kind: 'owner', owner }
      if (owner) return { kind: 'refused', holder, fault: owner }
    }
    const isLate = !isServing(holder.command) || performance.now() >= until
    if (isLate) return { kind: 'refused', holder, fault: faults[0] ?? new InUse(name, holder) }
    await sleep(pollEvery)
  }
}

/** `undefined` if nobody listens there. */
function open(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', (error) => {
      const code = codeOf(error) ?? ''
      if (/^(?:ENOENT|ECONNREFUSED|EAGAIN)$/.test(code)) resolve(undefined)
      else if (/^(?:EACCES|EPERM)$/.test(code))
        resolve(undefined) // another user’s
      else reject(error)
    })
  })
}

/** `undefined` if it has gone meanwhile. */
async function greet(
  socket: Socket,
  holder: Holder,
  patience: number,
): Promise<Owner | UserError | undefined> {
  const owner = new Owner(socket, holder)
  const greeted = await Promise.race([owner.greeted, sleep(patience, 'late' as const, { ref: false })])
  if (greeted === 'welcome') return owner
  owner[Symbol.dispose]()
  if (greeted === 'closed') return undefined
  if (greeted === 'late') return stopped(holder, owner.profile)
  return new UserError(`process ${holder.pid} (otrtalk ${holder.command}) is another version of otrtalk`, {
    hint: 'leave it there, and start it again',
    exit: 5,
  })
}

const stopped = ({ pid, command }: Holder, name: string | undefined): UserError => {
  const whose = name === undefined ? '' : `, which has the profile ${name} open,`
  return isStopped(pid)
    ? new UserError(`process ${pid} (otrtalk ${command})${whose} is stopped`, {
        hint: 'run fg in its terminal, and it goes on',
        exit: 5,
      })
    : new UserError(`process ${pid} (otrtalk ${command})${whose} does not answer`, {
        hint: 'if it was stopped by Ctrl-Z, run fg in its terminal',
        exit: 5,
      })
}

type Greeted = 'welcome' | 'other-version' | 'closed'

type Attach = Extract<Request, { kind: 'attach' }>

/** A connection to the owner. Dispose of it to let the owner forget it. */
export class Owner implements Disposable {
  readonly holder: Holder
  /** Whether both speak the same version. */
  readonly greeted: Promise<Greeted>
  /** Rejects, in words, when the owner has gone. */
  readonly gone: Promise<never>
  hello: Hello | undefined
  #onEvent: (event: TalkEvent) => void = () => {}
  readonly #channel: Channel
  #confirms = false
  readonly #waiting: ((answer: Answer) => void)[] = []
  #greet!: (how: Greeted) => void
  #leave!: (error: UserError) => void

  constructor(socket: Socket, holder: Holder) {
    this.holder = holder
    this.greeted = new Promise((resolve) => {
      this.#greet = resolve
    })
    this.gone = new Promise((_, reject) => {
      this.#leave = reject
    })
    this.gone.catch(() => {}) // heard by whoever waits for it
    this.#channel = new Channel(socket, {
      longest: longestLine,
      onLine: (line) => this.#hear(line),
      onFault: () => this.#channel[Symbol.dispose](),
      onClosed: () => this.#lose(),
    })
    this.#channel.send({ otrtalk: version })
  }

  get profile(): string | undefined {
    return this.hello?.profile
  }

  async view(): Promise<ProfileView> {
    const answer = await this.#ask({ kind: 'view' })
    if (answer.kind === 'view') return answer.view
    throw unexpected(answer)
  }

  async change(change: Change): Promise<ProfileView | Refusal> {
    const answer = await this.#ask({ kind: 'change', change })
    if (answer.kind === 'changed') return answer.view
    if (answer.kind === 'unchanged') return answer
    throw unexpected(answer)
  }

  /** What waits for buddies, after `change`. */
  async outbox(change?: OutboxChange): Promise<readonly Waiting[]> {
    const answer = await this.#ask({ kind: 'outbox', ...(change && { change }) })
    if (answer.kind === 'outbox') return answer.waiting
    throw unexpected(answer)
  }

  /** Whether this is the profile's passphrase: what follows needs it. */
  async unlock(passphrase: string): Promise<boolean> {
    const answer = await this.#ask({ kind: 'unlock', passphrase })
    if (answer.kind === 'unlocked' || answer.kind === 'locked') return answer.kind === 'unlocked'
    throw unexpected(answer)
  }

  async rekey(passphrase: string): Promise<void> {
    const answer = await this.#ask({ kind: 'rekey', passphrase })
    if (answer.kind !== 'rekeyed') throw unexpected(answer)
  }

  /** How many lines of a history it was. */
  async forget(fingerprint: string, before?: number): Promise<number> {
    const answer = await this.#ask({ kind: 'forget', fingerprint, ...(before !== undefined && { before }) })
    if (answer.kind === 'forgotten') return answer.lines
    throw unexpected(answer)
  }

  async exported(passphrase: string): Promise<Uint8Array> {
    const answer = await this.#ask({ kind: 'export', passphrase })
    if (answer.kind === 'exported') return new Uint8Array(Buffer.from(answer.file, 'base64'))
    throw unexpected(answer)
  }

  /** `onEvent` hears of the buddy, or of all, from the present state on. */
  async attach(
    whom: Pick<Attach, 'buddy' | 'fingerprint' | 'silent' | 'confirms'>,
    onEvent: (event: TalkEvent) => void,
  ): Promise<Attached> {
    this.#onEvent = onEvent
    const answer = await this.#ask({ kind: 'attach', ...whom })
    if (answer.kind !== 'attached') throw unexpected(answer)
    this.#confirms = answer.confirms === true
    return answer
  }

  /** A text with so many escapes that no line holds it is too long. */
  act(command: Command): void {
    if (Buffer.byteLength(lineOf(command)) <= longestRequest) this.#channel.send(command)
    else if (command.kind === 'say')
      this.#onEvent({ kind: 'undelivered', buddy: command.buddy, id: command.id, why: 'too-long' })
  }

  /** The message was shown to the user; an owner that does not wait for that is not told. */
  shown({ fingerprint, id }: Omit<Shown, 'kind'>): void {
    if (this.#confirms) this.#channel.send({ kind: 'shown', fingerprint, id } satisfies Shown)
  }

  [Symbol.dispose](): void {
    this.#channel.end()
  }

  #ask(request: Asked): Promise<Answer> {
    const answered = new Promise<Answer>((resolve) => this.#waiting.push(resolve))
    this.#channel.send(request)
    return Promise.race([answered, this.gone])
  }

  #hear(line: string): void {
    if (!this.hello) {
      this.hello = readHello(line)
      this.#greet(this.hello?.otrtalk === version ? 'welcome' : 'other-version')
      return
    }
    const reply = readReply(line)
    if (!reply) return
    if (isAnswer(reply)) this.#answered(reply)
    else if (reply.kind === 'bye') this.#lose()
    else this.#onEvent(reply)
  }

  /** A fault of a request that nobody waits for ends it all: nothing that was asked of it will come. */
  #answered(answer: Answer): void {
    const isAsked = answer.kind !== 'fault' || isAnswered(answer.of)
    const waiting = isAsked ? this.#waiting.shift() : undefined
    if (waiting) waiting(answer)
    else if (answer.kind === 'fault') this.#leave(faultIn(answer))
  }

  #lose(): void {
    this.#greet('closed')
    const { pid, command } = this.holder
    this.#leave(
      new UserError(`process ${pid} (otrtalk ${command}), through which this one talked, has left`, {
        hint: 'start again: it then talks by itself',
      }),
    )
  }
}

function unexpected(answer: Answer): Error {
  return answer.kind === 'fault' ? faultIn(answer) : new Error(`an owner answers with ${answer.kind}`)
}

const faultIn = ({ message, hint, exit }: Extract<Answer, { kind: 'fault' }>): UserError =>
  new UserError(message, { hint, exit })

const defaultPatience = 2_000 // ms
const pollEvery = 50 // ms
const longestLine = 16 * 1_024 * 1_024 // octets: a profile of a thousand buddies has half a million
