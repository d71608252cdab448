/**
 * `npm run bench [-- NAME…] [--runs N] [--json]`: runs bench/*.bench.ts, those
 * named, or all that are no matter of minutes, and prints each figure as a table's row or as one JSON object a line.
 */
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Bench, Figure } from './bench.ts'

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, runs: { type: 'string' } },
  allowPositionals: true,
})

process.once('SIGINT', () => process.exit(130)) // as it would, but labs are taken down
const benches = await load()
const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name))
if (unknown.length > 0) {
  const known = benches.map(({ name }) => name).join(', ')
  console.error(`no benchmark named ${unknown.join(', ')}; there are: ${known}`)
  process.exitCode = 2
} else {
  const options = values.runs === undefined ? {} : { runs: Math.max(1, Number(values.runs) || 1) }
  for (const bench of benches) {
    if (positionals.length > 0 ? !positionals.includes(bench.name) : bench.isLong) continue
    for await (const figure of bench.run(options))
      console.log(values.json ? JSON.stringify(figure) : row(figure))
  }
}

async function load(): Promise<Bench[]> {
  const benches: Bench[] = []
  for (const file of readdirSync(import.meta.dirname).sort()) {
    const name = file.match(/^(.+)\.bench\.ts$/)?.[1]
    if (name === undefined) continue
    const { bench }: { bench: Bench } = await import(`./${name}.bench.ts`)
    benches.push(bench)
  }
  return benches
}

function row({ name, value, unit, against, ratio, note }: Figure): string {
  const figure = `${name.padEnd(52)} ${String(Number(value.toPrecision(4))).padStart(10)} ${unit.padEnd(8)}`
  const compared = against === undefined ? [] : [`${(ratio ?? Number.NaN).toFixed(3)} of ${against}`]
  return [figure, ...compared, ...(note === undefined ? [] : [note])].join(' ')
}
