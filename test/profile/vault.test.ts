import { createHash, createHmac, scryptSync } from 'node:crypto'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hex } from '@scure/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomBytes } from '../../src/crypto.ts'
import { encodeContents } from '../../src/profile/contents.ts'
import { defaultCost } from '../../src/profile/seal.ts'
import { needsPassphrase, Vault } from '../../src/profile/vault.ts'
import { cheap, own } from './people.ts'
import { contents, withChecksum } from './sealed.ts'

const options = { random: randomBytes, cost: cheap }
const vault = await Vault.create('correct horse', options)
const file = vault.seal(contents, randomBytes)
const why = async (octets: Uint8Array, passphrase = 'correct horse'): Promise<string> => {
  const opened = await Vault.open(octets, passphrase)
  return opened.kind === 'refused' ? opened.why : opened.kind
}
const changed = (at: number, change: (octet: number) => number): Uint8Array => {
  const copy = file.slice()
  copy[at] = change(copy[at]!)
  return copy
}

describe('a vault', () => {
  test('opens with its passphrase and seals again under the same one', async () => {
    const opened = await Vault.open(file, 'correct horse')
    if (opened.kind === 'refused') throw new Error(opened.why)
    expect(opened.contents).toEqual(contents)
    const again = opened.vault.seal({ ...contents, buddies: [] }, randomBytes)
    const reopened = await Vault.open(again, 'correct horse')
    expect(reopened).toMatchObject({ kind: 'opened', contents: { buddies: [] } })
  })

  test('does not open with another passphrase, nor with none', async () => {
    expect(await why(file, 'correct horsE')).toBe('wrong-passphrase')
    expect(await why(file, '')).toBe('wrong-passphrase')
  })

  test('opens whichever way the keyboard composes its letters', async () => {
    const composed = (await Vault.create('Žofie', options)).seal(contents, randomBytes)
    expect(await why(composed, 'Z\u030cofie')).toBe('opened')
  })

  test('has new octets each time, and none of the secrets in them', () => {
    const again = vault.seal(contents, randomBytes)
    expect(again.length).toBe(file.length)
    const body = file.slice(123)
    expect(again.slice(123, -32).some((octet, i) => octet !== body[i])).toBe(true)
    for (const secret of [own.keys.symmetricKey, own.discoverySecret, new TextEncoder().encode('bob')])
      expect(hex.encode(file)).not.toContain(hex.encode(secret))
  })

  test('tells whether it was made with a passphrase', async () => {
    const open = (await Vault.create('', options)).seal(contents, randomBytes)
    expect(needsPassphrase(file)).toBe(true)
    expect(needsPassphrase(open)).toBe(false)
    expect(needsPassphrase(changed(40, (octet) => octet ^ 1))).toBe('damaged')
    expect(needsPassphrase(new Uint8Array(0))).toBe('damaged')
    expect(await why(open, '')).toBe('opened')
    expect(await why(open, 'x')).toBe('wrong-passphrase')
  })

  test('costs 2^17 * 8 * 1 by default', async () => {
    expect(defaultCost).toEqual({ logN: 17, r: 8, p: 1 })
    const sealed = (await Vault.create('x', { random: randomBytes })).seal(contents, randomBytes)
    expect([...sealed.subarray(15, 19)]).toEqual([1, 17, 8, 1])
  }, 30_000)

  test('seals nothing of use once it is wiped', async () => {
    const wiped = await Vault.create('x', options)
    wiped.wipe()
    expect(await why(wiped.seal(contents, randomBytes), 'x')).toBe('damaged')
  })
})

/** What is sealed in the file, and how to seal something else there: without any of our code. */
function unsealed() {
  const at = (from: number, size: number): Uint8Array => file.subarray(from, from + size)
  const { logN, r, p } = cheap
  const wrapping = scryptSync('correct horse', at(19, 32), 32, { N: 2 ** logN, r, p })
  const master = xchacha20poly1305(wrapping, at(51, 24), at(0, 75)).decrypt(at(75, 48))
  const key = createHmac('sha256', master).update('otrtalk vault contents\x01').digest()
  const aead = () => xchacha20poly1305(key, at(123, 24), at(0, 123))
  const reseal = (octets: Uint8Array): Uint8Array =>
    withChecksum(Uint8Array.of(...at(0, 147), ...aead().encrypt(octets), ...new Uint8Array(32)))
  return { octets: aead().decrypt(file.subarray(147, -32)), reseal }
}

