/** `scp` beside an sshd of its own, with keys and settings in a folder: none of the machine's are read. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Copier, Serving } from './copiers.ts'
import { sendingBy } from './emulated.ts'
import { Child, type Place } from './pair.ts'

/** Over a line by either congestion control of TCP; or why there is none. */
export async function scp(
  { client, server, host }: Place,
  folder: string,
): Promise<Serving | { readonly why: string }> {
  const sshd = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((file) => existsSync(file))
  if (sshd === undefined) return { why: 'no sshd' }
  for (const key of ['host', 'user'])
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)])
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true }) // built into it, and its service makes it
  const port = 20_000 + (process.pid % 10_000) + count++
  const config = join(folder, 'config')
  writeFileSync(config, settings(folder, { host, port }))
  const serving = [sshd, '-D', '-e', '-f', config]
  const daemon = new Child([...server, 'sh', '-c', 'exec "$@" 2>&1', 'sh', ...serving])
  await daemon.line('Server listening')

  const trusted = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'IdentitiesOnly=yes']
  const options = ['-F', '/dev/null', '-i', join(folder, 'user'), ...trusted.flatMap((each) => ['-o', each])]
  const whom = `${userInfo().username}@${host}`
  const copier = (name: string, before: readonly string[]): Copier => ({
    name,
    commands: (path, into) => [
      [...client, ...before, 'scp', '-q', '-r', '-P', `${port}`, ...options, path, `${whom}:${into}`],
    ],
  })
  if (client.length === 0) return { server: daemon, copiers: [copier('scp', [])] }
  return {
    server: daemon,
    copiers: (['cubic', 'bbr'] as const).map((way) => copier(`scp, tcp ${way}`, sendingBy(way, host))),
  }
}

const settings = (folder: string, { host, port }: { readonly host: string; readonly port: number }): string =>
  [
    `ListenAddress ${host}`,
    `Port ${port}`,
    `HostKey ${join(folder, 'host')}`,
    `PidFile ${join(folder, 'pid')}`,
    `AuthorizedKeysFile ${join(folder, 'user.pub')}`,
    ...['StrictModes no', 'UsePAM no', 'PasswordAuthentication no', 'KbdInteractiveAuthentication no'],
    'PermitRootLogin prohibit-password',
    'Subsystem sftp internal-sftp',
    '',
  ].join('\n')

let count = 0
