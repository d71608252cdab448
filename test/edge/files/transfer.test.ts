/** Files from one real folder to another: what is there in the end, and what is told where it cannot be. */
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { content } from '../../transfer/content.ts'
import { temporaryFolder } from '../folder.ts'
import { Ends } from './ends.ts'

const isRoot = process.getuid?.() === 0

/** Every path below, a file with its octets. */
function treeOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    names.map((name) => {
      const path = join(folder, name)
      return [name, statSync(path).isDirectory() ? 'folder' : readFileSync(path).toString('latin1')]
    }),
  )
}

function folders(): { readonly from: string; readonly into: string } {
  const at = temporaryFolder()
  const [from, into] = [join(at, 'from'), join(at, 'into')]
  for (const folder of [from, into]) mkdirSync(folder)
  return { from, into }
}

describe('what is sent is there in the end', () => {
  test('files and folders of any size, with nothing in them, and with holes', async () => {
    const { from, into } = folders()
    const gift = join(from, 'gift')
    mkdirSync(join(gift, 'deep/er'), { recursive: true })
    mkdirSync(join(gift, 'nothing in it'))
    for (const size of [0, 1, 65_535, 65_536, 65_537, 262_144, 700_001])
      writeFileSync(join(gift, `deep/${size}`), content(size, size))
    writeFileSync(join(gift, 'hole'), content(1_000))
    truncateSync(join(gift, 'hole'), 5_000_000)
    writeFileSync(join(gift, 'ünï.txt'), 'é')
    await using ends = new Ends({ paths: [gift], into })
    expect(await ends.play()).toEqual([
      { kind: 'done', path: '' },
      { kind: 'done', path: join(into, 'gift') },
    ])
    expect(treeOf(into)).toEqual(treeOf(from))
    expect(statSync(join(into, 'gift/hole')).blocks * 512).toBeLessThan(200_000)
  })

  test('several at once, beside what has the same names', async () => {
    const { from, into } = folders()
    for (const name of ['one.txt', 'two.txt']) writeFileSync(join(from, name), `new ${name}`)
    writeFileSync(join(into, 'one.txt'), 'mine')
    await using ends = new Ends({ paths: [join(from, 'one.txt'), join(from, 'two.txt')], into })
    expect(await ends.play()).toMatchObject([{ kind: 'done' }, { kind: 'done', path: into }])
    expect(treeOf(into)).toEqual({
      'one (2).txt': 'new one.txt',
      'one.txt': 'mine',
      'two.txt': 'new two.txt',
    })
  })

  test('1,100 small files: more than are looked at, or open, at a time', async () => {
    const { from, into } = folders()
    for (let i = 0; i < 1_100; i++) writeFileSync(join(from, `${i}`), `${i}`.repeat(i % 7))
    await using ends = new Ends({ paths: [from], into })
    expect(await ends.play()).toMatchObject([{ kind: 'done' }, { kind: 'done' }])
    expect(treeOf(join(into, 'from'))).toEqual(treeOf(from))
  })

  test('with its modes, but no file can be run, and none has an owner’s rights', async () => {
    const { from, into } = folders()
    for (const [name, mode] of Object.entries({ run: 0o4755, shared: 0o664, private: 0o600, fixed: 0o444 })) {
      writeFileSync(join(from, name), 'x')
      chmodSync(join(from, name), mode)
    }
    await using ends = new Ends({ paths: [from], into })
    await ends.play()
    const mask = process.umask()
    const modes = ['run', 'shared', 'private', 'fixed'].map(
      (name) => statSync(join(into, 'from', name)).mode & 0o7777,
    )
    expect(modes).toEqual([0o644 & ~mask, 0o664 & ~mask, 0o600, 0o444 & ~mask])
  })
})

describe('what is no file is left out', () => {
  test('links, to files and to folders and to nothing; pipes and sockets: with a word each', async () => {
    const { from, into } = folders()
    writeFileSync(join(from, 'file'), 'x')
    mkdirSync(join(from, 'folder'))
    for (const [name, target] of Object.entries({ a: 'file', b: 'folder', c: '/nowhere', d: '/etc' }))
      symlinkSync(target, join(from, name))
    linkSync(join(from, 'file'), join(from, 'hard')) // a file like any
    const server = createServer().listen(join(from, 'socket'))
    await new Promise((resolve) => server.once('listening', resolve))
    onTestFinished(() => void server.close())
    await using ends = new Ends({ paths: [from], into })
    await ends.play()
    expect(ends.skipped).toEqual([
      ...['a', 'b', 'c', 'd'].map((name) => [`from/${name}`, 'link']),
      ['from/socket', 'socket'],
    ])
    expect(Object.keys(treeOf(into))).toEqual(['from', 'from/file', 'from/folder', 'from/hard'])
  })

  test('a link that is named is refused, in words', async () => {
    const { from, into } = folders()
    symlinkSync('/etc', join(from, 'link'))
    await using ends = new Ends({ paths: [join(from, 'link')], into })
    expect(await ends.play()).toMatchObject([{ kind: 'failed', by: 'us', why: 'disk' }, undefined])
    expect(ends.source.faultOf(ends.transfer)?.message).toMatch(
      /link is a symbolic link, and those are not sent/,
    )
  })
})

