/**
 * Which unsequenced groups came already: a bit for each of 1,024, moved on in
 * whole blocks (ENet 1.3.17, enet_protocol_handle_send_unsequenced).
 */
export class UnsequencedWindow {
  #block = 0
  #seen: Uint32Array | undefined // most peers never send one

  /** False: a duplicate, or too far ahead. */
  accept(group: number): boolean {
    const index = group % size
    const block = group - index
    const ahead = group < this.#block ? group + 0x10000 : group
    if (ahead >= this.#block + freeBlocks * size) return false
    this.#seen ??= new Uint32Array(size / 32)
    if (block !== this.#block) {
      this.#block = block
      this.#seen.fill(0)
    }
    const bit = 1 << (index % 32)
    if ((this.#seen[index >> 5]! & bit) !== 0) return false
    this.#seen[index >> 5]! |= bit
    return true
  }
}

const size = 1_024
const freeBlocks = 32
