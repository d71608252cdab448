/**
 * What a client's line asks for, read as if a stranger had written it: a
 * request that is sound, or nothing. Pure. Spec: docs/Control.md.
 */
import { areFields, type Fields } from '../../json.ts'
import { readChange } from '../../profile/change.ts'
import {
  type About,
  type Command,
  isMessageId,
  isTransferId,
  type TransferCommand,
} from '../../session/command.ts'
import { maxReceipts } from '../../session/payload.ts'
import { parse, type Request } from './protocol.ts'

/** A client's line; `undefined` for anything that asks for nothing. */
export function readRequest(line: string): Request | undefined {
  const fields = parse(line)
  if (!fields) return undefined
  const { kind } = fields
  switch (kind) {
    case 'view':
      return { kind }
    case 'forget':
      return forgetOf(fields)
    case 'change': {
      const change = readChange(fields['change'])
      return change && { kind, change }
    }
    case 'outbox':
      return outboxOf(fields['change'])
    case 'unlock':
    case 'rekey':
    case 'export': {
      const { passphrase } = fields
      const isText = typeof passphrase === 'string' && passphrase.length <= longestSecret
      return isText && (passphrase !== '' || kind !== 'export') ? { kind, passphrase } : undefined
    }
    case 'attach':
      return attachOf(fields)
    case 'shown': {
      const { fingerprint, id } = fields
      return isFingerprint(fingerprint) && isMessageId(id) ? { kind, fingerprint, id } : undefined
    }
    default:
      return commandOf(fields)
  }
}

function forgetOf({ fingerprint, before }: Fields): Request | undefined {
  if (!isFingerprint(fingerprint)) return undefined
  if (before === undefined) return { kind: 'forget', fingerprint }
  return typeof before === 'number' && Number.isFinite(before)
    ? { kind: 'forget', fingerprint, before }
    : undefined
}

function outboxOf(value: unknown): Request | undefined {
  if (value === undefined) return { kind: 'outbox' }
  const change = areFields(value) ? commandOf(value) : undefined
  return change?.kind === 'drop' || change?.kind === 'resend' ? { kind: 'outbox', change } : undefined
}

function attachOf(fields: Fields): Request | undefined {
  const pin = pinOf(fields)
  const confirms = fields['confirms'] === true && { confirms: true as const }
  if (fields['buddy'] !== undefined) {
    const buddy = textOf(fields['buddy'], longestName)
    const silent = fields['silent'] === true && { silent: true as const }
    return pin && buddy !== undefined ? { kind: 'attach', buddy, ...pin, ...silent, ...confirms } : undefined
  }
  return fields['fingerprint'] === undefined ? { kind: 'attach', ...confirms } : undefined // nobody is everybody’s key
}

type Pin = { readonly fingerprint?: string }

/** Whose alone it is for; `undefined` if that is no fingerprint. */
function pinOf({ fingerprint }: Fields): Pin | undefined {
  if (fingerprint === undefined) return {}
  return isFingerprint(fingerprint) ? { fingerprint } : undefined
}

function commandOf(fields: Fields): Command | undefined {
  const pin = pinOf(fields)
  const buddy = textOf(fields['buddy'], longestName)
  if (!pin || buddy === undefined) return undefined
  const { kind, id, state, ids } = fields
  switch (kind) {
    case 'open':
    case 'close':
    case 'cancel':
    case 'why':
      return { kind, buddy }
    case 'say':
      return sayOf(fields, { buddy, ...pin })
    case 'typing':
      return state === 'begun' || state === 'ended' ? { kind, buddy, state } : undefined
    case 'read':
      return Array.isArray(ids) && ids.length <= maxReceipts && ids.every(isMessageId)
        ? { kind, buddy, ids }
        : undefined
    case 'drop':
    case 'resend':
      if (id === undefined) return { kind, buddy }
      return isMessageId(id) ? { kind, buddy, id } : undefined
    case 'verify': {
      const secret = textOf(fields['secret'], longestSecret)
      if (secret === undefined) return undefined
      if (fields['question'] === undefined) return { kind, buddy, secret }
      const question = textOf(fields['question'], longestSecret)
      return question === undefined ? undefined : { kind, buddy, secret, question }
    }
    case 'answer': {
      const secret = textOf(fields['secret'], longestSecret)
      return secret === undefined ? undefined : { kind, buddy, secret }
    }
    default:
      return transferOf(fields, { buddy, ...pin })
  }
}

/** Whom it is for. */
type Whom = Pin & { readonly buddy: string }

function sayOf({ id, text: said, about: given }: Fields, whom: Whom): Command | undefined {
  const about = aboutOf(given)
  const text = about?.as === 'delete' && said === '' ? said : textOf(said, longestText)
  if (!isMessageId(id) || text === undefined || (given !== undefined && !about)) return undefined
  return { kind: 'say', id, text, ...whom, ...(about && { about }) }
}

function transferOf(fields: Fields, whom: Whom): TransferCommand | undefined {
  const { buddy } = whom
  const { kind, transfer, why = 'declined' } = fields
  if (!isTransferId(transfer)) return undefined
  const again = fields['once'] === true ? ({ once: true } as const) : {}
  switch (kind) {
    case 'send': {
      const { form, paths } = fields
      const name = textOf(fields['name'], longestName)
      const isForm = form === 'files' || form === 'stream'
      return isForm && name !== undefined && arePaths(paths)
        ? { kind, transfer, name, form, paths, ...whom, ...again }
        : undefined
    }
    case 'accept': {
      const { into } = fields
      return isPath(into) ? { kind, buddy, transfer, into, ...again } : undefined
    }
    case 'reject':
      return why === 'declined' || why === 'policy' || why === 'large' || why === 'disk'
        ? { kind, buddy, transfer, why }
        : undefined
    case 'pause':
    case 'go':
    case 'withdraw':
    case 'leave':
      return { kind, buddy, transfer }
    default:
      return undefined
  }
}

function aboutOf(value: unknown): About | undefined {
  if (!areFields(value)) return undefined
  const { as, id } = value
  return (as === 'reply' || as === 'edit' || as === 'delete') && isMessageId(id) ? { as, id } : undefined
}

const arePaths = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every(isPath)

/** An absolute one. */
const isPath = (value: unknown): value is string =>
  typeof value === 'string' && value.startsWith('/') && !value.includes('\0')

/** Not empty, and well-formed. */
const textOf = (value: unknown, longest: number): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= longest
    ? value.replace(/\p{Surrogate}/gu, '\ufffd')
    : undefined

const isFingerprint = (value: unknown): value is string =>
  typeof value === 'string' && /^[\da-f]{112}$/.test(value)

const longestName = 255 // UTF-16 units: an alias has 32 characters, a file 255 octets
const longestText = 64 * 1_024 // UTF-16 units: what is too long is told by the outbox
const longestSecret = 1_024 // UTF-16 units
