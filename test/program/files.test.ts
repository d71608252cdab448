/** Files and pipes between two processes of the built program. */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../edge/folder.ts'
import { coupleOfFile } from '../support/couple.ts'
import { type Ended, entry, Program, type Started } from '../support/program.ts'
import { content } from '../transfer/content.ts'

const { ada, bob } = coupleOfFile()
const long = 60_000 // ms: beside other tests

const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

/** A folder to send from, with a file of this size in it, and one to receive into. */
function folders(size = 1_000): { readonly from: string; readonly into: string; readonly file: string } {
  const at = temporaryFolder()
  const [from, into] = [join(at, 'from'), join(at, 'into')]
  for (const folder of [from, into]) mkdirSync(folder)
  const file = join(from, 'gift.bin')
  writeFileSync(file, content(size))
  return { from, into, file }
}

/** It came once, and nothing else is left there. */
function expectWhole({ into, file }: ReturnType<typeof folders>): void {
  expect(hashOf(join(into, 'gift.bin'))).toBe(hashOf(file))
  expect(readdirSync(into)).toEqual(['gift.bin'])
}

async function taking(into: string, ...more: readonly string[]): Promise<Program> {
  const program = new Program(['listen', '--json', '--accept-from', 'ada', '--into', into, ...more], bob)
  await program.event('listening')
  return program
}

/** Runs to the end, however busy the machine is. */
function execute(args: readonly string[], options: Started & { input?: Uint8Array } = {}): Promise<Ended> {
  const program = new Program(args, options)
  program.end(options.input ?? '')
  return program.ended(long)
}

const told = (program: Program, state: string): Promise<string> =>
  program.line((line) => line.includes('"transfer"') && line.includes(`"state":"${state}"`), long)

/** As it is told of a transfer of 20 MB: some of it is there. */
const hasMoved = (program: Program): Promise<string> =>
  program.line((line) => (JSON.parse(line).octets ?? 0) > 2_000_000 && line.includes('"progress"'), long)

describe('send --file and listen --accept-from', () => {
  test('a folder is there in the end, and both say so', async () => {
    const { from, into, file } = folders(3_000_000)
    mkdirSync(join(from, 'empty'))
    await using listening = await taking(into)
    const sent = await execute(['send', 'bob', '--file', from, '--json'], ada)
    expect(sent).toMatchObject({ code: 0, stderr: '' })
    expect(sent.stdout).toMatch(/"event":"transfer".*"direction":"out","state":"done"/)
    const done = JSON.parse(await told(listening, 'done'))
    expect(done).toMatchObject({ buddy: 'ada', name: 'from', direction: 'in', path: join(into, 'from') })
    expect(hashOf(join(into, 'from/gift.bin'))).toBe(hashOf(file))
    expect(readdirSync(into)).toEqual(['from'])
    expect(readdirSync(join(into, 'from'))).toEqual(['empty', 'gift.bin'])
  })

  test('what nobody takes is refused at once: exit 1, in words', async () => {
    const { into, file } = folders()
    {
      await using listening = new Program(['listen', '--json'], bob)
      await listening.event('listening')
      const { code, stderr } = await execute(['send', 'bob', '--file', file], ada)
      expect(code).toBe(1)
      expect(stderr).toMatch(/otrtalk: gift.bin was not accepted by bob: nothing of this kind/)
    }
    await using listening = await taking(into, '--max', '999')
    const { code, stderr } = await execute(['send', 'bob', '--file', file], ada)
    expect(code).toBe(1)
    expect(stderr).toMatch(/otrtalk: gift.bin was not accepted by bob: it is larger than what is accepted/)
    await told(listening, 'rejected')
    expect(readdirSync(into)).toEqual([])
  })

  test('what cannot be sent is said before anybody is asked', async () => {
    const { from, into } = folders()
    writeFileSync(join(from, 'aux.txt'), 'x')
    await using listening = await taking(into)
    const wrong = await execute(['send', 'bob', '--file', from], ada)
    expect(wrong).toMatchObject({ code: 1, stdout: '' })
    expect(wrong.stderr).toMatch(
      /otrtalk: from is not sent: the name of a file cannot be one everywhere, or two have the same \(from\/aux.txt\)/,
    )
    expect(listening.lines.some((line) => line.includes('"offered"'))).toBe(false)
  })

  test('what is not there is said before anybody is looked for', async () => {
    const { from, file } = folders()
    symlinkSync(file, join(from, 'link'))
    for (const [name, words] of [
      ['none', /^otrtalk: there is no .*none\n$/],
      ['link', /^otrtalk: .*link is a symbolic link, and those are not sent\nhint: .*\n$/],
    ] as const) {
      const sent = await execute(['send', 'bob', '--json', '--file', file, join(from, name)], ada)
      expect(sent.code).toBe(1)
      expect(sent.stderr).toMatch(words)
      expect(sent.stdout).toMatch(/^\{"event":"error".*\}\n$/)
    }
  })

  test.each([
    ['bob', 'the same folder'],
    ['nobody', 'a folder that is there'],
  ])('listen takes files of buddies only, into %s: %s', async (alias) => {
    const { into } = folders()
    const where = alias === 'nobody' ? join(into, 'none') : into
    const { code, stderr } = await execute(['listen', '--accept-from', 'carol', '--into', where], bob)
    expect(code).toBe(1)
    expect(stderr).toMatch(alias === 'nobody' ? /there is no folder .*none/ : /no buddy named carol/)
  })
})

