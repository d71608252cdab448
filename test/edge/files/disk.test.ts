import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Disk } from '../../../src/edge/files/disk.ts'
import { Sink } from '../../../src/edge/files/sink.ts'
import type { Manifest } from '../../../src/transfer/manifest.ts'
import { transferId } from '../../../src/transfer/offer.ts'
import type { Work, WorkResult } from '../../../src/transfer/work.ts'
import { temporaryFolder } from '../folder.ts'

const part = '.otrtalk-0123456789abcdef.part'
const transfer = transferId(new Uint8Array(16).fill(7))
const folders = ['a', 'b'].map((path) => ({ path, mode: 0o755 }))
const manifest: Manifest = { bytes: Uint8Array.of(1), octets: 0, files: [], folders }
const place: Work = {
  ...{ kind: 'place', transfer, content: { kind: 'files', manifest, cursor: 0 } },
  offer: { transfer, stream: 1, name: 'x', form: 'stream' },
}

test.each(['when it is abandoned', 'when the program ends'])(
  'no folder is made any more %s',
  async (when) => {
    const into = temporaryFolder()
    const results: WorkResult[] = []
    const faults: unknown[] = []
    const disk = new Disk({
      answer: (result) => results.push(result),
      onFault: (error) => faults.push(error),
    })
    disk.receive(transfer, new Sink({ into, part }))
    disk.do(place)
    if (when === 'when it is abandoned') {
      disk.do({ kind: 'abandon', transfer, leaves: 'all' })
      await disk.settled(join(into, part))
    } else await disk[Symbol.asyncDispose]()
    expect(readdirSync(join(into, part, 'data'))).toEqual([])
    expect([results, disk.faultOf(transfer), faults]).toEqual([
      [{ kind: 'failed', transfer, why: 'disk' }],
      undefined,
      [],
    ])
  },
)
