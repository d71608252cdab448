/** Several processes of one profile: one owns it, the others go through its control socket. */
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomBytes } from '../../src/crypto.ts'
import { placesOf } from '../../src/edge/control/place.ts'
import { formatProfileAddress } from '../../src/profile/address.ts'
import { createIdentity } from '../../src/profile/identity.ts'
import { coupleOfFile } from '../support/couple.ts'
import { execute, Program } from '../support/program.ts'
import { start } from '../support/pty.ts'

const { ada, bob } = coupleOfFile()
let there: Program // bob's, who is there all the time

beforeAll(async () => {
  there = new Program(['listen', '--json'], bob)
  await there.event('listening')
})

afterAll(() => there[Symbol.asyncDispose]())

const run = (line: string, more: Parameters<typeof execute>[1] = {}) =>
  execute(line.split(' '), { ...ada, ...more })

/** Ada's owner, that has reached bob. */
async function owner(args: readonly string[] = ['listen', '--json']): Promise<Program> {
  const program = new Program(args, ada)
  try {
    await program.event('secured', reachable)
    return program
  } catch (error) {
    await program[Symbol.asyncDispose]() // else the profile stays in use
    throw error
  }
}

/** Ms. Owners that were killed in mid-handshake cost the buddy: six in vain, and he waits for the minute to end. */
const reachable = 70_000

const profilePath = (name: string): string => join(ada.home, 'profiles', name)

const socketOf = (profile = profilePath('ada')): string =>
  placesOf(profile, { OTRTALK_HOME: ada.home })[0]!.path

/** A client that nobody here wrote: lines to and from the socket. */
class Stranger implements AsyncDisposable {
  readonly socket: Socket
  readonly lines: AsyncIterator<string>

  constructor(path: string) {
    this.socket = connect(path)
    this.socket.on('error', () => {})
    this.lines = createInterface({ input: this.socket })[Symbol.asyncIterator]()
  }

  write(...lines: readonly object[]): void {
    for (const line of lines) this.socket.write(`${JSON.stringify(line)}\n`)
  }

