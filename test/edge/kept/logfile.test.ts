import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomBytes } from '../../../src/crypto.ts'
import { type Disk, disk } from '../../../src/edge/kept/disk.ts'
import { LogFile, type LogOptions, readLogFile } from '../../../src/edge/kept/logfile.ts'
import { bundle } from '../bundle.ts'
import { faultOf } from '../fault.ts'
import { temporaryFolder } from '../folder.ts'

const recordKey = randomBytes(32)
const options: LogOptions = { recordKeys: [recordKey], label: 'history' }
const octets = (text: string): Uint8Array => new TextEncoder().encode(text)
const texts = (records: readonly Uint8Array[]): readonly string[] =>
  records.map((record) => new TextDecoder().decode(record))
const newPath = (): string => join(temporaryFolder(), 'log')

async function reopened(path: string, more: Partial<LogOptions> = {}) {
  const { records, log, fault } = await LogFile.open(path, { ...options, ...more })
  await log[Symbol.asyncDispose]()
  return { texts: texts(records), fault }
}

/** As the system's, but that some calls fail: `which` is asked before each with its name and how many came before. */
function failing(which: (call: keyof Disk, nth: number) => boolean, code = 'ENOSPC'): Disk {
  const counts = new Map<string, number>()
  const check = (call: keyof Disk): void => {
    const nth = counts.get(call) ?? 0
    counts.set(call, nth + 1)
    if (which(call, nth)) throw Object.assign(new Error(code), { code })
  }
  return {
    ...disk,
    append(file, part) {
      const written = disk.append(file, part.subarray(0, 25)) // of a record: a disk takes what it has room for
      check('append')
      return written
    },
    truncate(file, size) {
      check('truncate')
      disk.truncate(file, size)
    },
    async sync(file) {
      check('sync')
      await disk.sync(file)
    },
    async appendLater(file, part) {
      check('appendLater')
      return await disk.appendLater(file, part)
    },
    rename(from, to) {
      check('rename')
      disk.rename(from, to)
    },
  }
}

