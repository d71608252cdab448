/** The command that shows who we are. */
import type { Command } from 'commander'
import { examples, exits, opening, type Runner } from './definition.ts'

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
  exits(id, {
    ...opening,
    0: 'shown',
    1: 'no such profile; not confirmed; no QR code can be drawn',
  })
  examples(id, ['id', 'id --qr', 'id --rotate', 'id --json | jq -r .address'])
}
