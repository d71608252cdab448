import { expect, test } from 'vitest'
import { whyNoLab } from './lab.ts'
import { Neighbours } from './neighbours.ts'

const missing = whyNoLab()
if (missing !== undefined) console.warn(`skipped: ${missing}`)

// Generous for a busy machine; `npm run bench -- lan` measures.
test.skipIf(missing !== undefined).each([[[]], [['--lan']]])(
  'two who start on a LAN without internet are secured within 5 s: options %j',
  async (options) => {
    await using neighbours = await Neighbours.up()
    expect((await neighbours.meet(options, 5_000)) ?? Infinity).toBeLessThan(5_000)
  },
)
