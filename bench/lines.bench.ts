/**
 * What a person waits for in a conversation: from a line to the moment it is
 * decrypted at the buddy, and to its receipt. Two built programs and a private
 * node on loopback; a third process writes to the one and reads the other. A
 * receipt is a message, too, and begins a ratchet: who is answered by a receipt
 * alone has the first line of one next.
 */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { adaAndBob } from '../test/support/people.ts'
import { Program } from '../test/support/program.ts'
import type { Bench, Figure } from './bench.ts'
import { percentile } from './percentile.ts'

export const bench: Bench = { name: 'lines', run }

async function* run(): AsyncIterable<Figure> {
  await using two = await adaAndBob()
  await using ada = new Program(['chat', 'bob', '--json'], two.ada)
  await using bob = new Program(['chat', 'ada', '--json'], two.bob)
  await Promise.all([ada.event('secured'), bob.event('secured')])
  const [within, first]: [Heard[], Heard[]] = [[], []]
  for (let i = 0; i < lines; i++) {
    within.push(await said(ada, bob, `turn ${i} of ada;`)) // her receipt for his line began her ratchet
    await sleep(calm)
    first.push(await said(ada, bob, `line ${i} of ada;`)) // his receipt came between
    await sleep(calm)
    await said(bob, ada, `turn ${i} of bob;`)
    await sleep(calm)
  }
  yield* figures('line, within a ratchet', within)
  yield* figures('line, first of a ratchet', first)
}

interface Heard {
  readonly decrypted: number // ms
  readonly confirmed: number // ms
}

async function said(from: Program, to: Program, text: string): Promise<Heard> {
  const began = performance.now()
  const id = `${Math.floor(began * 1_000)}`.padStart(16, '0').slice(-16)
  from.write(`${JSON.stringify({ say: text, id })}\n`)
  await to.line((line) => line.includes(`"${text}"`))
  const decrypted = performance.now() - began
  await from.line((line) => line.startsWith('{"event":"delivered"') && line.includes(id))
  return { decrypted, confirmed: performance.now() - began }
}

function* figures(name: string, heard: readonly Heard[]): Iterable<Figure> {
  for (const [what, part] of [
    ['decrypted at the buddy', 'decrypted'],
    ['its receipt', 'confirmed'],
  ] as const) {
    const times = heard.map((each) => each[part])
    for (const [share, label] of [
      [0.5, 'median'],
      [0.95, '95 %'],
    ] as const)
      yield { name: `${name} → ${what}, ${label}`, value: percentile(times, share), unit: 'ms' }
  }
}

const lines = 60
const calm = 130 // ms: receipts are gathered for 100, the first of a pause leaves at once
