import { createHmac, scryptSync } from 'node:crypto'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomBytes } from '../../src/crypto.ts'
import { type Contents, encodeContents } from '../../src/profile/contents.ts'
import {
  exportable,
  imported,
  openPortable,
  type Portable,
  portableFault,
  sealPortable,
} from '../../src/profile/portable.ts'
import { Vault } from '../../src/profile/vault.ts'
import { cheap, own } from './people.ts'
import { contents, withChecksum } from './sealed.ts'

const portable: Portable = { name: 'ada', exportedAt: 1_790_000_000_000, contents }
const options = { random: randomBytes, cost: cheap }
const file = await sealPortable(portable, 'sesame', options)
const why = async (octets: Uint8Array, passphrase = 'sesame'): Promise<string> => {
  const opened = await openPortable(octets, passphrase)
  return opened.kind === 'refused' ? opened.why : opened.kind
}
const changed = (at: number, octet: number): Uint8Array => {
  const copy = file.slice()
  copy[at] = octet
  return withChecksum(copy)
}

describe('an exported profile', () => {
  test('opens with its passphrase only, to all that was exported', async () => {
    expect(await openPortable(file, 'sesame')).toEqual({ kind: 'opened', portable })
    expect(await why(file, 'sesamE')).toBe('wrong-passphrase')
    expect(await why(file, '')).toBe('wrong-passphrase')
  })

  test('is never made without a passphrase, and one that seems to be is refused', async () => {
    await expect(sealPortable(portable, '', options)).rejects.toThrow('needs a passphrase')
    expect(portableFault(changed(17, 1))).toBe('damaged')
    expect(await why(changed(17, 1), '')).toBe('damaged')
  })

  test('is no vault, nor is a vault one: not even with the other’s first octets', async () => {
    const vault = (await Vault.create('sesame', options)).seal(contents, randomBytes)
    expect(await why(vault)).toBe('damaged')
    expect((await Vault.open(file, 'sesame')).kind).toBe('refused')
    const disguised = withChecksum(Uint8Array.of(...file.subarray(0, 16), ...vault.subarray(15)))
    expect(await why(disguised)).toBe('wrong-passphrase')
  })

  test('takes no nodes of the DHT along', () => {
    const nodes = ['1.2.3.4:5' as Contents['nodes'][0]]
    expect(exportable({ ...contents, nodes })).toEqual(contents)
  })

  test('gets another instance tag where it is imported, and nothing else that is new', () => {
    const { identity, ...rest } = imported(contents, randomBytes)
    expect(identity.instanceTag).not.toBe(own.instanceTag)
    expect(identity.instanceTag).toBeGreaterThanOrEqual(0x100)
    expect({ ...identity, instanceTag: own.instanceTag }).toEqual(own)
    expect({ ...rest, identity: own }).toEqual(contents)
  })
})

describe('what is no exported profile', () => {
  test('is told from a wrong passphrase: every octet of it', async () => {
    for (let at = 0; at < file.length; at++) {
      const copy = file.slice()
      copy[at]! ^= 1 << (at & 7)
      if ((await why(copy)) !== 'damaged') expect.fail(`octet ${at}`)
    }
    for (const size of [0, 15, 16, 17, 123, file.length - 1])
      expect(await why(file.subarray(0, size))).toBe('damaged')
  })

  test('of a newer version is named so, before any passphrase is asked for', async () => {
    expect(portableFault(changed(16, 2))).toBe('newer')
    expect(await why(changed(16, 2))).toBe('newer')
  })

  test.each([
    ['N', 17, 21],
    ['N', 17, 0],
    ['r', 18, 17],
    ['r', 18, 0],
    ['p', 19, 5],
    ['p', 19, 0],
    ['N for this r', 17, 16],
  ])('asks for a bearable %s: octet %i is not %i', (_, at, octet) => {
    expect(portableFault(changed(at, octet))).toBe('damaged')
  })

  test('has no name that leads elsewhere, no date that is none, and nothing behind it', async () => {
    const inner = encodeContents(contents)
    const resealed = (octets: Uint8Array) => why(reseal(octets))
    const named = (name: string, time: bigint, rest = inner): Uint8Array => {
      const head = new DataView(new ArrayBuffer(8))
      head.setBigUint64(0, time)
      const text = new TextEncoder().encode(name)
      return Uint8Array.of(0, 0, 0, text.length, ...text, ...new Uint8Array(head.buffer), ...rest)
    }
    expect(await resealed(named('ada', 1n))).toBe('opened')
    for (const name of ['', '..', '../x', 'a/b', '.a', 'x'.repeat(33), '\u202e'])
      expect(await resealed(named(name, 1n))).toBe('damaged')
    expect(await resealed(named('ada', 253_402_300_800_000n))).toBe('damaged')
    expect(await resealed(named('ada', 1n, Uint8Array.of(...inner, 200, 0, 0, 0, 1, 7)))).toBe('newer')
    expect(await resealed(named('ada', 1n, Uint8Array.of(...inner, 7)))).toBe('damaged')
  })

  test('never throws, whatever the octets', async () => {
    const octets = fc.uint8Array({ minLength: 32, maxLength: 400 })
    const near = octets.map((tail) => withChecksum(Uint8Array.of(...file.subarray(0, 20), ...tail)))
    const inner = fc.oneof(
      octets,
      octets.map((tail) => Uint8Array.of(0, 0, 0, 1, 0x61, ...tail)),
    )
    const sealed = inner.map(reseal)
    const verdicts = ['damaged', 'newer', 'wrong-passphrase']
    await fc.assert(
      fc.asyncProperty(fc.oneof(octets, near, sealed), async (octets) =>
        verdicts.includes(await why(octets)),
      ),
    )
  })
})

/** docs/Protocol.md, "Sealed files", without any of our code: seals other octets in the same file. */
function reseal(octets: Uint8Array): Uint8Array {
  const { key } = unsealed()
  const aead = xchacha20poly1305(key, file.subarray(124, 148), file.subarray(0, 124))
  return withChecksum(Uint8Array.of(...file.subarray(0, 148), ...aead.encrypt(octets), ...new Uint8Array(32)))
}

function unsealed() {
  const at = (from: number, size: number): Uint8Array => file.subarray(from, from + size)
  const { logN, r, p } = cheap
  const wrapping = scryptSync('sesame', at(20, 32), 32, { N: 2 ** logN, r, p })
  const master = xchacha20poly1305(wrapping, at(52, 24), at(0, 76)).decrypt(at(76, 48))
  const key = createHmac('sha256', master).update('otrtalk exported profile\x01').digest()
  return { key, octets: xchacha20poly1305(key, at(124, 24), at(0, 124)).decrypt(file.subarray(148, -32)) }
}

/** docs/Protocol.md, "Exported profile", without any of our code. */
test('an exported profile is, octet for octet, what the page says', () => {
  expect(new TextDecoder().decode(file.subarray(0, 16))).toBe('otrtalk export\n\0')
  expect([...file.subarray(16, 20)]).toEqual([1, cheap.logN, cheap.r, cheap.p])
  const { octets } = unsealed()
  expect([...octets.subarray(0, 7)]).toEqual([0, 0, 0, 3, 0x61, 0x64, 0x61])
  expect(new DataView(octets.buffer, octets.byteOffset).getBigUint64(7)).toBe(1_790_000_000_000n)
  expect(octets.subarray(15)).toEqual(encodeContents(contents))
})
