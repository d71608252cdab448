/** Where the time of a stretch of work goes: samples of V8's profiler, by the source they stand for. */
import { type Profiler, Session } from 'node:inspector/promises'
import { findSourceMap } from 'node:module'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { say } from './task.ts'

/** Prints `profile`: [source, function, ms] of each function, and the processor time as the system counts it. */
export async function profiled(work: () => Promise<void>): Promise<void> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 500 }) // µs
  await session.post('Profiler.start')
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  const { profile } = await session.post('Profiler.stop')
  say({ profile: costs(profile), user_ms: user / 1_000, system_ms: system / 1_000 })
}

type Cost = readonly [source: string, name: string, ms: number]

export function costs({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Cost[] {
  const parents = new Map<number, Profiler.ProfileNode>()
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node)
  const spent = new Map<number, number>() // µs of each node
  for (const [i, node] of samples.entries()) spent.set(node, (spent.get(node) ?? 0) + (timeDeltas[i] ?? 0))
  const totals = new Map<string, Cost>()
  for (const node of nodes) {
    const [source, name] = [sourceOf(node, parents), node.callFrame.functionName]
    const [, , before] = totals.get(`${source} ${name}`) ?? [source, name, 0]
    totals.set(`${source} ${name}`, [source, name, before + (spent.get(node.id) ?? 0) / 1_000])
  }
  return [...totals.values()].filter(([, , ms]) => ms > 0).sort(([, , a], [, , b]) => b - a)
}

/** What has no source, written in C++, stands for whoever called it; V8's own `(program)` and the like for themselves. */
function sourceOf(node: Profiler.ProfileNode, parents: ReadonlyMap<number, Profiler.ProfileNode>): string {
  const { url, functionName, lineNumber, columnNumber } = node.callFrame
  if (url === '') {
    const caller = parents.get(node.id)
    return caller === undefined || functionName.startsWith('(') ? functionName : sourceOf(caller, parents)
  }
  if (!url.startsWith('file:')) return url
  const entry = findSourceMap(url)?.findEntry(lineNumber, columnNumber)
  if (entry === undefined || !('originalSource' in entry)) return relative(root, fileURLToPath(url))
  return relative(root, fileURLToPath(new URL(entry.originalSource, url)))
}

const root = join(import.meta.dirname, '../..')