test('a vault with a field beyond the last known is of a newer program, not damaged', async () => {
  const { octets, reseal } = unsealed()
  expect(await why(reseal(octets))).toBe('opened')
  expect(await why(reseal(Uint8Array.of(...octets, 200, 0, 0, 0, 1, 7)))).toBe('newer')
  expect(await why(reseal(Uint8Array.of(...octets, 0, 0, 0, 0, 1, 7)))).toBe('damaged')
})

/** docs/Protocol.md, "Vault", without any of our code but scrypt. */
test('a vault is, octet for octet, what the page says', async () => {
  const at = (from: number, size: number): Uint8Array => file.subarray(from, from + size)
  expect(new TextDecoder().decode(at(0, 15))).toBe('otrtalk vault\n\0')
  expect([...at(15, 4)]).toEqual([1, cheap.logN, cheap.r, cheap.p])
  const { octets } = unsealed()
  expect(octets.subarray(0, 57)).toEqual(own.keys.symmetricKey)
  expect(octets).toEqual(encodeContents(contents))
  expect(createHash('sha256').update(file.subarray(0, -32)).digest()).toEqual(Buffer.from(file.subarray(-32)))
})

describe('a damaged vault', () => {
  test('is told from a wrong passphrase: every one of its bits', async () => {
    let flipped = 0
    for (let bit = 0; bit < file.length * 8; bit++) {
      const verdict = await why(changed(bit >> 3, (octet) => octet ^ (1 << (bit & 7))))
      if (verdict !== 'damaged') expect.fail(`bit ${bit}: ${verdict}`)
      flipped++
    }
    expect(flipped).toBe(file.length * 8)
  })

  test('is recognised wherever it is cut, and when something is attached', async () => {
    for (let size = 0; size < file.length; size++) expect(await why(file.subarray(0, size))).toBe('damaged')
    expect(await why(Uint8Array.of(...file, 0))).toBe('damaged')
  })

  test('does not open either with its checksum made anew: every one of its octets', async () => {
    for (let at = 0; at < file.length - 32; at++) {
      const verdict = await why(withChecksum(changed(at, (octet) => octet ^ 0xff)))
      const expected =
        at === 15 ? 'newer' : at < 15 || (at > 15 && at < 19) || at >= 123 ? 'damaged' : 'wrong-passphrase'
      if (verdict !== expected) expect.fail(`octet ${at}: ${verdict}`)
    }
  })

  test.each([
    ['N = 2^21', 16, 21],
    ['N = 1', 16, 0],
    ['r = 17', 17, 17],
    ['r = 0', 17, 0],
    ['p = 5', 18, 5],
    ['p = 0', 18, 0],
  ])('that asks for %s is refused at once', async (_, at, value) => {
    const began = performance.now()
    expect(await why(withChecksum(changed(at, () => value)))).toBe('damaged')
    expect(performance.now() - began).toBeLessThan(1_000) // N = 2^21 takes several seconds
  })

  test('that asks for what scrypt does not have, N = 2^16 with r = 1, is refused; 2^15 is not', async () => {
    const costing = (logN: number): Uint8Array => {
      const copy = file.slice()
      copy.set([logN, 1, 1], 16)
      return withChecksum(copy)
    }
    expect(await why(costing(16))).toBe('damaged')
    expect(await why(costing(20))).toBe('damaged')
    expect(needsPassphrase(costing(16))).toBe('damaged')
    expect(await why(costing(15))).toBe('wrong-passphrase')
  })

  test('any octets are a value', async () => {
    const magic = file.subarray(0, 16)
    const tail = fc.uint8Array({ maxLength: 300 }).map((octets) => {
      const copy = Uint8Array.of(...magic, ...octets)
      copy.fill(1, 16, 19) // a cost that can be paid
      return copy
    })
    await fc.assert(
      fc.asyncProperty(tail, async (octets) => {
        expect(await why(octets)).toBe('damaged')
        if (octets.length >= 48) expect(await why(withChecksum(octets))).toMatch(/damaged|wrong-passphrase/)
      }),
    )
  })
})
