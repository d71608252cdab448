/** How the state of a transfer is told. */
import type { TransferState } from '../transfer/transfer.ts'
import type { TalkEvent, TransferCommand, TransferTold } from './command.ts'

export function stageOf(
  state: TransferState,
): Pick<TransferTold, 'state' | 'by' | 'why' | 'path' | 'renamed'> {
  switch (state.kind) {
    case 'paused':
    case 'cancelled':
      return { state: state.kind, by: state.by }
    case 'done':
      return {
        state: 'done',
        ...(state.path !== '' && { path: state.path }),
        ...(state.renamed && { renamed: state.renamed }),
      }
    case 'rejected':
      return { state: 'rejected', by: state.by, ...(state.why && { why: state.why }) }
    case 'failed': {
      const { by, why, path } = state
      return { state: 'failed', by, why, ...(path !== undefined && { path }) }
    }
    default:
      return { state: state.kind }
  }
}

/** There is no conversation with him, nor looked for one. */
export const unsent = (command: TransferCommand & { kind: 'send' }, isKnown: boolean): TalkEvent => ({
  ...{
    kind: 'transfer',
    buddy: command.buddy,
    transfer: command.transfer,
    name: command.name,
    direction: 'out',
  },
  ...{ state: 'failed', by: 'us', why: isKnown ? 'closed' : 'unknown-buddy' },
})
