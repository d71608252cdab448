import type { Offer } from '../../src/transfer/offer.ts'
import type { Dice } from '../support/dice.ts'
import type { Tree } from './disk.ts'
import { Pair } from './pair.ts'

/** Six times something happens in the middle, then it goes on to the end; what overtakes what is chance, too. */
export function ordeal(tree: Tree, dice: Dice, form: Offer['form'] = 'files'): Pair {
  const pair = new Pair(tree, { form })
  pair.source.nextSize = () => 1 + dice.below(50_000)
  pair.connect()
  for (let i = 0; i < 6; i++) {
    let left = dice.below(60)
    pair.run(
      (ways) => dice.pick(ways),
      () => left-- <= 0 || pair.busy.length === 0,
    )
    const whose = dice.pick([pair.outgoing, pair.incoming ?? pair.outgoing])
    switch (dice.below(form === 'files' ? 4 : 3)) {
      case 0:
        whose.pause()
        break
      case 1:
        whose.go()
        break
      case 2:
        pair.cut()
        pair.connect()
        break
      default:
        if (pair.sink.state === 'finished') break // it is not there any more when the process ends
        pair.crash()
        pair.connect()
    }
  }
  pair.outgoing.go()
  pair.incoming?.go()
  pair.run((ways) => dice.pick(ways))
  return pair
}
