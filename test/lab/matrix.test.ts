import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as cells from './cells.ts'
import { type Cell, titleOf } from './cells.ts'
import { Internet, tools } from './internet.ts'
import { whyNoLab } from './lab.ts'

const missing = whyNoLab(tools)
if (missing !== undefined) console.warn(`skipped: ${missing}`)

/** Ms until both have a text of the other: generous, for all labs share the machine; `npm run bench -- reach` measures. */
const patience = 15_000

// Each lab by itself, all of them at once: the programs mostly wait.
const labs: Readonly<Record<string, readonly Cell[]>> = {
  'a NAT that keeps its port': [...cells.easy, ...cells.open],
  'a NAT whose port depends on the destination': [...cells.mixed, ...cells.predicted, ...cells.again],
  'a line that loses datagrams': cells.lossy,
  'the NAT of a carrier': cells.carrier,
  'one home': cells.home,
  'IPv6 firewalls': cells.v6,
  'routers that map ports': cells.upnp,
}

describe.skipIf(missing !== undefined)('two programs reach each other', () => {
  for (const [title, [...group]] of Object.entries(labs)) {
    describe.concurrent(`through ${title}:`, () => {
      let internet: Internet
      beforeAll(async () => {
        internet = await Internet.up(group[0]!.topology)
      }, 60_000)
      afterAll(() => internet[Symbol.asyncDispose](), 30_000)

      // Where ports are guessed, one run in twenty may take too long.
      for (const [i, cell] of group.entries()) {
        test.sequential(titleOf(cell), { retry: 1, timeout: 60_000 }, async () => {
          const outcome = await internet.meet(cell, { patience, swap: i % 2 === 1 })
          expect(outcome).toMatchObject({ kind: 'reached' })
        })
      }
    })
  }

  describe.concurrent('or say why not:', () => {
    for (const cell of cells.hopeless) {
      test.concurrent(titleOf(cell), { timeout: 60_000 }, async () => {
        await using internet = await Internet.up(cell.topology)
        const { sent, asked } = await internet.giveUp(cell, { patience })
        for (const { code, ms } of [sent, asked]) {
          expect(code).toBe(cell.exit)
          expect(ms).toBeLessThan(patience + 2_000) // the program's own start and goodbye
        }
        expect(sent.stderr).toMatch(new RegExp(`^otrtalk: .*${cell.says.source}`, 'm'))
        expect(asked.stdout).toMatch(cell.says)
        expect(asked.stdout).toContain('what would help')
      })
    }
  })
})
