/** What a host's bulk takes of a link beside TCP. */
import { Flow, type FlowOptions } from './bulk.ts'
import { Line, type LineOptions } from './line.ts'
import { type Control, tcp } from './tcp.ts'

export interface ShareOptions extends LineOptions, FlowOptions {
  readonly hosts?: number // pairs of them, 1
  readonly others?: readonly Control[] // one CUBIC
  readonly ms?: number // that are measured, a minute
  readonly warmUp?: number // ms before, 20 s
}

export interface Share {
  /** 0..1 of all that was delivered: that of all hosts. */
  readonly share: number
  readonly hosts: readonly number[] // MB/s
  readonly others: readonly number[] // MB/s
  readonly utilisation: number // of the link, 0..1
}

export function share(options: ShareOptions): Share {
  const { hosts = 1, others = ['cubic'], ms = 60_000, warmUp = 20_000 } = options
  const line = new Line({ jitter: 2, ...options }) // without any, who comes first into a full queue always does
  const flows = Array.from(
    { length: hosts },
    (_, i) => new Flow(line, { ...options, seed: (options.seed ?? 1) + i }),
  )
  for (const flow of flows) flow.octets = Infinity
  const all = [...flows, ...others.map((control) => tcp(line, control))]
  line.run(warmUp)
  const before = all.map(({ delivered }) => delivered)
  line.measure()
  line.run(ms)
  const rates = all.map(({ delivered }, i) => (delivered - before[i]!) / ms / 1_000)
  const sum = (some: readonly number[]): number => some.reduce((total, rate) => total + rate, 0)
  return {
    share: sum(rates.slice(0, hosts)) / sum(rates),
    hosts: rates.slice(0, hosts),
    others: rates.slice(hosts),
    utilisation: line.tally('left').utilisation,
  }
}
