import { expect, test } from 'vitest'
import { parse } from '../../src/cli/parse.ts'

test.each([
  ['hello', { kind: 'say', text: 'hello' }],
  ['  hello ', { kind: 'say', text: '  hello ' }],
  ['a /quit', { kind: 'say', text: 'a /quit' }],
  ['//quit', { kind: 'say', text: '/quit' }],
  ['///', { kind: 'say', text: '//' }],
  ['', { kind: 'nothing' }],
  [' \n ', { kind: 'nothing' }],
  ['/quit', { kind: 'command', name: 'quit' }],
  ['/QUIT ', { kind: 'command', name: 'quit' }],
  ['/help', { kind: 'command', name: 'help' }],
  ['/', { kind: 'unknown', name: '' }],
  ['/etc/passwd is here', { kind: 'unknown', name: 'etc/passwd' }],
  ['/quit now', { kind: 'unknown', name: 'quit', meant: 'quit' }],
  ['/qiut', { kind: 'unknown', name: 'qiut', meant: 'quit' }],
  ['/hepl', { kind: 'unknown', name: 'hepl', meant: 'help' }],
  ['/inf', { kind: 'unknown', name: 'inf', meant: 'info' }],
  ['/clera', { kind: 'unknown', name: 'clera', meant: 'clear' }],
  ['/closed', { kind: 'unknown', name: 'closed', meant: 'close' }],
  ['/finger', { kind: 'unknown', name: 'finger', meant: 'fingerprint' }],
  ['/x', { kind: 'unknown', name: 'x' }],
  ['/constructor', { kind: 'unknown', name: 'constructor' }],
])('%j is understood as %j', (typed, meaning) => expect(parse(typed)).toEqual(meaning))
