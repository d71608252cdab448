import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Program } from '../support/program.ts'
import type { Cell } from './cells.ts'
import { Internet, type Two, tools } from './internet.ts'
import { whyNoLab } from './lab.ts'

const missing = whyNoLab(tools)
if (missing !== undefined) console.warn(`skipped: ${missing}`)

interface Change {
  readonly title: string
  readonly nats: Cell['nats']
  /** Ms from the end of the change until a text that was said after it is read. */
  readonly limit: number
  readonly happen: (internet: Internet) => Promise<void>
}

const changes: readonly Change[] = [
  {
    title: 'alice gets another address',
    nats: { natA: 'port-restricted', natB: 'port-restricted' },
    limit: 20_000,
    async happen({ lab }) {
      await lab.run('alice', 'ip', 'addr', 'del', '192.168.1.10/24', 'dev', 'eth0')
      await lab.run('alice', 'ip', 'addr', 'add', '192.168.1.77/24', 'dev', 'eth0')
      await lab.run('alice', 'ip', 'route', 'replace', 'default', 'via', '192.168.1.1')
    },
  },
  {
    title: 'alice is cut off for 60 s',
    nats: { natA: 'port-restricted', natB: 'port-restricted' },
    limit: 15_000,
    async happen({ lab }) {
      await lab.change('cut', 'alice')
      await sleep(60_000)
      await lab.change('join', 'alice')
    },
  },
  {
    title: 'her router starts anew with another address, and his lets anybody in who has his port',
    nats: { natA: 'port-restricted', natB: 'full-cone' },
    limit: 15_000,
    happen: reboot,
  },
  {
    title: 'her router starts anew with another address, and his lets in whom he sent to',
    nats: { natA: 'port-restricted', natB: 'port-restricted' },
    limit: 60_000,
    happen: reboot,
  },
]

/** Nothing of before is known, and all that comes from it has another source. */
async function reboot({ lab }: Internet): Promise<void> {
  await lab.run('natA', 'ip', 'addr', 'del', '203.0.113.101/24', 'dev', 'wan')
  await lab.run('natA', 'ip', 'addr', 'add', '203.0.113.151/24', 'dev', 'wan')
  await lab.change('flush', 'natA')
}

for (const { title, nats, limit, happen } of changes) {
  test
    .skipIf(missing !== undefined)
    .concurrent(`nothing is lost, nothing comes twice: ${title}`, { timeout: 200_000 }, async () => {
      await using internet = await Internet.up('duo')
      const cell: Cell = { topology: 'duo', nats }
      await internet.renew(cell)
      await using two = await internet.start(cell)
      await Promise.all(two.both.map((program) => program.event('secured')))
      const talk = new Talk(two)
      const talking = talk.begin()
      await sleep(2_000)
      await happen(internet)
      const changed = performance.now()
      const after = await Promise.all(
        talk.next().map((heard) => heard.then(() => performance.now() - changed)),
      )
      const [there, back] = after.map(Math.round)
      console.info(`${title}: her next text arrived after ${there} ms, his after ${back} ms`)
      await sleep(1_000)
      talk.end()
      await talking
      await talk.settled()
      const [first, second] = two.both.map(textsOf)
      expect(second).toEqual(talk.said)
      expect(first).toEqual(talk.said)
      expect(Math.max(...after)).toBeLessThan(limit)
    })
}

/** Both say numbers, all the while. */
class Talk {
  readonly said: number[] = []
  readonly #two: Two
  readonly #ended = new AbortController()

  constructor(two: Two) {
    this.#two = two
  }

  async begin(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      this.#say()
      await sleep(pause)
    }
  }

  end(): void {
    this.#ended.abort()
  }

  /** When the next number of the first arrives, and the next of the second. */
  next(): readonly [Promise<unknown>, Promise<unknown>] {
    const wanted = this.said.length
    const arrives = (program: Program): Promise<unknown> =>
      program.line((line) => Number(textIn(line)) >= wanted, patience)
    return [arrives(this.#two.second), arrives(this.#two.first)]
  }

  /** Every number was confirmed. */
  async settled(): Promise<void> {
    for (const program of this.#two.both) {
      const left = new Set(this.said.map(idOf))
      await program.line((line) => {
        const { event, id } = JSON.parse(line)
        if (event === 'delivered') left.delete(id)
        return left.size === 0
      }, patience)
    }
  }

  #say(): void {
    const number = this.said.length
    this.said.push(number)
    for (const program of this.#two.both)
      program.write(`${JSON.stringify({ say: String(number), id: idOf(number) })}\n`)
  }
}

/** What came, in its order. */
function textsOf(program: Program): number[] {
  return program.lines
    .map(textIn)
    .filter((text) => text !== undefined)
    .map(Number)
}

function textIn(line: string): string | undefined {
  const { event, text } = JSON.parse(line)
  return event === 'message' ? text : undefined
}

const idOf = (number: number): string => (number + 1).toString(16).padStart(16, '0')
const pause = 300 // ms
const patience = 90_000 // ms
