/** `otrtalk node`: a node of the DHT, the seed of a private network. */
import { runNode } from '../../edge/node.ts'
import { type ExitCode, UserError } from '../../error.ts'
import type { NodeEvent } from '../../session/node.ts'
import type { Context } from '../context.ts'
import { explainNetwork, explainUnresolved } from '../explainnetwork.ts'
import { printJson, remark } from '../print.ts'
import { safeText, words } from '../safetext.ts'
import { onLeavingSignal } from '../terminal.ts'

/** Runs until a signal. */
export async function node(context: Context): Promise<ExitCode> {
  const { options } = context
  return new Promise((resolve, reject) => {
    const onEvent = (event: NodeEvent): void => {
      if (event.kind === 'network' && event.state === 'no-socket') {
        end()
        const { text, hint } = explainNetwork(event.state, options.port)
        reject(new UserError(text, { hint, exit: 6 }))
      } else tell(context, event)
    }
    const onUnresolved = (hosts: readonly string[]): void => {
      const { text, hint } = explainUnresolved(hosts, options.interface)
      remark(context, hint ? words`${text}; ${hint}` : text)
    }
    const running = runNode({ network: options, onEvent, onUnresolved })
    const signals = onLeavingSignal((signal) => {
      end()
      resolve(codes[signal])
    })
    const end = (): void => {
      signals[Symbol.dispose]()
      running[Symbol.dispose]()
    }
  })
}

function tell(context: Context, event: NodeEvent): void {
  const { json } = context.options
  if (event.kind === 'listening') {
    const { port, addresses } = event
    if (json) printJson(context, { event: 'listening', profile: null, port, addresses })
    else for (const address of addresses) context.stdout.write(`${address}\n`)
    if (!json) remark(context, safeText('others begin here with: --bootstrap ADDRESS:PORT of the above'))
  } else if (json) printJson(context, { event: 'network', state: event.state })
  else remark(context, explainNetwork(event.state).text)
}

const codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const
