import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { coupleOfFile } from '../support/couple.ts'
import { entry, execute, Program } from '../support/program.ts'

const { ada, bob } = coupleOfFile()

const isAlive = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

/** Waits for what the program says on stderr. */
async function said(program: Program, wanted: RegExp): Promise<RegExpExecArray> {
  for (const until = performance.now() + 20_000; performance.now() < until; ) {
    const found = wanted.exec(program.stderr)
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`not said: ${wanted}\n${program.stderr}`)
}

test('the command gets each text on its stdin; what it prints, and how it ends, is on stderr', async () => {
  const script = 'echo "from $OTRTALK_BUDDY: $(od -An -tx1 | tr -d " ")"; printf "\\033[31mred"; exit 3'
  await using listening = new Program(['listen', '--exec', 'sh', '-c', script], bob)
  await said(listening, /reachable as bob/)
  expect(await execute(['send', 'bob', 'a"$(id)\nb'], ada)).toMatchObject({ code: 0 })
  await listening.line('a"$(id)')
  await said(listening, /^from ada: 612224286964290a62$/m)
  await said(listening, /^␛\[31mred$/m)
  await said(listening, /^\d\d:\d\d \* the command ended with 3, for a message of ada$/m)
  listening.signal('SIGTERM')
  expect(await listening.ended()).toMatchObject({ code: 143 })
})

test('with --json stdout has JSON alone, with what became of each run', async () => {
  const command = ['--exec', 'sh', '-c', 'grep -q bad && exit 1; echo noise']
  await using listening = new Program(['listen', '--json', ...command], bob)
  await listening.event('listening')
  for (const text of ['good', 'bad']) await execute(['send', 'bob', text], ada)
  const failed = JSON.parse(await listening.line('"result":"failed"'))
  const done = JSON.parse(await listening.line('"result":"done"'))
  const [good, bad] = listening.lines
    .filter((line) => line.includes('"event":"message"'))
    .map((line) => JSON.parse(line))
  expect(done).toEqual({ event: 'exec', buddy: 'ada', id: good.id, result: 'done', ms: expect.any(Number) })
  expect(failed).toEqual({
    event: 'exec',
    buddy: 'ada',
    id: bad.id,
    result: 'failed',
    code: 1,
    ms: expect.any(Number),
  })
  await said(listening, /^noise$/m)
  for (const line of listening.lines) expect(JSON.parse(line)).toHaveProperty('event')
})

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s ends the commands that run, and what they started',
  async (signal) => {
    const script = 'trap "" TERM; sleep 300 & echo "pids $$ $!"; wait'
    await using listening = new Program(['listen', '--exec', 'sh', '-c', script], bob)
    await said(listening, /reachable as bob/)
    for (const text of ['one', 'two'])
      expect(await execute(['send', 'bob', text], ada)).toMatchObject({ code: 0 })
    const [, ...pids] = await said(listening, /^pids (\d+) (\d+)$/m)
    expect(pids.map((pid) => isAlive(Number(pid)))).toEqual([true, true])
    listening.signal(signal)
    const { code, stderr } = await listening.ended()
    expect(code).toBe({ SIGTERM: 143, SIGINT: 130, SIGHUP: 129 }[signal])
    expect(pids.map((pid) => isAlive(Number(pid)))).toEqual([false, false])
    expect(stderr).toContain('the command did not finish for the last 2 of the messages')
  },
)

test('who is asked twice to leave does not wait for a command that does not hear', async () => {
  await using listening = new Program(
    ['listen', '--exec', 'sh', '-c', 'trap "" TERM; echo "pid $$"; while :; do sleep 0.1; done'],
    bob,
  )
  await said(listening, /reachable as bob/)
  expect(await execute(['send', 'bob', 'one'], ada)).toMatchObject({ code: 0 })
  const [, pid] = await said(listening, /^pid (\d+)$/m)
  const began = performance.now()
  listening.signal('SIGTERM')
  await new Promise((resolve) => setTimeout(resolve, 300)) // two signals at once are one
  listening.signal('SIGTERM')
  expect(await listening.ended()).toMatchObject({ code: 143 })
  expect(performance.now() - began).toBeLessThan(1_900)
  expect(isAlive(Number(pid))).toBe(false)
})

test('the command knows no passphrase, not even where it is, and inherits no open file', async () => {
  const env = { ...bob.env, OTRTALK_PASSPHRASE_FILE: '/dev/null' }
  const opened = ['/bin/sh', '-c', 'exec "$0" "$@" 7< /etc/passwd', process.execPath, entry]
  // In one write: what the program says of itself may come between two.
  const script = 'file=$(readlink /proc/self/fd/7 || echo closed); echo "$(env | grep OTRTALK | sort)\n$file"'
  await using listening = new Program(['listen', '--exec', 'sh', '-c', script], {
    ...bob,
    env,
    command: opened,
  })
  await said(listening, /reachable as bob/)
  expect(await execute(['send', 'bob', 'one'], ada)).toMatchObject({ code: 0 })
  await said(
    listening,
    /^OTRTALK_BOOTSTRAP=.*\nOTRTALK_BUDDY=ada\nOTRTALK_HOME=.*\nOTRTALK_INTERFACE=lo\nclosed$/m,
  )
})
