/** `otrtalk completion <shell>`: a script that asks this program what may follow. */
import type { ExitCode } from '../../error.ts'
import type { Context } from '../context.ts'

export async function completion({ stdout }: Context, shell: 'bash' | 'zsh' | 'fish'): Promise<ExitCode> {
  stdout.write(await scriptOf(shell))
  return 0
}

async function scriptOf(shell: 'bash' | 'zsh' | 'fish'): Promise<string> {
  switch (shell) {
    case 'bash':
      return (await import('../shells/bash.ts')).bash
    case 'zsh':
      return (await import('../shells/zsh.ts')).zsh
    case 'fish':
      return (await import('../shells/fish.ts')).fish
    default:
      return shell satisfies never
  }
}
