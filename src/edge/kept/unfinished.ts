/**
 * Transfers that outlive the program: what its user offers is in a log before
 * it is sent, and what he accepts is, too. When a conversation with the same
 * key stands again they go on: nobody has to offer or to accept them once more.
 * Between whoever acts and the transfers; events come by on their way up.
 */
import { UserError } from '../../error.ts'
import { moveKey } from '../../keyed.ts'
import { hasEnded, type TalkEvent, type TransferCommand, type TransferTold } from '../../session/command.ts'
import type { Standing } from '../../session/mailbox.ts'
import { isFor, type TransferLog } from '../../session/transferlog.ts'
import {
  type Consent,
  encodeRecord,
  type OwnOffer,
  type TransferRecord,
} from '../../session/transferrecord.ts'
import { withoutLinks } from '../files/walk.ts'
import type { Journal } from './journal.ts'
import type { Forgetting } from './mail.ts'

export interface UnfinishedOptions {
  readonly journal: Journal
  readonly log: TransferLog
  /** Whom a name stands for, as the vault has it. */
  readonly standing: (name: string) => Standing | undefined
  /** The root of what a buddy offers under this id, if he does. */
  readonly rootOf: (buddy: string, transfer: string) => string | undefined
  /** To the transfers of the conversations there are. */
  readonly act: (command: TransferCommand) => void
  /** Who shows what happens. */
  readonly tell: (event: TalkEvent) => void
  /** Nothing of what came is wanted any more. */
  readonly discard: (consent: Consent) => void
  readonly onFault: (error: unknown) => void
  /** Unix ms. */
  readonly now?: () => number
}

type Send = TransferCommand & { readonly kind: 'send' }

export class Unfinished implements AsyncDisposable {
  readonly #options: UnfinishedOptions
  readonly #log: TransferLog
  /** By name: who answers to it in this process. */
  readonly #keys = new Map<string, string>()
  /** Transfers that the conversations have: others wait for one. */
  readonly #awake = new Set<string>()
  /** By transfer: whose it is that is received. */
  readonly #taken = new Map<string, string>()
  readonly #announced = new Set<string>()
  readonly #woken = new Set<string>() // offers of an earlier process, that go on
  readonly #withdrawn = new Set<string>() // offers that were asleep
  #rewriting: Promise<void> | undefined
  #swept = 0 // of the records that are gone: those that are out of the log

  constructor(options: UnfinishedOptions) {
    this.#options = options
    this.#log = options.log
    this.#log.expire(this.#now)
    this.#tidy() // after a crash
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rewriting
    this.#tidy() // what could not be written when it was over: what was given up must not be taken again
    await this.#rewriting
    await this.#options.journal.synced().catch(() => {}) // told to the user already
  }

