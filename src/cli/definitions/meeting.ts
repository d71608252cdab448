/** The commands by which two meet: invite, accept, offer, answer. */
import type { Command } from 'commander'
import { readFingerprint, readSeconds, usage } from '../options.ts'
import { type Exits, examples, exits, knowing, opening, type Runner, values } from './definition.ts'

const noTimeout = 'give up if nobody is met by then, with exit code 3; the code stays'

const timeoutOf = (timeout: string | undefined): number | undefined =>
  timeout === undefined ? undefined : readSeconds(timeout, '--timeout')

/** Of a code: both sides end with the same. */
const meeting: Exits = {
  ...opening,
  0: 'met, or left',
  1: 'no such profile; the alias is taken; the code has expired; too many codes are pending',
  3: 'not met in the time given; the end of standard input came, and something was not confirmed',
  4: 'whoever came could not prove the code: it is used up; or is nobody to be added',
  6: 'no socket: the interface is gone, or the port is taken',
}

export function addInvites(program: Command, { profile }: Runner): void {
  const invite = program
    .command('invite')
    .argument('[alias]', 'what you call the buddy')
    .option('--qr', 'show the code as a QR code too')
    .option('--timeout <seconds>', noTimeout)
    .description('make a one-time code, and wait for the buddy who has it')
    .action((alias: string | undefined, { qr, timeout }: { qr?: boolean; timeout?: string }) => {
      const args = { alias, hasQr: qr === true, timeoutMs: timeoutOf(timeout) }
      return profile(async (context) => (await import('../commands/invite.ts')).invite(context, args))
    })
  examples(invite, ['invite bob', 'invite bob --qr', 'invite bob --json | jq -r .code'])

  exits(invite, meeting)
  values(invite, { alias: 'new' })

  const accept = program
    .command('accept')
    .argument(
      '[alias...]',
      'what you call the buddy; - reads the code from stdin, and it is never an argument',
    )
    .usage('[options] [alias] [-]')
    .option('--timeout <seconds>', noTimeout)
    .description('use the code of a buddy')
    .action(async (given: string[], { timeout }: { timeout?: string }) => {
      const { accept, readAcceptArguments } = await import('../commands/accept.ts')
      const args = { ...readAcceptArguments(given), timeoutMs: timeoutOf(timeout) }
      return profile((context) => accept(context, args))
    })
  examples(accept, ['accept ada', 'accept ada - < code.txt'])
  exits(accept, meeting)
  values(accept, { alias: 'new' })
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
  const offer = add('offer', 'connect by a line of text each way, without the DHT')
  examples(offer, ['offer bob', 'offer bob --qr'])
  exits(offer, exchanging)
  const answer = add('answer', 'answer the offer of a buddy')
  examples(answer, ['answer ada', 'answer ada --json | jq -r .line'])
  exits(answer, exchanging)
}

const exchanging: Exits = {
  ...knowing,
  0: 'left, or all of standard input was confirmed',
  3: 'the end of standard input came, and something was not confirmed',
  4: 'somebody answered who is not the buddy, or the buddy is not the one of --fingerprint',
  6: 'no socket, or no address to tell',
}
