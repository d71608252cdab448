import { describe, expect, test } from 'vitest'
import { everywhere, readFingerprint, readSeconds, resolveOptions } from '../../src/cli/options.ts'
import { UserError } from '../../src/error.ts'

const defaults = {
  profile: undefined,
  interface: undefined,
  port: undefined,
  bootstrap: [],
  dht: true,
  lan: 'also',
  portmap: true,
  stun: [],
  json: false,
  plain: false,
  input: true,
  color: true,
  inline: false,
  theme: 'dark',
  ascii: false,
  links: false,
  bell: false,
  notify: false,
  title: false,
  notifyCommand: undefined,
  notifyText: false,
  typing: false,
  read: false,
  history: false,
  keep: undefined,
  downloads: undefined,
  debug: undefined,
  passphraseFile: undefined,
  passphraseFd: undefined,
}
const refused = (read: () => unknown): string => {
  try {
    read()
  } catch (error) {
    if (error instanceof UserError && error.exit === 2) return error.message
    throw error
  }
  return 'taken'
}

test('without anything given the defaults hold', () => {
  expect(resolveOptions({}, {})).toEqual(defaults)
  expect(everywhere).toHaveLength(Object.keys(defaults).length + 1) // --lan and --no-lan
})

describe('a flag beats the variable, the variable beats the setting', () => {
  test.each([
    ['interface', 'wg0', 'OTRTALK_INTERFACE', 'eth0', 'lo'],
    ['debug', 'a', 'OTRTALK_DEBUG', 'b', 'c'],
    ['passphraseFile', 'a', 'OTRTALK_PASSPHRASE_FILE', 'b', 'c'],
  ] as const)('%s', (option, flag, variable, value, setting) => {
    const settings = { [option]: setting }
    expect(resolveOptions({ [option]: flag }, { [variable]: value }, settings)[option]).toBe(flag)
    expect(resolveOptions({}, { [variable]: value }, settings)[option]).toBe(value)
    expect(resolveOptions({}, { [variable]: '' }, settings)[option]).toBe(setting)
  })

  test('theme, of three', () => {
    const settings = { theme: 'none' } as const
    expect(resolveOptions({ theme: 'Light' }, { OTRTALK_THEME: 'dark' }, settings).theme).toBe('light')
    expect(resolveOptions({}, { OTRTALK_THEME: 'dark' }, settings).theme).toBe('dark')
    expect(resolveOptions({}, {}, settings).theme).toBe('none')
    expect(refused(() => resolveOptions({ theme: 'pink' }, {}))).toBe(
      '--theme takes dark, light, none, not pink',
    )
  })

  test('keep, in days', () => {
    expect(resolveOptions({ keep: '1' }, { OTRTALK_KEEP: '2' }, { keep: 3 }).keep).toBe(1)
    expect(resolveOptions({}, { OTRTALK_KEEP: '36500' }, { keep: 3 }).keep).toBe(36_500)
    expect(resolveOptions({}, {}, { keep: 3 }).keep).toBe(3)
    for (const text of ['0', '36501', 'x', '-1', '1.5'])
      expect(refused(() => resolveOptions({ keep: text }, {}))).toBe(
        `--keep takes a number of days from 1 to 36500, not ${text}`,
      )
  })

  test('port', () => {
    expect(resolveOptions({ port: '1' }, { OTRTALK_PORT: '2' }, { port: 3 }).port).toBe(1)
    expect(resolveOptions({}, { OTRTALK_PORT: '2' }, { port: 3 }).port).toBe(2)
    expect(resolveOptions({}, {}, { port: 3 }).port).toBe(3)
  })

  test.each([
    [{}, {}, {}, 'also'],
    [{ lan: true }, { OTRTALK_NO_LAN: '1' }, { lan: false }, 'only'],
    [{ lan: false }, { OTRTALK_LAN: '1' }, { lan: true }, 'off'],
    [{}, { OTRTALK_LAN: '1' }, { lan: false }, 'only'],
    [{}, { OTRTALK_NO_LAN: '1' }, { lan: true }, 'off'],
    [{}, { OTRTALK_LAN: '0' }, { lan: true }, 'also'],
    [{}, { OTRTALK_NO_LAN: '0' }, { lan: false }, 'also'],
    [{}, { OTRTALK_NO_LAN: '0' }, { lan: true }, 'only'],
    [{}, {}, { lan: true }, 'only'],
    [{}, {}, { lan: false }, 'off'],
  ] as const)('lan: %j over %j over %j is %s', (flags, env, settings, lan) => {
    expect(resolveOptions(flags, env, settings).lan).toBe(lan)
  })

  test('stun, which --lan refuses beside itself and drops from the settings', () => {
    const env = { OTRTALK_STUN: 'a:1' }
    const stun = (...texts: string[]) => texts.map((host) => ({ host, port: 1 }))
    expect(resolveOptions({ stun: ['x:1', 'y:1'] }, env, { stun: ['c:1'] }).stun).toEqual(stun('x', 'y'))
    expect(resolveOptions({}, env, { stun: ['c:1'] }).stun).toEqual(stun('a'))
    expect(resolveOptions({}, {}, { stun: ['c:1'] }).stun).toEqual(stun('c'))
    expect(resolveOptions({ lan: true }, {}, { stun: ['c:1'] }).stun).toEqual([])
    expect(refused(() => resolveOptions({ lan: true, stun: ['x:1'] }, {}))).toMatch(/--stun asks a server/)
    expect(refused(() => resolveOptions({ lan: true }, env))).toMatch(/--stun asks a server/)
    expect(refused(() => resolveOptions({}, { OTRTALK_LAN: '1', OTRTALK_NO_LAN: '1' }))).toMatch(/contradict/)
  })

  test('bootstrap', () => {
    const nodes = (...texts: string[]) => texts.map((text) => ({ host: text, port: 1 }))
    const settings = { bootstrap: ['c:1'] }
    const env = { OTRTALK_BOOTSTRAP: 'a:1, b:1' }
    expect(resolveOptions({ bootstrap: ['x:1', 'y:1'] }, env, settings).bootstrap).toEqual(nodes('x', 'y'))
    expect(resolveOptions({}, env, settings).bootstrap).toEqual(nodes('a', 'b'))
    expect(resolveOptions({}, {}, settings).bootstrap).toEqual(nodes('c'))
  })

  test('notifyCommand, by words or as a JSON array', () => {
    const settings = { notifyCommand: ['c', 'x'] }
    const env = { OTRTALK_NOTIFY_COMMAND: '["b","-y"]' }
    const command = (flags: object, ...from: [object?, object?]) =>
      resolveOptions({ ...flags }, { ...from[0] }, { ...from[1] }).notifyCommand
    expect(command({ notifyCommand: ['a', '-z', '["'] }, env, settings)).toEqual(['a', '-z', '["'])
    expect(command({ notifyCommand: ['["a","b c"]'] }, env, settings)).toEqual(['a', 'b c'])
    expect(command({}, env, settings)).toEqual(['b', '-y'])
    expect(command({}, { OTRTALK_NOTIFY_COMMAND: 'my command' }, settings)).toEqual(['my command'])
    expect(command({}, {}, settings)).toEqual(['c', 'x'])
    for (const text of ['[', '[]', '[1]', '["a",null]', '["a\\u0000"]'])
      expect(refused(() => command({}, { OTRTALK_NOTIFY_COMMAND: text }))).toBe(
        `OTRTALK_NOTIFY_COMMAND takes a program or a JSON array of texts, not ${text}`,
      )
  })

  test.each([
    ['json', 'OTRTALK_JSON'],
    ['plain', 'OTRTALK_PLAIN'],
    ['bell', 'OTRTALK_BELL'],
    ['notify', 'OTRTALK_NOTIFY'],
    ['title', 'OTRTALK_TITLE'],
    ['typing', 'OTRTALK_TYPING'],
    ['read', 'OTRTALK_READ'],
    ['history', 'OTRTALK_HISTORY'],
    ['notifyText', 'OTRTALK_NOTIFY_TEXT'],
  ] as const)('%s', (option, variable) => {
    expect(resolveOptions({ [option]: true }, { [variable]: '0' }, { [option]: false })[option]).toBe(true)
    expect(resolveOptions({}, { [variable]: '0' }, { [option]: true })[option]).toBe(false)
    expect(resolveOptions({}, { [variable]: 'yes' })[option]).toBe(true)
    expect(resolveOptions({}, {}, { [option]: true })[option]).toBe(true)
  })

  test.each(['dht', 'portmap', 'input', 'color'] as const)('no-%s', (option) => {
    const variable = `OTRTALK_NO_${option.toUpperCase()}`
    expect(resolveOptions({ [option]: false }, { [variable]: '0' }, { [option]: true })[option]).toBe(false)
    expect(resolveOptions({}, { [variable]: '0' }, { [option]: false })[option]).toBe(true)
    expect(resolveOptions({}, { [variable]: '1' })[option]).toBe(false)
    expect(resolveOptions({}, {}, { [option]: false })[option]).toBe(false)
  })

  test('a descriptor beats a file that is only a setting, and cannot be given with one', () => {
    const options = resolveOptions({ passphraseFd: '3' }, {}, { passphraseFile: 'x' })
    expect(options).toMatchObject({ passphraseFd: 3, passphraseFile: undefined })
    expect(refused(() => resolveOptions({ passphraseFd: '3', passphraseFile: 'x' }, {}))).toMatch(
      /not from both/,
    )
  })
})

