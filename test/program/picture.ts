/**
 * Pictures of a terminal's screen as text, kept under test/cli/golden. With
 * OTRTALK_PICTURES=1 they are taken anew: look at each before it is kept.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type xterm from '@xterm/headless'
import { expect } from 'vitest'

/** Of the screens that pictures are taken of: columns and rows. */
export const sizes = [
  [40, 12],
  [80, 24],
  [120, 40],
  [200, 60],
] as const

/** What a person sees. */
export function pictureOf(terminal: xterm.Terminal): string {
  const { active } = terminal.buffer
  const rows = Array.from({ length: terminal.rows }, (_, y) => {
    const line = active.getLine(active.baseY + y)
    let row = ''
    for (let x = 0; x < terminal.cols; x++) {
      const cell = line?.getCell(x)
      row += cell?.getWidth() === 0 ? '' : cell?.getChars() || ' '
    }
    return row
  })
  return framed(rows, terminal.cols, { x: active.cursorX, y: active.cursorY })
}

/** Rows of one width in a frame; the caret's cell is named below it. */
export function framed(
  rows: readonly string[],
  columns: number,
  { x, y }: { readonly x: number; readonly y: number },
): string {
  const edge = '─'.repeat(columns)
  const within = rows.map((row) => `│${row}│`)
  return [`┌${edge}┐`, ...within, `└${edge}┘`, `caret at column ${x}, row ${y}`, ''].join('\n')
}

export function expectPicture(name: string, picture: string): void {
  const path = join(import.meta.dirname, '../cli/golden', `${name}.txt`)
  if (process.env['OTRTALK_PICTURES'] === '1') {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, picture)
  }
  expect(picture).toBe(existsSync(path) ? readFileSync(path, 'utf8') : 'no picture is kept')
}
