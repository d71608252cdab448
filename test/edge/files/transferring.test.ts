import { chown, mkdir, readdir, rmdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesToHex } from '@noble/hashes/utils.js'
import { describe, expect, test } from 'vitest'
import { partName } from '../../../src/edge/files/sink.ts'
import { Transferring } from '../../../src/edge/files/transferring.ts'
import type { Run } from '../../../src/edge/run.ts'
import type { TalkEvent } from '../../../src/session/command.ts'
import type { Talk } from '../../../src/session/talk.ts'
import type { Offered } from '../../../src/session/transfers.ts'
import { manifestRoot } from '../../../src/transfer/manifest.ts'
import { type TransferId, transferId } from '../../../src/transfer/offer.ts'
import type { WorkResult } from '../../../src/transfer/work.ts'
import { encodeManifest } from '../../transfer/manifests.ts'
import { temporaryFolder } from '../folder.ts'

const bytes = encodeManifest(new Uint8Array(0), [{ kind: 'file', path: 'a', mode: 0o644, size: 0, start: 0 }])
const manifest = { bytes, octets: 0, files: [{ path: 'a', mode: 0o644, size: 0, start: 0 }], folders: [] }
const root = manifestRoot(bytes)
const idOf = (number: number): TransferId => transferId(new Uint8Array(16).fill(number))

/** A conversation in which the same file is offered under each id until it is accepted. */
function began(form: 'files' | 'stream' = 'files') {
  const into = temporaryFolder()
  const accepted: string[] = []
  const told: TalkEvent[] = []
  const results: WorkResult[] = []
  const faults: unknown[] = []
  const kept: unknown[] = []
  const swept: number[] = []
  const late: string[] = []
  const gone = new Set<string>()
  const talk: Pick<Talk, 'offered' | 'accept' | 'worked' | 'act'> = {
    act() {},
    offered(_alias, transfer): Offered {
      const about = { transfer: transfer as TransferId, stream: 1, name: 'a' }
      if (form === 'stream') return { fingerprint: 'f', offer: { ...about, form } }
      const content = { form, root, manifestSize: bytes.length, octets: 0, files: 1, folders: 0 }
      return { fingerprint: 'f', offer: { ...about, ...content } }
    },
    accept(_alias, transfer) {
      const isGone = gone.has(transfer)
      ;(isGone ? late : accepted).push(transfer)
      return !isGone
    },
    worked: (result) => results.push(result),
  }
  const run: Run<Talk> = {
    act: (command) => command(talk as Talk),
    refresh() {},
    [Symbol.dispose]() {},
  }
  const transferring = new Transferring({
    talk: () => run,
    tell: (event) => told.push(event),
    onAccepted: (consent) => kept.push(consent),
    onFinished: (transfer) => kept.push(`${transfer} with ${results.length} results`),
    onSwept: (count) => swept.push(count),
    onFault: (error) => faults.push(error),
  })
  const accept = (number: number, how: { into?: string; again?: true } = {}): void =>
    transferring.act({ kind: 'accept', buddy: 'bob', transfer: idOf(number), into, ...how })
  const withdraw = (transfer: string): Set<string> => gone.add(transfer)
  return { transferring, accept, into, accepted, late, told, results, faults, kept, swept, withdraw }
}

test('who accepts twice has accepted once', async () => {
  const { transferring, accept, accepted, results, faults, told } = began()
  accept(1)
  accept(1)
  await expect.poll(() => accepted).toEqual([idOf(1)])
  transferring.do({
    transfer: idOf(1),
    kind: 'place',
    offer: {} as Offered['offer'],
    content: { kind: 'files', manifest, cursor: 0 },
  })
  transferring.do({ transfer: idOf(1), kind: 'write', parts: [], ended: [0] })
  transferring.do({ transfer: idOf(1), kind: 'finish' })
  await expect.poll(() => results.map(({ kind }) => kind)).toEqual(['placed', 'written', 'finished'])
  expect([accepted.length, told, faults]).toEqual([1, [], []])
})

test('the same content in the same folder is received once at a time', async () => {
  const { transferring, accept, accepted, told } = began()
  accept(1)
  await expect.poll(() => accepted).toEqual([idOf(1)])
  accept(2)
  await expect.poll(() => told).toHaveLength(1)
  expect(told[0]).toMatchObject({ transfer: idOf(2), state: 'offered', message: /received there already/ })
  transferring.do({ transfer: idOf(1), kind: 'abandon', leaves: 'all' })
  accept(2)
  await expect.poll(() => accepted).toEqual([idOf(1), idOf(2)])
})

test('and a link to it is the same folder', async () => {
  const { accept, accepted, into, told, kept } = began()
  const link = join(temporaryFolder(), 'link')
  await symlink(into, link)
  accept(1, { into: link })
  await expect.poll(() => kept).toMatchObject([{ into }])
  accept(2)
  await expect.poll(() => told).toMatchObject([{ message: expect.stringMatching(/received there already/) }])
  expect(accepted).toEqual([idOf(1)])
})

test('an offer that was withdrawn while it was accepted leaves its folder to the next one', async () => {
  const { accept, accepted, late, withdraw } = began()
  withdraw(idOf(1))
  accept(1)
  await expect.poll(() => late).toEqual([idOf(1)])
  accept(2)
  await expect.poll(() => accepted).toEqual([idOf(2)])
})

