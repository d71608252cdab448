import { expect, test } from 'vitest'
import { tell } from '../transport/link/scene.ts'

test('in 1,000 random stories an address gets no more octets than came from it before it has proven itself', () => {
  const { worst, up } = tell({ from: 1_001, until: 2_000 })
  expect(worst).toEqual([])
  expect(up).toBeGreaterThan(350)
})
