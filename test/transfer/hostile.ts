/**
 * What a hostile sender may try with somebody who has accepted an offer of his.
 * A table, so that the machine is held to it (`hostile.test.ts`), and the disk.
 */
import { type Aead, aead, hmacSha256, sha256 } from '../../src/crypto.ts'
import { manifestRoot } from '../../src/transfer/manifest.ts'
import { encodeOffer, type Offer, transferId, type Why } from '../../src/transfer/offer.ts'
import { Writer } from '../../src/wire/writer.ts'
import { content } from './content.ts'

export interface Hostile {
  readonly title: string
  readonly offer: Offer
  /** What he sends when he is told to start. */
  readonly frames: (line: Forger) => Iterable<Uint8Array>
  /** How it ends for the receiver; `waits`: he may go on for ever, and gets nowhere; `done`: all was there before. */
  readonly ends: Why | 'waits' | 'done'
  /** How much of the content may have reached the folder of the transfer by then. */
  readonly octets: number
}

export const hostileId = transferId(new Uint8Array(16).fill(0x66))
/** What both sides would have from OTR. */
export const hostileKey = (): Uint8Array => new Uint8Array(64).fill(7)

/** Seals frames with any content, as docs/Protocol.md says and not as the program does. */
export class Forger {
  readonly #aead: Aead
  readonly #head: Uint8Array
  #count = 0n

  constructor(offer: Offer, way: 'sender' | 'receiver' = 'sender') {
    const direction = way === 'sender' ? 0 : 1
    const label = Uint8Array.from([...Buffer.from('otrtalk file v1'), direction])
    this.#aead = aead(hmacSha256(hostileKey(), label, sha256(encodeOffer(offer))))
    this.#head = new Writer().u32(offer.stream + direction * 2 ** 31).done()
  }

