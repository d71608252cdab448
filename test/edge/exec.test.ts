import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { Exec, type ExecOptions, findCommand, type Job, type Outcome } from '../../src/edge/exec.ts'
import { temporaryFolder } from './folder.ts'

const { PATH } = process.env

/** A shell script as the user's command, what it printed, and what became of each job. */
class Ran {
  readonly outcomes: (Outcome & Pick<Job, 'buddy' | 'id'>)[] = []
  readonly lines: string[] = []
  readonly exec: Exec
  #wake: () => void = () => {}

  constructor(script: string, options: Partial<ExecOptions> = {}) {
    this.exec = new Exec({
      command: { path: '/bin/sh', argv: ['sh', '-c', script] },
      env: { PATH },
      timeoutMs: 10_000,
      onLine: (line) => {
        this.lines.push(line)
        this.#wake()
        return undefined
      },
      onEnd: ({ buddy, id }, outcome) => {
        this.outcomes.push({ ...outcome, buddy, id })
        this.#wake()
      },
      ...options,
    })
  }

  say(id: string, { buddy = 'ada', text = id }: { buddy?: string; text?: string } = {}): void {
    this.exec.run({ buddy, id, text })
  }

  async until(fits: () => boolean): Promise<void> {
    while (!fits()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  get results(): readonly string[] {
    return this.outcomes.map(({ id, kind }) => `${id} ${kind}`)
  }
}

let ran: Ran | undefined
afterEach(() => ran?.exec[Symbol.asyncDispose]())

const isAlive = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

/** A folder with a program in it, and a file that is none. */
function withTool(): string {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'tool'), '#!/bin/sh\n')
  writeFileSync(join(folder, 'text'), '')
  chmodSync(join(folder, 'tool'), 0o700)
  return folder
}

test('the text is on stdin octet for octet, and nothing of it elsewhere', async () => {
  const text = '-n $(id)\n\u001b[31m ü \u202e\u0000\n\n'
  const folder = temporaryFolder()
  const script = `cd ${folder}; cat > text; tr '\\0' '\\n' < /proc/$$/environ > env; echo "$# $0" > arguments`
  const env = { PATH, OTRTALK_PASSPHRASE_FILE: '/secret', otrtalk_passphrase: 'x', OTRTALK_HOME: '/h' }
  ran = new Ran(script, { env })
  ran.say('1', { text })
  await ran.until(() => ran?.outcomes.length === 1)
  expect(ran.outcomes).toEqual([{ kind: 'done', buddy: 'ada', id: '1' }])
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
  expect([read('text'), read('arguments')]).toEqual([text, '0 sh\n'])
  const variables = ['OTRTALK_BUDDY=ada', 'OTRTALK_HOME=/h', `PATH=${PATH}`]
  expect(read('env').trim().split('\n').sort()).toEqual(variables)
})

test('for one buddy one at a time and in order, for four at once', async () => {
  const folder = temporaryFolder()
  // Each waits until a file with its text is there.
  ran = new Ran(`t=$(cat); echo began $t; until [ -e ${folder}/$t ]; do sleep 0.01; done; echo ended $t`)
  for (const buddy of ['a', 'b', 'c', 'd', 'e']) {
    ran.say(`${buddy}1`, { buddy })
    ran.say(`${buddy}2`, { buddy })
  }
  const end = (id: string): void => writeFileSync(join(folder, id), '')
  const began = (): string[] => ran?.lines.filter((line) => line.startsWith('began')).sort() ?? []
  await ran.until(() => began().length === 4)
  expect(began()).toEqual(['began a1', 'began b1', 'began c1', 'began d1'])
  end('b1')
  await ran.until(() => began().length === 5)
  expect(began()).toContain('began b2') // its turn was before e's
  for (const id of ['a1', 'a2', 'b2', 'c1', 'c2', 'd1', 'd2', 'e1', 'e2']) end(id)
  await ran.until(() => ran?.outcomes.length === 10)
  for (const buddy of ['a', 'b', 'c', 'd', 'e']) {
    const own = ran.lines.filter((line) => line.includes(` ${buddy}`))
    expect(own).toEqual([`began ${buddy}1`, `ended ${buddy}1`, `began ${buddy}2`, `ended ${buddy}2`])
  }
})

test('1,000 wait, or 16 MiB; what comes then is not run, and that is told', async () => {
  ran = new Ran('exec sleep 60')
  ran.say('running')
  for (let i = 0; i < 1_000; i++) ran.say(`${i}`)
  expect(ran.outcomes).toEqual([])
  ran.say('many')
  expect(ran.results).toEqual(['many queue-full'])
  await ran.exec[Symbol.asyncDispose]()
  expect(ran.outcomes.filter(({ kind }) => kind === 'left')).toHaveLength(1_001)

  ran = new Ran('exec sleep 60')
  const text = 'ü'.repeat(2 ** 19) // 1 MiB
  for (let i = 0; i <= 16; i++) ran.say(`${i}`, { text }) // the first does not wait
  expect(ran.outcomes).toEqual([])
  ran.say('large', { text: 'x' })
  expect(ran.results).toEqual(['large queue-full'])
})

