import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { coupleOfFile } from '../support/couple.ts'
import { entry, environment, execute, Program } from '../support/program.ts'

const { ada, bob } = coupleOfFile()

/** A shell's pipeline in which `otrtalk` stands for the program. */
const shell = (line: string) =>
  execute([], {
    ...ada,
    command: ['/bin/sh', '-c', line.replaceAll('otrtalk', `'${process.execPath}' '${entry}'`)],
  })

describe('a reader that goes is an end like any other', () => {
  test.each(['id', 'buddy list', '--help', 'listen --json', 'chat bob --json', 'why bob --timeout 1'])(
    'otrtalk %s | head -1',
    async (line) => {
      const { code, stdout, stderr } = await shell(`{ otrtalk ${line}; echo "code $?" >&2; } | head -1`)
      expect(code).toBe(0)
      expect(stdout.split('\n')).toHaveLength(2)
      expect(stderr).toMatch(/code [03]\n$/)
      if (!line.startsWith('why')) expect(stderr).toContain('code 0\n')
      expect(stderr).not.toMatch(/EPIPE|fault/)
    },
  )

  test.each(['id', 'buddy list', '--help', '--version', 'chat bob --plain', 'chat bob --json'])(
    'otrtalk %s >&- has nobody to tell, and ends well',
    async (line) => {
      expect(await shell(`otrtalk ${line} >&- </dev/null`)).toMatchObject({ code: 0, stdout: '' })
    },
  )

  test('nobody reads what is said to people: the code is the same', async () => {
    expect(await shell('otrtalk send bob x --timeout 1 2>&-')).toMatchObject({ code: 3 })
    for (const [line, code] of [
      ['buddy show nobody', 1],
      ['--bogus', 2],
      ['send bob x --timeout 1', 3],
      ['why bob --timeout 1', 3],
    ] as const) {
      const closed = `{ { sleep 0.2; otrtalk ${line} >/dev/null; echo "code $?" >&3; } 2>&1 | true; } 3>&1`
      expect((await shell(closed)).stdout).toBe(`code ${code}\n`)
    }
    const unread = '{ { otrtalk send bob x --json --timeout 1; echo "code $?" >&3; } | true; } 3>&1 2>&-'
    expect((await shell(unread)).stdout).toBe('code 3\n')
  })
})

describe('nobody there', () => {
  test.each([
    ['chat bob --plain --timeout 1', /could not reach bob within 1 s/],
    ['chat bob --json --timeout 1', /could not reach bob within 1 s/],
    ['invite carol --json --timeout 1', /nobody with this code was found within 1 s/],
    [
      'chat carol --plain --timeout 1',
      /nobody with this code was found within 1 s\nhint: .*otrtalk chat carol goes on/,
    ],
    ['send bob x --timeout 1', /could not reach bob within 1 s/],
  ])('otrtalk %s: 3, while stdin stays open', async (line, words) => {
    await using program = new Program(line.split(' '), ada)
    const { code, stdout, stderr } = await program.ended()
    expect(code).toBe(3)
    expect(stderr).toMatch(words)
    const events = line.includes('--json')
      ? stdout
          .trim()
          .split('\n')
          .map((text) => JSON.parse(text))
      : []
    if (events.length > 0)
      expect(events.at(-1)).toMatchObject({ event: 'error', message: expect.stringMatching(words) })
  })

  test('accept: 3, and the code is kept', async () => {
    const invited = await execute(['invite', 'dan', '--json', '--timeout', '1'], bob)
    const { code: six } = JSON.parse(
      invited.stdout.split('\n').find((line) => line.includes('"code"')) ?? '{}',
    )
    const { code: exit, stderr } = await execute(['accept', 'dan', '-', '--timeout', '1'], {
      ...ada,
      input: `${six}\n`,
    })
    expect(exit).toBe(3)
    expect(stderr).toMatch(/nobody with this code was found within 1 s/)
  })

  test('no more of stdin is read than can wait for a receipt', async () => {
    const child = spawn(process.execPath, [entry, 'chat', 'bob', '--plain'], { env: environment(ada) })
    child.stdin.on('error', () => {})
    child.stdin.write('a line\n'.repeat(2 ** 20)) // 7 MiB
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    while (!said.includes('joined the network')) await once(child.stderr, 'data')
    expect(child.stdin.writableLength).toBeGreaterThan(6 * 2 ** 20)
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')
    expect(code).toBe(143)
    const kept = /^waits for bob, and goes out when both of you are there: “a line”$/gm
    expect(said.match(kept)).toHaveLength(10)
    expect(said).toContain('and 54 more\n')
    const { stderr } = await execute(['outbox', 'drop', 'bob'], ada)
    expect(stderr).toMatch(/^64 messages for bob dropped/)
  })
})

describe('what is sent', () => {
  test('32 KiB arrive, with or without the newline of a last line; one octet more does not', async () => {
    await using listening = new Program(['listen', '--json'], bob)
    await listening.event('listening')
    const most = 'x'.repeat(32 * 1_024)
    for (const input of [most, `${most}\n`, `${most}\r\n`])
      expect(await execute(['send', 'bob', '-'], { ...ada, input })).toMatchObject({ code: 0 })
    expect(await execute(['send', 'bob', '-'], { ...ada, input: `${most}x` })).toMatchObject({ code: 1 })
    const input = `${JSON.stringify({ say: `${most}x` })}\n`
    const said = await execute(['chat', 'bob', '--json'], { ...ada, input })
    expect(said.code).toBe(3)
    expect(said.stdout).toMatch(
      /"undelivered".*"too-long"\}\n(?:.*\n)*?\{"event":"error","message":"one message was not confirmed"/,
    )
    const lengths = listening.lines.map((line) => JSON.parse(line)).flatMap(({ text }) => text?.length ?? [])
    expect(lengths).toEqual([most.length, most.length, most.length])
  })

  test('who listens and whom nobody reads goes on with all that comes', async () => {
    const listening = spawn(process.execPath, [entry, 'listen', '--json'], { env: environment(bob) })
    try {
      const lines = Array.from({ length: 300 }, (_, i) => `${i} ${'x'.repeat(1_000)}`)
      const input = `${lines.join('\n')}\n`
      expect(await execute(['chat', 'bob', '--plain'], { ...ada, input })).toMatchObject({ code: 0 })
      let read = ''
      for await (const chunk of listening.stdout.setEncoding('utf8')) {
        read += chunk
        if (read.includes('"299 ')) break
      }
      const texts = read
        .split('\n')
        .filter((line) => line.includes('"message"'))
        .map((line) => JSON.parse(line).text)
      expect(texts).toEqual(lines)
    } finally {
      listening.kill('SIGKILL')
    }
  })
})