  act(command: TransferCommand): void {
    const { kind, transfer } = command
    if (kind === 'send') this.#send(command)
    else if (kind === 'withdraw' && !this.#awake.has(transfer)) this.#withdraw(command)
    else this.#options.act(command)
  }

  /** Conversations with the buddy of this name are looked for: what waits for him is told. */
  begin(name: string): void {
    for (const event of this.#asleep(name)) {
      if (this.#announced.has(event.transfer)) continue
      this.#announced.add(event.transfer)
      this.#tell(event)
    }
  }

  /** That he takes it holds for the next process, too. */
  accepted(consent: Omit<Consent, 'at'>): void {
    this.#awake.add(consent.transfer)
    this.#taken.set(consent.transfer, consent.fingerprint)
    const known = this.#log.consent(consent.transfer, consent.fingerprint)
    if (known?.root === consent.root && known.into === consent.into) return
    this.#remember({ kind: 'accepted', consent: { ...consent, at: this.#now } }, consent)
  }

  /** All of it is in its place; its sender does not know yet, and forgets it when he does. */
  finished(transfer: string): void {
    const fingerprint = this.#taken.get(transfer)
    if (fingerprint !== undefined && this.#log.consent(transfer, fingerprint))
      this.#note({ kind: 'received', transfer, fingerprint })
  }

  /** What the transfers tell: passed on, but for what goes on without a question. */
  hear(event: TalkEvent): void {
    if ('fingerprint' in event) this.#keys.set(event.buddy, event.fingerprint)
    if (event.kind === 'renamed') moveKey(this.#keys, event.buddy, event.to)
    if (event.kind === 'transfer') {
      if (event.direction === 'out') this.#sent(event)
      else this.#came(event)
    } else if (event.kind !== 'offered' || !this.#takes(event)) this.#options.tell(event)
    if (event.kind === 'secured') queueMicrotask(() => this.#goOn(event.buddy, event.fingerprint))
  }

  /** The user knows nobody of this name any more: what was taken of him is a question again. */
  forget(name: string, { isKept, was }: Forgetting): void {
    const keys = [this.#keyOf(name), was?.kind === 'key' ? was.key : undefined]
    const isHis = (offer: Pick<OwnOffer, 'key'>): boolean =>
      keys.some((key) => key !== undefined && isFor(offer, key))
    for (const { transfer, key } of isKept ? [] : this.#log.offers) {
      if (!isHis({ key })) continue
      this.#note({ kind: 'sent', transfer })
      if (this.#awake.delete(transfer)) this.#options.act({ kind: 'leave', buddy: name, transfer })
    }
    for (const { transfer, fingerprint } of this.#log.consents)
      if (isHis({ key: fingerprint })) this.#note({ kind: 'received', transfer, fingerprint })
    this.#keys.delete(name)
  }

  get #now(): number {
    return this.#options.now?.() ?? Date.now()
  }

  #send(command: Send): void {
    const { transfer } = command
    if (this.#log.offer(transfer)) return // it goes on by itself
    const isKept = this.#keep(command)
    if (isKept) this.#awake.add(transfer)
    this.#options.act(isKept ? command : { ...command, once: true })
  }

  /** Before a conversation has it. To whom it goes must be known: who has the other half of a code is nobody yet. */
  #keep({ buddy, transfer, name, form, paths, fingerprint, once }: Send): boolean {
    const key = fingerprint ?? this.#keyOf(buddy)
    if (form === 'stream' || once || key === undefined) return false
    const offer = { transfer, at: this.#now, key, buddy, name, paths: paths.map(withoutLinks) }
    const fault = this.#log.isFull ? tooMany : undefined
    return this.#remember({ kind: 'offered', offer }, { name }, fault)
  }

  /** The receiver is told, if he may know of it: as soon as there is a conversation. */
  #withdraw(command: TransferCommand): void {
    const { buddy, transfer } = command
    const offer = this.#log.offer(transfer)
    const consent = this.#log.consent(transfer, this.#keys.get(buddy)) ?? this.#consentOf(buddy, transfer)
    if (offer) {
      this.#withdrawn.add(transfer)
      this.#wake(offer, buddy, offer.key)
      this.#options.act(command)
    } else if (consent) {
      this.#note({ kind: 'received', transfer, fingerprint: consent.fingerprint })
      this.#options.discard(consent)
      this.#tell({ ...aboutConsent(consent, buddy), state: 'cancelled', by: 'us' })
    } else this.#options.act(command)
  }

  #consentOf(name: string, transfer: string): Consent | undefined {
    const isHis = this.#whose(name)
    return this.#log.consents.find(
      (consent) => consent.transfer === transfer && isHis({ key: consent.fingerprint }),
    )
  }

  /** What waits for him of an earlier process. */
  #asleep(name: string): readonly TransferTold[] {
    const isHis = this.#whose(name)
    const [offers, consents] = [this.#log.offers, this.#log.consents]
    return [
      ...offers.filter(isHis).map((offer) => waits(aboutOffer(offer, name), offer)),
      ...consents
        .filter(({ fingerprint }) => isHis({ key: fingerprint }))
        .map((consent) => waits(aboutConsent(consent, name), consent)),
    ].filter(({ transfer }) => !this.#awake.has(transfer))
  }

  #whose(name: string): (offer: Pick<OwnOffer, 'key'>) => boolean {
    const key = this.#keyOf(name)
    return (offer) => key !== undefined && isFor(offer, key)
  }

  #keyOf(name: string): string | undefined {
    const standing = this.#options.standing(name)
    return this.#keys.get(name) ?? (standing?.kind === 'key' ? standing.key : undefined)
  }

  /** To the holder of this key alone, whatever he is called. */
  #goOn(buddy: string, fingerprint: string): void {
    for (const offer of this.#log.offers)
      if (isFor(offer, fingerprint) && !this.#awake.has(offer.transfer)) this.#wake(offer, buddy, fingerprint)
  }

  #wake({ transfer, name, paths, root }: OwnOffer, buddy: string, key: string): void {
    this.#awake.add(transfer)
    this.#woken.add(transfer)
    const fingerprint = key.length === fullKey ? { fingerprint: key } : {}
    const content = { name, form: 'files', paths, ...(root !== undefined && { root }) } as const
    this.#options.act({ kind: 'send', buddy, transfer, ...content, ...fingerprint, again: true })
  }

  /** What was accepted before goes on, if it is still the same. */
  #takes({ buddy, transfer, fingerprint }: TalkEvent & { kind: 'offered' }): boolean {
    const consent = this.#log.consent(transfer, fingerprint)
    if (!consent) return false
    if (this.#options.rootOf(buddy, transfer) !== consent.root) {
      this.#note({ kind: 'received', transfer, fingerprint })
      return false
    }
    this.#options.act({ kind: 'accept', buddy, transfer, into: consent.into, again: true })
    return true
  }

  /** What became of what we offer. Its end is told before it is noted: who dies in between is told it again. */
  #sent(event: TransferTold): void {
    const { buddy, transfer, root } = event
    const { tell } = this.#options
    const offer = this.#log.offer(transfer)
    if (offer && root !== undefined && offer.root === undefined)
      this.#remember({ kind: 'read', transfer, root }, offer)
    if (!offer || !hasEnded(event.state)) {
      const isAgain = this.#woken.has(transfer) && (event.state === 'reading' || event.state === 'offered')
      tell(offer && isAgain ? { ...event, since: offer.at } : event)
      return
    }
    const about = aboutOffer(offer, buddy)
    this.#awake.delete(transfer)
    const isWithdrawn = this.#withdrawn.delete(transfer)
    if (isClosed(event) && !isWithdrawn) {
      tell(waits(about, offer))
      return
    }
    tell(isClosed(event) ? { ...about, state: 'cancelled', by: 'us' } : event)
    this.#note({ kind: 'sent', transfer })
  }

  /** What became of what we were offered. Its end is noted first: nobody might ever tell it again. */
  #came(event: TransferTold): void {
    const { buddy, transfer, state, why } = event
    const { tell, discard } = this.#options
    const isFormer = event.name === ''
    const fingerprint = this.#keys.get(buddy)
    const consent = this.#log.consent(transfer, fingerprint)
    if (!consent || fingerprint === undefined || !hasEnded(state)) {
      if (!isFormer) tell(event)
      return
    }
    this.#awake.delete(transfer)
    if (isClosed(event)) {
      tell(waits(aboutConsent(consent, buddy), consent))
      return
    }
    this.#note({ kind: 'received', transfer, fingerprint })
    if (isFormer && (state === 'cancelled' || why === 'changed')) discard(consent)
    tell({ ...event, name: consent.name })
  }

  /** False if it could not be written, which is told: it goes on as long as this process does. */
  #remember(record: TransferRecord, { name }: { readonly name: string }, fault?: UserError): boolean {
    try {
      if (fault) throw fault
      this.#append(record)
      return true
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      this.#tell({ kind: 'unkept', message: `${name}: ${error.message}`, hint })
      return false
    }
  }

