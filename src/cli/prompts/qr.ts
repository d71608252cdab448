/**
 * A text as a QR code (ISO/IEC 18004) for the terminal: two rows of modules in
 * a row of half blocks. Light on black whatever the terminal's own colours are,
 * as scanners look for dark modules on a light ground.
 */
import { encode } from 'uqr'
import type { Context } from '../context.ts'
import { readsUtf8 } from '../terminal.ts'

/** Rows that end without a newline; for a terminal that `drawsQr`. */
export function qrText(text: string): string {
  const { data } = encode(text, { ecc: 'L', boostEcc: true, border: quietZone })
  const rows: string[] = []
  for (let y = 0; y < data.length; y += 2) {
    const row = data[y]!.map((isDark, x) => block(!isDark, data[y + 1]?.[x] === false))
    rows.push(`${whiteOnBlack}${row.join('')}${reset}`)
  }
  return rows.join('\n')
}

/** Whether a QR code can be shown: somebody looks at it, and half blocks are drawn as such. */
export const drawsQr = ({ stderr, env }: Pick<Context, 'stderr' | 'env'>): boolean =>
  stderr.isTTY === true && readsUtf8(env) && env['TERM'] !== 'dumb'

function block(isUpperLight: boolean, isLowerLight: boolean): string {
  if (isUpperLight) return isLowerLight ? '█' : '▀'
  return isLowerLight ? '▄' : ' '
}

const quietZone = 2 // modules; the standard wants 4, scanners of screens need less, and 24 rows are few
const whiteOnBlack = '\x1b[97;40m'
const reset = '\x1b[0m'
