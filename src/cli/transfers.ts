/** Transfers of a conversation as they are shown: a number each, and how far they are. Pure. */
import { hasEnded, type TransferStage, type TransferTold } from '../session/command.ts'
import type { AboutTransfer, HowFar } from './explaintransfer.ts'

export interface Shown {
  /** As it is named at the prompt. */
  readonly number: number
  readonly transfer: string
  readonly direction: 'in' | 'out'
  readonly name: string
  readonly state: TransferStage
  /** Who paused it. */
  readonly by?: TransferTold['by']
  readonly progress: HowFar | undefined
}

/** With what was told: those that have ended leave. */
export function follow(transfers: readonly Shown[], event: AboutTransfer): readonly Shown[] {
  const { transfer } = event
  const known = transfers.find((shown) => shown.transfer === transfer)
  const others = transfers.filter((shown) => shown !== known)
  switch (event.kind) {
    case 'skipped':
      return transfers
    case 'progress': {
      const { kind: _, buddy: __, transfer: ___, ...progress } = event
      return known ? placed([...others, { ...known, progress }]) : transfers
    }
    case 'offered': {
      const number = known?.number ?? next(transfers)
      const { name } = event
      const shown = {
        number,
        transfer,
        name,
        direction: 'in',
        state: 'offered',
        progress: undefined,
      } as const
      return placed([...others, shown])
    }
    case 'transfer': {
      const { state, name, direction, by } = event
      if (hasEnded(state)) return others
      const number = known?.number ?? next(transfers)
      const stage = by === undefined ? { state } : { state, by }
      const isRead = known?.state === 'reading' && state !== 'reading' // how far that was says nothing of the way
      const progress = isRead ? undefined : known?.progress
      return placed([...others, { number, transfer, name, direction, ...stage, progress }])
    }
    default:
      return event satisfies never
  }
}

/** The one of this number, or, without a number, the only one that `fits`. */
export function chosen(
  transfers: readonly Shown[],
  typed: string,
  fits: (shown: Shown) => boolean,
): Shown | undefined {
  if (typed !== '') return transfers.find(({ number }) => `${number}` === typed)
  const [only, ...others] = transfers.filter(fits)
  return others.length === 0 ? only : undefined
}

const next = (transfers: readonly Shown[]): number =>
  1 + Math.max(0, ...transfers.map(({ number }) => number))

const placed = (transfers: readonly Shown[]): readonly Shown[] =>
  transfers.toSorted((a, b) => a.number - b.number)
