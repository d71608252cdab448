import { existsSync } from 'node:fs'
import { PassThrough, Readable, Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { Pipe } from '../../../src/edge/files/pipe.ts'
import { PipeSink, PipeSource } from '../../../src/edge/files/stream.ts'
import { faultOf } from '../fault.ts'
import { temporaryFolder } from '../folder.ts'

const octets = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => i * 7)

async function all(source: PipeSource, size: number): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for (;;) {
    const part = await source.read(size)
    if (part.length === 0) return Buffer.concat(parts)
    expect(part.length).toBeLessThanOrEqual(size)
    parts.push(part)
  }
}

const part = (octets: Uint8Array) => [{ file: 0, offset: 0, octets }]

describe('a stream that is sent', () => {
  test.each([0, 1, 65_536, 300_000])('of %d octets comes whole, however it is read', async (size) => {
    using pipe = await Pipe.open({ folder: temporaryFolder() })
    const source = new PipeSource(pipe.path)
    const fed = pipe.feed(
      Readable.from(size === 0 ? [] : [octets(size).subarray(0, 5), octets(size).subarray(5)]),
    )
    expect((await all(source, 10_000)).equals(octets(size))).toBe(true)
    expect((await source.read(1)).length).toBe(0) // it stays ended
    source.close()
    await fed
  })

  test('of a process that is gone before its end is none', async () => {
    const pipe = await Pipe.open({ folder: temporaryFolder() })
    const source = new PipeSource(pipe.path)
    const endless = new PassThrough()
    void pipe.feed(endless)
    endless.write('some')
    expect(Buffer.from(await source.read(100)).toString()).toBe('some')
    pipe[Symbol.dispose]()
    expect((await faultOf(source.read(100))).message).toMatch(/broke off/)
  })

  test('that nobody reads any more is told to whoever writes it', async () => {
    using pipe = await Pipe.open({ folder: temporaryFolder() })
    const source = new PipeSource(pipe.path)
    const producer = new PassThrough()
    const fed = pipe.feed(producer)
    producer.write('some')
    await source.read(100)
    source.close()
    await fed
    expect(producer.destroyed).toBe(true)
  })
})

describe('a stream that is received', () => {
  test('is finished when whoever reads has it all', async () => {
    using pipe = await Pipe.open({ folder: temporaryFolder() })
    const sink = new PipeSink(pipe.path)
    const seen: Buffer[] = []
    const slow = new Writable({
      highWaterMark: 1_000,
      write(chunk, _, done) {
        seen.push(chunk)
        setImmediate(done)
      },
    })
    const drained = pipe.drain(slow)
    await sink.write(part(octets(100_000)))
    await sink.finish()
    expect(Buffer.concat(seen).equals(octets(100_000))).toBe(true)
    await drained
  })

  test('fails when its reader fails, also with the last octets', async () => {
    using pipe = await Pipe.open({ folder: temporaryFolder() })
    const sink = new PipeSink(pipe.path)
    const broken = new Writable({ write: (_, __, done) => setImmediate(() => done(new Error('EPIPE'))) })
    const drained = pipe.drain(broken)
    await sink.write(part(octets(10)))
    const fault = faultOf(sink.finish())
    expect((await faultOf(drained)).message).toMatch(/nobody reads/)
    expect((await fault).message).toMatch(/nobody reads/)
  })
})

test('nothing is left of a pipe', async () => {
  const pipe = await Pipe.open({ folder: temporaryFolder() })
  pipe[Symbol.dispose]()
  expect(existsSync(pipe.path)).toBe(false)
})
