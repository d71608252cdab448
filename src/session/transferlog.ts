/**
 * Which transfers outlive the program: what its user has offered and is not
 * over, and what he has accepted. It is what the records of a profile's log of
 * transfers make of it, one after another; nothing else changes it. Pure.
 */
import {
  type Consent,
  encodeRecord,
  type OwnOffer,
  readRecord,
  type TransferRecord,
} from './transferrecord.ts'

export class TransferLog {
  readonly #offers = new Map<string, OwnOffer>()
  readonly #consents = new Map<string, Consent>()
  #gone = 0

  /** @param records - of a log; what is none of ours is passed over */
  static of(records: Iterable<Uint8Array>): TransferLog {
    const log = new TransferLog()
    for (const octets of records) {
      const record = readRecord(octets)
      if (record) log.take(record)
    }
    return log
  }

  /** In the order they were made. */
  get offers(): readonly OwnOffer[] {
    return [...this.#offers.values()]
  }

  get consents(): readonly Consent[] {
    return [...this.#consents.values()]
  }

  /** Records so far that `records` leaves out. */
  get gone(): number {
    return this.#gone
  }

  /** More would not be remembered. */
  get isFull(): boolean {
    return this.#offers.size >= mostKept
  }

  offer(transfer: string): OwnOffer | undefined {
    return this.#offers.get(transfer)
  }

  /** Another buddy may have given his transfer the same id. */
  consent(transfer: string, fingerprint: string | undefined): Consent | undefined {
    return this.#consents.get(`${transfer} ${fingerprint}`)
  }

  take(record: TransferRecord): void {
    switch (record.kind) {
      case 'offered':
        this.#offers.set(record.offer.transfer, record.offer)
        return
      case 'read': {
        const { transfer, root } = record
        const offer = this.#offers.get(transfer)
        if (offer) this.#offers.set(transfer, { ...offer, root })
        return
      }
      case 'sent':
        if (this.#offers.delete(record.transfer)) this.#gone++
        return
      case 'accepted':
        this.#consents.set(`${record.consent.transfer} ${record.consent.fingerprint}`, record.consent)
        for (const [key] of this.#consents) if (this.#consents.size > mostKept) this.#forget(key)
        return
      case 'received':
        this.#forget(`${record.transfer} ${record.fingerprint}`)
        return
      default:
        record satisfies never
    }
  }

  /** Forgets what is older than anybody waits. @param now - unix ms */
  expire(now: number): void {
    for (const { transfer, at } of this.offers) if (at < now - longest) this.take({ kind: 'sent', transfer })
    for (const { transfer, at, fingerprint } of this.consents)
      if (at < now - longest) this.take({ kind: 'received', transfer, fingerprint })
  }

  /** A log that makes the same of a new one: without what is over. */
  *records(): Generator<Uint8Array> {
    for (const offer of this.#offers.values()) {
      const { transfer, root } = offer
      yield encodeRecord({ kind: 'offered', offer })
      if (root !== undefined) yield encodeRecord({ kind: 'read', transfer, root })
    }
    for (const consent of this.#consents.values()) yield encodeRecord({ kind: 'accepted', consent })
  }

  #forget(key: string): void {
    if (this.#consents.delete(key)) this.#gone++
  }
}

/** Whether the holder of this fingerprint is meant; one may be the beginning of the other, as an address has it. */
export const isFor = ({ key }: Pick<OwnOffer, 'key'>, fingerprint: string): boolean =>
  key.startsWith(fingerprint) || fingerprint.startsWith(key)

const mostKept = 100 // offers, and as many consents: the oldest of these are asked for again
const longest = 30 * 24 * 60 * 60_000 // ms
