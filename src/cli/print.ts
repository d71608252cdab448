/** What the commands print when they are not the chat: data on stdout, remarks on stderr. */
import type { Context } from './context.ts'
import { columnsOf, type SafeText, visibleJson } from './safetext.ts'
import { legible } from './terminal.ts'

type Printing = Pick<Context, 'stdout' | 'stderr' | 'env'>

export function printJson({ stdout, env }: Pick<Context, 'stdout' | 'env'>, value: unknown): void {
  legible(stdout, env).write(`${visibleJson(value)}\n`)
}

/** Rows of cells in columns two spaces apart. */
export function printTable({ stdout, env }: Printing, rows: readonly (readonly SafeText[])[]): void {
  const terminal = legible(stdout, env)
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => columnsOf(row[i]!))))
  for (const row of rows) {
    const cells = row.map((cell, i) => cell + ' '.repeat(widths[i]! - columnsOf(cell)))
    terminal.write(`${cells.join('  ').trimEnd()}\n`)
  }
}

export function remark({ stderr, env }: Printing, text: SafeText): void {
  legible(stderr, env).write(`${text}\n`)
}
