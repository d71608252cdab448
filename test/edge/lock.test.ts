import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Acquired, acquire, holderOf } from '../../src/edge/lock.ts'
import { isRunning, thisProcess } from '../../src/edge/process.ts'
import { bundle } from './bundle.ts'
import { temporaryFolder } from './folder.ts'

/** `undefined` if there is no such file. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

const newLock = (): string => join(temporaryFolder(), 'lock')
const gone = { pid: spawnSync(process.execPath, ['-e', '']).pid, start: '' }
const stale = `${JSON.stringify({ ...gone, command: 'chat' })}\n`
const held = (acquired: Acquired): Disposable => {
  if (acquired.kind === 'busy') throw new Error(`busy: ${acquired.by.pid}`)
  return acquired.lock
}

describe('a lock', () => {
  test('names its holder to the second, and is free after disposal', async () => {
    const path = newLock()
    const lock = held(await acquire(path, 'chat'))
    const by = { ...thisProcess(), command: 'chat' }
    expect(await acquire(path, 'listen')).toEqual({ kind: 'busy', by })
    expect(await holderOf(path)).toEqual(by)
    lock[Symbol.dispose]()
    expect(await holderOf(path)).toBeUndefined()
    expect(readdirSync(dirname(path))).toEqual([])
    held(await acquire(path, 'listen'))[Symbol.dispose]()
  })

  test('that somebody else took over is not removed by who had it before', async () => {
    const path = newLock()
    const lock = held(await acquire(path, 'chat'))
    writeFileSync(path, 'of somebody else\n')
    lock[Symbol.dispose]()
    expect(readFileSync(path, 'utf8')).toBe('of somebody else\n')
  })

  test.each([
    ['of a process that is gone', stale],
    [
      'of another process with our number',
      `${JSON.stringify({ ...thisProcess(), start: 'x/1', command: 'chat' })}\n`,
    ],
    ['that says nothing', ''],
    ['that is no JSON', '{\n'],
    ['that names no process', '{"pid":-1,"start":"","command":"chat"}\n'],
    ['that is null', 'null\n'],
  ])('%s is stale', async (_, octets) => {
    const path = newLock()
    writeFileSync(path, octets)
    expect(await holderOf(path)).toBeUndefined()
    using _lock = held(await acquire(path, 'chat'))
    expect(readdirSync(dirname(path))).toEqual(['lock'])
  })

  test('that is stale goes to one of 20 who want it at the same moment', async () => {
    const path = newLock()
    for (let round = 0; round < 5; round++) {
      writeFileSync(path, stale.replace('chat', `chat ${round}`))
      const all = await Promise.all(Array.from({ length: 20 }, () => acquire(path, 'chat')))
      const won = all.filter((acquired) => acquired.kind === 'held')
      expect(won).toHaveLength(1)
      held(won[0]!)[Symbol.dispose]()
      expect(readdirSync(dirname(path))).toEqual([])
    }
  })

  test('is broken also where another died while breaking it', async () => {
    const path = newLock()
    writeFileSync(path, stale)
    const guard = `${path}.${createHash('sha256').update(stale).digest('hex').slice(0, 16)}`
    writeFileSync(guard, stale.replace('chat', 'listen'))
    using _lock = held(await acquire(path, 'chat'))
    expect(readdirSync(dirname(path))).toEqual(['lock'])
  })

  test('that replaces a stale one is left alone by him who saw the stale one', async () => {
    const path = newLock()
    writeFileSync(path, stale)
    const late = acquire(path, 'chat') // has read it when it returns
    writeFileSync(path, `${JSON.stringify({ ...thisProcess(), command: 'listen' })}\n`)
    expect(await late).toMatchObject({ kind: 'busy', by: { command: 'listen' } })
    expect(readdirSync(dirname(path))).toEqual(['lock'])
  })

  test('that is being written is waited for', async () => {
    const path = newLock()
    writeFileSync(path, '')
    const busy = acquire(path, 'chat')
    await sleep(60)
    writeFileSync(path, `${JSON.stringify({ ...thisProcess(), command: 'listen' })}\n`)
    expect(await busy).toMatchObject({ kind: 'busy', by: { command: 'listen' } })
  })
})

describe('between processes', { timeout: 30_000 }, () => {
  let child = ''
  beforeAll(async () => {
    child = await bundle(`
      import { existsSync, readFileSync, writeFileSync } from 'node:fs'
      import { setTimeout as sleep } from 'node:timers/promises'
      import { acquire } from './src/edge/lock.ts'
      import { isRunning, thisProcess } from './src/edge/process.ts'

      const [path, how] = process.argv.slice(2)
      while (how === 'churn') {
        const { lock } = await acquire(path, how)
        lock[Symbol.dispose]()
        if (existsSync(path + '-end')) process.exit(0)
      }
      let rounds = how === 'race' ? 5 : 1
      while (rounds > 0) {
        const acquired = await acquire(path, how)
        if (acquired.kind === 'busy') { await sleep(Math.random() * 4); continue }
        if (how !== 'race') break
        const mark = path + '-owner'
        let owner
        try { owner = JSON.parse(readFileSync(mark, 'utf8')) } catch {}
        if (owner && owner.pid !== process.pid && isRunning(owner)) console.log('two owners')
        writeFileSync(mark, JSON.stringify(thisProcess()))
        await sleep(Math.random() * 3)
        if (--rounds === 0) process.kill(process.pid, 'SIGKILL') // a stale lock, and its mark
        writeFileSync(mark, '')
        acquired.lock[Symbol.dispose]()
      }
      console.log('held')
      if (how === 'throw') throw new Error('on purpose')
      if (how === 'leave') process.exit(3)
      if (how === 'other') process.on('SIGTERM', () => setTimeout(() => process.exit(7), 20))
      setInterval(() => {}, 1000)
    `)
  })
  afterAll(() => rmSync(dirname(child), { recursive: true, force: true }))

  interface Ended {
    readonly code: number | null
    readonly signal: NodeJS.Signals | null
    readonly said: string
  }
  const run = (path: string, how: string, signal?: NodeJS.Signals): Promise<Ended> =>
    new Promise((resolve) => {
      const process_ = spawn(process.execPath, [child, path, how], { stdio: ['ignore', 'pipe', 'ignore'] })
      let said = ''
      process_.stdout.on('data', (octets: Buffer) => {
        said += octets.toString()
        if (signal) process_.kill(signal)
      })
      process_.once('close', (code, ended) => resolve({ code, signal: ended, said }))
    })

  test('a lock has one owner at a time, though every one of six dies with it in its hand', async () => {
    const path = newLock()
    const ends = await Promise.all(Array.from({ length: 6 }, () => run(path, 'race')))
    for (const { said, signal } of ends) expect([said, signal]).toEqual(['', 'SIGKILL'])
    using _lock = held(await acquire(path, 'chat'))
    expect(readdirSync(dirname(path)).sort()).toEqual(['lock', 'lock-owner'])
  })

  test('what a process left that died before it had placed its lock is swept by the next', async () => {
    const path = newLock()
    for (const left of [`${path}.0123456789abcdef.new`, `${path}.aa.bb.new`, `${dirname(path)}/other.new`])
      writeFileSync(left, '')
    using _lock = held(await acquire(path, 'chat'))
    expect(readdirSync(dirname(path)).sort()).toEqual(['lock', 'other.new'])
  })

  test('whoever finds a lock finds it whole', async () => {
    const path = newLock()
    const child = run(path, 'churn')
    const found: string[] = []
    while (found.length < 5_000) {
      const text = textOf(path)
      if (text === undefined) await sleep(0)
      else found.push(text)
    }
    writeFileSync(`${path}-end`, '')
    expect(await child).toMatchObject({ code: 0 })
    expect(found.filter((text) => !text.endsWith('}\n'))).toEqual([])
  })

  test.each([
    ['leave', undefined, { code: 3, signal: null }],
    ['throw', undefined, { code: 1, signal: null }],
    ['wait', 'SIGTERM', { code: null, signal: 'SIGTERM' }],
    ['wait', 'SIGINT', { code: null, signal: 'SIGINT' }],
    ['wait', 'SIGHUP', { code: null, signal: 'SIGHUP' }],
    ['other', 'SIGTERM', { code: 7, signal: null }],
  ] as const)('a process that ends (%s %s) takes its lock with it', async (how, signal, end) => {
    const path = newLock()
    expect(await run(path, how, signal)).toEqual({ ...end, said: 'held\n' })
    expect(readdirSync(dirname(path))).toEqual([])
  })

  test('one that is stopped keeps its lock, one that was killed does not', async () => {
    const path = newLock()
    const killed = spawn(process.execPath, [child, path, 'wait'], { stdio: ['ignore', 'pipe', 'ignore'] })
    await new Promise((resolve) => killed.stdout.once('data', resolve))
    expect(await acquire(path, 'chat')).toMatchObject({
      kind: 'busy',
      by: { pid: killed.pid, command: 'wait' },
    })
    process.kill(killed.pid!, 'SIGSTOP') // stopped is not gone
    expect((await acquire(path, 'chat')).kind).toBe('busy')
    killed.kill('SIGKILL')
    await new Promise((resolve) => killed.once('exit', resolve))
    held(await acquire(path, 'chat'))[Symbol.dispose]()
  })
})

test('a process that has ended is gone, though nobody waited for it yet', async () => {
  const parent = spawn('bash', ['-c', 'sleep 0.1 & echo $!; exec sleep 10'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const said = await new Promise<Buffer>((resolve) => parent.stdout.once('data', resolve))
  const pid = Number(said.toString())
  for (let i = 0; i < 100 && isRunning({ pid, start: '' }); i++) await sleep(10)
  expect(isRunning({ pid, start: '' })).toBe(false)
  expect(() => process.kill(pid, 0)).not.toThrow() // its number is still taken
  parent.kill('SIGKILL')
})

test('a process is known by its number and its start', () => {
  expect(isRunning(thisProcess())).toBe(true)
  expect(isRunning({ ...thisProcess(), start: '' })).toBe(true)
  expect(isRunning({ ...thisProcess(), start: 'another' })).toBe(false)
  expect(isRunning(gone)).toBe(false)
  expect(isRunning({ pid: 1, start: '' })).toBe(true) // not ours, and there
})