  raw(kind: number, ...body: readonly Uint8Array[]): Uint8Array {
    const content = new Writer(1 + body.reduce((sum, part) => sum + part.length, 0)).u8(kind)
    for (const part of body) content.bytes(part)
    const nonce = new Writer()
      .zeros(4)
      .u64(this.#count++)
      .done()
    const sealed = this.#aead.seal(nonce, this.#head, content.done())
    return new Writer(4 + sealed.length).bytes(this.#head).bytes(sealed).done()
  }

  manifest(octets: Uint8Array): Uint8Array {
    return this.raw(1, octets)
  }

  data(position: number, octets: Uint8Array): Uint8Array {
    return this.raw(2, u64(position), octets)
  }

  hole(position: number, size: number): Uint8Array {
    return this.raw(3, u64(position), new Writer().u32(size).done())
  }

  end(position: number, hash: Uint8Array): Uint8Array {
    return this.raw(4, u64(position), hash)
  }
}

interface Entry {
  readonly path: string | Uint8Array
  readonly kind?: number
  readonly mode?: number
  readonly size?: bigint
}

/** A manifest of whatever it is told to hold. */
function manifest(pieces: Uint8Array, entries: readonly Entry[]): Uint8Array {
  const out = new Writer(1_024).bytes(pieces)
  for (const { path, kind = 0, mode = 0o644, size = 0n } of entries) {
    const octets = typeof path === 'string' ? Buffer.from(path) : path
    out.u8(kind).u16(mode).u16(octets.length).bytes(octets)
    if (kind === 0) out.u64(size)
  }
  return out.done()
}

interface Claim {
  readonly octets: number
  readonly files: number
  readonly folders?: number
  readonly name?: string
}

const offered = (bytes: Uint8Array, { octets, files, folders = 0, name = 'ok' }: Claim): Offer => ({
  ...{ transfer: hostileId, stream: 3, name, form: 'files' },
  ...{ root: manifestRoot(bytes), manifestSize: bytes.length, octets, files, folders },
})

function* sent(line: Forger, bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield line.manifest(bytes.subarray(at, at + 65_536))
}

/** Chunks of the content from a position on. */
function* data(line: Forger, octets: Uint8Array, from = 0): Generator<Uint8Array> {
  for (let at = from; at < octets.length; at += 65_536) yield line.data(at, octets.subarray(at, at + 65_536))
}

const pieceSize = 256 << 10
const leaves = (octets: Uint8Array): Uint8Array => {
  const out = new Writer()
  for (let at = 0; at < octets.length; at += pieceSize)
    out.bytes(sha256(Uint8Array.of(0), octets.subarray(at, at + pieceSize)))
  return out.done()
}

/** A manifest alone, of empty files and folders: the content is not what it is about. */
function named(title: string, entries: readonly Entry[], ends: Why = 'names'): Hostile {
  const bytes = manifest(new Uint8Array(0), entries)
  const files = entries.filter(({ kind = 0 }) => kind === 0).length
  const offer = offered(bytes, { octets: 0, files, folders: entries.length - files })
  return { title, offer, frames: (line) => sent(line, bytes), ends, octets: 0 }
}

const name = (title: string, path: string | Uint8Array): Hostile => named(title, [{ path: 'good' }, { path }])

const names: readonly Hostile[] = [
  name('a path that goes up', '../up'),
  name('a path that is nothing but up', '..'),
  name('a path that is the folder itself', '.'),
  named('a path that goes up behind a folder', [{ path: 'd', kind: 1 }, { path: 'd/../../up' }]),
  named('a path that stays by a dot', [{ path: 'd', kind: 1 }, { path: 'd/./x' }]),
  name('an absolute path', '/etc/passwd'),
  name('a path of two slashes', '//host/share'),
  named('a slash at the end', [{ path: 'd/' }]),
  named('two slashes within', [{ path: 'd', kind: 1 }, { path: 'd//x' }]),
  name('no name at all', ''),
  name('a backslash', 'a\\b'),
  name('a way up for Windows', '..\\up'),
  name('a share of Windows', '\\\\host\\share'),
  name('a drive', 'c:evil'),
  name('a drive with its root', 'C:/evil'),
  named('a drive as a segment', [{ path: 'd', kind: 1 }, { path: 'd/z:' }]),
  name('a NUL', 'a\0b'),
  name('a line feed', 'a\nb'),
  name('an escape sequence', '\x1b[2Ja'),
  name('a C1 control', 'a\x9bb'),
  name('a DEL', 'a\x7f'),
  name('a change of direction', 'photo\u202egpj.exe'),
  name('an isolate', 'a\u2066b'),
  name('a right-to-left mark', 'a\u200f'),
  name('a zero-width space', 'a\u200bb'),
  name('a joiner between Latin letters', 'a\u200db'),
  name('a soft hyphen', 'a\u00adb'),
  name('a byte order mark', '\ufeffa'),
  name('a Hangul filler', '\u3164'),
  name('a tag character', 'a\u{e0041}'),
  name('a line separator', 'a\u2028b'),
  name('a name that is not NFC', 'cafe\u0301'),
  name('octets that are no UTF-8', Uint8Array.of(0x61, 0xff)),
  name('a slash in overlong UTF-8', Uint8Array.of(0x2e, 0x2e, 0xc0, 0xaf, 0x61)),
  name('half of a surrogate pair', Uint8Array.of(0xed, 0xa0, 0x80)),
  name('a replacement character', 'a\ufffd'),
  name('a dot at the end', 'a.'),
  name('a space at the end', 'a '),
  name('three dots', '...'),
  named('a folder with a dot at the end', [{ path: 'd.', kind: 1 }]),
  name('CON', 'CON'),
  name('nul.txt', 'nul.txt'),
  name('Aux with a space', 'Aux .c'),
  name('COM1', 'com1'),
  name('LPT in wide letters', '\uff2c\uff30\uff34\uff11'),
  named('a device within a folder', [{ path: 'd', kind: 1 }, { path: 'd/PRN.log' }]),
  name('our own folder', '.otrtalk-0011223344556677.part'),
  name('our own folder in capitals', '.OTRTALK-x'),
  name('a segment of 256 octets', 'x'.repeat(256)),
  name('a segment of 255 characters and 510 octets', 'é'.repeat(255)),
  named('65 segments', [
    ...Array.from({ length: 64 }, (_, i) => ({
      path: Array(i + 1)
        .fill('d')
        .join('/'),
      kind: 1,
    })),
    { path: Array(65).fill('d').join('/') },
  ]),
  named('a path of 2,049 octets', [
    ...Array.from({ length: 9 }, (_, i) => ({
      path: Array(i + 1)
        .fill('d'.repeat(220))
        .join('/'),
      kind: 1,
    })),
    { path: `${Array(9).fill('d'.repeat(220)).join('/')}/${'x'.repeat(60)}` },
  ]),
  named('the same path twice', [{ path: 'a' }, { path: 'a' }]),
  named('the same folder twice', [
    { path: 'd', kind: 1 },
    { path: 'd', kind: 1 },
  ]),
  named('a file where a folder is', [{ path: 'd', kind: 1 }, { path: 'd' }]),
  named('a folder where a file is', [{ path: 'd' }, { path: 'd', kind: 1 }]),
  named('a file as a folder', [{ path: 'a' }, { path: 'a/b' }]),
  named('a folder that is not listed', [{ path: 'd/x' }]),
  named('a folder that is listed too late', [{ path: 'd/x' }, { path: 'd', kind: 1 }]),
  named('a folder in other capitals', [{ path: 'd', kind: 1 }, { path: 'D/x' }]),
  named('two that differ in case', [{ path: 'readme' }, { path: 'README' }]),
  named('two that differ in the case of ß', [{ path: 'straße' }, { path: 'STRASSE' }]),
  named('two that differ in a ligature', [{ path: 'ﬁle' }, { path: 'file' }]),
  named('two that differ in width', [{ path: 'ａ' }, { path: 'a' }]),
  name('a sign for kelvin, which NFC has not', '\u212a'),
  named('two that differ in an invisible selector', [{ path: 'é' }, { path: 'é\ufe0e' }]),
  named('two that differ in a Cyrillic letter', [{ path: 'paypal' }, { path: 'pаypаl' }]),
  named('two that differ in a Greek letter', [{ path: 'OMEGA' }, { path: 'ΟMEGA' }]),
  named('two folders that differ in a Cyrillic letter', [
    { path: 'doc', kind: 1 },
    { path: 'dос', kind: 1 },
  ]),
]

const honest = content(300_000)
const honestPieces = leaves(honest)
const honestEntries: readonly Entry[] = [{ path: 'ok', size: 300_000n }]
const honestManifest = manifest(honestPieces, honestEntries)
const honestOffer = offered(honestManifest, { octets: 300_000, files: 1 })

/** A manifest that is not what a manifest is. */
function structured(
  title: string,
  bytes: Uint8Array,
  { ends = 'broken', ...claim }: Partial<Claim> & { ends?: Why | 'waits' } = {},
): Hostile {
  const offer = offered(bytes, { octets: 300_000, files: 1, ...claim })
  return { title, offer, frames: (line) => sent(line, bytes), ends, octets: 0 }
}

/** What a person was shown, and accepted, and what it is: nothing of it may be written. */
function misnamed(title: string, name: string, entries: readonly Entry[] = honestEntries): Hostile {
  const folders = entries.filter(({ kind }) => kind === 1).length
  const claim = { files: entries.length - folders, folders, name, ends: 'damaged' } as const
  return structured(title, withEntries(entries), claim)
}

const withEntries = (entries: readonly Entry[]): Uint8Array => manifest(honestPieces, entries)

const manifests: readonly Hostile[] = [
  structured('setuid', withEntries([{ path: 'ok', size: 300_000n, mode: 0o4755 }])),
  structured('a sticky folder', withEntries([...honestEntries, { path: 'd', kind: 1, mode: 0o1777 }])),
  structured('all bits of a mode', withEntries([{ path: 'ok', size: 300_000n, mode: 0xffff }])),
  structured('a link', withEntries([...honestEntries, { path: 'link', kind: 2 }])),
  structured('an entry of kind 255', withEntries([...honestEntries, { path: 'x', kind: 255 }])),
  structured('a file of 2^64 - 1 octets', withEntries([{ path: 'ok', size: 2n ** 64n - 1n }])),
  structured('a file of 2^53 octets', withEntries([{ path: 'ok', size: 2n ** 53n }])),
  structured(
    'sizes that add up to 2^64',
    withEntries([
      { path: 'ok', size: 300_000n },
      { path: 'x', size: 2n ** 64n - 300_000n },
    ]),
    { files: 2 },
  ),
  structured('an octet more than was offered', withEntries([{ path: 'ok', size: 300_001n }])),
  structured('an octet less than was offered', withEntries([{ path: 'ok', size: 299_999n }])),
  structured('a file more than was offered', withEntries([...honestEntries, { path: 'x' }])),
  structured('a file less than was offered', honestManifest, { files: 2 }),
  structured('a folder more than was offered', withEntries([...honestEntries, { path: 'd', kind: 1 }])),
  structured('a folder less than was offered', honestManifest, { folders: 1 }),
  structured('a folder instead of a file', withEntries([...honestEntries, { path: 'd', kind: 1 }]), {
    files: 2,
  }),
  misnamed('a file under another name', 'holiday.jpg'),
  misnamed('a file under a name that begins with its own', 'ok '),
  misnamed('a file under its name in capitals', 'OK'),
  misnamed('a file under its name decomposed', 'e\u0301', [{ path: 'é', size: 300_000n }]),
  misnamed('a file under its name with a Cyrillic letter', 'оk'),
  misnamed('a hidden file under the name that it would get', '_profile', [
    { path: '.profile', size: 300_000n },
  ]),
  misnamed('one file as several', 'ok and 1 more'),
  misnamed('several files as one', 'ok', [...honestEntries, { path: 'autorun' }]),
  misnamed('several files under the name of the second', 'autorun and 1 more', [
    ...honestEntries,
    { path: 'autorun' },
  ]),
  misnamed('three files as two', 'ok and 1 more', [...honestEntries, { path: 'x' }, { path: 'y' }]),
  misnamed('a folder under the name of a file in it', 'ok', [
    { path: 'd', kind: 1 },
    { path: 'd/ok', size: 300_000n },
  ]),
  structured('a manifest cut in an entry', honestManifest.slice(0, -1)),
  structured('octets behind the last entry', Uint8Array.from([...honestManifest, 0])),
  structured('a manifest without its pieces', manifest(new Uint8Array(0), honestEntries)),
  structured('pieces only', honestPieces, { files: 0 }),
  structured('a path longer than the rest', Uint8Array.from([...honestPieces, 0, 1, 0xa4, 0xff, 0xff, 0x61])),
  structured('64 MiB of commas', new Uint8Array(64 << 20).fill(0x2c)),
  {
    ...structured('a manifest of another root', honestManifest),
    offer: { ...honestOffer, form: 'files', root: new Uint8Array(32) } as Offer,
  },
  {
    ...structured('an octet more of a manifest than was offered', honestManifest),
    frames: (line) => sent(line, Uint8Array.from([...honestManifest, 0])),
  },
  {
    ...structured('a manifest that never ends', honestManifest, { ends: 'waits' }),
    frames: (line) => sent(line, honestManifest.slice(0, -1)),
  },
  {
    ...structured('a manifest of single octets that never ends', honestManifest, { ends: 'waits' }),
    *frames(line) {
      for (const octet of honestManifest.slice(0, -1)) yield line.manifest(Uint8Array.of(octet))
    },
  },
]

/** An honest manifest, and then content that is not. */
function contents(
  title: string,
  frames: (line: Forger) => Iterable<Uint8Array>,
  { ends = 'broken', octets = 0 }: { ends?: Why | 'waits'; octets?: number } = {},
): Hostile {
  return {
    ...{ title, offer: honestOffer, ends, octets },
    *frames(line) {
      yield* sent(line, honestManifest)
      yield* frames(line)
    },
  }
}

function u64(value: bigint | number): Uint8Array {
  return new Writer(8).u64(BigInt(value)).done()
}
const wrong = honest.with(1_000, honest[1_000]! ^ 1)
const wrongTail = honest.with(299_999, honest[299_999]! ^ 1)

const contentsOfFiles: readonly Hostile[] = [
  contents('one wrong bit in the first piece', (line) => data(line, wrong), {
    ...{ ends: 'damaged', octets: 262_144 },
  }),
  contents('one wrong bit in the last octet', (line) => data(line, wrongTail), {
    ...{ ends: 'damaged', octets: 300_000 },
  }),
  contents('zeros for content', (line) => data(line, new Uint8Array(300_000)), {
    ...{ ends: 'damaged', octets: 262_144 },
  }),
  contents(
    'holes for content',
    function* (line) {
      for (let position = 0; position < 262_144; position += 65_536) yield line.hole(position, 65_536)
    },
    { ends: 'damaged' },
  ),
  contents('content that begins behind its beginning', (line) => data(line, honest, 65_536)),
  contents(
    'the same frame of content twice',
    function* (line) {
      yield line.data(0, honest.subarray(0, 65_536))
      yield line.data(0, honest.subarray(0, 65_536))
    },
    { octets: 65_536 },
  ),
  contents(
    'content that overlaps by an octet',
    function* (line) {
      yield line.data(0, honest.subarray(0, 65_536))
      yield line.data(65_535, honest.subarray(65_535, 131_071))
    },
    { octets: 65_536 },
  ),
  contents('content at 2^53', (line) => [line.raw(2, u64(2n ** 53n), Uint8Array.of(1))]),
  contents('content at 2^64 - 1', (line) => [line.raw(2, u64(2n ** 64n - 1n), Uint8Array.of(1))]),
  contents('content of no octets', (line) => [line.data(0, new Uint8Array(0))]),
  contents('a chunk of 65,537 octets', (line) => [line.data(0, honest.subarray(0, 65_537))]),
  contents(
    'an octet behind the end',
    function* (line) {
      yield* data(line, honest.subarray(0, 262_144))
      yield line.data(262_144, new Uint8Array(37_857))
    },
    { octets: 262_144 },
  ),
  contents(
    'a hole behind the end',
    function* (line) {
      for (let position = 0; position < 5 * 65_536; position += 65_536) yield line.hole(position, 65_536)
    },
    { ends: 'damaged' },
  ),
  contents('a hole of nothing', (line) => [line.hole(0, 0)]),
  contents('a hole of 4 GiB', (line) => [line.hole(0, 0xffff_ffff)]),
  contents('a hole of 65,537 octets', (line) => [line.hole(0, 65_537)]),
  contents('a hole at 2^64 - 1', (line) => [line.raw(3, u64(2n ** 64n - 1n), u64(0n).subarray(4))]),
  contents('the end of a stream', (line) => [line.end(0, sha256())]),
  contents('the manifest again', (line) => sent(line, honestManifest)),
  contents('a frame of no kind', (line) => [line.raw(99, u64(0n))]),
  contents('a frame of kind 0', (line) => [line.raw(0)]),
  contents('a receiver’s `start`', (line) => [line.raw(16, u64(0), new Uint8Array(4))]),
  contents('a receiver’s `got`', (line) => [line.raw(17, u64(0))]),
  contents('half a position', (line) => [line.raw(2, Uint8Array.of(0, 0, 0, 0))]),
  {
    title: 'content before the manifest',
    offer: honestOffer,
    ends: 'broken',
    octets: 0,
    frames: (line) => data(line, honest),
  },
  contents('content that never comes', () => [], { ends: 'waits' }),
  contents('content that stops before its last octet', (line) => data(line, honest.subarray(0, 299_999)), {
    ends: 'waits',
    octets: 299_999,
  }),
]

const lines: readonly Hostile[] = [
  contents('a frame that is empty', () => [new Uint8Array(0)]),
  contents('a frame of three octets', () => [Uint8Array.of(0, 0, 0)]),
  contents('a frame that is nothing but its head', () => [Uint8Array.of(0, 0, 0, 3)]),
  contents('a frame in the clear', () => [Uint8Array.of(0, 0, 0, 3, 2, ...new Uint8Array(8), 1)]),
  contents('a frame of 1 MiB', () => [new Uint8Array(1 << 20).fill(3, 3, 4)]),
  contents('a frame with a wrong tag', (line) => {
    const frame = line.data(0, honest.subarray(0, 100))
    return [frame.with(frame.length - 1, frame.at(-1)! ^ 1)]
  }),
  contents(
    'a frame played back',
    function* (line) {
      const frame = line.data(0, honest.subarray(0, 65_536))
      yield frame
      yield frame
    },
    { octets: 65_536 },
  ),
  contents('frames in another order', (line) => [...data(line, honest)].reverse()),
  contents('a frame left out', (line) => [...data(line, honest)].slice(1)),
  contents('a frame of another transfer of the session', () => {
    const other = new Forger({ ...honestOffer, stream: 4 })
    return [other.data(0, honest.subarray(0, 100))]
  }),
  contents('a frame under the key of another offer', () => {
    const other = new Forger({ ...honestOffer, name: 'gift2' })
    return [...sent(other, honestManifest), other.data(0, honest.subarray(0, 100))].slice(-1)
  }),
  contents('a frame of the receiver’s direction, mirrored', () => {
    const mirror = new Forger(honestOffer, 'receiver')
    return [mirror.raw(16, u64(0), new Uint8Array(4))]
  }),
]

const streamOffer: Offer = { transfer: hostileId, stream: 3, name: 'tar', form: 'stream' }
const some = content(100_000)

function streamed(
  title: string,
  frames: (line: Forger) => Iterable<Uint8Array>,
  { ends = 'broken', octets = 0 }: { ends?: Hostile['ends']; octets?: number } = {},
): Hostile {
  return { title: `a stream: ${title}`, offer: streamOffer, frames, ends, octets }
}

const streams: readonly Hostile[] = [
  streamed('a manifest', (line) => sent(line, honestManifest)),
  streamed('a hole', (line) => [line.hole(0, 1)]),
  streamed('a gap', (line) => [line.data(1, some.subarray(0, 100))]),
  streamed(
    'another hash',
    function* (line) {
      yield* data(line, some)
      yield line.end(some.length, sha256(honest))
    },
    { ends: 'damaged', octets: some.length },
  ),
  streamed(
    'an end before its end',
    function* (line) {
      yield* data(line, some)
      yield line.end(some.length - 1, sha256(some))
    },
    { octets: some.length },
  ),
  streamed(
    'an end behind its end',
    function* (line) {
      yield* data(line, some)
      yield line.end(some.length + 1, sha256(some))
    },
    { octets: some.length },
  ),
  streamed(
    'octets behind its end',
    function* (line) {
      yield* data(line, some)
      yield line.end(some.length, sha256(some))
      yield line.data(some.length, some.subarray(0, 1))
    },
    { ends: 'done', octets: some.length },
  ),
  streamed('no end', (line) => data(line, some), { ends: 'waits', octets: some.length }),
]

export const hostile: readonly Hostile[] = [...names, ...manifests, ...contentsOfFiles, ...lines, ...streams]
