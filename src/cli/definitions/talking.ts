/** The commands that talk with buddies: chat, send, why, listen. */
import type { Command } from 'commander'
import { readFingerprint, readSeconds } from '../options.ts'
import { examples, type Runner } from './definition.ts'

export function addTalking(program: Command, { profile }: Runner): void {
  const chat = program
    .command('chat')
    .argument('<alias>', 'the buddy')
    .option('--fingerprint <f>', 'refuse anybody whose fingerprint is another')
    .description('talk with a buddy')
    .action((alias: string, { fingerprint }: { fingerprint?: string }) => {
      const pinned = fingerprint === undefined ? undefined : readFingerprint(fingerprint)
      return profile(async (context) =>
        (await import('../commands/chat.ts')).chat(context, { alias, fingerprint: pinned }),
      )
    })
  examples(chat, ['chat bob', 'chat bob --plain', 'chat bob --json | jq .text'])

  const send = program
    .command('send')
    .argument('<alias>', 'the buddy')
    .argument('[text]', 'what to say; - or nothing: all of stdin')
    .option('--timeout <seconds>', 'give up after that long, with exit code 3')
    .option('--fingerprint <f>', 'refuse anybody whose fingerprint is another')
    .description('send one message and wait until the buddy has decrypted it')
    .action((alias: string, text: string | undefined, flags: { timeout?: string; fingerprint?: string }) => {
      const timeoutMs = flags.timeout === undefined ? undefined : readSeconds(flags.timeout, '--timeout')
      const fingerprint = flags.fingerprint === undefined ? undefined : readFingerprint(flags.fingerprint)
      return profile(async (context) =>
        (await import('../commands/send.ts')).send(context, { alias, text, timeoutMs, fingerprint }),
      )
    })
  examples(send, ['send bob "see you at eight"', 'send bob - < letter.txt', 'send bob hello --timeout 60'])

  const why = program
    .command('why')
    .argument('<alias>', 'the buddy')
    .option('--timeout <seconds>', 'how long to try; 15 by default')
    .option('--redact', 'without addresses and names, to be shown to others')
    .description('try to reach a buddy, and tell what worked, what failed and why')
    .action((alias: string, { timeout, redact }: { timeout?: string; redact?: boolean }) => {
      const timeoutMs = timeout === undefined ? undefined : readSeconds(timeout, '--timeout')
      const args = { alias, timeoutMs, isRedacted: redact === true }
      return profile(async (context) => (await import('../commands/why.ts')).why(context, args))
    })
  examples(why, ['why bob', 'why bob --timeout 60', 'why bob --redact', 'why bob --json | tail -1'])

  const listen = program
    .command('listen')
    .description('be reachable, and print what comes')
    .action(() => profile(async (context) => (await import('../commands/listen.ts')).listen(context)))
  examples(listen, ['listen', 'listen --json | jq .text'])
}
