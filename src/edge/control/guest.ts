/** One client of the owner's: what its lines ask for, and what it is told. */
import { UserError } from '../../error.ts'
import type { Command, TalkEvent } from '../../session/command.ts'
import { otherFingerprint } from '../refusals.ts'
import type { Talking } from '../talking.ts'
import type { Channel } from './channel.ts'
import type { Answer, Fault, Request, Shown } from './protocol.ts'
import { readRequest } from './request.ts'
import type { Guest } from './server.ts'
import type { Listener, Switchboard } from './switchboard.ts'

type Attach = Extract<Request, { kind: 'attach' }>
type Outbox = Extract<Request, { kind: 'outbox' }>

export class Client implements Guest, Listener {
  readonly #channel: Pick<Channel, 'send' | 'end'>
  readonly #board: Switchboard
  /** By name, with the key that alone is meant. */
  readonly #attached = new Map<string, string | undefined>()
  #isToAll = false
  isSilent = false
  confirms = false
  /** It has shown that it knows the passphrase of then. */
  #unlocked: number | undefined

  constructor(channel: Pick<Channel, 'send' | 'end'>, board: Switchboard) {
    this.#channel = channel
    this.#board = board
  }

  async hear(line: string): Promise<void> {
    const request = readRequest(line)
    if (!request) {
      this.#send(faultOf('line', new UserError('a line asks for nothing that there is', { exit: 2 })))
      return
    }
    try {
      await this.#do(request)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      this.#send(faultOf(request.kind, error))
    }
  }

  tell(event: TalkEvent): void {
    if (event.kind === 'renamed') this.#rename(event)
    if ('buddy' in event && isOfAnother(event, this.#attached.get(event.buddy))) {
      this.#send(faultOf('attach', otherFingerprint(event.buddy)))
      this.#channel.end()
      this.leave()
      return
    }
    this.#channel.send(event)
  }

  leave(): void {
    this.#attached.clear()
    void this.#board.talking().then((talking) => this.#board.detach(talking, this))
  }

  async #do(request: Request): Promise<void> {
    const board = this.#board
    switch (request.kind) {
      case 'view':
        this.#send({ kind: 'view', view: board.view })
        return
      case 'unlock': {
        const { rekeyings } = board
        const isRight = await board.opensWith(request.passphrase)
        this.#unlocked = isRight ? rekeyings : undefined
        this.#send({ kind: isRight ? 'unlocked' : 'locked' })
        return
      }
      case 'rekey':
      case 'export':
        await this.#keep(request)
        return
      case 'forget':
        this.#send({ kind: 'forgotten', lines: await board.forget(request.fingerprint, request.before) })
        return
      case 'change': {
        const result = await board.change(await board.talking(), request.change)
        this.#send('why' in result ? { kind: 'unchanged', ...result } : { kind: 'changed', view: result })
        return
      }
      default:
        this.#converse(await board.talking(), request)
    }
  }

  /** What needs conversations. */
  #converse(talking: Talking | undefined, request: Command | Attach | Outbox | Shown): void {
    const board = this.#board
    if (!talking) throw busy()
    switch (request.kind) {
      case 'outbox':
        this.#send({ kind: 'outbox', waiting: board.outbox(talking, request.change) })
        return
      case 'attach': {
        this.isSilent = request.silent === true
        this.confirms = request.confirms === true
        const attached = board.attach(talking, this, request)
        this.#attach(attached.buddy, request)
        this.#send({ ...attached, ...(this.confirms && { confirms: true }) })
        for (const event of board.present(talking, attached.buddy)) this.tell(event)
        board.begin(talking, attached.buddy)
        return
      }
      case 'shown':
        board.shown(talking, request, this)
        return
      default:
        board.act(talking, this.#pinned(request), this)
    }
  }

  async #keep({ kind, passphrase }: Extract<Request, { kind: 'rekey' | 'export' }>): Promise<void> {
    if (this.#unlocked !== this.#board.rekeyings)
      throw new UserError('this needs the passphrase of the profile first', { exit: 5 })
    if (kind === 'rekey') {
      await this.#board.rekey(passphrase)
      this.#send({ kind: 'rekeyed' })
    } else {
      const file = await this.#board.exported(passphrase)
      this.#send({ kind: 'exported', file: Buffer.from(file).toString('base64') })
    }
  }

  #attach(name: string | undefined, { fingerprint }: Attach): void {
    if (name === undefined) this.#isToAll = true
    else this.#attached.set(name, fingerprint ?? this.#attached.get(name))
  }

  /** What goes to a buddy whose key was given goes to nobody else. */
  #pinned(command: Command): Command {
    const { buddy } = command
    if (!this.#isToAll && !this.#attached.has(buddy))
      throw new UserError(`nothing is heard of ${buddy} here`, { hint: 'attach first', exit: 2 })
    const fingerprint = this.#attached.get(buddy)
    const isBound = command.kind === 'say' || command.kind === 'send'
    if (!isBound || fingerprint === undefined) return command
    if (command.fingerprint !== undefined && command.fingerprint !== fingerprint)
      throw otherFingerprint(buddy)
    return { ...command, fingerprint }
  }

  #rename({ buddy, to }: TalkEvent & { kind: 'renamed' }): void {
    if (!this.#attached.has(buddy)) return
    this.#attached.set(to, this.#attached.get(buddy))
    this.#attached.delete(buddy)
  }

  #send(answer: Answer): void {
    this.#channel.send(answer)
  }
}

/** It is about another key than the one that alone is meant. */
export const isOfAnother = (event: TalkEvent, wanted: string | undefined): boolean =>
  wanted !== undefined && 'fingerprint' in event && event.fingerprint !== wanted

function faultOf(of: Fault['of'], { message, hint, exit }: UserError): Fault {
  return { kind: 'fault', of, message, ...(hint !== undefined && { hint }), exit }
}

const busy = (): UserError =>
  new UserError('the otrtalk that has the profile is still asked something', {
    hint: 'answer it there, and try again',
    exit: 5,
  })