test('so does one that could not be accepted', async () => {
  const { accept, accepted, told, into } = began()
  const part = join(into, partName('f', root))
  await mkdir(part, 0o755)
  accept(1)
  await expect.poll(() => told).toHaveLength(1)
  expect(told[0]).toMatchObject({ message: expect.stringMatching(/no folder of otrtalk’s own/) })
  await rmdir(part)
  accept(1)
  await expect.poll(() => accepted).toEqual([idOf(1)])
})

test('a folder that is not there is told with what to do about it, and the offer stays open', async () => {
  const { accept, accepted, told, into } = began()
  accept(1, { into: join(into, 'none') })
  await expect.poll(() => told).toHaveLength(1)
  expect(told[0]).toMatchObject({ state: 'offered', message: `there is no folder ${join(into, 'none')}` })
  expect(told[0]).toMatchObject({ hint: expect.stringMatching(/mkdir/) })
  accept(1)
  await expect.poll(() => accepted).toEqual([idOf(1)])
})

test('a stream is not accepted into a folder', async () => {
  const { accept, accepted, told } = began('stream')
  accept(1)
  await expect.poll(() => told).toHaveLength(1)
  expect(told[0]).toMatchObject({ state: 'offered', message: expect.stringContaining('listen --stream') })
  expect(accepted).toEqual([])
})

describe('what goes on in another process', () => {
  const fields = { fingerprint: 'f', root: bytesToHex(root), buddy: 'bob', name: 'a' }

  test('is remembered when it is accepted, not by who decides each time, and until it is in its place', async () => {
    const { transferring, accept, accepted, into, kept } = began()
    accept(1)
    await expect.poll(() => kept).toEqual([{ ...fields, transfer: idOf(1), into }])
    const content = { kind: 'files', manifest, cursor: 0 } as const
    const about = { transfer: idOf(1), offer: {} as Offered['offer'] }
    transferring.do({ ...about, kind: 'place', content })
    transferring.do({ transfer: idOf(1), kind: 'write', parts: [], ended: [0] })
    transferring.do({ transfer: idOf(1), kind: 'finish' })
    await expect.poll(() => kept).toHaveLength(2)
    expect(kept[1]).toBe(`${idOf(1)} with 2 results`) // before the conversations know
    transferring.act({ kind: 'accept', buddy: 'bob', transfer: idOf(2), into, once: true })
    await expect.poll(() => accepted).toHaveLength(2)
    expect(kept).toHaveLength(2)
  })

  test('has a part that is removed when it is given up, and not while somebody receives there', async () => {
    const { transferring, accept, accepted, into } = began()
    const part = join(into, partName('f', root))
    const consent = { ...fields, transfer: idOf(1), into, at: 1 }
    await mkdir(part, 0o700)
    accept(1)
    await expect.poll(() => accepted).toHaveLength(1)
    expect(await transferring.discard(consent)).toBe(false)
    expect(await readdir(into)).toEqual([partName('f', root)])
    await transferring[Symbol.asyncDispose]()
    expect(await transferring.discard(consent)).toBe(true)
    expect(await readdir(into)).toEqual([])
  })

  test('is asked for where the folder was exchanged for a link, or is another user’s, meanwhile', async () => {
    const { accept, accepted, into, told } = began()
    const [mine, theirs, link] = [join(into, 'mine'), join(into, 'theirs'), join(into, 'link')]
    for (const folder of [mine, theirs]) await mkdir(folder)
    await symlink(mine, link)
    const isRoot = process.getuid?.() === 0 // nobody else can give a folder away
    if (isRoot) await chown(theirs, 65_534, 65_534)
    for (const [i, folder] of (isRoot ? [link, theirs] : [link]).entries()) {
      accept(i, { into: folder, again: true })
      await expect.poll(() => told).toHaveLength(i + 1)
      expect(told[i]).toMatchObject({ transfer: idOf(i), state: 'offered' })
      expect(told[i]).toHaveProperty('message', `${folder} is another folder than the one that you named`)
    }
    expect(accepted).toEqual([])
    accept(0, { into: link }) // somebody has looked
    accept(2, { into: into, again: true })
    await expect.poll(() => accepted.toSorted()).toEqual([idOf(0), idOf(2)])
  })

  test('is sent again only from where it was: a link on the way was put there since', async () => {
    const { transferring, into, results } = began()
    const link = join(temporaryFolder(), 'link')
    await symlink(into, link)
    await writeFile(join(into, 'gift'), 'open')
    const send = { kind: 'send', buddy: 'bob', name: 'gift', form: 'files', again: true } as const
    for (const [i, folder] of [link, into].entries()) {
      transferring.act({ ...send, transfer: idOf(i), paths: [join(folder, 'gift')] })
      transferring.do({ transfer: idOf(i), kind: 'survey' })
      await expect.poll(() => results).toHaveLength(i + 1)
    }
    expect(results.map(({ kind }) => kind)).toEqual(['failed', 'surveyed'])
  })

  test('old parts beside it are removed, and counted', async () => {
    const { accept, into, swept } = began()
    const part = join(into, '.otrtalk-0123456789abcdef.part')
    await mkdir(part, 0o700)
    for (const name of ['manifest', 'cursor']) await writeFile(join(part, name), '0')
    for (const path of [join(part, 'manifest'), join(part, 'cursor'), part]) await utimes(path, 0, 0)
    accept(1)
    await expect.poll(() => swept).toEqual([1])
    expect(await readdir(into)).toEqual([])
  })
})
