/** What a line of JSON on stdin asks for about files. Pure. */
import { isTransferId, type TransferCommand } from '../../session/command.ts'

type Unaddressed<C> = C extends TransferCommand ? Omit<C, 'buddy'> : never

export type FileRequest =
  | Unaddressed<Exclude<TransferCommand, { kind: 'send' }>>
  | (Omit<Unaddressed<TransferCommand & { kind: 'send' }>, 'transfer'> & { readonly transfer?: string })

/** `undefined` if it is about something else; a text says what is wrong with it. */
export function fileRequest(value: object): FileRequest | string | undefined {
  if ('send' in value) return sendRequest(value.send, 'transfer' in value ? value.transfer : undefined)
  if ('accept' in value) {
    const into = 'into' in value ? value.into : ''
    if (!isTransferId(value.accept)) return '"accept" is no transfer'
    return typeof into === 'string' ? { kind: 'accept', transfer: value.accept, into } : '"into" is no path'
  }
  if ('reject' in value)
    return isTransferId(value.reject)
      ? { kind: 'reject', transfer: value.reject, why: 'declined' }
      : '"reject" is no transfer'
  if ('pause' in value) return steered('pause', value.pause)
  if ('go' in value) return steered('go', value.go)
  if ('cancel' in value && typeof value.cancel === 'string')
    return isTransferId(value.cancel)
      ? { kind: 'withdraw', transfer: value.cancel }
      : '"cancel" is no transfer'
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