describe('a transfer of 20 MB goes on', () => {
  test(
    'after kill -9 of the sender, where it was',
    async () => {
      const { into, file } = folders(20_000_000)
      await using listening = await taking(into)
      {
        await using doomed = new Program(['send', 'bob', '--file', file, '--json'], ada)
        await hasMoved(listening)
        doomed.signal('SIGKILL')
        await doomed.ended()
      }
      const sent = await execute(['send', 'bob', '--file', file, '--json'], ada)
      expect(sent.code).toBe(0)
      expect(hashOf(join(into, 'gift.bin'))).toBe(hashOf(file))
      expect(readdirSync(into)).toEqual(['gift.bin'])
      await told(listening, 'done')
      // The end of what is taken over is told before the new one begins.
      const order = listening.lines.flatMap((line) => {
        const { event, state } = JSON.parse(line)
        return event === 'offered' ? [event] : event === 'transfer' && state !== 'waiting' ? [state] : []
      })
      expect(order).toEqual(['offered', 'running', 'failed', 'offered', 'running', 'done'])
    },
    long,
  )

  test(
    'after kill -9 of the receiver, by itself',
    async () => {
      const { into, file } = folders(20_000_000)
      await using sending = new Program(['send', 'bob', '--file', file, '--json'], ada)
      {
        await using doomed = await taking(into)
        await hasMoved(doomed)
        doomed.signal('SIGKILL')
        await doomed.ended()
      }
      await using listening = await taking(into)
      await told(listening, 'done')
      expect(await sending.ended(long)).toMatchObject({ code: 0 })
      expect(hashOf(join(into, 'gift.bin'))).toBe(hashOf(file))
      expect(readdirSync(into)).toEqual(['gift.bin'])
    },
    long,
  )

  test(
    'and when the file was changed in between, it says so and leaves nothing',
    async () => {
      const { into, file } = folders(20_000_000)
      await using listening = await taking(into)
      const sending = execute(['send', 'bob', '--file', file], ada)
      await hasMoved(listening)
      truncateSync(file, 19_000_000)
      const { code, stderr } = await sending
      expect(code).toBe(1)
      expect(stderr).toMatch(/otrtalk: gift.bin is not sent: .*gift.bin was changed while it was sent/)
      await told(listening, 'failed')
      listening.signal('SIGTERM')
      await listening.ended()
      expect(readdirSync(into)).toEqual([])
    },
    long,
  )
})

test(
  'a full disk ends the file on both sides, in words, and not the conversation; with room it goes on',
  async () => {
    const { into, file } = folders(20_000_000)
    const limited = ['sh', '-c', 'ulimit -f 8192 && exec "$@"', 'sh', process.execPath, entry]
    {
      const args = ['listen', '--json', '--accept-from', 'ada', '--into', into]
      await using listening = new Program(args, { ...bob, command: limited })
      await listening.event('listening')
      const { code, stderr } = await execute(['send', 'bob', '--file', file], ada)
      expect(code).toBe(1)
      expect(stderr).toMatch(/otrtalk: gift.bin is not sent: the disk is full \(gift.bin\), says bob/)
      expect(JSON.parse(await told(listening, 'failed'))).toMatchObject({ by: 'us', why: 'full' })
      expect(await execute(['send', 'bob', 'too big?'], ada)).toMatchObject({ code: 0 })
      await listening.line('too big?')
      expect(readdirSync(into)).toHaveLength(1)
    }
    await using listening = await taking(into)
    expect(await execute(['send', 'bob', '--file', file], ada)).toMatchObject({ code: 0 })
    await told(listening, 'done')
    expect(hashOf(join(into, 'gift.bin'))).toBe(hashOf(file))
    expect(readdirSync(into)).toEqual(['gift.bin'])
  },
  long,
)

