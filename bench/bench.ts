/** What a benchmark file exports: `export const bench: Bench = { name, run }`, found by `bench/run.ts` by its file name `*.bench.ts`. */
export interface Bench {
  /** As given to `npm run bench -- NAME`. */
  readonly name: string
  run(): AsyncIterable<Figure> | Iterable<Figure>
}

/** One line of `--json`. */
export interface Figure {
  readonly name: string
  readonly value: number // a median
  readonly unit: string
  /** The counterpart measured in the same run, interleaved, and value / its value. */
  readonly against?: string
  readonly ratio?: number
}
