/** The commands that talk with buddies: chat, send, why, listen. */
import type { Command } from 'commander'
import type { UserError } from '../../error.ts'
import { readExec } from '../arguments.ts'
import type { ListenArguments } from '../commands/listen.ts'
import type { ListenStreamArguments } from '../commands/listenstream.ts'
import { readFingerprint, readSeconds, usage } from '../options.ts'
import { resembles } from '../parse.ts'
import { readSize } from '../size.ts'
import {
  alone,
  append,
  type Exits,
  examples,
  exits,
  knowing,
  opening,
  type Runner,
  values,
} from './definition.ts'

/** `otrtalk` alone: all conversations. A mistyped command is none of them. */
export function addAlone(program: Command, { plain, profile }: Runner): void {
  program
    .argument('[command...]')
    .usage('[options] [command]')
    .action(async ([word]: readonly string[]) => {
      if (word !== undefined) throw unknownCommand(program, word)
      await plain(async (context) => (await import('../commands/chat.ts')).begun(context))
      await profile(async (context) => (await import('../commands/chat.ts')).chatWithAll(context))
    })
  alone(program, 'open the chat screen, with all your buddies')
  exits(program, talking)
}

/** Of a conversation with everybody: nobody in particular is waited for, or refused. */
const talking: Exits = {
  ...opening,
  0: 'left, or all of standard input was confirmed',
  3: 'the end of standard input came, and something was not confirmed',
  6: 'no socket: the interface is gone, or the port is taken',
}

function unknownCommand(program: Command, word: string): UserError {
  const names = program.commands.flatMap((command) => [command.name(), ...command.aliases()])
  const meant = names.find((name) => resembles(word.toLowerCase(), name))
  return usage(`unknown command '${word}'`, meant ? `did you mean ${meant}?` : 'see otrtalk --help')
}

interface SendFlags {
  readonly file?: readonly string[]
  readonly stream?: string
  readonly timeout?: string
  readonly fingerprint?: string
  readonly later?: boolean
}