  /** The next line of this kind; what comes before it is passed over. */
  async next(kind: string): Promise<Record<string, unknown>> {
    for (;;) {
      const { value, done } = await this.lines.next()
      if (done) throw new Error(`the socket ended before ${kind} came`)
      const line = JSON.parse(value)
      if (line.kind === kind || (kind === 'hello' && 'otrtalk' in line)) return line
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
  }
}

describe('with an owner', () => {
  test('ten sends at once arrive, each confirmed to who sent it', async () => {
    await using _owner = await owner()
    const texts = Array.from({ length: 10 }, (_, i) => `at once ${i}`)
    const sent = await Promise.all(texts.map((text) => execute(['send', 'bob', text], ada)))
    expect(sent.map(({ code }) => code)).toEqual(texts.map(() => 0))
    const came = there.lines.map((line) => JSON.parse(line)).flatMap(({ text }) => text ?? [])
    expect(came.filter((text: string) => texts.includes(text)).sort()).toEqual(texts)
  })

  test('what a client says is a line of ours on its screen, and other clients hear it', async () => {
    await using screen = start(['chat', 'bob'], ada)
    await screen.waitFor('bob: secured')
    await using other = new Program(['chat', 'bob', '--json'], ada)
    await other.event('secured')
    expect(await run('send bob from-elsewhere')).toMatchObject({ code: 0 })
    await screen.waitFor((shown) => /from-elsewhere ✓/.test(shown))
    expect(await other.event('said')).toMatchObject({ buddy: 'bob', text: 'from-elsewhere' })
    other.write('{"say":"from json"}\n')
    await other.event('delivered')
    await screen.waitFor((shown) => /from json ✓/.test(shown))
    expect(other.lines.filter((line) => line.includes('"said"'))).toHaveLength(1)
    screen.key('ctrlD')
    expect(await screen.ended()).toEqual({ code: 0 })
    const left = await other.ended()
    expect(left).toMatchObject({ code: 1 })
    expect(left.stderr).toMatch(
      /process \d+ \(otrtalk chat\), through which this one talked, has left\nhint: /,
    )
  })

  test('a change of trust, of a name, of the address shows there at once, and why tells only who asked', async () => {
    await using listening = await owner()
    const key = (await run('buddy fingerprint bob')).stdout.trim()
    expect(await run(`buddy verify bob --fingerprint ${key}`)).toMatchObject({ code: 0 })
    expect(await listening.event('trust')).toMatchObject({
      buddy: 'bob',
      trust: 'verified',
      fingerprint: key,
    })
    expect(await run('buddy unverify bob')).toMatchObject({ code: 0 })
    expect(await run('buddy rename bob robert')).toMatchObject({ code: 0 })
    expect(await listening.event('renamed')).toMatchObject({ buddy: 'bob', to: 'robert' })
    expect(await run('send robert hello')).toMatchObject({ code: 0 })
    expect(await run('send bob hello')).toMatchObject({ code: 1 })
    expect(await run('buddy rename robert bob')).toMatchObject({ code: 0 })
    const before = JSON.parse((await run('id --json')).stdout).address
    expect(await run('id --rotate --yes')).toMatchObject({ code: 0 })
    expect(await there.line((line) => line.includes('"moved"'))).not.toContain(before)
    await listening.event('introduced')
    expect(await run('why bob')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('bob was reached'),
    })
    expect(listening.lines.filter((line) => line.includes('"event":"why"'))).toEqual([])
  })

  test('a buddy who is added is looked for, and one who is blocked or removed is left', async () => {
    await using listening = await owner()
    const { address } = JSON.parse((await execute(['id', '--json'], bob)).stdout)
    expect(await run('buddy remove bob --yes')).toMatchObject({ code: 0 })
    expect(await listening.event('removed')).toMatchObject({ buddy: 'bob', why: 'removed' })
    expect(await run(`buddy add bobby ${address}`)).toMatchObject({ code: 0 })
    expect(await listening.event('added')).toMatchObject({ buddy: 'bobby' })
    await listening.line((line) => /"secured".*"bobby"/.test(line))
    expect(await run('buddy block bobby')).toMatchObject({ code: 0 })
    await listening.line((line) => /"removed".*"blocked"/.test(line))
    expect(await run('send bobby hi')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is blocked'),
    })
    expect(await run('buddy unblock bobby')).toMatchObject({ code: 0 })
    expect(await run('buddy rename bobby bob')).toMatchObject({ code: 0 })
    expect(await run('send bob again')).toMatchObject({ code: 0 })
  })

  test('another fingerprint than the conversation’s is refused, and nothing is shown or sent', async () => {
    await using listening = await owner()
    const sent = await run(`send bob secret --fingerprint ${'0'.repeat(112)} --json`)
    expect(sent.code).toBe(4)
    expect(sent.stdout).not.toMatch(/"event":"(?:secured|said|sent|message)"/)
    expect(listening.lines.join()).not.toContain('secret')
    const key = (await run('buddy fingerprint bob')).stdout.trim()
    expect(await run(`send bob open --fingerprint ${key}`)).toMatchObject({ code: 0 })
  })

