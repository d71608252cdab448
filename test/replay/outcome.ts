/** What became of one vector file: a test and `npm run vectors` both ask this. */
export type Outcome =
  | { readonly kind: 'passed'; readonly checks: number }
  | { readonly kind: 'failed'; readonly why: string }
  /** The code does not know this kind of file, or not all of it: never counted as passed. */
  | { readonly kind: 'not-run'; readonly why: string }

/** One per source of vectors, e.g. test/replay/otrv4.ts: `name` is the file's name without `.json`. */
export type Replay = (name: string, json: unknown) => Outcome
