/** Replays every vector file of a folder: `npm run vectors` and test/slow/replay.test.ts do the same. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replayEnet } from './enet.ts'
import { replayNoise } from './noise.ts'
import { replayOtrv4 } from './otrv4.ts'
import type { Outcome, Replay } from './outcome.ts'

export type Source = 'otrv4' | 'enet' | 'noise'

export const sources: readonly Source[] = ['otrv4', 'enet', 'noise']

/** Our own files: a folder for each source. */
export const vectors: string = join(import.meta.dirname, '../vectors')

export type Replayed =
  | { readonly kind: 'replayed'; readonly files: readonly ReplayedFile[] }
  /** Not a folder that can be read, or no vector file in it. */
  | { readonly kind: 'unusable'; readonly why: string }

export interface ReplayedFile {
  /** Without `.json`. */
  readonly file: string
  readonly outcome: Outcome
}

const replays: Record<Source, Replay> = { otrv4: replayOtrv4, enet: replayEnet, noise: replayNoise }

export function replayFolder(source: Source, folder: string): Replayed {
  let names: string[]
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  } catch (error) {
    return { kind: 'unusable', why: said(error) }
  }
  if (names.length === 0) return { kind: 'unusable', why: 'no .json file in it' }
  const files = names.sort().map((name) => {
    const file = name.slice(0, -'.json'.length)
    return { file, outcome: replayFile(replays[source], { file, path: join(folder, name) }) }
  })
  return { kind: 'replayed', files }
}

/** A file that is no JSON, or of another shape than the replay knows, has failed. */
function replayFile(replay: Replay, { file, path }: { file: string; path: string }): Outcome {
  try {
    return replay(file, JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    return { kind: 'failed', why: said(error) }
  }
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