  test('its network is the clients’ too: another interface or port is refused', async () => {
    await using _owner = await owner()
    const elsewhere = { ...ada, env: { ...ada.env, OTRTALK_INTERFACE: 'eth9' } }
    const sent = await execute(['send', 'bob', 'x'], elsewhere)
    expect(sent).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('does not run with --interface eth9'),
    })
    expect(await run('chat bob --plain --port 4242')).toMatchObject({ code: 2 })
    expect(await run('send bob same --interface lo')).toMatchObject({ code: 0 })
  })

  test('a text that no line of 64 KiB holds is refused in words, one that it does is delivered', async () => {
    await using _owner = await owner()
    const long = await run('send bob -', { input: '\u0001'.repeat(20_000) })
    expect(long).toMatchObject({ code: 1, stderr: expect.stringContaining('it is too long for one message') })
    expect(await run('send bob -', { input: '"'.repeat(32_000) })).toMatchObject({ code: 0 })
  })

  test('a second owner is refused, and told what works instead', async () => {
    await using _owner = await owner()
    for (const line of ['listen', 'invite eve', 'offer bob -', '--plain']) {
      const second = await run(line)
      expect(second).toMatchObject({ code: 5, stdout: '' })
      expect(second.stderr).toMatch(
        /in use by process \d+ \(otrtalk listen\)\nhint: .*otrtalk send, why, buddy/,
      )
    }
  })

  test('no passphrase is asked for, but to change it or to export; the owner verifies it', async () => {
    const [file, wrong, next] = [join(ada.home, 'words'), join(ada.home, 'wrong'), join(ada.home, 'next')]
    await writeFile(file, 'sesame\n')
    await writeFile(wrong, 'sesam\n')
    await writeFile(next, 'open\n')
    const made = await run(`profile create locked --passphrase-file ${file}`)
    expect(made).toMatchObject({ code: 0 })
    await using owning = new Program(
      ['listen', '--json', '--profile', 'locked', '--passphrase-file', file],
      ada,
    )
    await owning.event('listening')
    expect(await run('id --profile locked --json')).toMatchObject({ code: 0 })
    const address = JSON.parse((await run('id --profile locked --json')).stdout).address
    const rekey = (by: string) =>
      run(`profile passphrase --profile locked --passphrase-file ${by} --new-passphrase-file ${next}`)
    expect(await rekey(wrong)).toMatchObject({ code: 5, stderr: expect.stringContaining('wrong passphrase') })
    expect(await rekey(file)).toMatchObject({ code: 0 })
    expect(await rekey(file)).toMatchObject({ code: 5 })
    const to = join(ada.home, 'exported')
    const carry = (by: string) =>
      run(`profile export --profile locked --to ${to} --passphrase-file ${by} --new-passphrase-file ${file}`)
    expect(await carry(file)).toMatchObject({ code: 5 })
    expect(await carry(next)).toMatchObject({ code: 0 })
    await using client = new Stranger(socketOf(profilePath('locked')))
    client.write({ otrtalk: 1 }, { kind: 'export', passphrase: 'x' }, { kind: 'rekey', passphrase: '' })
    expect(await client.next('fault')).toMatchObject({ of: 'export', exit: 5 })
    expect(await client.next('fault')).toMatchObject({ of: 'rekey', exit: 5 })
    owning.signal('SIGTERM')
    await owning.ended()
    expect(await run('id --profile locked --json')).toMatchObject({ code: 5 })
    expect(await run(`id --profile locked --passphrase-file ${next}`)).toMatchObject({ code: 0 })
    expect(await run(`profile import ${to} copy --passphrase-file ${file} --no-passphrase`)).toMatchObject({
      code: 0,
    })
    expect(JSON.parse((await run('id --profile copy --json')).stdout).address).toBe(address)
    expect(await run('profile remove copy --yes')).toMatchObject({ code: 0 })
    expect(await run('profile remove locked --yes')).toMatchObject({ code: 0 })
  }, 60_000)

  test('an owner of one buddy serves the others, and shows nothing of them', async () => {
    const { address } = JSON.parse((await execute(['id', '--json'], bob)).stdout)
    await run('profile create carol --no-passphrase')
    const own = JSON.parse((await run('id --json --profile carol')).stdout).address
    await execute(['buddy', 'add', 'carol', own], bob)
    await run(`buddy add bob ${address} --profile carol`)
    const carols = JSON.parse((await run('id --json --profile ada')).stdout).address
    await run(`buddy add ada ${carols} --profile carol`)
    await run(`buddy add carol ${own} --profile ada`)
    await using one = new Program(['chat', 'bob', '--json', '--profile', 'ada'], ada)
    await one.event('secured')
    await using carol = new Program(['listen', '--json', '--profile', 'carol'], ada)
    await carol.event('listening')
    expect(await run('send carol psst --profile ada')).toMatchObject({ code: 0 })
    expect(await carol.event('message')).toMatchObject({ buddy: 'ada', text: 'psst' })
    await carol.line((line) => /"lost".*"ada".*"left"/.test(line)) // for that time only
    expect(one.lines.filter((line) => line.includes('carol'))).toEqual([])
    one.signal('SIGTERM')
    carol.signal('SIGTERM')
    await Promise.all([one.ended(), carol.ended()])
    await run('buddy remove carol --yes --profile ada')
    await execute(['buddy', 'remove', 'carol', '--yes'], bob)
    await run('profile remove carol --yes')
  })
})

