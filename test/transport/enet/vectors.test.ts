import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { replayEnet } from '../../replay/enet.ts'

const folder = join(import.meta.dirname, '../../vectors/enet')
const load = (name: string): string => readFileSync(join(folder, `${name}.json`), 'utf8')
const replay = (text: string) => replayEnet('changed', JSON.parse(text))

const names = readdirSync(folder).flatMap((file) => /^(.*)\.json$/.exec(file)?.[1] ?? [])

test('all 22 scenarios are there', () => expect(names).toHaveLength(22))

test.each(names)('%s', (name) => {
  expect(replay(load(name))).toEqual({ kind: 'passed', checks: expect.any(Number) })
})

describe('a changed recording fails', () => {
  const changes: [string, string, string, string][] = [
    ['loss-data', 'a resend 1 ms earlier', '"8000040b86', '"8000040a86'],
    ['loss-data', 'a resend 9 ms later', '"8000040b86', '"8000041486'],
    ['timeout', 'another doubling', '"8000043286', '"8000044286'],
    ['connect', 'a ping 1 ms later', '"800009c485ff0005"', '"800009c585ff0005"'],
    ['reconnect', 'another session', '"90000425', '"a0000425'],
    ['disconnect', 'other data told', '"B.disconnect", "data": 7', '"B.disconnect", "data": 8'],
    ['reliable', 'another channel told', '"B.receive", "channel": 1', '"B.receive", "channel": 0'],
    [
      'fragment-mtu576',
      'another digest',
      '"flags": 1, "length": 3000, "fnv1a32": 1782442773',
      '"flags": 1, "length": 3000, "fnv1a32": 1',
    ],
    ['unsequenced', 'another group', '490000000002', '490000000003'],
    ['unreliable', 'another number', '070000000003000c', '070000000004000c'],
    ['bandwidth-limit', 'another share', '0000fa000000fa00', '0000fa000000fb00'],
    ['bandwidth-limit', 'another window', '0000300000', '0000400000'],
    ['throttle-configure', 'another interval', '"interval": 3000', '"interval": 3001'],
    ['checksum', 'another checksum', '"800003e83731c242', '"800003e83731c243'],
    ['checksum', 'another octet', '9d17942586000001000500070e151c', '9d17942586000001000500070e151d'],
    ['range-coder', 'another octet at the end', '5d5b655c1e3e370"', '5d5b655c1e3e371"'],
    ['range-coder', 'a time before what is packed', '"c0000425', '"c0000426'],
    ['ping', 'a ping left out', '{"t": 30.906, "call": "A.ping"},', ''],
  ]
  test.each(changes)('%s: %s', (name, _what, from, to) => {
    const text = load(name)
    expect(text).toContain(from)
    expect(replay(text.replace(from, to)).kind).toBe('failed')
  })
})

test.each([
  '{}',
  '[]',
  '{"options":{},"log":[{"t":1}]}',
  '{"options":{},"log":[{"t":1,"dir":"A>B","len":1,"hex":"0"}]}',
])('what is no recording has failed: %s', (text) => expect(replay(text).kind).toBe('failed'))
