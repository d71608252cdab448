/** Octets without a pattern, the same each time: xorshift32. */
export function content(size: number, seed = 1): Uint8Array {
  const octets = new Uint8Array(size)
  let x = Math.imul(seed, 2_654_435_761) || 1
  for (let i = 0; i < size; i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    octets[i] = x
  }
  return octets
}
