/** The commands about what is not delivered yet: `outbox …`. */
import type { Command } from 'commander'
import { isMessageId } from '../../session/command.ts'
import { usage } from '../options.ts'
import { examples, exits, knowing, opening, orElse, type Runner, values } from './definition.ts'

export function addOutbox(program: Command, { profile }: Runner): void {
  const commands = () => import('../commands/outbox.ts')
  const outbox = program.command('outbox').description('what you said and nobody has confirmed yet')
  orElse(outbox, () => profile(async (context) => (await commands()).list(context)))
  const list = outbox
    .command('list')
    .argument('[alias]', 'the buddy')
    .description('show what waits')
    .action((alias?: string) => profile(async (context) => (await commands()).list(context, alias)))
  const drop = outbox
    .command('drop')
    .argument('<alias>', 'the buddy')
    .argument('[id]', 'of one message; all if it is not given')
    .description('give up what waits for a buddy')
    .action((alias: string, id?: string) =>
      profile(async (context) => (await commands()).drop(context, { alias, id: readId(id) })),
    )
  const resend = outbox
    .command('resend')
    .argument('<alias>', 'the buddy')
    .argument('[id]', 'of one message; all if it is not given')
    .description('send what was written for a former key of a buddy to the key of now')
    .action((alias: string, id?: string) =>
      profile(async (context) => (await commands()).resend(context, { alias, id: readId(id) })),
    )
  examples(outbox, ['outbox', 'outbox drop bob', 'outbox resend bob'])
  exits(outbox, { ...opening, 0: 'shown' })
  exits(list, { ...knowing, 0: 'shown' })
  exits(drop, { ...opening, 0: 'dropped', 1: 'no such profile; nothing waits for this buddy' })
  exits(resend, {
    ...opening,
    0: 'it waits for the key of now',
    1: 'no such profile; nothing is held for this buddy',
  })
  for (const command of [drop, resend]) values(command, { id: 'new' })
}

function readId(id: string | undefined): string | undefined {
  if (id === undefined || isMessageId(id)) return id
  throw usage('an id of a message has 16 hex digits', 'otrtalk outbox shows them')
}
