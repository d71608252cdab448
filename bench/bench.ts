/** What a benchmark file exports: `export const bench: Bench = { name, run }`, found by `bench/run.ts` by its file name `*.bench.ts`. */
export interface Bench {
  /** As given to `npm run bench -- NAME`. */
  readonly name: string
  /** It takes minutes: run only when it is named. */
  readonly isLong?: true
  run(options: RunOptions): AsyncIterable<Figure> | Iterable<Figure>
}

export interface RunOptions {
  /** `--runs N`: how often each thing is measured, where the benchmark leaves that open. */
  readonly runs?: number
}

/** One line of `--json`. */
export interface Figure {
  readonly name: string
  readonly value: number // a median
  readonly unit: string
  /** The counterpart measured in the same run, interleaved, and value / its value. */
  readonly against?: string
  readonly ratio?: number
  /** What else there is to say of it. */
  readonly note?: string
}
