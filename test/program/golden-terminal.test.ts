/** The built program in a pseudo-terminal, at each of four sizes: as a person sees it who starts it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { columnsOf, safeText } from '../../src/cli/safetext.ts'
import { introduce } from '../support/people.ts'
import { execute, freshHome, type Started } from '../support/program.ts'
import { type Pty, start, untouched } from '../support/pty.ts'
import { expectPicture, framed, sizes } from './picture.ts'

let homes: readonly Awaited<ReturnType<typeof freshHome>>[]
let ada: Started

beforeAll(async () => {
  homes = [await freshHome(), await freshHome()]
  const [left, right] = homes.map(({ path }) => ({ home: path, env: { OTRTALK_INTERFACE: 'lo' } }))
  ada = left!
  await introduce({ name: 'ada', at: left! }, { name: 'bob', at: right! })
})

afterAll(async () => {
  for (const home of homes) await home[Symbol.asyncDispose]()
})

/** Nobody is found here: what is on the screen is the same each time, but for time and durations. */
const open = (cols: number, rows: number): Pty =>
  start(['chat', 'bob', '--no-dht', '--no-lan', '--no-portmap'], { ...ada, cols, rows })

test.each(sizes)(
  'at %d by %d a buddy is looked for while a line is written, and waits',
  async (cols, rows) => {
    await using screen = open(cols, rows)
    await screen.waitFor('looking for bob')
    screen.type('你好, are you there')
    await screen.waitFor('are you there')
    expectPicture(`program-typed.${cols}x${rows}`, await pictureOf(screen, cols, rows))
    screen.type('?')
    screen.key('enter')
    await screen.waitFor('(written)')
    screen.type('/verify')
    screen.key('enter')
    await screen.waitFor('bob is not connected')
    expectPicture(`program-waiting.${cols}x${rows}`, await pictureOf(screen, cols, rows))
    screen.key('ctrlC')
    await screen.ended()
    expect(screen.state).toEqual(untouched)
    expect((await execute(['outbox', 'drop', 'bob'], ada)).code).toBe(0) // else the next screen begins with it
  },
)

test('made larger and smaller in the midst of a line it is as if it had been opened so', async () => {
  await using screen = open(80, 24)
  await screen.waitFor('looking for bob')
  screen.type('你好, are you there')
  await screen.waitFor('are you there')
  for (const [cols, rows] of [sizes[0], sizes[3], sizes[2], sizes[1], sizes[0]]) {
    screen.resize(cols, rows)
    const rule = '─'.repeat(cols)
    await screen.waitFor((shown) => {
      const lines = shown.split('\n')
      return lines.length === rows && lines[1] === rule && lines.at(-3) === rule
    })
    expectPicture(`program-typed.${cols}x${rows}`, await pictureOf(screen, cols, rows))
  }
})

const settled = 300 // ms: a frame may come in pieces, and once more when the size rests

/** Of what rests, without what a clock says. */
async function pictureOf(pty: Pty, columns: number, rows: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, settled))
  const { screen, cursor } = pty
  const shown = screen
    .replace(/^\d\d:\d\d/gmu, 'hh:mm')
    .replace(/(\d+) s( *)/gu, (_, digits: string, gap: string) => {
      return `# s${gap && ' '.repeat(digits.length - 1)}${gap}`
    })
    .split('\n')
  const padded = Array.from({ length: rows }, (_, y) => {
    const row = shown[y] ?? ''
    return row + ' '.repeat(Math.max(0, columns - columnsOf(safeText(row))))
  })
  return framed(padded, columns, cursor)
}
