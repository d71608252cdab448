import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { readUntil } from '../../../src/cli/prompts/reading.ts'

const streamOf = (text: string): NodeJS.ReadStream => {
  const stream = new PassThrough({ autoDestroy: false })
  stream.write(text)
  return stream as unknown as NodeJS.ReadStream
}
const three = (chunk: Buffer) => ({ result: chunk.subarray(0, 3).toString(), rest: chunk.subarray(3) })

test('who listens afterwards gets the rest, and what comes later', async () => {
  const stream = streamOf('onerest')
  expect(await readUntil(stream, three)).toBe('one')
  const heard: string[] = []
  stream.setEncoding('utf8').on('data', (text: string) => heard.push(text))
  ;(stream as unknown as PassThrough).write('more')
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(heard).toEqual(['rest', 'more'])
})

test('nothing is lost while nobody listens', async () => {
  const stream = streamOf('one')
  expect(await readUntil(stream, three)).toBe('one')
  ;(stream as unknown as PassThrough).write('two')
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(await readUntil(stream, three)).toBe('two')
})

test('the end of the stream, one that has ended, an abort and an earlier one: nothing', async () => {
  const ended = new PassThrough({ autoDestroy: false })
  ended.end('on')
  const stream = ended as unknown as NodeJS.ReadStream
  expect(await readUntil(stream, () => undefined)).toBeUndefined()
  expect(await readUntil(stream, three)).toBeUndefined()
  const leaving = new AbortController()
  const read = readUntil(streamOf('one'), () => undefined, leaving.signal)
  leaving.abort()
  expect(await read).toBeUndefined()
  expect(await readUntil(streamOf('one'), three, leaving.signal)).toBeUndefined()
})

test('a fault of the stream, or of who takes, is told', async () => {
  const broken = streamOf('')
  const read = readUntil(broken, three)
  ;(broken as unknown as PassThrough).destroy(new Error('EIO'))
  await expect(read).rejects.toThrow('EIO')
  const fault = (): undefined => {
    throw new Error('ours')
  }
  await expect(readUntil(streamOf('x'), fault)).rejects.toThrow('ours')
})
