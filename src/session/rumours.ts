/** What somebody said in the DHT may be about anybody: a few datagrams to each host, and no more in an hour. */
export class Rumours {
  readonly #sent = new Map<string, number>() // datagrams, by host
  #epoch = 0 // they are counted in

  /** Whether one more may go to this host; it counts as sent. */
  maySend(host: string, epoch: number): boolean {
    if (this.#epoch !== epoch) this.#sent.clear()
    this.#epoch = epoch
    const sent = this.#sent.get(host)
    if (sent === undefined ? this.#sent.size >= maxHosts : sent >= mostEach) return false
    this.#sent.set(host, (sent ?? 0) + 1)
    return true
  }
}

const mostEach = 12
const maxHosts = 256
