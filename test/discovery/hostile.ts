/** Datagrams that abort, hang or mislead other programs, and real ones to bend. */
import type { Message } from '../../src/discovery/krpc.ts'
import { fromKey } from '../../src/wire/bencode.ts'
import { address } from '../support/network.ts'
import { seeded } from './swarm.ts'

const id = 'abcdefghij0123456789'
const query = (method: string, args: string): Uint8Array =>
  fromKey(`d1:ad2:id20:${id}${args}e1:q${method.length}:${method}1:t4:aaaa1:y1:qe`)
const item = `1:k32:${'k'.repeat(32)}3:seqi1e3:sig64:${'s'.repeat(64)}`

/** Name, octets, and as what they are read, where they are read at all. */
export const hostile: readonly [string, Uint8Array, Message['kind']?][] = [
  ['l-3:', fromKey('l-3:')],
  ['d-3:', fromKey('d-3:')],
  ['y hidden behind toString', fromKey('d1:yd8:toString1:xee')],
  ['q as a dictionary with toString', fromKey(`d1:ad2:id20:${id}e1:qd8:toString1:xe1:t4:aaaa1:y1:qe`)],
  ['find_node with an integer as target', query('find_node', '6:targeti1e')],
  ['find_node with a short target', query('find_node', '6:target19:nopqrstuvwxyz123456')],
  ['get_peers with an integer as info_hash', query('get_peers', '9:info_hashi1e')],
  [
    'announce_peer with an integer as token',
    query('announce_peer', `9:info_hash20:${id}4:porti1e5:tokeni1e`),
  ],
  ['announce_peer without a port', query('announce_peer', `9:info_hash20:${id}5:token1:x`)],
  ['announce_peer with port 65536', query('announce_peer', `9:info_hash20:${id}4:porti65536e5:token1:x`)],
  ['put with an integer as token', query('put', '5:tokeni1e1:v1:x')],
  ['put with a list as salt', query('put', `${item}4:saltle5:token1:x1:v1:x`)],
  ['put with a negative seq', query('put', `${item.replace('i1e', 'i-1e')}5:token1:x1:v1:x`)],
  ['put with a key and no signature', query('put', `1:k32:${'k'.repeat(32)}3:seqi1e5:token1:x1:v1:x`)],
  ['put without a value', query('put', `${item}5:token1:x`)],
  ['get with a list as seq', query('get', `3:seqle6:target20:${id}`)],
  ['a query without arguments', fromKey('d1:q4:ping1:t4:aaaa1:y1:qe')],
  ['a query with a list as arguments', fromKey('d1:ale1:q4:ping1:t4:aaaa1:y1:qe')],
  ['an unknown method', query('vote', ''), 'query'],
  ['an unknown method named as an object has it', query('toString', ''), 'query'],
  ['an answer with an integer as id', fromKey('d1:rd2:idi1ee1:t4:aaaa1:y1:re')],
  ['an answer with a list as id', fromKey('d1:rd2:idlee1:t4:aaaa1:y1:re')],
  ['an answer with a list as r', fromKey('d1:rle1:t4:aaaa1:y1:re')],
  ['an answer with half a node', fromKey(`d1:rd2:id20:${id}5:nodes25:${'n'.repeat(25)}e1:t4:aaaa1:y1:re`)],
  ['find_node that wants a string', query('find_node', `6:target20:${id}4:want2:n6`)],
  ['find_node that wants numbers', query('find_node', `6:target20:${id}4:wantli4ei6ee`), 'query'],
  ['an answer with half a nodes6', fromKey(`d1:rd2:id20:${id}6:nodes626:${'n'.repeat(26)}e1:t4:aaaa1:y1:re`)],
  ['an answer with 65 nodes', fromKey(`d1:rd2:id20:${id}5:nodes1690:${'n'.repeat(1690)}e1:t4:aaaa1:y1:re`)],
  ['an answer with an integer as token', fromKey(`d1:rd2:id20:${id}5:tokeni1ee1:t4:aaaa1:y1:re`)],
  ['an answer with a string as values', fromKey(`d1:rd2:id20:${id}6:values6:aaaaaae1:t4:aaaa1:y1:re`)],
  [
    'an answer with a bent ip, which concerns nobody',
    fromKey(`d2:ip3:abc1:rd2:id20:${id}e1:t4:aaaa1:y1:re`),
    'answer',
  ],
  ['an error that is a dictionary with toString', fromKey('d1:eld8:toString1:xee1:t4:aaaa1:y1:ee')],
  ['an error that is a string', fromKey('d1:e3:abc1:t4:aaaa1:y1:ee')],
  ['no transaction', fromKey(`d1:ad2:id20:${id}e1:q4:ping1:y1:qe`)],
  ['an integer as transaction', fromKey(`d1:ad2:id20:${id}e1:q4:ping1:ti1e1:y1:qe`)],
  ['an empty transaction', fromKey(`d1:ad2:id20:${id}e1:q4:ping1:t0:1:y1:qe`)],
  ['a transaction of 33 octets', fromKey(`d1:ad2:id20:${id}e1:q4:ping1:t33:${'t'.repeat(33)}1:y1:qe`)],
  ['60 kB of random octets', seeded(3)(60_000)],
  ['60 kB within d and e', Uint8Array.of(0x64, ...seeded(4)(60_000), 0x65)],
  ['60,000 levels of lists', fromKey('l'.repeat(60_000))],
  ['15,000 levels of dictionaries', fromKey(`${'d1:a'.repeat(15_000)}${'e'.repeat(15_000)}`)],
  ['7,000 keys', fromKey(`d${Array.from({ length: 7_000 }, (_, i) => `4:${1_000 + i}i1e`).join('')}e`)],
  ['a huge length', fromKey('d1:t99999999999999999:ae')],
  ['a float', fromKey(`d1:ad2:id20:${id}e1:q4:ping2:roi1.0e1:t4:aaaa1:y1:qe`)],
  ['__proto__ as a key', fromKey(`d9:__proto__d1:yi1ee1:ad2:id20:${id}e1:q4:ping1:t4:aaaa1:y1:qe`), 'query'],
  ['__proto__ as a key, in its place', fromKey(`d9:__proto__d1:yi1ee1:t4:aaaae`)],
  ['octets behind the end', fromKey(`d1:rd2:id20:${id}e1:t4:aaaa1:y1:ree`)],
]

