/**
 * Transfers of a profile that runs, between its conversations and the disk:
 * what a command names is looked up here before the machines hear of it, and
 * what the disk refused gets its words before it is told.
 */
import { lstat, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { UserError } from '../../error.ts'
import {
  type Command,
  hasEnded,
  type TalkEvent,
  type TransferCommand,
  type TransferTold,
} from '../../session/command.ts'
import type { Talk } from '../../session/talk.ts'
import type { Consent } from '../../session/transferrecord.ts'
import type { Offered } from '../../session/transfers.ts'
import { maxManifest } from '../../transfer/limits.ts'
import { decodeManifest } from '../../transfer/manifest.ts'
import type { TransferId } from '../../transfer/offer.ts'
import type { Kept } from '../../transfer/transfer.ts'
import type { Work } from '../../transfer/work.ts'
import type { Run } from '../run.ts'
import { codeOf, diskFault } from '../store.ts'
import { Disk } from './disk.ts'
import { removePart, sweepParts } from './parts.ts'
import { partName, Sink } from './sink.ts'

export interface TransferringOptions {
  readonly talk: () => Run<Talk>
  readonly tell: (event: TalkEvent) => void
  /** Files that are to go on, whatever becomes of this process. */
  readonly onAccepted?: (consent: Omit<Consent, 'at'>) => void
  /** All of it is in its place; the conversations do not know yet. */
  readonly onFinished?: (transfer: TransferId) => void
  /** So many folders with parts of what nobody went on with are removed. */
  readonly onSwept?: (count: number) => void
  readonly onFault: (error: unknown) => void
}

export class Transferring implements AsyncDisposable {
  readonly #options: TransferringOptions
  readonly #disk: Disk
  readonly #folders = new Map<string, string>() // by transfer: where it was accepted into
  readonly #sweeping = new Map<string, Promise<void>>() // by folder

  constructor(options: TransferringOptions) {
    const { onFault } = options
    this.#options = options
    this.#disk = new Disk({
      answer: (result) => {
        if (result.kind === 'finished') options.onFinished?.(result.transfer)
        options.talk().act((talk) => talk.worked(result, performance.now()))
      },
      onFault,
    })
  }

  act(command: TransferCommand): void {
    const { kind, transfer } = command
    const id = transfer as TransferId
    if (kind === 'accept') {
      this.#accept(command).catch(this.#options.onFault)
      return
    }
    if (kind === 'send') {
      const { buddy, paths } = command
      if (this.#disk.has(id)) return // it is under way
      if (command.form === 'stream') this.#disk.sendPipe(id, paths[0] ?? '')
      else {
        const onSkipped = (path: string, why: SkippedWhy): void =>
          this.#options.tell({ kind: 'skipped', buddy, transfer, path, why })
        this.#disk.send(id, { paths, onSkipped, links: command.again ? 'none' : 'followed' })
      }
    }
    this.#options.talk().act((talk) => talk.act(command, performance.now()))
  }

  do(work: Work): void {
    this.#disk.do(work)
  }

  /** What was told, with where it goes, and what the disk said. */
  completed(event: TalkEvent): TalkEvent {
    if (event.kind !== 'transfer') return event
    // There was no conversation to have it: nobody else gives it up.
    if (event.direction === 'out' && isUnsent(event)) this.#letGo(event.transfer as TransferId)
    const into = this.#folders.get(event.transfer)
    if (hasEnded(event.state)) this.#folders.delete(event.transfer)
    if (event.state === 'running' && into !== undefined) return { ...event, path: into }
    if (event.state !== 'failed' || event.by !== 'us') return event
    const fault = this.#disk.faultOf(event.transfer as TransferId)
    return fault ? { ...event, message: fault.message } : event
  }

  /** The root of what is offered under this id, and not answered. */
  rootOf(buddy: string, transfer: string): string | undefined {
    let offered: Offered | undefined
    this.#options.talk().act((talk) => {
      offered = talk.offered(buddy, transfer)
    })
    return offered?.offer.form === 'files' ? bytesToHex(offered.offer.root) : undefined
  }

  /** Removes what came of it, unless somebody receives there. False if nothing was. */
  async discard({ fingerprint, root, into }: Consent): Promise<boolean> {
    const folder = join(into, partName(fingerprint, hexToBytes(root)))
    return await removePart(folder, (used) => this.#disk.isUsed(used))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disk[Symbol.asyncDispose]()
    await Promise.all(this.#sweeping.values())
  }

  async #accept({ buddy, transfer, once, ...how }: TransferCommand & { kind: 'accept' }): Promise<void> {
    let offered: Offered | undefined
    this.#options.talk().act((talk) => {
      offered = talk.offered(buddy, transfer)
    })
    if (!offered) return
    const { name, form } = offered.offer
    try {
      // Whom this offer replaced has let go of its folder by then.
      const into = form === 'stream' ? await socketAt(how.into) : await folderAt(how)
      const isTaken = await this.#take(buddy, offered, into)
      const { offer, fingerprint } = offered
      if (!isTaken || offer.form === 'stream') return
      const consent = { transfer, fingerprint, root: bytesToHex(offer.root), buddy, name, into }
      if (!once) this.#options.onAccepted?.(consent)
      this.#sweep(into)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      const about = { kind: 'transfer', buddy, transfer, name, direction: 'in', state: 'offered' } as const
      const { message, hint } = error
      this.#options.tell({ ...about, message, ...(hint !== undefined && { hint }) })
    }
  }

  /** @throws UserError if it cannot be there */
  async #take(buddy: string, offered: Offered, into: string): Promise<boolean> {
    const { transfer } = offered.offer
    if (this.#disk.has(transfer)) return false // it was accepted a moment ago
    let isTaken = false
    try {
      const kept = await this.#prepare(offered, into)
      this.#options.talk().act((talk) => {
        isTaken = talk.accept(buddy, transfer, kept)
      })
    } finally {
      if (!isTaken) this.#letGo(transfer)
    }
    return isTaken
  }

  /** Beside what is received: once at a time in each folder. */
  #sweep(into: string): void {
    if (this.#sweeping.has(into)) return
    const swept = sweepParts(into, { isUsed: (folder) => this.#disk.isUsed(folder), now: Date.now() })
    const done = swept.then((count) => {
      this.#sweeping.delete(into)
      if (count > 0) this.#options.onSwept?.(count)
    })
    this.#sweeping.set(into, done)
  }

  #letGo(transfer: TransferId): void {
    this.#folders.delete(transfer)
    this.#disk.do({ transfer, kind: 'abandon', leaves: 'all' })
  }

  /** What is there of it already; from here on its works are done. */
  async #prepare({ offer, fingerprint }: Offered, into: string): Promise<Kept | undefined> {
    const { transfer } = offer
    if (offer.form === 'stream') {
      this.#disk.receivePipe(transfer, into)
      return undefined
    }
    const sink = new Sink({ into, part: partName(fingerprint, offer.root) })
    if (!this.#disk.receive(transfer, sink)) throw new UserError('the same is being received there already')
    await this.#disk.settled(sink.folder)
    const kept = await sink.kept(maxManifest)
    const manifest = kept && (await inSlices(decodeManifest(kept.manifest, offer)))
    this.#folders.set(transfer, into)
    return kept && manifest && { manifest, cursor: await sink.sound(manifest, kept.cursor) }
  }
}

