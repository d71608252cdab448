/** The commands by which two meet: invite, accept, offer, answer. */
import type { Command } from 'commander'
import { readFingerprint, usage } from '../options.ts'
import { examples, type Runner } from './definition.ts'

export function addInvites(program: Command, { profile }: Runner): void {
  const invite = program
    .command('invite')
    .argument('[alias]', 'what you call the buddy')
    .option('--qr', 'show the code as a QR code too')
    .description('make a one-time code, and wait for the buddy who has it')
    .action((alias: string | undefined, { qr }: { qr?: boolean }) =>
      profile(async (context) =>
        (await import('../commands/invite.ts')).invite(context, { alias, hasQr: qr === true }),
      ),
    )
  examples(invite, ['invite bob', 'invite bob --qr', 'invite bob --json | jq -r .code'])

  const accept = program
    .command('accept')
    .argument(
      '[alias...]',
      'what you call the buddy; - reads the code from stdin, and it is never an argument',
    )
    .usage('[options] [alias] [-]')
    .description('use the code of a buddy')
    .action(async (given: string[]) => {
      const { accept, readAcceptArguments } = await import('../commands/accept.ts')
      const args = readAcceptArguments(given)
      return profile((context) => accept(context, args))
    })
  examples(accept, ['accept ada', 'accept ada - < code.txt'])
}

/** Both take the same; which of the two begins is all the difference. */
export function addExchanges(program: Command, { profile }: Runner): void {
  const add = (name: 'offer' | 'answer', description: string): Command =>
    program
      .command(name)
      .argument('<alias>', 'the buddy, or who has the other half of an invite code')
      .argument('[dash]', '- reads the line of the buddy from stdin')
      .usage('[options] <alias> [-]')
      .option('--qr', 'show your line as a QR code too')
      .option('--fingerprint <f>', 'refuse anybody whose fingerprint is another')
      .description(description)
      .action((alias: string, dash: string | undefined, flags: { qr?: boolean; fingerprint?: string }) => {
        if (dash !== undefined && dash !== '-')
          throw usage(
            'the line of a buddy is not given as an argument',
            `you are asked for it, or give it on stdin: otrtalk ${name} ${alias} -`,
          )
        const fingerprint = flags.fingerprint === undefined ? undefined : readFingerprint(flags.fingerprint)
        const args = { alias, isPiped: dash === '-', hasQr: flags.qr === true, fingerprint }
        return profile(async (context) =>
          name === 'offer'
            ? (await import('../commands/offer.ts')).offer(context, args)
            : (await import('../commands/answer.ts')).answer(context, args),
        )
      })
  examples(add('offer', 'connect by a line of text each way, without the DHT'), [
    'offer bob',
    'offer bob --qr',
  ])
  examples(add('answer', 'answer the offer of a buddy'), ['answer ada', 'answer ada --json | jq -r .line'])
}