describe('without an owner', () => {
  test('what is short waits for what is: five sends, a why and a change at once', async () => {
    const texts = Array.from({ length: 5 }, (_, i) => `in turn ${i}`)
    const all = [
      ...texts.map((text) => ['send', 'bob', text]),
      ['why', 'bob'],
      ['buddy', 'rename', 'bob', 'bob'],
    ]
    const ended = await Promise.all(all.map((args) => execute(args, ada)))
    expect(ended.slice(0, -1).map(({ code, stderr }) => [code, code === 0 ? '' : stderr])).toEqual(
      all.slice(0, -1).map(() => [0, '']),
    )
    expect(ended.at(-1)!.stderr).not.toContain('in use')
    const came = there.lines.map((line) => JSON.parse(line)).flatMap(({ text }) => text ?? [])
    expect(came.filter((text: string) => texts.includes(text)).sort()).toEqual(texts)
  })
})

describe('the socket', () => {
  test('is 0600 in a folder 0700; one that kill -9 left is replaced', async () => {
    {
      await using doomed = await owner()
      doomed.signal('SIGKILL')
      await doomed.ended()
    }
    const path = socketOf()
    expect(existsSync(path)).toBe(true)
    expect(await run('buddy list')).toMatchObject({ code: 0 }) // nobody is there: it works alone
    await using _owner = await owner()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(ada.home, 'run')).mode & 0o777).toBe(0o700)
    expect(await run('send bob back')).toMatchObject({ code: 0 })
  })

  test('is not made in a folder that is loose, or a link; the owner runs on and says so', async () => {
    const folder = join(ada.home, 'run')
    const aside = join(ada.home, 'aside')
    await rm(folder, { recursive: true })
    for (const spoil of [
      async () => {
        await mkdir(folder, { mode: 0o700 })
        await chmod(folder, 0o755)
      },
      async () => {
        await rename(folder, aside)
        await chmod(aside, 0o700)
        await symlink(aside, folder)
      },
    ]) {
      await spoil()
      await using owning = await owner()
      expect(owning.stderr).toMatch(
        /no other otrtalk can use this profile meanwhile: .*run (?:is open to|is a link)/,
      )
      expect(await readdir(folder)).toEqual([])
      expect(await run('send bob x')).toMatchObject({ code: 5 })
      owning.signal('SIGTERM')
      await owning.ended()
    }
    await rm(folder)
    await rm(aside, { recursive: true })
  })

  test('of an owner that was stopped: said in words within 3 s, and it goes on when that does', async () => {
    await using listening = await owner()
    listening.signal('SIGSTOP')
    const began = performance.now()
    const sent = await run('send bob x')
    expect(performance.now() - began).toBeLessThan(3_000)
    expect(sent).toMatchObject({ code: 5 })
    expect(sent.stderr).toMatch(/process \d+ \(otrtalk listen\).* is stopped\nhint: run fg/)
    listening.signal('SIGCONT')
    expect(await run('send bob y')).toMatchObject({ code: 0 })
  })

  test('takes no octets for what they are not: garbage, another version, a line too long; and goes on', async () => {
    await using listening = await owner()
    {
      await using client = new Stranger(socketOf())
      expect(await client.next('hello')).toMatchObject({ otrtalk: 1, command: 'listen', profile: 'ada' })
      client.write({ otrtalk: 2 })
      expect(await client.next('fault')).toMatchObject({ of: 'hello', exit: 5 })
      await once(client.socket, 'close')
    }
    {
      await using client = new Stranger(socketOf())
      client.write({ otrtalk: 1 })
      client.socket.write(`${'x'.repeat(65_537)}`)
      expect(await client.next('fault')).toMatchObject({
        of: 'line',
        message: 'a line is longer than 64 KiB',
      })
      await once(client.socket, 'close')
    }
    for (const octets of [
      Buffer.of(0xff, 0xfe, 0x0a),
      Buffer.alloc(300_000),
      Buffer.from('null\n[]\n{}\n1\n'),
    ]) {
      await using client = new Stranger(socketOf())
      client.write({ otrtalk: 1 })
      client.socket.write(octets)
      await client.next('fault')
    }
    expect(await run('send bob still-there')).toMatchObject({ code: 0 })
    expect(listening.stderr).not.toContain('fault of the program')
  })

  test('drops a client that does not read, at 1 MiB, and goes on', async () => {
    await using _owner = await owner()
    await using client = new Stranger(socketOf())
    await client.next('hello')
    client.socket.pause()
    client.write({ otrtalk: 1 })
    const view = `${JSON.stringify({ kind: 'view' })}\n`
    const gone = new Promise((resolve) => client.socket.once('close', resolve)) // in the middle of a write, perhaps
    const feed = (): void => {
      while (!client.socket.destroyed && client.socket.write(view.repeat(500)));
    }
    client.socket.on('drain', feed)
    feed()
    await gone
    expect(await run('send bob still-there')).toMatchObject({ code: 0 })
  })

  test('is told by profile show, and the program of docs/Control.md talks through it', async () => {
    const control = async (): Promise<string> => JSON.parse((await run('profile show --json')).stdout).control
    expect(await control()).toBeNull()
    await using _owner = await owner()
    const file = join(ada.home, 'frontend.mjs')
    const page = await readFile(join(import.meta.dirname, '../../docs/Control.md'), 'utf8')
    await writeFile(file, /```js\n(.*?)```/s.exec(page)?.[1] ?? '')
    await using program = new Program([file, await control()], { ...ada, command: [process.execPath] })
    await program.line('"secured"')
    program.write('from a front end\n')
    await program.line('"delivered"')
    await there.line((line) => line.includes('from a front end'))
    program.end()
    expect(await program.ended()).toMatchObject({ code: 0, stderr: '' })
  })

  test('speaks to who follows docs/Control.md line by line', async () => {
    await using _owner = await owner()
    await using client = new Stranger(socketOf())
    client.write({ otrtalk: 1 }, { kind: 'attach', buddy: 'bob' })
    expect(await client.next('attached')).toMatchObject({ buddy: 'bob', buddies: [{ alias: 'bob' }] })
    expect(await client.next('secured')).toMatchObject({ buddy: 'bob', trust: 'unverified' })
    client.write({ kind: 'say', buddy: 'bob', id: '00000000000000aa', text: 'ten lines' })
    expect(await client.next('delivered')).toMatchObject({ id: '00000000000000aa' })
    client.write({ kind: 'say', buddy: 'eve', id: '00000000000000ab', text: 'x' }, { kind: 'view' })
    expect(await client.next('fault')).toMatchObject({ of: 'say', exit: 2 })
    const { view } = await client.next('view')
    expect(view).toMatchObject({ profile: 'ada', buddies: [{ alias: 'bob' }] })
    client.write({ kind: 'change', change: { kind: 'rename', alias: 'eve', to: 'x' } })
    expect(await client.next('unchanged')).toEqual({ kind: 'unchanged', why: 'unknown-buddy' })
  })
})