describe('what goes wrong ends it, in words', () => {
  test.each([
    ['has another length', (path: string) => writeFileSync(path, 'longer than it was')],
    ['has other octets, and another time', (path: string) => writeFileSync(path, 'y')],
    [
      'is a link by now',
      (path: string) => {
        renameSync(path, `${path}.2`)
        symlinkSync(`${path}.2`, path)
      },
    ],
  ])('a file that %s', async (_, change) => {
    const { from, into } = folders()
    writeFileSync(join(from, 'a'), content(3_000_000))
    writeFileSync(join(from, 'z'), 'x')
    await using ends = new Ends({ paths: [from], into })
    await ends.play(() => ends.outgoing.state.kind === 'offered')
    change(join(from, 'z'))
    expect(await ends.play()).toMatchObject([
      { kind: 'failed', by: 'us', why: 'changed', path: 'from/z' },
      { kind: 'failed', by: 'them', why: 'changed', path: 'from/z' },
    ])
    expect(ends.source.faultOf(ends.transfer)?.message).toMatch(/z was changed while it was sent/)
    await ends.sink.settled()
    expect(readdirSync(into)).toEqual([])
  })

  test('nothing of that name', async () => {
    const { from, into } = folders()
    await using ends = new Ends({ paths: [join(from, 'none')], into })
    expect(await ends.play()).toMatchObject([{ kind: 'failed', why: 'disk' }, undefined])
    expect(ends.source.faultOf(ends.transfer)?.message).toBe(`there is no ${join(from, 'none')}`)
  })

  test('a name that no other system could have, before anything is offered', async () => {
    const { from, into } = folders()
    writeFileSync(join(from, 'con.txt'), 'x')
    await using ends = new Ends({ paths: [from], into })
    expect(await ends.play()).toMatchObject([
      { kind: 'failed', by: 'us', why: 'names', path: 'from/con.txt' },
      undefined,
    ])
  })

  test.skipIf(isRoot)('a folder that cannot be written', async () => {
    const { from, into } = folders()
    writeFileSync(join(from, 'a'), 'x')
    chmodSync(into, 0o500)
    await using ends = new Ends({ paths: [from], into })
    expect(await ends.play()).toMatchObject([
      { kind: 'failed', by: 'them', why: 'denied' },
      { kind: 'failed', by: 'us', why: 'denied' },
    ])
    expect(ends.sink.faultOf(ends.transfer)?.message).toMatch(/cannot write in .*: permission denied/)
  })
})

describe('a transfer that broke off', () => {
  test('goes on where it was synced, and what was touched since is received again', async () => {
    const { from, into } = folders()
    const octets = content(6_000_000)
    writeFileSync(join(from, 'big'), octets)
    {
      await using ends = new Ends({ paths: [join(from, 'big')], into })
      await ends.play(() => (ends.incoming?.octets ?? 0) > 3_000_000)
    }
    const [part] = readdirSync(into)
    expect(part).toMatch(/^\.otrtalk-[\da-f]{16}\.part$/)
    writeFileSync(join(into, part!, 'cursor'), `${2 * 262_144}`) // as the last sync left it
    writeFileSync(join(into, part!, 'data/big'), octets.subarray(0, 3_000_000).fill(0, 600_000))
    await using again = new Ends({ paths: [join(from, 'big')], into, run: 2 })
    let begins: number | undefined
    await again.play(() => {
      begins ??= again.incoming?.octets || undefined
      return again.outgoing.state.kind === 'done'
    })
    expect(begins).toBeGreaterThanOrEqual(2 * 262_144)
    expect(readFileSync(join(into, 'big')).equals(content(6_000_000))).toBe(true)
    expect(readdirSync(into)).toEqual(['big'])
  })

  test('begins anew where the folder of a part was emptied', async () => {
    const { from, into } = folders()
    writeFileSync(join(from, 'big'), content(2_000_000))
    {
      await using ends = new Ends({ paths: [join(from, 'big')], into })
      await ends.play(() => (ends.incoming?.octets ?? 0) > 1_000_000)
    }
    const [part] = readdirSync(into)
    writeFileSync(join(into, part!, 'cursor'), `${1_000_000}`)
    truncateSync(join(into, part!, 'data/big'), 10)
    await using again = new Ends({ paths: [join(from, 'big')], into, run: 2 })
    await again.play()
    expect(readFileSync(join(into, 'big')).equals(content(2_000_000))).toBe(true)
  })

  test.each([
    ['a link', (path: string) => symlinkSync('/etc', path)],
    [
      'open to others',
      (path: string) => {
        mkdirSync(path)
        chmodSync(path, 0o777)
      },
    ],
  ])('is not looked for in a folder that is %s', async (_, make) => {
    const { from, into } = folders()
    writeFileSync(join(from, 'a'), 'x')
    await using probe = new Ends({ paths: [join(from, 'a')], into })
    await probe.play(() => probe.incoming !== undefined)
    const offer = probe.incoming!.offer
    const { partName, Sink } = await import('../../../src/edge/files/sink.ts')
    if (offer.form !== 'files') throw new Error('no files')
    const part = partName('cd', offer.root)
    make(join(into, part))
    await expect(new Sink({ into, part }).kept(1_000)).rejects.toThrow(/no folder of otrtalk’s own/)
  })
})
