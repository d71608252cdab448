import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readPlace, readSearchAnswer, writeSearches } from '../../src/nat/ssdp.ts'
import { readDescription, readSoap, writeSoap } from '../../src/nat/upnp.ts'
import { findAll, readXml } from '../../src/nat/xml.ts'

const router = '192.168.1.1'
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('the search', () => {
  test('asks for gateways of both versions, and says nothing else', () => {
    expect(writeSearches().map((search) => new TextDecoder().decode(search))).toEqual(
      [1, 2].map(
        (version) =>
          'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\n' +
          `ST: urn:schemas-upnp-org:device:InternetGatewayDevice:${version}\r\n\r\n`,
      ),
    )
  })

  const answer = (location: string, { status = 'HTTP/1.1 200 OK', st = 'InternetGatewayDevice:1' } = {}) =>
    bytes(
      `${status}\r\nCACHE-CONTROL: max-age=120\r\nSt: urn:schemas-upnp-org:device:${st}\r\n` +
        `Location:${location}\r\n\r\n`,
    )

  test('an answer names the place where its own sender describes itself', () => {
    expect(readSearchAnswer(answer('http://192.168.1.1:5000/rootDesc.xml?a=b'), router)).toEqual({
      host: router,
      port: 5_000,
      path: '/rootDesc.xml?a=b',
    })
    expect(readSearchAnswer(answer('  http://192.168.1.1/  '), router)).toEqual({
      host: router,
      port: 80,
      path: '/',
    })
  })

  test.each([
    ['another host', 'http://192.168.1.2:5000/'],
    ['a name', 'http://router.lan:5000/'],
    ['a name that begins like the host', 'http://192.168.1.1.example.org/'],
    ['a user', 'http://192.168.1.1@192.168.1.1/'],
    ['another host behind a user', 'http://192.168.1.1@192.168.1.2/'],
    ['https', 'https://192.168.1.1/'],
    ['a file', 'file:///etc/passwd'],
    ['port 0', 'http://192.168.1.1:0/'],
    ['port 65536', 'http://192.168.1.1:65536/'],
    ['no URL', 'nonsense'],
    ['nothing', ''],
    ['a URL without end', `http://192.168.1.1/${'a'.repeat(1_024)}`],
  ])('%s is refused', (_, location) => {
    expect(readSearchAnswer(answer(location), router)).toBeUndefined()
  })

  test('an answer is one to our search, and fits a frame', () => {
    const location = 'http://192.168.1.1/'
    expect(readSearchAnswer(answer(location, { status: 'NOTIFY * HTTP/1.1' }), router)).toBeUndefined()
    expect(readSearchAnswer(answer(location, { status: 'HTTP/1.1 404 No' }), router)).toBeUndefined()
    expect(readSearchAnswer(answer(location, { st: 'MediaServer:1' }), router)).toBeUndefined()
    const long = bytes(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(2_048)}\r\n`)
    expect(readSearchAnswer(Uint8Array.of(...answer(location), ...long), router)).toBeUndefined()
  })

  test('any octets give a place at the host or undefined', () => {
    const location = fc.oneof(fc.webUrl(), fc.string(), fc.constant('http://192.168.1.1/'))
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          location.map((url) => answer(url)),
        ),
        (octets) => {
          expect(readSearchAnswer(octets, router)?.host ?? router).toBe(router)
        },
      ),
      { numRuns: 20 },
    )
  })
})

describe('XML', () => {
  test('is read as elements and text', () => {
    const root = readXml(
      '\ufeff<?xml version="1.0"?>\r\n<!-- <no> --><s:a xmlns="x"> 1 &lt;2&#51;&#x34;&amp;&quot;&apos;&no;' +
        '<b c="d"/><e><![CDATA[<f>&amp;]]></e ></s:a>\0',
    )
    expect(root).toEqual({
      name: 'a',
      text: '1 <234&"\'&no;',
      children: [
        { name: 'b', text: '', children: [] },
        { name: 'e', text: '<f>&amp;', children: [] },
      ],
    })
  })

  test.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['an end too few', '<a><b></b>'],
    ['an end too many', '<a></a></b>'],
    ['ends that cross', '<a><b></a></b>'],
    ['two roots', '<a/><b/>'],
    ['a tag without end', '<a><b'],
    ['a remark without end', '<a><!-- </a>'],
    ['CDATA without end', '<a><![CDATA[</a>'],
    ['a document type', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ['a tag without name', '<a>< b></a>'],
    ['33 elements within each other', '<a>'.repeat(33) + '</a>'.repeat(33)],
    ['4,098 elements', `<a>${'<b/>'.repeat(4_098)}</a>`],
    ['65,537 characters', `<a>${'b'.repeat(65_530)}</a>`],
  ])('%s is refused', (_, text) => expect(readXml(text)).toBeUndefined())

  test('its limits can be reached', () => {
    expect(readXml('<a>'.repeat(31) + '</a>'.repeat(31))).toBeDefined()
    expect(readXml(`<a>${'b'.repeat(65_529)}</a>`)).toBeDefined()
    expect(findAll(readXml(`<a>${'<b/>'.repeat(4_000)}</a>`)!, 'b')).toHaveLength(4_000)
  })

  test('any text gives a value or undefined', () => {
    const piece = fc.constantFrom(
      '<a>',
      '</a>',
      '<',
      '>',
      '<b/>',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '<?',
      '?>',
      '&#0;',
      '&#x110000;',
      '&#xd800;',
      'x',
      '/',
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 24 }).map((all) => `<r>${all.join('')}</r>`),
        (text) => {
          expect(readXml(text)?.name ?? 'r').toBe('r')
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('the worst 64 KiB, eight times, take less than a second', () => {
    const worst = ['<'.repeat(65_536), '<a'.repeat(32_768), `<${'a'.repeat(65_535)}`, '&'.repeat(65_536)]
    const before = performance.now()
    for (const text of [...worst, ...worst.map((each) => `<r>${each.slice(8)}</r>`)]) readXml(text)
    expect(performance.now() - before).toBeLessThan(1_000)
  })
})

describe('a description', () => {
  const at = { host: router, port: 5_000, path: '/igd/root.xml' }
  const service = (type: string, url: string): string =>
    `<service><serviceType>urn:schemas-upnp-org:service:${type}</serviceType><controlURL>${url}</controlURL></service>`
  const description = (services: string, base = ''): string =>
    `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0">${base}<device><deviceList><device>` +
    `<serviceList>${services}</serviceList></device></deviceList></device></root>`

  test('offers its services that map ports, best first', () => {
    const all = ['Layer3Forwarding:1', 'WANPPPConnection:1', 'WANIPConnection:1', 'WANIPConnection:2']
    const text = description(all.map((type, i) => service(type, `/ctl/${i}`)).join(''))
    expect(readDescription(text, at)?.map(({ type, version }) => [type.slice(29), version])).toEqual([
      ['WANIPConnection:2', 2],
      ['WANIPConnection:1', 1],
      ['WANPPPConnection:1', 1],
    ])
  })

  test.each([
    ['/ctl', '', { host: router, port: 5_000, path: '/ctl' }],
    ['ctl?x', '', { host: router, port: 5_000, path: '/igd/ctl?x' }],
    ['http://192.168.1.1:81/ctl', '', { host: router, port: 81, path: '/ctl' }],
    ['ctl', '<URLBase>http://192.168.1.1:82/base/</URLBase>', { host: router, port: 82, path: '/base/ctl' }],
    ['ctl', '<URLBase></URLBase>', { host: router, port: 5_000, path: '/igd/ctl' }],
  ])('a control URL %s is resolved %s', (url, base, control) => {
    const text = description(service('WANIPConnection:1', url), base)
    expect(readDescription(text, at)).toMatchObject([{ control }])
  })

  test.each([
    ['of another host', 'http://192.168.1.2/ctl', ''],
    ['of another host by its base', 'ctl', '<URLBase>http://192.168.1.2/</URLBase>'],
    ['of a host without scheme', '//192.168.1.2/ctl', ''],
    ['that is empty', '', ''],
    ['that is a script', 'javascript:alert(1)', ''],
  ])('a control URL %s is refused', (_, url, base) => {
    expect(readDescription(description(service('WANIPConnection:1', url), base), at)).toEqual([])
  })

  test('offers at most four, and is a description', () => {
    const text = description(service('WANIPConnection:1', '/').repeat(9))
    expect(readDescription(text, at)).toHaveLength(4)
    expect(readDescription('<html></html>', at)).toBeUndefined()
    expect(readDescription('', at)).toBeUndefined()
    expect(readPlace('/x', router, at)).toEqual({ ...at, path: '/x' })
  })
})

describe('SOAP', () => {
  const type = 'urn:schemas-upnp-org:service:WANIPConnection:1'
  const control = { host: router, port: 80, path: '/ctl' }

  test('a request is what the Device Architecture wants', () => {
    const { headers, body } = writeSoap({ type, version: 1, control }, 'DeletePortMapping', {
      NewRemoteHost: '',
      NewExternalPort: 1_234,
    })
    expect(headers).toEqual({
      'Content-Type': 'text/xml; charset="utf-8"',
      'Content-Length': String(body.length),
      SOAPAction: '"urn:schemas-upnp-org:service:WANIPConnection:1#DeletePortMapping"',
    })
    const call = findAll(readXml(new TextDecoder().decode(body))!, 'DeletePortMapping')
    expect(call).toMatchObject([
      {
        children: [
          { name: 'NewRemoteHost', text: '' },
          { name: 'NewExternalPort', text: '1234' },
        ],
      },
    ])
  })

  const envelope = (inside: string): string =>
    `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${inside}</s:Body></s:Envelope>`

  test('answers and faults are read', () => {
    const done = '<u:GoResponse xmlns:u="x"><NewPort> 7 </NewPort></u:GoResponse>'
    expect(readSoap(envelope(done), 'Go')).toEqual({ kind: 'done', values: new Map([['NewPort', '7']]) })
    const fault =
      '<s:Fault><faultcode>s:Client</faultcode><detail><UPnPError><errorCode>718</errorCode></UPnPError></detail></s:Fault>'
    expect(readSoap(envelope(fault), 'Go')).toEqual({ kind: 'fault', code: 718 })
  })

  test.each([
    ['an answer to another question', envelope('<u:StopResponse/>')],
    ['a fault without a number', envelope('<s:Fault><errorCode>x</errorCode></s:Fault>')],
    ['an empty body', envelope('')],
    ['a page', '<html><body>no</body></html>'],
    ['nothing', ''],
  ])('%s is none', (_, text) => expect(readSoap(text, 'Go')).toBeUndefined())
})
