/** The commands about the network, and those of the demonstration. */
import type { Command } from 'commander'
import { examples, exits, type Runner } from './definition.ts'

export function addNetwork(program: Command, { plain, profile }: Runner): void {
  const interfaces = program
    .command('interfaces')
    .alias('iflist')
    .description('show the network interfaces to use with --interface')
    .action(() => plain(async (context) => (await import('../commands/interfaces.ts')).interfaces(context)))
  exits(interfaces, { 0: 'shown', 1: 'the output cannot be written' })
  const node = program
    .command('node')
    .alias('host')
    .description('run a DHT node: the seed of a private network')
    .action(() => plain(async (context) => (await import('../commands/node.ts')).node(context)))
  examples(node, ['node --port 6881', 'chat bob --bootstrap 192.168.1.2:6881'])
  exits(node, {
    0: 'nobody reads its output any more',
    1: 'the output cannot be written',
    6: 'no socket: the interface is gone, or the port is taken',
  })
  const demo = program
    .command('demo')
    .description('try it alone: a private network on this machine, and a buddy that answers')
    .action(() => plain(async (context) => (await import('../commands/demo.ts')).demo(context)))
  exits(demo, {
    0: 'left',
    1: 'the temporary folder cannot be written',
    3: 'the end of standard input came, and something was not confirmed',
    6: 'this machine has no loopback interface',
  })
  const parts = () => import('../commands/demopart.ts')
  program
    .command('demo-network', { hidden: true })
    .action(() => plain(async (context) => (await parts()).demoNetwork(context)))
  program
    .command('demo-buddy', { hidden: true })
    .action(() => profile(async (context) => (await parts()).demoBuddy(context)))
}