describe('how a run ends', () => {
  test.each([
    ['exit 3', { kind: 'failed', code: 3 }],
    ['kill -SEGV $$', { kind: 'killed', signal: 'SIGSEGV' }],
  ])('%s: with the code of the command, or the signal that ended it', async (script, outcome) => {
    ran = new Ran(script)
    ran.say('1')
    await ran.until(() => ran?.outcomes.length === 1)
    expect(ran.outcomes).toEqual([{ ...outcome, buddy: 'ada', id: '1' }])
  })

  test('well, if it does not read a text larger than a pipe', async () => {
    ran = new Ran('exec <&-; sleep 0.1; echo done')
    ran.say('1', { text: 'x'.repeat(2 ** 20) })
    await ran.until(() => ran?.outcomes.length === 1)
    expect([ran.results, ran.lines]).toEqual([['1 done'], ['done']])
  })

  test('not started, if it has gone since', async () => {
    ran = new Ran('', { command: { path: '/nowhere/gone', argv: ['gone'] } })
    ran.say('1')
    await ran.until(() => ran?.outcomes.length === 1)
    expect(ran.outcomes[0]).toMatchObject({ kind: 'not-started', why: expect.stringContaining('ENOENT') })
  })

  test('at once, though something that it left in the background keeps its pipes', async () => {
    ran = new Ran('sleep 60 & echo $!')
    ran.say('1')
    await ran.until(() => ran?.outcomes.length === 1)
    expect(ran.results).toEqual(['1 done'])
    process.kill(Number(ran.lines[0])) // its own matter, and here ours
  })

  test('by SIGTERM when its time is over; the next one has its turn', async () => {
    ran = new Ran('read t; [ $t = 2 ] || { echo $$; exec sleep 60; }', { timeoutMs: 200 })
    ran.say('1', { text: '1\n' })
    ran.say('2', { text: '2\n' })
    await ran.until(() => ran?.outcomes.length === 2)
    expect(ran.results).toEqual(['1 timeout', '2 done'])
    expect(isAlive(Number(ran.lines[0]))).toBe(false)
  })

  test('by SIGKILL 2 s later, with its whole group, if one of it does not hear; nothing is left', async () => {
    const deaf = '(trap "" TERM; while :; do sleep 0.1; done) & echo $$ $!; wait'
    ran = new Ran(`[ $OTRTALK_BUDDY = ada ] || trap "" TERM; ${deaf}`)
    ran.say('1')
    ran.say('2')
    ran.say('3', { buddy: 'bob' })
    await ran.until(() => ran?.lines.length === 2)
    const pids = ran.lines.flatMap((line) => line.split(' ').map(Number))
    expect(pids.map(isAlive)).toEqual([true, true, true, true])
    const began = performance.now()
    await ran.exec[Symbol.asyncDispose]()
    expect(performance.now() - began).toBeGreaterThan(1_900)
    expect(pids.map(isAlive)).toEqual([false, false, false, false])
    expect(ran.results.toSorted()).toEqual(['1 left', '2 left', '3 left'])
    ran.say('4')
    expect(ran.results.at(-1)).toBe('4 left')
  })

  test.skipIf(process.platform !== 'linux')(
    'a second after SIGKILL at the latest, if one of its group does not go: a process that nobody buries',
    async () => {
      // What it starts first is killed with the group; its parent, which left the group, never asks for it.
      const careless = `trap "" TERM; sleep 60 & echo $$; exec setsid sleep 60`
      ran = new Ran(`sh -c '${careless}' & wait`)
      ran.say('1')
      await ran.until(() => ran?.lines.length === 1)
      const began = performance.now()
      await ran.exec[Symbol.asyncDispose]()
      const ms = performance.now() - began
      process.kill(Number(ran.lines[0]), 'SIGKILL')
      expect(ms).toBeGreaterThan(2_900)
      expect(ran.results).toEqual(['1 left'])
    },
  )
})

test('what it prints comes line by line, no faster than it is taken, and long lines in pieces', async () => {
  let taken: (() => void) | undefined
  const lines: string[] = []
  const onLine = (line: string): Promise<void> => {
    lines.push(line)
    return new Promise((resolve) => {
      taken = resolve
    })
  }
  ran = new Ran('printf "one\\ntwo"; head -c 20000 /dev/zero | tr "\\0" x', { onLine })
  ran.say('1')
  await ran.until(() => ran?.outcomes.length === 1)
  expect(lines).toEqual(['one'])
  const length = (): number => lines.join('').length
  while (length() < 20_006) {
    taken?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(lines.join('') === `onetwo${'x'.repeat(20_000)}`).toBe(true)
  expect(lines.slice(1).map(({ length }) => length)).toEqual([4_096, 4_096, 4_096, 4_096, 3_619])
})

describe('a command is looked for before there is anything to run it for', () => {
  test('in the folders of PATH, or at the place that its name says', () => {
    const folder = withTool()
    const env = { PATH: `/nowhere:${folder}` }
    const path = join(folder, 'tool')
    expect(findCommand(['tool', '-x'], env)).toEqual({
      kind: 'found',
      command: { path, argv: ['tool', '-x'] },
    })
    expect(findCommand([path], {})).toEqual({ kind: 'found', command: { path, argv: [path] } })
  })

  test('without a PATH where programs usually are, and not in the folder that we are in', () => {
    expect(findCommand(['sh'], {})).toMatchObject({ kind: 'found', command: { argv: ['sh'] } })
  })

  test.each([
    ['nothing', 'missing'],
    ['./tool', 'missing'],
    ['text', 'not-executable'],
    ['', 'missing'],
    ['.', 'missing'],
  ])('%j is %s', (name, kind) => {
    expect(findCommand([name], { PATH: withTool() })).toEqual({ kind, name })
  })
})
