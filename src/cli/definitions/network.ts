/** The commands about the network, and those of the demonstration. */
import type { Command } from 'commander'
import { examples, type Runner } from './definition.ts'

export function addNetwork(program: Command, { plain, profile }: Runner): void {
  program
    .command('interfaces')
    .alias('iflist')
    .description('show the network interfaces to use with --interface')
    .action(() => plain(async (context) => (await import('../commands/interfaces.ts')).interfaces(context)))
  const node = program
    .command('node')
    .alias('host')
    .description('run a DHT node: the seed of a private network')
    .action(() => plain(async (context) => (await import('../commands/node.ts')).node(context)))
  examples(node, ['node --port 6881', 'chat bob --bootstrap 192.168.1.2:6881'])
  program
    .command('demo')
    .description('try it alone: a private network on this machine, and a buddy that answers')
    .action(() => plain(async (context) => (await import('../commands/demo.ts')).demo(context)))
  const parts = () => import('../commands/demopart.ts')
  program
    .command('demo-network', { hidden: true })
    .action(() => plain(async (context) => (await parts()).demoNetwork(context)))
  program
    .command('demo-buddy', { hidden: true })
    .action(() => profile(async (context) => (await parts()).demoBuddy(context)))
}