describe('a log', () => {
  test('is made for its owner only, and has what was appended when it is opened again', async () => {
    const path = newPath()
    const { records, log } = await LogFile.open(path, options)
    expect(records).toEqual([])
    for (const word of ['one', '', 'three']) log.append(octets(word))
    await log.synced()
    expect(log.size).toBe(statSync(path).size)
    await log[Symbol.asyncDispose]()
    expect(await reopened(path)).toEqual({ texts: ['one', '', 'three'], fault: undefined })
    expect([statSync(path).mode & 0o777, readdirSync(dirname(path))]).toEqual([0o600, ['log']])
  })

  test('is read while another process appends, without being changed', async () => {
    const path = newPath()
    const { log } = await LogFile.open(path, options)
    log.append(octets('one'))
    writeFileSync(path, Buffer.concat([readFileSync(path), octets('half a rec')]))
    const before = readFileSync(path)
    expect(texts((await readLogFile(path, options)).records)).toEqual(['one'])
    expect(readFileSync(path)).toEqual(before)
    expect(await readLogFile(join(dirname(path), 'none'), options)).toEqual({ records: [], fault: undefined })
  })

  test('loses its torn end and goes on before it', async () => {
    const path = newPath()
    const { log } = await LogFile.open(path, options)
    for (const word of ['one', 'two', 'three']) log.append(octets(word))
    await log[Symbol.asyncDispose]()
    truncateSync(path, statSync(path).size - 1)
    const again = await LogFile.open(path, options)
    expect([texts(again.records), again.fault]).toEqual([['one', 'two'], undefined])
    again.log.append(octets('four'))
    expect((await reopened(path)).texts).toEqual(['one', 'two', 'four'])
  })

  test('leaves nothing beside it of a process that died as it wrote the log anew', async () => {
    const path = newPath()
    await reopened(path)
    writeFileSync(`${path}.new`, 'half a log')
    await reopened(path)
    expect(readdirSync(dirname(path))).toEqual(['log'])
  })

  test('that is damaged is told in words and kept aside; what stood before goes on', async () => {
    const path = newPath()
    const { log } = await LogFile.open(path, options)
    for (const word of ['one', 'two', 'three']) log.append(octets(word))
    await log[Symbol.asyncDispose]()
    for (const aside of ['log.damaged', 'log.damaged2']) {
      const damaged = readFileSync(path)
      damaged[46 + 36 + 3 + 30]! ^= 1 // in the second record
      writeFileSync(path, damaged)
      const seen = await readLogFile(path, options)
      expect([texts(seen.records), seen.fault?.message]).toEqual([
        ['one'],
        `${path}, or its end, cannot be read`,
      ])
      const again = await LogFile.open(path, options)
      expect(texts(again.records)).toEqual(['one'])
      expect(again.fault?.message).toBe(`a part of ${path} is damaged; what could be read is kept`)
      expect(again.fault?.hint).toContain(aside)
      expect(readFileSync(join(dirname(path), aside))).toEqual(damaged)
      again.log.append(octets('two'))
      await again.log[Symbol.asyncDispose]()
      expect(await reopened(path)).toEqual({ texts: ['one', 'two'], fault: undefined })
    }
  })

  test('of another key or purpose, or no log, is kept aside; one of a newer program is refused and stays', async () => {
    const path = newPath()
    await reopened(path)
    expect((await reopened(path, { label: 'mail' })).fault?.hint).toContain('log.damaged')
    writeFileSync(path, 'no log')
    expect((await reopened(path)).fault?.hint).toContain('log.damaged2')
    const newer = readFileSync(path)
    newer[13] = 2
    writeFileSync(path, newer)
    expect((await faultOf(reopened(path))).message).toContain('written by a newer otrtalk')
    expect((await faultOf(readLogFile(path, options))).message).toContain('written by a newer otrtalk')
    expect(readFileSync(path)).toEqual(newer)
  })

  test('takes no record above its size, nor is one read', async () => {
    const path = newPath()
    const { log } = await LogFile.open(path, { ...options, most: 200 })
    for (const word of ['one', 'two', 'three']) log.append(octets(word))
    expect(() => log.append(new Uint8Array(90))).toThrow('nothing more is kept')
    await log[Symbol.asyncDispose]()
    expect((await faultOf(reopened(path, { most: 100 }))).message).toContain('more than any file of otrtalk')
    expect((await reopened(path)).texts).toHaveLength(3)
  })

  test.each([0, 1, 20, 35, 36, 37])('that is full to its last %i octets still opens', async (left) => {
    const path = newPath()
    const most = 46 + 36 + 100 + left
    const { log } = await LogFile.open(path, { ...options, most })
    log.append(new Uint8Array(100))
    try {
      log.append(new Uint8Array(0))
    } catch {}
    expect(log.size).toBeLessThanOrEqual(most)
    await log[Symbol.asyncDispose]()
    expect((await reopened(path, { most })).fault).toBeUndefined()
  })

  test('is used by nobody after it was closed', async () => {
    const { log } = await LogFile.open(newPath(), options)
    await log[Symbol.asyncDispose]()
    await log[Symbol.asyncDispose]()
    expect(() => log.append(octets('x'))).toThrow('closed')
    await expect(log.synced()).rejects.toThrow('closed')
  })
})