const bytes = seeded(5)
const transaction = bytes(4)
const base = { transaction, id: bytes(20) }
const target = bytes(20)
const nodes = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({ id: bytes(20), address: address(`45.0.${n}.7:6881`) }))
const nodes6 = [1, 2, 3].map((n) => ({ id: bytes(20), address: address(`[2a00:${n}::7]:6881`) }))
const mutable = {
  kind: 'mutable',
  key: bytes(32),
  salt: new Uint8Array(0),
  seq: 7,
  signature: bytes(64),
  value: bytes(512),
} as const
const asks = (question: Extract<Message, { kind: 'query' }>['question'], isReadOnly = false): Message => ({
  kind: 'query',
  ...base,
  isReadOnly,
  question,
})

/** One of each kind. */
export const realMessages: readonly Message[] = [
  asks({ kind: 'ping' }, true),
  asks({ kind: 'find_node', target }),
  asks({ kind: 'get_peers', target, want: [4, 6] }),
  asks({ kind: 'announce_peer', target, port: 6_881, isImplied: true, token: bytes(8) }),
  asks({ kind: 'get', target, seq: 5 }),
  asks({ kind: 'put', token: bytes(8), item: mutable, cas: 6 }),
  asks({ kind: 'put', token: bytes(8), item: { ...mutable, salt: bytes(9) } }),
  asks({ kind: 'put', token: bytes(8), item: { kind: 'immutable', value: [1, bytes(3)] } }),
  { kind: 'answer', ...base, nodes, token: bytes(8), item: mutable, ip: address('203.0.113.9:40000') },
  { kind: 'answer', ...base, nodes, values: [address('45.1.2.3:4')], token: bytes(8) },
  {
    kind: 'answer',
    ...base,
    nodes: nodes6,
    values: nodes6.map(({ address }) => address),
    ip: nodes6[0]!.address,
  },
  { kind: 'answer', ...base, seq: 9 },
  { kind: 'failure', transaction, code: 203 },
]