describe('in a conversation', () => {
  test(
    'one offers, the other accepts, pauses, goes on; both know how far it is',
    async () => {
      const { into, file } = folders(20_000_000)
      await using theirs = new Program(['chat', 'ada', '--json'], bob)
      await using ours = new Program(['chat', 'bob', '--json'], ada)
      await ours.event('secured')
      ours.write(`${JSON.stringify({ send: file })}\n`)
      const { transfer, name, files, octets } = await theirs.event('offered')
      expect({ name, files, octets }).toEqual({ name: 'gift.bin', files: 1, octets: 20_000_000 })
      theirs.write(`${JSON.stringify({ accept: transfer, into })}\n`)
      await hasMoved(theirs)
      theirs.write(`${JSON.stringify({ pause: transfer })}\n`)
      expect(JSON.parse(await told(ours, 'paused'))).toMatchObject({ by: 'them' })
      ours.write('{"say":"take your time"}\n')
      await theirs.line('take your time')
      theirs.write(`${JSON.stringify({ go: transfer })}\n`)
      await told(theirs, 'done')
      await told(ours, 'done')
      expect(hashOf(join(into, 'gift.bin'))).toBe(hashOf(file))
    },
    long,
  )

  describe('a transfer of 20 MB that was offered and accepted once goes on by itself', () => {
    const chat = (who: Started, alias: string): Program => new Program(['chat', alias, '--json'], who)
    const kill = async (program: Program): Promise<void> => {
      program.signal('SIGKILL')
      await program.ended()
    }
    /** Offered, accepted, and some of it there. */
    async function begin(ours: Program, theirs: Program, { file, into }: ReturnType<typeof folders>) {
      await ours.event('secured')
      ours.write(`${JSON.stringify({ send: file })}\n`)
      const { transfer } = await theirs.event('offered')
      theirs.write(`${JSON.stringify({ accept: transfer, into })}\n`)
      await hasMoved(theirs)
      return { transfer }
    }
    const isOffer = (line: string): boolean => line.includes('"event":"offered"')

    test(
      'after kill -9 of the sender’s chat',
      async () => {
        const at = folders(20_000_000)
        await using theirs = chat(bob, 'ada')
        await using doomed = chat(ada, 'bob')
        await begin(doomed, theirs, at)
        await kill(doomed)
        await using ours = chat(ada, 'bob')
        const [waiting] = [JSON.parse(await told(ours, 'waiting'))]
        expect(waiting).toMatchObject({ name: 'gift.bin', direction: 'out', since: expect.any(Number) })
        await told(ours, 'done')
        await told(theirs, 'done')
        expect(theirs.lines.filter(isOffer)).toHaveLength(1)
        expectWhole(at)
      },
      long,
    )

    test(
      'after kill -9 of both, the receiver’s first',
      async () => {
        const at = folders(20_000_000)
        {
          await using theirs = chat(bob, 'ada')
          await using ours = chat(ada, 'bob')
          const { transfer } = await begin(ours, theirs, at)
          theirs.write(`${JSON.stringify({ pause: transfer })}\n`) // it is over with this process
          await told(ours, 'paused')
          await kill(theirs)
          await kill(ours)
        }
        await using ours = chat(ada, 'bob')
        await using theirs = chat(bob, 'ada')
        await told(theirs, 'done')
        await told(ours, 'done')
        expect(theirs.lines.filter(isOffer)).toEqual([])
        expectWhole(at)
      },
      long,
    )

    test(
      'after kill -9 of the process that has the profile, of which another one has asked for it',
      async () => {
        const at = folders(20_000_000)
        await using theirs = chat(bob, 'ada')
        {
          await using owner = new Program(['listen', '--json'], ada)
          await owner.event('secured')
          await using client = chat(ada, 'bob')
          await begin(client, theirs, at)
          await kill(owner)
        }
        await using owner = new Program(['listen', '--json'], ada)
        await told(owner, 'done')
        await told(theirs, 'done')
        expect(theirs.lines.filter(isOffer)).toHaveLength(1)
        expectWhole(at)
      },
      long,
    )

    test(
      'and where the file is another by then, both say so, and nothing of it is left',
      async () => {
        const at = folders(20_000_000)
        await using theirs = chat(bob, 'ada')
        {
          await using doomed = chat(ada, 'bob')
          await begin(doomed, theirs, at)
          await kill(doomed)
        }
        truncateSync(at.file, 19_000_000)
        await using ours = chat(ada, 'bob')
        expect(JSON.parse(await told(ours, 'failed'))).toMatchObject({ by: 'us', why: 'changed' })
        expect(JSON.parse(await told(theirs, 'failed'))).toMatchObject({ by: 'them', why: 'changed' })
        for (const program of [ours, theirs]) {
          program.end()
          await program.ended()
        }
        expect(readdirSync(at.into)).toEqual([])
      },
      long,
    )
  })

  test(
    'one rejects, or cancels, and nothing is left',
    async () => {
      const { into, file } = folders(20_000_000)
      await using theirs = new Program(['chat', 'ada', '--json'], bob)
      await using ours = new Program(['chat', 'bob', '--json'], ada)
      await ours.event('secured')
      ours.write(`${JSON.stringify({ send: file, transfer: '1'.repeat(32) })}\n`)
      await theirs.line('1'.repeat(32))
      theirs.write(`${JSON.stringify({ reject: '1'.repeat(32) })}\n`)
      expect(JSON.parse(await told(ours, 'rejected'))).toMatchObject({ by: 'them', why: 'declined' })
      ours.write(`${JSON.stringify({ send: file, transfer: '2'.repeat(32) })}\n`)
      await theirs.line('2'.repeat(32))
      theirs.write(`${JSON.stringify({ accept: '2'.repeat(32), into })}\n`)
      await hasMoved(theirs)
      ours.write(`${JSON.stringify({ cancel: '2'.repeat(32) })}\n`)
      expect(JSON.parse(await told(theirs, 'cancelled'))).toMatchObject({ by: 'them' })
      theirs.end()
      await theirs.ended()
      expect(readdirSync(into)).toEqual([])
    },
    long,
  )

  test(
    'another process of the sender’s profile sends, through the one that has it',
    async () => {
      const { into, file } = folders(200_000)
      await using _ = await taking(into)
      await using ours = new Program(['chat', 'bob', '--json'], ada)
      await ours.event('secured')
      expect(
        await execute(['send', 'bob', '--file', 'gift.bin'], { ...ada, cwd: dirname(file) }),
      ).toMatchObject({ code: 0 })
      await told(ours, 'done')
      expect(hashOf(join(into, 'gift.bin'))).toBe(hashOf(file))
    },
    long,
  )
})

