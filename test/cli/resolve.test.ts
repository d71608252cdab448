import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { Io } from '../../src/cli/context.ts'
import { contextOf } from '../../src/cli/resolve.ts'
import { isColourless } from '../../src/cli/terminal.ts'

const io = (isTTY: boolean, env: Io['env'] = {}): Io => {
  const stream = () => Object.assign(new PassThrough(), { isTTY })
  return {
    stdin: stream(),
    stdout: stream(),
    stderr: stream(),
    env: { OTRTALK_HOME: '/x', ...env },
  } as unknown as Io
}

test('somebody can be asked at a terminal, unless --no-input says no', async () => {
  expect((await contextOf(io(true), {})).isInteractive).toBe(true)
  expect((await contextOf(io(true), { input: false })).isInteractive).toBe(false)
  expect((await contextOf(io(false), {})).isInteractive).toBe(false)
})

test('--no-color beats every variable; without it they decide', async () => {
  const colourless = async (flags: object, env: Io['env']): Promise<boolean> =>
    isColourless((await contextOf(io(true, env), { ...flags })).env)
  expect(await colourless({}, {})).toBe(false)
  expect(await colourless({}, { NO_COLOR: '1' })).toBe(true)
  expect(await colourless({}, { NO_COLOR: '1', FORCE_COLOR: '1' })).toBe(false)
  expect(await colourless({ color: false }, { FORCE_COLOR: '1' })).toBe(true)
  expect(await colourless({}, { OTRTALK_NO_COLOR: '1' })).toBe(true)
})
