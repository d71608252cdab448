import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { diskFault, makeFolder, readWhole, removeWhole, writeWhole } from '../../src/edge/store.ts'
import { UserError } from '../../src/error.ts'
import { bundle } from './bundle.ts'
import { faultOf } from './fault.ts'
import { temporaryFolder } from './folder.ts'

const octets = (text: string): Uint8Array => new TextEncoder().encode(text)
const mode = (path: string): number => statSync(path).mode & 0o777

describe('a file', () => {
  test('is written whole, for its owner only, and read again', async () => {
    const path = join(temporaryFolder(), 'vault')
    await writeWhole(path, octets('one'))
    await writeWhole(path, octets('two'))
    expect(await readWhole(path, 3)).toEqual(octets('two'))
    expect(mode(path)).toBe(0o600)
    expect(readdirSync(dirname(path))).toEqual(['vault'])
  })

  test('that is not there is undefined; one that is too long is refused', async () => {
    const path = join(temporaryFolder(), 'vault')
    expect(await readWhole(path, 3)).toBeUndefined()
    await writeWhole(path, octets('four'))
    expect((await faultOf(readWhole(path, 3))).message).toContain('4 octets')
  })

  test('survives what a process that died in the middle left beside it', async () => {
    const path = join(temporaryFolder(), 'vault')
    await writeWhole(path, octets('old'))
    writeFileSync(`${path}.new`, 'ha', { mode: 0o644 })
    expect(await readWhole(path, 9)).toEqual(octets('old'))
    await writeWhole(path, octets('new'))
    expect(await readWhole(path, 9)).toEqual(octets('new'))
    expect([mode(path), existsSync(`${path}.new`)]).toEqual([0o600, false])
  })

  test('is never written through a link that stands in the temporary file’s place', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'target'), 'untouched')
    symlinkSync(join(folder, 'target'), join(folder, 'vault.new'))
    await writeWhole(join(folder, 'vault'), octets('new'))
    expect(readFileSync(join(folder, 'target'), 'utf8')).toBe('untouched')
  })

  test('stays as it was when the folder of the temporary file cannot be replaced', async () => {
    const path = join(temporaryFolder(), 'vault')
    await writeWhole(path, octets('old'))
    mkdirSync(`${path}.new`)
    expect(await faultOf(writeWhole(path, octets('new')))).toMatchObject({ exit: 1 })
    expect(await readWhole(path, 9)).toEqual(octets('old'))
  })

  test('under a path that leads through a file is refused in words', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    const error = await faultOf(writeWhole(join(folder, 'file/vault'), octets('x')))
    expect(error.message).toMatch(/cannot write .*a part of this path is a file/)
    expect(error.hint).toContain('OTRTALK_HOME')
    expect((await faultOf(makeFolder(join(folder, 'file/profiles')))).message).toContain(
      'cannot make the folder',
    )
    expect((await faultOf(readWhole(join(folder, 'file/vault'), 9))).message).toContain('cannot read')
  })
})

test('folders are made for their owner only, and need not be new', async () => {
  const path = join(temporaryFolder(), 'a/b')
  await makeFolder(path)
  await makeFolder(path)
  expect([mode(path), mode(dirname(path))]).toEqual([0o700, 0o700])
})

test('many who make folders side by side, and those above them, do not stand in each other’s way', async () => {
  const folder = temporaryFolder()
  for (let round = 0; round < 20; round++) {
    const above = join(folder, `beside-${round}`, 'profiles')
    await Promise.all(Array.from({ length: 8 }, (_, i) => makeFolder(join(above, `${i}`))))
  }
})

test.runIf(existsSync('/proc/self'))('a folder that cannot be made is refused in words', async () => {
  expect(await faultOf(makeFolder('/proc/otrtalk/profiles/ada'))).toMatchObject({
    message: 'nothing can be made in /proc',
    hint: 'set OTRTALK_HOME to a folder that can be written',
  })
})

test('a folder is removed with all it has', async () => {
  const folder = temporaryFolder()
  await makeFolder(join(folder, 'a/b'))
  await writeWhole(join(folder, 'a/b/vault'), octets('x'))
  await removeWhole(join(folder, 'a'), join(folder, '.removed'))
  expect(readdirSync(folder)).toEqual([])
})

test.each([
  ['ENOSPC', /no space is left/, /nothing was changed/],
  ['EROFS', /read-only/, /OTRTALK_HOME/],
  ['EACCES', /permission denied/, /ls -ld/],
  ['EWHATEVER', /EWHATEVER/, undefined],
])('%s is told in words', (code, message, hint) => {
  const told = diskFault(Object.assign(new Error('raw'), { code }), 'cannot write x')
  if (!(told instanceof UserError)) throw new Error('no UserError')
  expect(told.message).toMatch(message)
  if (hint) expect(told.hint).toMatch(hint)
  const ours = new TypeError('our own')
  expect(diskFault(ours, 'cannot write x')).toBe(ours)
})

describe('another process', { timeout: 30_000 }, () => {
  let child = ''
  beforeAll(async () => {
    child = await bundle(`
      import { writeWhole } from './src/edge/store.ts'
      const [path, size, rounds] = process.argv.slice(2)
      process.stdout.write('ready\\n')
      try {
        for (let i = 0; i < Number(rounds); i++) await writeWhole(path, new Uint8Array(Number(size)).fill(i))
      } catch (error) {
        console.log(error.message)
        process.exitCode = 1
      }
    `)
  })
  afterAll(() => rmSync(dirname(child), { recursive: true, force: true }))

  test('that may write no more leaves the old file, and says so', async () => {
    const path = join(temporaryFolder(), 'vault')
    await writeWhole(path, octets('old'))
    const command = 'ulimit -f 1; exec "$0" "$@"'
    const { stdout, status } = spawnSync('bash', [
      '-c',
      command,
      process.execPath,
      child,
      path,
      '100000',
      '1',
    ])
    expect(stdout.toString()).toContain('the system allows no file of this size')
    expect(status).toBe(1)
    expect(await readWhole(path, 9)).toEqual(octets('old'))
    expect(existsSync(`${path}.new`)).toBe(false)
  })

  test('killed at any moment leaves one whole file: 4 times', async () => {
    const path = join(temporaryFolder(), 'vault')
    const size = 400_000
    await writeWhole(path, new Uint8Array(size).fill(255))
    for (let round = 0; round < 4; round++) {
      const writer = spawn(process.execPath, [child, path, String(size), '1000000'])
      await new Promise((resolve) => writer.stdout.once('data', resolve))
      await sleep(round * 2)
      writer.kill('SIGKILL')
      await new Promise((resolve) => writer.once('exit', resolve))
      const left = await readWhole(path, size)
      expect(left?.length).toBe(size)
      expect(left?.every((octet) => octet === left[0])).toBe(true)
    }
    await writeWhole(path, octets('new'))
    expect(readdirSync(dirname(path))).toEqual(['vault'])
  })
})