describe('a message that comes to who shows none', () => {
  test(
    'is kept by send --file for who does',
    async () => {
      const { file } = folders()
      await using theirs = new Program(['chat', 'ada', '--json'], bob)
      await theirs.event('listening')
      const sending = execute(['send', 'bob', '--file', file, '--json'], ada)
      const { transfer } = await theirs.event('offered')
      theirs.write('{"say":"what is it?"}\n')
      await theirs.event('delivered')
      theirs.write(`${JSON.stringify({ reject: transfer })}\n`)
      const { code, stdout } = await sending
      expect([code, stdout.includes('what is it?')]).toEqual([1, false])
      await using ours = new Program(['chat', 'bob', '--json'], ada)
      expect(await ours.event('message')).toMatchObject({ text: 'what is it?', session: 0 })
    },
    long,
  )

  test(
    'is kept by listen --stream for who does',
    async () => {
      {
        await using listening = new Program(['listen', '--stream', '--json'], bob)
        expect(await execute(['send', 'bob', 'here it comes'], ada)).toMatchObject({ code: 0 })
        listening.signal('SIGTERM')
        const { stderr } = await listening.ended(long)
        expect(stderr).not.toContain('here it comes')
      }
      await using showing = new Program(['listen', '--json'], bob)
      expect(await showing.event('message')).toMatchObject({ text: 'here it comes', session: 0 })
    },
    long,
  )
})

describe('pipes', () => {
  test(
    '5 MB of standard input come out of standard output, and nothing else',
    async () => {
      await using listening = new Program(['listen', '--stream', 'numbers'], { ...bob, encoding: 'latin1' })
      const input = content(5_000_000)
      const sent = await execute(['send', 'bob', '--stream', 'numbers'], { ...ada, input })
      expect(sent).toMatchObject({ code: 0, stdout: '' })
      const { code, stdout } = await listening.ended(long)
      expect(code).toBe(0)
      expect(Buffer.from(stdout, 'latin1').equals(input)).toBe(true)
    },
    long,
  )

  test(
    'a sender that is killed has sent nothing whole',
    async () => {
      await using listening = new Program(['listen', '--stream', '--json'], bob)
      await using doomed = new Program(['send', 'bob', '--stream', 'log'], ada)
      doomed.write('some of it\n')
      await listening.line('some of it', long)
      doomed.signal('SIGTERM')
      await doomed.ended()
      const { code, stderr } = await listening.ended(long)
      expect(code).toBe(1)
      expect(stderr).toMatch(
        /otrtalk: log is not received: it was left as it is; sent again, it goes on, says ada/,
      )
    },
    long,
  )

  test(
    'a reader that has enough ends both, with 1',
    async () => {
      const listening = execute(
        [
          '-c',
          `"$0" "$1" listen --stream | head -c 10 >/dev/null; exit \${PIPESTATUS[0]}`,
          process.execPath,
          entry,
        ],
        { ...bob, command: ['bash'] },
      )
      const sent = await execute(['send', 'bob', '--stream', 'much'], { ...ada, input: content(3_000_000) })
      expect(sent.code).toBe(1)
      expect(await listening).toMatchObject({ code: 1, stderr: expect.stringMatching(/nobody reads/) })
    },
    long,
  )
})
