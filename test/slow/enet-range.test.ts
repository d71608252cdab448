/**
 * Our range coder against libenet's own (Debian's libenet-dev), octet for octet:
 * test/peers/enet_range.c is built into a temporary folder. Without gcc or
 * libenet nothing can be said, and the test says so.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { RangeCoder } from '../../src/transport/enet/rangecoder.ts'
import { Dice } from '../support/dice.ts'

const folder = mkdtempSync(join(tmpdir(), 'otrtalk-enet-range-'))
const program = join(folder, 'enet_range')
const missing = build()

function build(): string | undefined {
  try {
    const source = join(import.meta.dirname, '../peers/enet_range.c')
    execFileSync('gcc', ['-O2', source, '-o', program, '-lenet'], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    return `no C ENet to compare with (gcc and libenet-dev are needed): ${String(error).split('\n')[0]}`
  }
}

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const hex = (bytes: Uint8Array | undefined): string => (bytes ? Buffer.from(bytes).toString('hex') : '-')

/** What the C program makes of all of them. */
function libenet(all: readonly Uint8Array[], ...args: readonly string[]): string[] {
  const input = all.map((bytes) => `${hex(bytes)}\n`).join('')
  return execFileSync(program, args, { input, encoding: 'utf8', maxBuffer: 1 << 28 })
    .trimEnd()
    .split('\n')
}

/** Text of a small alphabet, noise, runs, and all of it mixed, up to 4,096 octets. */
function texts(count: number): Uint8Array[] {
  const dice = new Dice(11)
  return Array.from({ length: count }, () => {
    const size = 1 + dice.below(dice.pick([8, 100, 1_400, 4_096]))
    const values = dice.pick([1, 2, 5, 30, 256])
    const period = 1 + dice.below(40)
    const isRepeating = dice.below(2) === 0
    const bytes = new Uint8Array(size)
    for (let i = 0; i < size; i++)
      bytes[i] = isRepeating && i >= period && dice.below(20) > 0 ? bytes[i - period]! : dice.below(values)
    return bytes
  })
}

test.skipIf(missing !== undefined)(
  '2,000 texts become the same octets, and are read back by the other',
  () => {
    const coder = new RangeCoder()
    const plain = texts(2_000)
    const packed = plain.map((bytes) => coder.compress(bytes))
    expect(packed.map(hex)).toEqual(libenet(plain))
    const small = packed.filter((bytes) => bytes !== undefined)
    expect(small.length).toBeGreaterThan(1_000)
    expect(small.map((bytes) => hex(coder.decompress(bytes, 4_096)))).toEqual(libenet(small, '--back'))
  },
)

if (missing !== undefined) test('is not run', ({ skip }) => skip(missing))