export const isTransferCommand = (command: Command): command is TransferCommand =>
  Object.hasOwn(transferKinds, command.kind)

const isUnsent = ({ state, why }: TransferTold): boolean =>
  state === 'failed' && (why === 'closed' || why === 'unknown-buddy')

const transferKinds: Record<TransferCommand['kind'], true> = {
  ...{ send: true, accept: true, reject: true, pause: true, go: true, withdraw: true, leave: true },
}

/** @throws UserError unless it is there */
export async function requireFolder(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT')
      throw new UserError(`there is no folder ${path}`, {
        hint: 'make it first, with mkdir, or name another',
      })
    throw diskFault(error, `cannot write in ${path}`)
  })
  if (!found.isDirectory()) throw new UserError(`${path} is no folder`)
}

/** What it returns; others have their turn between its steps. */
async function inSlices<T>(steps: Generator<undefined, T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    await turn()
  }
}

/** Where it is, without links: of each folder there is one name, and what is put in the place of a link later is another. */
async function folderAt({ into, again }: Pick<TransferCommand & { kind: 'accept' }, 'into' | 'again'>) {
  await requireFolder(into)
  const found = await realpath(into).catch((error: unknown) => {
    throw diskFault(error, `cannot write in ${into}`)
  })
  if (again && (found !== into || (await isOfOthers(into))))
    throw new UserError(`${into} is another folder than the one that you named`, {
      hint: 'accept it once more, into a folder that you have looked at',
    })
  return found
}

/** In a folder such as `/tmp` anybody may have made it, since ours was removed. */
async function isOfOthers(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined)
  const us = process.getuid?.()
  return !stats?.isDirectory() || (us !== undefined && stats.uid !== us && stats.uid !== 0)
}

/** Who accepts at a prompt names a folder, or none. */
async function socketAt(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isSocket())
    throw new UserError('a stream is put in no folder: otrtalk listen --stream > FILE takes it')
  return path
}

type SkippedWhy = Extract<TalkEvent, { kind: 'skipped' }>['why']
