/**
 * Does what transfers ask of the disk: each in its order, the one beside the
 * other. What goes wrong ends that transfer and nothing else; its words are
 * kept for whoever tells of it.
 */
import { UserError } from '../../error.ts'
import type { TransferId } from '../../transfer/offer.ts'
import type { Work, WorkResult } from '../../transfer/work.ts'
import { AtFile, diskFaultOf } from './faults.ts'
import type { Sink } from './sink.ts'
import { Source, type SourceOptions } from './source.ts'
import { PipeSink, PipeSource } from './stream.ts'

type End =
  | { readonly kind: 'source'; readonly source: Source }
  | { readonly kind: 'sink'; readonly sink: Sink }
  | { readonly kind: 'pipe-source'; readonly pipe: PipeSource }
  | { readonly kind: 'pipe-sink'; readonly pipe: PipeSink }

interface Job {
  readonly end: End
  /** Of what was asked so far. */
  done: Promise<void>
  hasFailed: boolean
}

export interface DiskOptions {
  readonly answer: (result: WorkResult) => void
  /** A fault of ours. */
  readonly onFault: (error: unknown) => void
}

export class Disk implements AsyncDisposable {
  readonly #options: DiskOptions
  readonly #jobs = new Map<TransferId, Job>()
  readonly #faults = new Map<TransferId, UserError>()
  readonly #leaving = new Map<Promise<void>, End>() // what is still done of transfers that were abandoned

  constructor(options: DiskOptions) {
    this.#options = options
  }

  /** From here on the transfer's works are done with these files and folders. */
  send(transfer: TransferId, options: SourceOptions): void {
    this.#begin(transfer, { kind: 'source', source: new Source(options) })
  }

  /** @param path - of the socket that it comes from */
  sendPipe(transfer: TransferId, path: string): void {
    this.#begin(transfer, { kind: 'pipe-source', pipe: new PipeSource(path) })
  }

