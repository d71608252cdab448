/** What is kept of conversations by the built program, when it is killed and while it runs. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { coupleOfFile } from '../support/couple.ts'
import { execute, Program } from '../support/program.ts'

const { ada, bob } = coupleOfFile()
const run = (line: string) => execute(line.split(' '), ada)
const [count, burst] = [60, 20]

const idOf = (n: number): string => n.toString(16).padStart(16, '0')
const isText = (line: string): boolean => JSON.parse(line).event === 'message'
const textsOf = (lines: readonly string[]): string[] =>
  lines.filter(isText).map((line) => JSON.parse(line).text)

async function kept(): Promise<string[]> {
  const { stdout } = await run('history bob --json')
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).text)
}

/** Who was met once is known by his key. */
async function meet(): Promise<void> {
  await using _there = new Program(['listen'], bob)
  expect(await run('send bob hello')).toMatchObject({ code: 0 })
}

test('killed with SIGKILL again and again, it keeps what it showed, once and in order', async () => {
  await meet()
  await using from = new Program(['chat', 'ada', '--json'], bob)
  const say = (n: number): void => from.write(`${JSON.stringify({ say: `text ${n}`, id: idOf(n) })}\n`)
  for (let first = 1; first < count; first += burst) {
    await using listening = new Program(['listen', '--json', '--history'], ada)
    await listening.event('secured', 70_000)
    for (let n = first; n < first + burst; n++) say(n)
    await listening.line((line) => line.includes(`"text ${first}"`))
    listening.signal('SIGKILL')
    await listening.ended()
    const texts = await kept()
    expect(texts).toEqual(expect.arrayContaining(textsOf(listening.lines)))
    expect(texts).toEqual(texts.map((_, i) => `text ${i + 1}`))
  }
  await using listening = new Program(['listen', '--json', '--history'], ada)
  await listening.event('secured', 70_000)
  say(count + 1)
  await listening.line((line) => line.includes(`"text ${count + 1}"`))
  expect(await kept()).toEqual(Array.from({ length: count + 1 }, (_, i) => `text ${i + 1}`))

  // While it runs another process deletes through it, and it goes on.
  const deleted = await run('history delete bob --yes')
  expect(deleted.stderr).toMatch(/^61 lines of the conversations with bob were deleted\n/)
  expect(readdirSync(join(ada.home, 'profiles/ada/history'))).toEqual([])
  from.write(`${JSON.stringify({ say: 'after', id: idOf(99) })}\n`)
  await listening.line((line) => line.includes('"after"'))
  await expect.poll(kept, { timeout: 10_000 }).toEqual(['after'])
}, 300_000)

test('no text, alias or key stands in the files', () => {
  const folder = join(ada.home, 'profiles/ada')
  const files = ['vault', ...readdirSync(join(folder, 'history')).map((name) => `history/${name}`)]
  expect(files).toHaveLength(2)
  for (const file of files)
    for (const text of ['after', 'bob']) expect(readFileSync(join(folder, file)).includes(text)).toBe(false)
})
