/** The hidden commands behind `otrtalk demo`: its network, and its buddy. */
import { runNode } from '../../edge/node.ts'
import type { ExitCode } from '../../error.ts'
import type { Context, HostPort, ProfileContext } from '../context.ts'
import { converse } from '../conversing.ts'
import { DemoBot } from '../demo/bot.ts'
import { endWithParent } from '../demo/parts.ts'
import { printJson } from '../print.ts'
import { exitCodeOf } from './chat.ts'

/** Eight nodes; the first is where the others begin. */
export async function demoNetwork(context: Context): Promise<ExitCode> {
  const nodes = [await startNode(context, [])]
  while (nodes.length < count) nodes.push(await startNode(context, [nodes[0]!.at]))
  await new Promise<void>((resolve) => endWithParent(context.stdin, resolve))
  for (const { running } of nodes) running[Symbol.dispose]()
  return 0
}

interface Started {
  readonly at: HostPort
  readonly running: Disposable
}

function startNode(context: Context, bootstrap: readonly HostPort[]): Promise<Started> {
  const network = { ...context.options, bootstrap, port: undefined }
  return new Promise((resolve, reject) => {
    const running = runNode({
      network,
      onEvent(event) {
        if (event.kind === 'network' && event.state === 'no-socket') reject(new Error('demo: no socket'))
        if (event.kind !== 'listening') return
        const { port, addresses } = event
        printJson(context, { event: 'listening', port, addresses })
        resolve({ at: { host: '127.0.0.1', port }, running })
      },
    })
  })
}

export async function demoBuddy(context: ProfileContext): Promise<ExitCode> {
  return exitCodeOf(await converse({ context, command: 'demo', openUi: (options) => new DemoBot(options) }))
}

const count = 8
