import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { replayOtrv4 } from '../replay/otrv4.ts'

const folder = join(import.meta.dirname, '../vectors/otrv4')
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))
const names = readdirSync(folder).flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? [])

describe('the vectors of OTRv4', () => {
  test('fail when one digit of what is to be made is another', () => {
    const dake = read('dake') as { derived: { ssid: string } }
    dake.derived.ssid = dake.derived.ssid.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
    expect(replayOtrv4('dake', dake)).toMatchObject({ kind: 'failed' })
    const kdf = read('kdf') as { cases: { output: string }[] }
    kdf.cases[3]!.output += '00'
    expect(replayOtrv4('another-name', kdf)).toMatchObject({ kind: 'failed' })
  })

  test.each([
    ['smp', 'smp4'],
    ['extra-symmetric-key', 'key'],
    ['fragments', 'reassembled'],
    ['tie-break', 'hash'],
    ['xzdh', 'chain_key'],
    ['xzdh', 'prekey_message'],
  ])('%s fails when its last %s is another', (name, field) => {
    const text = JSON.stringify(read(name))
    const at = text.lastIndexOf(`"${field}":"`) + field.length + 30
    const changed = `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}`
    expect(replayOtrv4('another-name', JSON.parse(changed))).toMatchObject({ kind: 'failed' })
  })

  test.each([null, 7, [], {}, { cases: [] }, { cases: [null] }, { dake: 1, steps: [] }])(
    '%j does not throw',
    (json) => {
      for (const name of [...names, 'unknown']) expect(replayOtrv4(name, json).kind).not.toBe('passed')
    },
  )
})