test.each([
  ['router.example:6881', { host: 'router.example', port: 6881 }],
  ['10.0.0.1:65535', { host: '10.0.0.1', port: 65_535 }],
  ['[2001:db8::1]:1', { host: '2001:db8::1', port: 1 }],
])('%s is a node to begin with', (text, node) => {
  expect(resolveOptions({ bootstrap: [text] }, {}).bootstrap).toEqual([node])
})

test.each(['x', 'x:', 'x:0', 'x:65536', ':1', '2001:db8::1:1', 'http://x:1', 'x y:1'])(
  '%s is none',
  (text) => {
    expect(refused(() => resolveOptions({ bootstrap: [text] }, {}))).toMatch(/host:port|from 1 to 65535/)
  },
)

test.each([
  ['OTRTALK_PORT', '65536', 'OTRTALK_PORT takes a port from 1 to 65535, not 65536'],
  ['OTRTALK_JSON', 'maybe', 'OTRTALK_JSON is on or off, or 1 or 0, not maybe'],
  ['OTRTALK_NO_DHT', '2', 'OTRTALK_NO_DHT is on or off, or 1 or 0, not 2'],
  [
    'OTRTALK_PASSPHRASE_FD',
    '-1',
    'OTRTALK_PASSPHRASE_FD takes the number of an open file descriptor, not -1',
  ],
])('%s=%s is refused', (name, value, message) => {
  expect(refused(() => resolveOptions({}, { [name]: value }))).toBe(message)
})

test('a fingerprint is read as people group it', () => {
  const digits = '0123abcd'.repeat(14)
  expect(readFingerprint(digits.toUpperCase().replace(/.{8}/g, '$& '))).toBe(digits)
  expect(refused(() => readFingerprint(digits.slice(1)))).toMatch(/112/)
  expect(refused(() => readFingerprint(`${digits.slice(1)}g`))).toMatch(/112/)
})

test('seconds are milliseconds inside', () => {
  expect(readSeconds('1.5', '--timeout')).toBe(1_500)
  for (const text of ['0', '-1', '1e9', '', 'x', 'Infinity', '12345678'])
    expect(refused(() => readSeconds(text, '--timeout'))).toMatch(/seconds/)
})
