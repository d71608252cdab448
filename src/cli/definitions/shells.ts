/** The commands for the shell: `completion`, and the hidden ones that it asks. */
import { Argument, type Command } from 'commander'
import { examples, exits, type Runner } from './definition.ts'
import { outlineOf } from './outline.ts'

export function addShells(program: Command, { plain, silent }: Runner): void {
  const completion = program
    .command('completion')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(['bash', 'zsh', 'fish']))
    .description('print what makes a shell complete commands, options and aliases')
    .action((shell: 'bash' | 'zsh' | 'fish') =>
      plain(async (context) => (await import('../commands/completion.ts')).completion(context, shell)),
    )
  examples(completion, [
    'completion bash >> ~/.bash_completion',
    'completion zsh > ~/.zfunc/_otrtalk',
    'completion fish > ~/.config/fish/completions/otrtalk.fish',
  ])
  exits(completion, { 0: 'printed', 1: 'the output cannot be written' })
  const answer = () => import('../commands/complete.ts')
  program
    .command('complete-words', { hidden: true })
    .argument('[words...]')
    .action((words: string[]) =>
      silent(async (io) => (await answer()).completeWords(io, outlineOf(program), words)),
    )
  program
    .command('complete-line', { hidden: true })
    .argument('<line>')
    .action((line: string) =>
      silent(async (io) => (await answer()).completeLine(io, outlineOf(program), line)),
    )
}
