/** Every block of the documents for users is played, as it stands there. */
import { describe, test } from 'vitest'
import { partsOf, play } from './tutorial/play.ts'

const patient = { timeout: 180_000 } // all of it takes less than a minute where nothing else runs

describe.concurrent('every command is typed, and what is shown below it is seen', patient, () => {
  test.each(['README.md', 'docs/Tutorial.md'].flatMap(partsOf))('$title', (part) => play(part))
})