describe('a disk that is full', () => {
  test('in mid-record leaves the log as it was; the next record stands where it should', async () => {
    const path = newPath()
    const full = failing((call, nth) => call === 'append' && nth === 2)
    const { log } = await LogFile.open(path, { ...options, disk: full })
    log.append(octets('one'))
    const size = statSync(path).size
    expect(() => log.append(octets('two'))).toThrow('no space is left on the disk')
    expect([statSync(path).size, log.size]).toEqual([size, size])
    log.append(octets('three'))
    await log[Symbol.asyncDispose]()
    expect(await reopened(path)).toEqual({ texts: ['one', 'three'], fault: undefined })
  })

  test('that takes not even the torn record back is tried again before the next one', async () => {
    const path = newPath()
    const full = failing((call, nth) => (call === 'append' && nth === 2) || (call === 'truncate' && nth < 2))
    const { log } = await LogFile.open(path, { ...options, disk: full })
    log.append(octets('one'))
    expect(() => log.append(octets('two'))).toThrow('no space is left')
    expect((await readLogFile(path, options)).fault).toBeUndefined() // a torn end
    expect(() => log.append(octets('three'))).toThrow('no space is left')
    log.append(octets('four'))
    await log[Symbol.asyncDispose]()
    expect((await reopened(path)).texts).toEqual(['one', 'four'])
  })

  test.each(['appendLater', 'sync', 'rename'] as const)(
    'while it is rewritten (%s) leaves the old one',
    async (call) => {
      const path = newPath()
      const full = failing((called, nth) => called === call && nth === 1)
      const { log } = await LogFile.open(path, { ...options, disk: full })
      log.append(octets('one'))
      expect((await faultOf(log.rewrite(() => [octets('x')]))).message).toContain('no space is left')
      expect(readdirSync(dirname(path))).toEqual(['log'])
      log.append(octets('two'))
      await log.rewrite(() => [octets('three')])
      log.append(octets('four'))
      await log[Symbol.asyncDispose]()
      expect((await reopened(path)).texts).toEqual(['three', 'four'])
    },
  )
})

