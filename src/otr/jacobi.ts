/** The Jacobi symbol: for a prime n, whether a is a square. */

/** (a/n) for an odd n > 0, by quadratic reciprocity. The time depends on the values: public ones only. */
export function jacobi(a: bigint, n: bigint): -1 | 0 | 1 {
  let symbol: -1 | 1 = 1
  let top = a % n
  let bottom = n
  while (top !== 0n) {
    while ((top & 0xffff_ffffn) === 0n) top >>= 32n // an even power of two changes nothing
    let twos = 0n
    while (((top >> twos) & 1n) === 0n) twos += 1n
    top >>= twos
    const bottomMod8 = Number(bottom & 7n)
    if ((twos & 1n) === 1n && (bottomMod8 === 3 || bottomMod8 === 5)) symbol = -symbol as -1 | 1
    if ((top & 3n) === 3n && (bottomMod8 & 3) === 3) symbol = -symbol as -1 | 1
    const rest = bottom % top
    bottom = top
    top = rest
  }
  return bottom === 1n ? symbol : 0
}
