/** What a line of JSON on stdin asks for about files. Pure. */
import type { Fields } from '../../json.ts'
import { isTransferId, type TransferCommand } from '../../session/command.ts'

type Unaddressed<C> = C extends TransferCommand ? Omit<C, 'buddy'> : never

export type FileRequest =
  | Unaddressed<Exclude<TransferCommand, { kind: 'send' }>>
  | (Omit<Unaddressed<TransferCommand & { kind: 'send' }>, 'transfer'> & { readonly transfer?: string })

/** `undefined` if it is about something else; a text says what is wrong with it. */
export function fileRequest(fields: Fields): FileRequest | string | undefined {
  const { send, transfer, accept, into = '', reject, pause, go, cancel } = fields
  if (send !== undefined) return sendRequest(send, transfer)
  if (accept !== undefined) {
    if (!isTransferId(accept)) return '"accept" is no transfer'
    return typeof into === 'string' ? { kind: 'accept', transfer: accept, into } : '"into" is no path'
  }
  if (reject !== undefined)
    return isTransferId(reject)
      ? { kind: 'reject', transfer: reject, why: 'declined' }
      : '"reject" is no transfer'
  if (pause !== undefined) return steered('pause', pause)
  if (go !== undefined) return steered('go', go)
  if (typeof cancel === 'string')
    return isTransferId(cancel) ? { kind: 'withdraw', transfer: cancel } : '"cancel" is no transfer'
  return undefined
}

function sendRequest(paths: unknown, transfer: unknown): FileRequest | string {
  const list: readonly unknown[] = Array.isArray(paths) ? paths : [paths]
  const isPath = (path: unknown): path is string => typeof path === 'string' && path !== ''
  if (list.length === 0 || !list.every(isPath)) return '"send" is no path'
  if (transfer !== undefined && !isTransferId(transfer)) return '"transfer" is not 32 hex digits'
  return { kind: 'send', form: 'files', name: '', paths: list, ...(transfer !== undefined && { transfer }) }
}

const steered = (kind: 'pause' | 'go', transfer: unknown): FileRequest | string =>
  isTransferId(transfer) ? { kind, transfer } : `"${kind}" is no transfer`
