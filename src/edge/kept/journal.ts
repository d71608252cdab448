/** The file of a log, for who keeps something in it: a `LogFile`. */
export interface Journal {
  /** Octets. */
  readonly size: number
  /** Survives the end of this process when it returns. @throws UserError if it could not be written */
  append(record: Uint8Array): void
  /** What was appended so far survives the end of the system. */
  synced(): Promise<void>
  /** Writes it anew with these records, and those that are appended meanwhile. */
  rewrite(records: () => Iterable<Uint8Array>): Promise<void>
}