export function addTalking(program: Command, { profile }: Runner): void {
  const chat = program
    .command('chat')
    .argument('<alias>', 'the buddy')
    .option('--timeout <seconds>', 'give up if the buddy is not reached by then, with exit code 3')
    .option('--fingerprint <f>', 'refuse anybody whose fingerprint is another')
    .description('talk with a buddy')
    .action((alias: string, flags: { timeout?: string; fingerprint?: string }) => {
      const timeoutMs = flags.timeout === undefined ? undefined : readSeconds(flags.timeout, '--timeout')
      const fingerprint = flags.fingerprint === undefined ? undefined : readFingerprint(flags.fingerprint)
      return profile(async (context) =>
        (await import('../commands/chat.ts')).chat(context, { alias, timeoutMs, fingerprint }),
      )
    })
  examples(chat, ['chat bob', 'chat bob --plain', 'chat bob --json | jq .text'])

  exits(chat, {
    ...knowing,
    0: 'left, or all of standard input was confirmed',
    3: 'not reached in the time given; the end of standard input came, and something was not confirmed',
    4: 'somebody answered who is not the buddy, or the buddy is not the one of --fingerprint',
    6: 'no socket: the interface is gone, or the port is taken',
  })

  const send = program
    .command('send')
    .argument('<alias>', 'the buddy')
    .argument('[text]', 'what to say; - or nothing: all of stdin')
    .option('--file <path...>', 'send these files and folders instead of a message')
    .option('--stream <name>', 'send all of standard input, whatever it is, under this name')
    .option(
      '--timeout <seconds>',
      'give up when nothing has moved for that long, with exit code 3; 60 by default, 600 once files are offered',
    )
    .option('--fingerprint <f>', 'refuse anybody whose fingerprint is another')
    .option('--later', 'keep what is not delivered by then: it goes out when the buddy is back')
    .description('send one message and wait until the buddy has decrypted it; or files, until all is there')
    .action((alias: string, text: string | undefined, flags: SendFlags) => {
      const timeoutMs = flags.timeout === undefined ? undefined : readSeconds(flags.timeout, '--timeout')
      const fingerprint = flags.fingerprint === undefined ? undefined : readFingerprint(flags.fingerprint)
      const { file: paths, stream: name } = flags
      if (paths && name !== undefined)
        throw usage('--file and --stream are not sent at once', 'send one, then the other')
      if ((paths ?? name) !== undefined && text !== undefined)
        throw usage('a text and files are not sent at once', 'send one, then the other')
      if (name !== undefined)
        return profile(async (context) =>
          (await import('../commands/sendstream.ts')).sendStream(context, {
            alias,
            name,
            timeoutMs,
            fingerprint,
          }),
        )
      return profile(async (context) =>
        paths
          ? (await import('../commands/sendfiles.ts')).sendFiles(context, {
              ...{ alias, paths, timeoutMs, fingerprint },
            })
          : (await import('../commands/send.ts')).send(context, {
              ...{ alias, text, timeoutMs, fingerprint },
              isLater: flags.later === true,
            }),
      )
    })
  examples(send, [
    'send bob "see you at eight"',
    'send bob - < letter.txt',
    'send bob hello --timeout 10',
    'send bob hello --later',
    'send bob --file photos letter.pdf',
    'send bob --stream photos.tar < photos.tar',
  ])
  values(send, { '--file': 'files', '--stream': 'new' })

  exits(send, {
    ...knowing,
    0: 'delivered: the buddy’s otrtalk has decrypted it, and keeps it, or has all of the files on its disk, or of the stream; with --later also: written, it goes out when the buddy is back',
    1: 'no such profile or buddy; the message is too long; the files cannot be read, were refused, or failed',
    3: 'not reached, or not confirmed, in the time given',
    4: 'somebody answered who is not the buddy, or the buddy is not the one of --fingerprint',
    6: 'no network: no socket, or nobody of the DHT answers',
  })

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

  exits(why, {
    ...knowing,
    0: 'the buddy was reached',
    3: 'not reached in the time given',
    4: 'somebody answered who is not the buddy',
    6: 'no network: no socket, or nobody of the DHT answers',
  })

  const listen = program
    .command('listen')
    .option('--exec <command...>', 'run this for each message, with the text on stdin; it comes last')
    .option('--exec-timeout <seconds>', 'how long the command may take; 60 by default')
    .option('--accept-from <alias>', 'take files of this buddy; may be given several times', append)
    .option('--into <folder>', 'where they go')
    .option('--stream [name]', 'write one stream of a buddy’s to standard output, and nothing else')
    .option('--max <size>', 'how much is taken at a time: 500M, 20G; each file and folder counts 4 KiB more')
    .option('--timeout <seconds>', 'how long the buddy of a stream may be away in its midst; 300 by default')
    .description('be reachable, and print what comes')
    .action((flags: ListenFlags) => {
      if (flags.stream !== undefined)
        return profile(async (context) =>
          (await import('../commands/listenstream.ts')).listenStream(context, readStream(flags)),
        )
      const exec = flags.exec === undefined ? undefined : readExec(flags.exec[0]!)
      const { execTimeout } = flags
      const execTimeoutMs = execTimeout === undefined ? undefined : readSeconds(execTimeout, '--exec-timeout')
      const args = { exec, execTimeoutMs, files: readAcceptance(flags) }
      return profile(async (context) => (await import('../commands/listen.ts')).listen(context, args))
    })
  examples(listen, [
    'listen',
    'listen --json | jq .text',
    'listen --accept-from ada --into ~/Downloads --max 2G',
    'listen --stream > photos.tar',
    'listen --exec notify-send --urgency=low otrtalk',
  ])
  values(listen, { [acceptFrom]: 'buddies', '--into': 'files' })
  exits(listen, {
    ...opening,
    0: 'nobody reads its output any more; with --stream: all of it was written',
    1: `${opening[1]}; there is no such command for --exec; with --stream: it is not whole`,
    3: 'with --stream: the buddy left in its midst, and was not back in time',
    6: 'no socket: the interface is gone, or the port is taken',
  })
}

const acceptFrom = '--accept-from'

interface ListenFlags {
  readonly exec?: readonly string[]
  readonly execTimeout?: string
  readonly acceptFrom?: readonly string[]
  readonly into?: string
  readonly stream?: string | true
  readonly max?: string
  readonly timeout?: string
}

function readStream({
  stream,
  acceptFrom: from = [],
  into,
  max,
  exec,
  timeout,
}: ListenFlags): ListenStreamArguments {
  if (into !== undefined || max !== undefined || exec !== undefined)
    throw usage('--stream goes to standard output: --into, --max and --exec are for files and messages')
  const patienceMs = timeout === undefined ? undefined : readSeconds(timeout, '--timeout')
  return { name: stream === true ? undefined : stream, from, patienceMs }
}

function readAcceptance({ acceptFrom: from, into, max, timeout }: ListenFlags): ListenArguments['files'] {
  if (timeout !== undefined) readSeconds(timeout, '--timeout')
  if (timeout !== undefined) throw usage('--timeout is for streams', 'add --stream, or leave it out')
  if (from === undefined && into === undefined && max === undefined) return undefined
  if (from === undefined) throw usage('whose files are to be taken?', 'add --accept-from ALIAS')
  if (into === undefined) throw usage('where are the files to go?', 'add --into FOLDER')
  const octets = max === undefined ? Infinity : readSize(max)
  if (octets === undefined) throw usage(`--max: '${max}' is no size`, 'for example 500M, 20G, 1GiB')
  return { from, into, max: octets }
}
