/** Values measured under names, and what to say of one beside another. */
import type { Figure } from './bench.ts'
import { percentile } from './percentile.ts'

export class Samples {
  readonly #unit: string
  readonly #values = new Map<string, number[]>()

  constructor(unit: string) {
    this.#unit = unit
  }

  add(name: string, value: number): void {
    const values = this.#values.get(name) ?? []
    this.#values.set(name, values)
    values.push(value)
  }

  median(name: string): number | undefined {
    const values = this.#values.get(name)
    return values && percentile(values, 0.5)
  }

  /** The median of one beside that of another, or with a note that this was not measured. None without values. */
  *figure(name: string, { as = name, beside, against = beside, note }: Beside = {}): Iterable<Figure> {
    const values = this.#values.get(name)
    if (!values) return
    const value = percentile(values, 0.5)
    const counterpart = beside === undefined ? undefined : this.median(beside)
    const said = beside === undefined || counterpart !== undefined ? note : `${against} was not measured`
    const range = values.length > 1 ? [`${brief(Math.min(...values))} to ${brief(Math.max(...values))}`] : []
    const notes = [...range, ...(said === undefined ? [] : [said])]
    yield {
      name: as,
      value,
      unit: this.#unit,
      ...(counterpart !== undefined && against !== undefined && { against, ratio: value / counterpart }),
      ...(notes.length > 0 && { note: notes.join('; ') }),
    }
  }
}

export interface Beside {
  /** What the figure is called, if not as the values. */
  readonly as?: string
  /** Under which name the counterpart was measured, and what it is called. */
  readonly beside?: string
  readonly against?: string | undefined
  readonly note?: string | undefined
}

const brief = (value: number): string => String(Number(value.toPrecision(3)))
