/** Both ends of a transfer in one process, over disks that are none: what is read is given, what is written only counted. */
import { Incoming } from '../../src/transfer/incoming.ts'
import { transferId } from '../../src/transfer/offer.ts'
import { Outgoing } from '../../src/transfer/outgoing.ts'
import type { TransferOutput } from '../../src/transfer/transfer.ts'
import type { SourceEntry, Work, WorkResult } from '../../src/transfer/work.ts'

export interface Hollow {
  readonly files: readonly SourceEntry[]
  /** What is read, of whichever file and wherever: so many octets. */
  readonly octets: (size: number) => Uint8Array
  /** Told of the offer, and of each work before it is done. */
  readonly onStep: (step: 'offer' | Work['kind']) => void
}

/**
 * Sends it to its end.
 *
 * @returns how many octets were written
 * @throws Error when either end fails
 */
export function pass(hollow: Hollow): number {
  const disk = new Disk(hollow)
  const outgoing = new Outgoing({ transfer, name: 'hollow', form: 'files' })
  let incoming: Incoming | undefined
  const step = (output: TransferOutput, from: Outgoing | Incoming, to: typeof incoming | Outgoing): void => {
    if (output.kind === 'frame') to?.receive(output.bytes)
    if (output.kind === 'answer') to?.answered(output.answer)
    const result = output.kind === 'work' ? disk.do(output.work) : undefined
    if (result) from.worked(result, 0)
    if (output.kind !== 'offer') return
    hollow.onStep('offer')
    outgoing.secured(new Uint8Array(64))
    incoming = new Incoming(output.offer, new Uint8Array(64))
    incoming.accept()
  }
  outgoing.connect(1)
  while (outgoing.state.kind !== 'done') {
    for (const output of outgoing.drain(0, room)) step(output, outgoing, incoming)
    if (incoming) for (const output of incoming.drain(0)) step(output, incoming, outgoing)
    if (outgoing.state.kind === 'failed' || incoming?.state.kind === 'failed') throw new Error('it failed')
  }
  return disk.written
}

/** Of both ends: they never ask for the same kind of work. */
class Disk {
  written = 0
  #surveyed = 0
  readonly #hollow: Hollow

  constructor(hollow: Hollow) {
    this.#hollow = hollow
  }

  do(work: Work): WorkResult | undefined {
    const { files, octets, onStep } = this.#hollow
    onStep(work.kind)
    switch (work.kind) {
      case 'survey': {
        const entries = files.slice(this.#surveyed, this.#surveyed + 1_000)
        this.#surveyed += entries.length
        return { kind: 'surveyed', transfer, entries }
      }
      case 'read':
        return { kind: 'read', transfer, octets: work.ranges.map(({ size }) => octets(size)) }
      case 'place':
        return { kind: 'placed', transfer }
      case 'write':
        for (const part of work.parts) this.written += part.octets.length
        return { kind: 'written', transfer }
      case 'keep':
        return { kind: 'kept', transfer }
      case 'finish':
        return { kind: 'finished', transfer, path: '/' }
      case 'abandon':
        return undefined
      default:
        return work satisfies never
    }
  }
}

const transfer = transferId(new Uint8Array(16))
const room = 256 << 10 // octets the link takes at once
