/** Octets of a stream in, lines out. Pure; what is no line ends it. */

export type LineFault = 'too-long' | 'no-text'

export class Lines {
  readonly #most: number
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  #rest: Uint8Array[] = []
  #size = 0

  /** @param most - octets of a line, without its end */
  constructor(most: number) {
    this.#most = most
  }

  /** The lines that end in this chunk, as far as they are any, and what is wrong with the next. */
  push(chunk: Uint8Array): { readonly lines: readonly string[]; readonly fault?: LineFault } {
    const lines: string[] = []
    let from = 0
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, from)) {
      const fault = this.#keep(chunk.subarray(from, end))
      if (fault) return { lines, fault }
      const line = this.#take()
      if (line === undefined) return { lines, fault: 'no-text' }
      lines.push(line)
      from = end + 1
    }
    const fault = this.#keep(new Uint8Array(chunk.subarray(from))) // the chunk need not stay for it
    return fault ? { lines, fault } : { lines }
  }

  #keep(part: Uint8Array): LineFault | undefined {
    this.#size += part.length
    if (this.#size > this.#most) return 'too-long'
    if (part.length > 0) this.#rest.push(part)
    return undefined
  }

  #take(): string | undefined {
    const octets = Buffer.concat(this.#rest)
    this.#rest = []
    this.#size = 0
    try {
      return this.#decoder.decode(octets)
    } catch {
      return undefined // the decoder's only way to say that this is no UTF-8
    }
  }
}

const lineFeed = 0x0a
