/** The command that shows who we are. */
import type { Command } from 'commander'
import { examples, type Runner } from './definition.ts'

export function addIdentity(program: Command, { profile }: Runner): void {
  const id = program
    .command('id')
    .option('--qr', 'show the address as a QR code too')
    .option('--rotate', 'make a new address; your buddies are told it')
    .option('--yes', 'do not ask')
    .description('show your own address and fingerprint')
    .action(({ qr, rotate, yes }: { qr?: boolean; rotate?: boolean; yes?: boolean }) => {
      const args = { hasQr: qr === true, isNew: rotate === true, isSure: yes === true }
      return profile(async (context) => (await import('../commands/id.ts')).id(context, args))
    })
  examples(id, ['id', 'id --qr', 'id --rotate', 'id --json | jq -r .address'])
}