describe('a sync', () => {
  /** A disk whose syncs end when told to. */
  function held() {
    const waiting: (() => Promise<void>)[] = []
    const slow: Disk = {
      ...disk,
      sync: (file) =>
        new Promise((resolve, reject) => {
          waiting.push(() => disk.sync(file).then(resolve, reject))
        }),
    }
    const next = async (): Promise<void> => {
      while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve))
      void waiting.shift()!()
    }
    return { slow, waiting, next }
  }

  /** A file about to be replaced by a new one, when something is appended: the syncs of both wait, the new file's first. */
  async function replaced() {
    const { slow, waiting, next } = held()
    const opening = LogFile.open(newPath(), { ...options, disk: slow })
    await next()
    const { log } = await opening
    const rewritten = log.rewrite(() => [octets('a')])
    await expect.poll(() => waiting.length).toBe(1)
    log.append(octets('b'))
    let isDone = false
    const synced = log.synced().then(() => {
      isDone = true
    })
    await expect.poll(() => waiting.length).toBe(2)
    const isSynced = (): boolean => isDone
    const ends = async (): Promise<void> => {
      void waiting.shift()!()
      await expect.poll(() => waiting.length).toBe(1) // the new file's, with b in it
      expect(isSynced()).toBe(false)
      void waiting.shift()!()
      await Promise.all([synced, rewritten])
      await log[Symbol.asyncDispose]()
      expect((await reopened(log.path)).texts).toEqual(['a', 'b'])
    }
    return { log, waiting, isSynced, ends }
  }

  test('is one for all that was appended before it, and one at a time', async () => {
    const { slow, waiting, next } = held()
    const opening = LogFile.open(newPath(), { ...options, disk: slow })
    await next()
    const { log } = await opening
    const done: string[] = []
    const note = (word: string) => {
      log.append(octets(word))
      return log.synced().then(() => done.push(word))
    }
    const first = note('a')
    const others = [note('b'), note('c')]
    await new Promise((resolve) => setImmediate(resolve))
    expect([waiting.length, done]).toEqual([1, []])
    await next()
    await first
    expect(done).toEqual(['a'])
    await next()
    await Promise.all(others)
    expect([waiting.length, done]).toEqual([0, ['a', 'b', 'c']])
    await log.synced() // nothing to do
  })

  test('of a file that is replaced meanwhile counts for the new one only', async () => {
    const { log, waiting, ends } = await replaced()
    void waiting.shift()!()
    await expect.poll(() => readdirSync(dirname(log.path))).toEqual(['log']) // the new one has its name
    await ends()
  })

  test('waits until the name of a file that was written anew is on the disk, too', async () => {
    let name = (): void => {}
    const named = new Promise<void>((resolve) => {
      name = resolve
    })
    let folders = 0
    const slow: Disk = {
      ...disk,
      async sync() {}, // of the file: at once
      async syncFolder() {
        if (folders++ > 0) await named
      },
    }
    const { log } = await LogFile.open(newPath(), { ...options, disk: slow })
    const rewritten = log.rewrite(() => [octets('a')])
    await expect.poll(() => folders).toBe(2)
    log.append(octets('b'))
    const done: string[] = []
    const ends = [rewritten.then(() => done.push('rewritten')), log.synced().then(() => done.push('synced'))]
    await new Promise((resolve) => setImmediate(resolve))
    expect(done).toEqual([])
    name()
    await Promise.all(ends)
    expect(done.sort()).toEqual(['rewritten', 'synced'])
  })

  test('of a file that is about to be replaced says nothing of what stands behind in the new one', async () => {
    const { waiting, isSynced, ends } = await replaced()
    await waiting.splice(1)[0]!() // is done first: b is on the disk, in a file that loses its name
    await new Promise((resolve) => setImmediate(resolve))
    expect(isSynced()).toBe(false)
    await ends()
  })

  test('while a rewriting fails counts for the file that stays', async () => {
    const { slow, waiting, next } = held()
    const full: Disk = {
      ...slow,
      rename() {
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
      },
    }
    const path = newPath()
    await reopened(path)
    const { log } = await LogFile.open(path, { ...options, disk: full })
    const rewritten = faultOf(log.rewrite(() => [octets('a')]))
    await expect.poll(() => waiting.length).toBe(1)
    log.append(octets('b'))
    const synced = log.synced()
    await expect.poll(() => waiting.length).toBe(2)
    await next()
    await next()
    await Promise.all([synced, rewritten])
    await log[Symbol.asyncDispose]()
    expect((await reopened(path)).texts).toEqual(['b'])
  })

  test('that failed is told to all, and nothing more is taken until the log is rewritten', async () => {
    const full = failing((call, nth) => call === 'sync' && nth === 1, 'EIO')
    const { log } = await LogFile.open(newPath(), { ...options, disk: full })
    log.append(octets('one'))
    expect((await faultOf(log.synced())).message).toContain('the disk reports an error')
    expect((await faultOf(log.synced())).message).toContain('the disk reports an error')
    expect(() => log.append(octets('two'))).toThrow('the disk reports an error')
    await log.rewrite(() => [octets('one')])
    log.append(octets('two'))
    await log.synced()
    await log[Symbol.asyncDispose]()
    expect((await reopened(log.path)).texts).toEqual(['one', 'two'])
  })
})

