/** What the commands print when they are not the chat: data on stdout, remarks on stderr. */
import type { Context } from './context.ts'
import { columnsOf, type SafeText, visibleJson } from './safetext.ts'

export function printJson({ stdout }: Pick<Context, 'stdout'>, value: unknown): void {
  stdout.write(`${visibleJson(value)}\n`)
}

/** Rows of cells in columns two spaces apart. */
export function printTable(
  { stdout }: Pick<Context, 'stdout'>,
  rows: readonly (readonly SafeText[])[],
): void {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => columnsOf(row[i]!))))
  for (const row of rows) {
    const cells = row.map((cell, i) => cell + ' '.repeat(widths[i]! - columnsOf(cell)))
    stdout.write(`${cells.join('  ').trimEnd()}\n`)
  }
}

export function remark({ stderr }: Pick<Context, 'stderr'>, text: SafeText): void {
  stderr.write(`${text}\n`)
}
