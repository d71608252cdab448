/**
 * magic-wormhole beside a mailbox server of its own. That one carries a few lines, and the files go from one program to
 * the other at once: no relay is known to them.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Copier, Serving } from './copiers.ts'
import { sendingBy } from './emulated.ts'
import { Child, type Place } from './pair.ts'

export async function wormhole(
  { client, server, host }: Place,
  folder: string,
): Promise<Serving | { readonly why: string }> {
  const missing = ['wormhole', 'twist3'].filter((tool) => spawnSync('which', [tool]).status !== 0)
  if (missing.length > 0) return { why: `${missing.join(', ')} not installed` }
  const port = 30_000 + (process.pid % 10_000) + count++
  const listening = [`--port=tcp:${port}:interface=${host}`, `--channel-db=${join(folder, 'channels')}`]
  const mailbox = new Child([...server, 'twist3', 'wormhole-mailbox', ...listening])
  await mailbox.line('starting on')
  const sending = client.length === 0 ? [] : [...client, ...sendingBy('bbr', host)]
  let codes = 0
  const common = ['wormhole', `--relay-url=ws://${host}:${port}/v1`, '--transit-helper=']
  const copier: Copier = {
    name: client.length === 0 ? 'magic-wormhole' : 'magic-wormhole, tcp bbr',
    commands(path, into) {
      const code = `${++codes}-of-a-benchmark`
      return [
        [...server, ...common, 'receive', '--hide-progress', '--accept-file', '-o', join(into, 'it'), code],
        [...sending, ...common, 'send', '--hide-progress', '--code', code, path],
      ]
    },
  }
  return { server: mailbox, copiers: [copier] }
}

let count = 0