  /** Behind what runs now: who acts is told nothing before that is done, as the talk does it. */
  #tell(event: TalkEvent): void {
    queueMicrotask(() => this.#options.tell(event))
  }

  /** What makes no promise: without it something is offered, or asked, once more. */
  #note(record: TransferRecord): void {
    try {
      this.#append(record)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      this.#log.take(record)
    }
    this.#tidy()
  }

  #append(record: TransferRecord): void {
    const { journal, tell, onFault } = this.#options
    const octets = encodeRecord(record)
    if (octets.length > longestRecord) throw tooLong
    journal.append(octets)
    this.#log.take(record)
    journal.synced().catch((error: unknown) => {
      if (error instanceof UserError) tell({ kind: 'unkept', message: error.message, hint })
      else onFault(error)
    })
  }

  /** No path stays in the log that nobody needs any more. */
  #tidy(): void {
    if (this.#rewriting || this.#log.gone === this.#swept) return
    this.#rewriting = this.#rewrite().finally(() => {
      this.#rewriting = undefined
    })
  }

  async #rewrite(): Promise<void> {
    const { journal, onFault } = this.#options
    try {
      while (this.#swept < this.#log.gone) {
        let { gone } = this.#log
        await journal.rewrite(() => {
          gone = this.#log.gone
          return this.#log.records()
        })
        this.#swept = gone
      }
    } catch (error) {
      if (!(error instanceof UserError)) onFault(error)
    }
  }
}

type About = Pick<TransferTold, 'kind' | 'buddy' | 'transfer' | 'name' | 'direction'>

const aboutOffer = ({ transfer, name }: OwnOffer, buddy: string): About => ({
  ...{ kind: 'transfer', buddy, transfer, name, direction: 'out' },
})

const aboutConsent = ({ transfer, name }: Consent, buddy: string): About => ({
  ...{ kind: 'transfer', buddy, transfer, name, direction: 'in' },
})

const waits = (about: About, { at }: { readonly at: number }): TransferTold => ({
  ...about,
  ...{ state: 'waiting', since: at },
})

/** The conversation is, and not the transfer. */
const isClosed = ({ state, by, why }: TransferTold): boolean =>
  state === 'failed' && by === 'us' && why === 'closed'

const hint = 'if this program ends before it is over, it has to be offered again'
const tooMany = new UserError('as many files are offered as are remembered')
const tooLong = new UserError('the paths are too long to be remembered')
const fullKey = 112 // hex digits
const longestRecord = 64 * 1_024 // octets
