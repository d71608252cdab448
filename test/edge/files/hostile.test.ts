/** What hostile senders try (test/transfer/hostile.ts), on a real folder: nothing outside the part folder, nothing overwritten. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Disk } from '../../../src/edge/files/disk.ts'
import { partName, Sink } from '../../../src/edge/files/sink.ts'
import { Incoming } from '../../../src/transfer/incoming.ts'
import { Forger, type Hostile, hostile, hostileId, hostileKey } from '../../transfer/hostile.ts'
import { temporaryFolder } from '../folder.ts'

test(`${hostile.length} hostile senders write nothing but what was accepted`, async () => {
  expect(hostile.length).toBeGreaterThanOrEqual(60)
  for (const attack of hostile) await withstand(attack)
})

async function withstand(attack: Hostile): Promise<void> {
  const { offer, title } = attack
  const around = temporaryFolder()
  const into = join(around, 'into')
  mkdirSync(into)
  for (const name of ['up', 'ok', 'good']) writeFileSync(join(around, name), 'mine')
  for (const name of ['ok', 'good']) writeFileSync(join(into, name), 'mine')
  const before = listed(around)
  const state = await play(attack, into)
  const after = listed(around).filter((path) => !/^into\/\.otrtalk-[\da-f]{16}\.part(?:\/|$)/.test(path))
  const wanted = state === 'done' && offer.form === 'files' ? [...before, 'into/ok (2)'].sort() : before
  expect({ title, after }).toEqual({ title, after: wanted })
  for (const path of before.filter((path) => path !== 'into'))
    expect(readFileSync(join(around, path), 'utf8')).toBe('mine')
}

const listed = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()

/** Each frame is drained at once, and what it asks of the disk is done before the next one. */
async function play({ offer, frames }: Hostile, into: string): Promise<string> {
  const incoming = new Incoming(offer, hostileKey())
  const faults: unknown[] = []
  let left = 0
  let idle = (): void => {}
  await using disk = new Disk({
    answer(result) {
      left--
      incoming.worked(result, 0)
      if (left === 0) idle()
    },
    onFault: (error) => faults.push(error),
  })
  const root = offer.form === 'files' ? offer.root : new Uint8Array(32)
  disk.receive(hostileId, new Sink({ into, part: partName('ab', root) }))
  const pump = async (): Promise<void> => {
    do {
      for (const out of incoming.drain(0))
        if (out.kind === 'work') {
          if (out.work.kind !== 'abandon') left++
          if (offer.form === 'stream' && out.work.kind !== 'abandon')
            left-- // goes to a pipe: not of this test
          else disk.do(out.work)
        }
      if (left > 0)
        await new Promise<void>((resolve) => {
          idle = resolve
        })
    } while (incoming.deadline <= 0)
  }
  incoming.accept()
  await pump()
  for (const frame of frames(new Forger(offer))) {
    incoming.receive(frame)
    await pump()
    if (!['running', 'done'].includes(incoming.state.kind)) break
  }
  expect(faults).toEqual([])
  return incoming.state.kind
}
