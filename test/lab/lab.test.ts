import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { Lab, whyNoLab } from './lab.ts'

const missing = whyNoLab()
if (missing !== undefined) console.warn(`skipped: ${missing}`)

test.skipIf(missing !== undefined)('the hosts of a LAN have addresses and no way out of it', () => {
  using lab = new Lab('lan')
  expect(lab.address('alice')).toBe('192.168.1.10')
  const [ip, ...args] = lab.on('alice')
  const routes = execFileSync(ip!, [...args, 'ip', 'route'], { encoding: 'utf8' })
  expect(routes).toContain('192.168.1.0/24 dev eth0')
  expect(routes).not.toContain('default')
})