  /** False if what is done in that folder is another transfer's. */
  receive(transfer: TransferId, sink: Sink): boolean {
    for (const { end } of this.#jobs.values())
      if (end.kind === 'sink' && end.sink.folder === sink.folder) return false
    this.#begin(transfer, { kind: 'sink', sink })
    return true
  }

  /** @param path - of the socket that takes it */
  receivePipe(transfer: TransferId, path: string): void {
    this.#begin(transfer, { kind: 'pipe-sink', pipe: new PipeSink(path) })
  }

  /** It has begun, and nobody has abandoned it. An id is as the sender wants it: two may give the same. */
  has(transfer: TransferId): boolean {
    return this.#jobs.has(transfer)
  }

  /** Something is received there. @param folder - of a part */
  isUsed(folder: string): boolean {
    const ends = [...[...this.#jobs.values()].map(({ end }) => end), ...this.#leaving.values()]
    return ends.some((end) => end.kind === 'sink' && end.sink.folder === folder)
  }

  /** What went wrong, in words; asked for once. */
  faultOf(transfer: TransferId): UserError | undefined {
    const fault = this.#faults.get(transfer)
    this.#faults.delete(transfer)
    return fault
  }

  do(work: Work): void {
    const job = this.#jobs.get(work.transfer)
    if (!job) return // nothing was begun: there is nothing to abandon
    if (work.kind === 'abandon') {
      this.#forget(work.transfer, job)
      leave(job.end)
    }
    const done = job.done.then(() => this.#answer(job, work)).catch(this.#options.onFault)
    job.done = done
    if (work.kind !== 'abandon') return
    this.#leaving.set(done, job.end)
    void done.then(() => this.#leaving.delete(done))
  }

  /** Nothing is done any more of what was abandoned so far. @param folder - in this one only */
  async settled(folder?: string): Promise<void> {
    const isThere = (end: End): boolean =>
      folder === undefined || (end.kind === 'sink' && end.sink.folder === folder)
    await Promise.all([...this.#leaving].filter(([, end]) => isThere(end)).map(([done]) => done))
  }

  /** What is under way is left for a resume. */
  async [Symbol.asyncDispose](): Promise<void> {
    const jobs = [...this.#jobs.values()]
    this.#jobs.clear()
    for (const job of jobs) {
      closePipe(job.end)
      leave(job.end)
      job.done = job.done.then(() => abandon(job.end, 'all')).catch(() => {})
    }
    await Promise.all(jobs.map(({ done }) => done))
    await this.settled()
  }

  #begin(transfer: TransferId, end: End): void {
    this.#jobs.set(transfer, { end, done: Promise.resolve(), hasFailed: false })
  }

  #forget(transfer: TransferId, job: Job): void {
    if (this.#jobs.get(transfer) === job) this.#jobs.delete(transfer)
    closePipe(job.end) // what is read of it, or written to it, may never be done
  }

  async #answer(job: Job, work: Work): Promise<void> {
    const { transfer } = work
    if (work.kind === 'abandon') {
      await abandon(job.end, work.leaves)
      return
    }
    if (job.hasFailed) return
    try {
      const result = await done(job.end, work)
      if (result.kind === 'finished') this.#forget(transfer, job)
      this.#options.answer(result)
    } catch (error) {
      job.hasFailed = true
      const [fault, at] = error instanceof AtFile ? [error.cause, { file: error.file }] : [error, {}]
      const why = diskFaultOf(fault)
      if (fault instanceof UserError && this.#jobs.get(transfer) === job) this.#faults.set(transfer, fault)
      this.#options.answer({ transfer, kind: 'failed', why, ...at })
    }
  }
}

async function done(end: End, work: Exclude<Work, { kind: 'abandon' }>): Promise<WorkResult> {
  const { transfer } = work
  switch (work.kind) {
    case 'survey':
      return { transfer, kind: 'surveyed', entries: await as(end, 'source').source.survey() }
    case 'read':
      return { transfer, kind: 'read', octets: await read(end, work.ranges) }
    case 'place': {
      const { content } = work
      if (content.kind === 'files') await as(end, 'sink').sink.place(content.manifest, content.cursor)
      return { transfer, kind: 'placed' }
    }
    case 'write':
      if (end.kind === 'pipe-sink') await end.pipe.write(work.parts)
      else await as(end, 'sink').sink.write(work.parts, work.ended)
      return { transfer, kind: 'written' }
    case 'keep':
      if (end.kind === 'sink') await end.sink.keep(work.cursor)
      return { transfer, kind: 'kept' }
    case 'finish':
      if (end.kind === 'sink') return { transfer, kind: 'finished', ...(await end.sink.finish()) }
      await as(end, 'pipe-sink').pipe.finish()
      return { transfer, kind: 'finished', path: '' }
    default:
      return work satisfies never
  }
}

async function read(end: End, ranges: Parameters<Source['read']>[0]): Promise<readonly Uint8Array[]> {
  if (end.kind !== 'pipe-source') return await as(end, 'source').source.read(ranges)
  const octets: Uint8Array[] = []
  for (const { size } of ranges) octets.push(await end.pipe.read(size))
  return octets
}

/** @throws Error for work of another kind than the transfer has, which is ours */
function as<K extends End['kind']>(end: End, kind: K): Extract<End, { kind: K }> {
  if (end.kind !== kind) throw new Error(`a ${end.kind} is asked for the work of a ${kind}`)
  return end as Extract<End, { kind: K }>
}

async function abandon(end: End, leaves: 'all' | 'nothing'): Promise<void> {
  if (end.kind === 'source') await end.source[Symbol.asyncDispose]()
  else if (end.kind === 'sink') await end.sink.abandon(leaves)
}

/** What takes long ends soon. */
function leave(end: End): void {
  if (end.kind === 'sink') end.sink.leave()
}

function closePipe(end: End): void {
  if (end.kind === 'pipe-source' || end.kind === 'pipe-sink') end.pipe.close()
}
