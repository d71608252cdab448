/** Replays the vectors of fragments. */
import { fragment, isFragment, Reassembly } from '../../../src/otr/fragment.ts'
import { array, type Check, type Json, list, number, text } from './reading.ts'

export function replayFragments(file: Json, check: Check): void {
  const fragments = array(file, 'fragments').map(String)
  const reassembled = text(file, 'reassembled')
  const [identifier, senderTag, receiverTag] = fieldsOf(fragments[0] ?? '')
  const cut = fragment(reassembled, { identifier, senderTag, receiverTag, maxSize: number(file, 'max_size') })
  check.equal('fragments', cut.join('\n'), fragments.join('\n'))

  const orders = list(file, 'orders').map((item) => array(item, 'order').map(Number))
  for (const order of [...orders, array(file, 'duplicate_then_rest').map(Number)]) {
    const reassembly = new Reassembly(receiverTag)
    const given = order.map((i) => reassembly.receive(fragments[i] ?? '', 0))
    const label = `order ${order.join()}`
    check.equal(label, given.pop(), reassembled)
    check.true(
      `${label}: nothing before the last`,
      given.every((message) => message === undefined),
    )
    check.equal(`${label}: nothing is left`, reassembly.waiting, 0)
  }
  for (const item of list(file, 'invalid')) {
    const reassembly = new Reassembly(receiverTag)
    const why = text(item, 'why')
    check.equal(why, reassembly.receive(text(item, 'f'), 0), undefined)
    check.equal(`${why}: nothing is kept`, reassembly.waiting, 0)
  }
  const short = text(file, 'leading_zeros_and_short_forms_are_valid')
  const [, , shortReceiver] = fieldsOf(short)
  check.true('short form', isFragment(short))
  check.equal('short form', new Reassembly(shortReceiver).receive(short, 0), short.split(',')[3])
}

/** Identifier, sender and receiver tag. */
function fieldsOf(text: string): [number, number, number] {
  const [identifier, sender, receiver] = (text.split(',')[0] ?? '')
    .split('|')
    .slice(1)
    .map((digits) => Number.parseInt(digits, 16))
  return [identifier ?? 0, sender ?? 0, receiver ?? 0]
}
