/** How fast something grows, and when it will be done. */

export interface Pace {
  readonly rate: number // octets a second
  readonly left: number | undefined // ms
}

/** Over the last seconds: what was long ago says nothing about when it ends. */
export class Meter {
  #marks: { readonly at: number; readonly octets: number }[] = []

  /** It stands there, and what was before counts no more: it was paused, or began. */
  restart(octets: number, now: number): void {
    this.#marks = [{ at: now, octets }]
  }

  /** @param of - where it ends, if that is known */
  measure({ octets, of }: { readonly octets: number; readonly of: number | undefined }, now: number): Pace {
    this.#marks.push({ at: now, octets })
    while (this.#marks.length > 2 && this.#marks[1]!.at <= now - span) this.#marks.shift()
    const { at, octets: before } = this.#marks[0]!
    const rate = now > at ? Math.max(0, ((octets - before) * 1_000) / (now - at)) : 0
    const left = of === undefined || rate === 0 ? undefined : Math.round(((of - octets) * 1_000) / rate)
    return { rate: Math.round(rate), left }
  }
}

const span = 5_000 // ms