describe('a log that is rewritten', () => {
  test('has what is kept, then what came meanwhile, under another id', async () => {
    const path = newPath()
    const { log } = await LogFile.open(path, options)
    for (let i = 0; i < 300; i++) log.append(octets(`old ${i}`))
    const head = readFileSync(path).subarray(14, 30)
    const rewritten = log.rewrite(() => Array.from({ length: 200 }, (_, i) => octets(`kept ${i}`)))
    log.append(octets('before it begins')) // asked for when it begins: in the next turn
    await new Promise((resolve) => setImmediate(resolve))
    log.append(octets('meanwhile'))
    expect(texts((await readLogFile(path, options)).records)).toContain('meanwhile') // safe, should we die now
    await rewritten
    log.append(octets('behind'))
    await log[Symbol.asyncDispose]()
    expect(readFileSync(path).subarray(14, 30)).not.toEqual(head)
    const left = (await reopened(path)).texts
    expect(left.slice(198)).toEqual(['kept 198', 'kept 199', 'meanwhile', 'behind'])
  })

  test('under another key opens with the former no more', async () => {
    const path = newPath()
    const { log } = await LogFile.open(path, options)
    log.append(octets('one'))
    const newer = randomBytes(32)
    await log.rekey(newer)
    log.append(octets('two'))
    await log[Symbol.asyncDispose]()
    expect((await readLogFile(path, options)).records).toEqual([])
    const opened = await reopened(path, { recordKeys: [newer] })
    expect(opened).toEqual({ texts: ['one', 'two'], fault: undefined })
  })

  test('is opened under the former key and is under the new one then', async () => {
    const path = newPath()
    const { log } = await LogFile.open(path, options)
    log.append(octets('one'))
    await log[Symbol.asyncDispose]()
    const newer = randomBytes(32)
    const opened = await reopened(path, { recordKeys: [newer, recordKey] })
    expect(opened).toEqual({ texts: ['one'], fault: undefined })
    expect((await readLogFile(path, { ...options, recordKeys: [newer] })).records).toHaveLength(1)
    expect((await readLogFile(path, options)).records).toHaveLength(0)
  })
})

describe('another process', { timeout: 30_000 }, () => {
  let child = ''
  beforeAll(async () => {
    child = await bundle(`
      import { writeSync } from 'node:fs'
      import { LogFile } from './src/edge/kept/logfile.ts'
      const [path, key, size, count] = process.argv.slice(2)
      const recordKeys = [new Uint8Array(Buffer.from(key, 'hex'))]
      const { log } = await LogFile.open(path, { recordKeys, label: 'history' })
      try {
        for (let i = 0; i < Number(count); i++) {
          log.append(new TextEncoder().encode(String(i).padEnd(Number(size))))
          writeSync(1, i + '\\n')
          if (i % 50 === 49) await log.rewrite(() => [new TextEncoder().encode('rewritten ' + i)])
        }
      } catch (error) {
        writeSync(1, error.message + '\\n')
      }
    `)
  })
  afterAll(() => rmSync(dirname(child), { recursive: true, force: true }))
  const hexKey = Buffer.from(recordKey).toString('hex')

  test('killed with SIGKILL has in the file every record whose append returned: 3 times', async () => {
    for (const upTo of [1, 50, 149]) {
      const path = newPath()
      const writer = spawn(process.execPath, [child, path, hexKey, '300', '100000'])
      let told = ''
      for await (const part of writer.stdout) {
        told += String(part)
        if (told.includes(`${upTo}\n`)) writer.kill('SIGKILL')
      }
      const last = Number(told.slice(0, told.lastIndexOf('\n')).split('\n').at(-1))
      expect(last).toBeGreaterThanOrEqual(upTo)
      const { texts: left, fault } = await reopened(path)
      expect(fault).toBeUndefined()
      const numbers = left.map((text) => Number(text.replace('rewritten ', '')))
      // One record more may be there: it was killed before it could say so.
      expect([last, last + 1]).toContain(numbers.at(-1))
      expect(numbers).toEqual(numbers.map((_, i) => numbers[0]! + i))
      expect((numbers[0]! + 1) % 50 === 0 || numbers[0] === 0).toBe(true)
      expect(existsSync(`${path}.damaged`)).toBe(false)
    }
  })

  test('that may write no more says so, and leaves a whole log', async () => {
    const path = newPath()
    const command = 'ulimit -f 8; exec "$0" "$@"' // 8 KiB
    const { stdout } = spawnSync('bash', ['-c', command, process.execPath, child, path, hexKey, '1000', '50'])
    const lines = stdout.toString().trim().split('\n')
    expect(lines.at(-1)).toContain('the system allows no file of this size')
    const { texts: left, fault } = await reopened(path)
    expect([left.length, fault]).toEqual([lines.length - 1, undefined])
    expect(left.length).toBe(7)
  })
})
