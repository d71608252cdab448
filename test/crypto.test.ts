import fc from 'fast-check'
import { expect, test } from 'vitest'
import { modp15, modp15Power, scrypt } from '../src/crypto.ts'
import { UserError } from '../src/error.ts'

const bigEndian = (octets: Uint8Array): bigint => BigInt(`0x0${Buffer.from(octets).toString('hex')}`)
const p = bigEndian(modp15())

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % p
    square = (square * square) % p
  }
  return result
}

// Which of OpenSSL's two ways is taken depends on node's version: CI runs this on 20, 22 and 24.
test('raises members of the group to secrets as BigInt does, padded to 384 octets', () => {
  const secret = fc.uint8Array({ minLength: 80, maxLength: 80 })
  fc.assert(
    fc.property(secret, secret, fc.nat(3), (a, b, zeros) => {
      fc.pre(a.some((octet) => octet !== 0) && b.some((octet) => octet !== 0))
      a.fill(0, 0, zeros) // a secret may begin with zeros
      fc.pre(a.some((octet) => octet !== 0))
      const mine = modp15Power(Uint8Array.of(2), a)
      const theirs = modp15Power(Uint8Array.of(2), b)
      expect([mine.length, bigEndian(mine)]).toEqual([384, power(2n, bigEndian(a))])
      const shared = modp15Power(theirs, a)
      expect(shared).toEqual(modp15Power(mine, b))
      expect(bigEndian(shared)).toBe(power(bigEndian(theirs), bigEndian(a)))
    }),
    { numRuns: 10 },
  )
})

test('a public value that begins with zeros, and small exponents', () => {
  const small = Uint8Array.of(0, 0, 4)
  for (const exponent of [1, 2, 3, 127, 128, 255])
    expect(bigEndian(modp15Power(small, Uint8Array.of(exponent)))).toBe(power(4n, BigInt(exponent)))
})

test('memory that the system does not give is told in words; what scrypt does not have is our fault', async () => {
  const asking = (N: number, r: number) =>
    scrypt(new Uint8Array(1), new Uint8Array(1), { N, r, p: 1, size: 32 }).then(
      () => undefined,
      (error: unknown) => error,
    )
  const refused = await asking(2 ** 31, 1_024) // 2^48 octets: more than a process can address
  expect(refused).toBeInstanceOf(UserError)
  expect(String(refused)).toContain('takes 268435456 MiB of memory, and the system has not so much left')
  expect(await asking(3, 1)).not.toBeInstanceOf(UserError)
})
