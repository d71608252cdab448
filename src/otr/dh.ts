/**
 * The 3072-bit Diffie-Hellman group of RFC 3526, with g3 = 2. OTRv4, "3072-bit
 * Diffie-Hellman Parameters". Secret exponents stay in OpenSSL, which raises to
 * them in constant time.
 */
import { modp15, modp15Power, type Random } from '../crypto.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import { jacobi } from './jacobi.ts'

/** A key pair; `public` is big-endian without leading zeros, what an MPI holds. */
export interface DhKeys {
  readonly secret: Uint8Array // 80 octets
  readonly public: Uint8Array
}

/** generateDH(): r is 80 random octets, not hashed. */
export function generateDh(random: Random): DhKeys {
  const secret = random(secretSize)
  return { secret, public: stripZeros(modp15Power(g3, secret)) }
}

/**
 * k_dh = B^a, big-endian of minimum length (D5).
 *
 * @param theirs - a checked public value
 */
export function dh(secret: Uint8Array, theirs: Uint8Array): Uint8Array {
  const padded = modp15Power(theirs, secret)
  const shared = stripZeros(padded).slice()
  padded.fill(0)
  return shared
}

/**
 * "Verifying that an integer is in the DH group": 2 <= x <= p-2 and x^q = 1.
 *
 * p is a safe prime, so the group of order q is that of the squares: x^q is the
 * Legendre symbol (x/p), computed as a Jacobi symbol in a hundredth of the time.
 *
 * @param value - an MPI's value: one with a leading zero is refused
 */
export function isInGroup(value: Uint8Array): boolean {
  if (value.length === 0 || value.length > prime.length || value[0] === 0) return false
  const x = bigEndian(value)
  return x >= 2n && x <= p - 2n && jacobi(x, p) === 1
}

/** An MPI: 4 octets of length, then the value. */
export const writeMpi = (writer: Writer, value: Uint8Array): Writer => writer.data(value)

/** An MPI's value. Not of minimum length, or longer than p: the reader fails. Empty is zero. */
export function readMpi(reader: Reader): Uint8Array {
  const value = reader.data()
  if (value[0] === 0 || value.length > prime.length) reader.fail()
  return value
}

function stripZeros(value: Uint8Array): Uint8Array {
  const first = value.findIndex((octet) => octet !== 0)
  return value.subarray(first === -1 ? value.length : first)
}

function bigEndian(bytes: Uint8Array): bigint {
  let hex = ''
  for (const octet of bytes) hex += octet.toString(16).padStart(2, '0')
  return BigInt(`0x${hex}`)
}

const prime = modp15()
const p = bigEndian(prime)
const g3 = Uint8Array.of(2)
const secretSize = 80