describe('what only clients are told of', () => {
  test('is told again when they die before they say that it was shown, and once they said so to nobody', async () => {
    await run(`buddy add carol ${formatProfileAddress(createIdentity(randomBytes).address)}`)
    await using owning = new Program(['chat', 'carol', '--json'], ada)
    await owning.event('listening')
    const attach = { kind: 'attach', buddy: 'bob', confirms: true }
    {
      await using doomed = new Stranger(socketOf())
      doomed.write({ otrtalk: 1 }, attach)
      expect(await doomed.next('attached')).toMatchObject({ confirms: true })
      await doomed.next('secured')
      expect(await execute(['send', 'ada', 'for nobody?'], bob)).toMatchObject({ code: 0 })
      expect(await doomed.next('message')).not.toHaveProperty('again')
    }
    {
      await using client = new Stranger(socketOf())
      client.write({ otrtalk: 1 }, attach)
      const { id, fingerprint, ...told } = await client.next('message')
      expect(told).toMatchObject({ text: 'for nobody?', again: true })
      client.write({ kind: 'shown', id, fingerprint }, { kind: 'view' })
      await client.next('view')
    }
    await using last = new Stranger(socketOf())
    last.write({ otrtalk: 1 }, attach)
    await last.next('secured')
    expect(await execute(['send', 'ada', 'another'], bob)).toMatchObject({ code: 0 })
    expect(await last.next('message')).toMatchObject({ text: 'another' })
    owning.signal('SIGTERM')
    await owning.ended()
    await run('buddy remove carol --yes')
  })
})
