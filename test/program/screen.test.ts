import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { describe, expect, test } from 'vitest'
import { coupleOfFile } from '../support/couple.ts'
import { execute, freshHome, Program } from '../support/program.ts'
import { start, untouched } from '../support/pty.ts'

const { ada, bob } = coupleOfFile()

describe('demo', () => {
  test('opens the chat screen with a buddy who answers, and leaves the terminal as it was', async () => {
    await using screen = start(['demo'])
    await screen.waitFor('ada: secured')
    screen.type('Hello Ada')
    screen.key('enter')
    await screen.waitFor('You wrote “Hello Ada”.')
    expect(screen.state).toMatchObject({ alternateScreen: true, bracketedPaste: true })
    screen.key('ctrlD')
    expect(await screen.ended()).toEqual({ code: 0 })
    expect(screen.state).toEqual(untouched)
  })

  test('without a terminal holds a short conversation, with phases and times, in under 15 s', async () => {
    const began = performance.now()
    const { code, stdout, stderr } = await execute(['demo'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(performance.now() - began).toBeLessThan(15_000)
    const lines = stdout.trim().split('\n')
    expect(lines.every((line) => /^ *\d+\.\d{3} {2}/.test(line))).toBe(true)
    for (const part of [
      'looking for ada',
      'securing',
      'secured with ada',
      'ada: ',
      'you: ',
      'delivered after',
    ])
      expect(stdout).toContain(part)
  })
})

describe('chat on the screen', () => {
  test('two people write to each other and see that it was delivered', async () => {
    await using left = start(['chat', 'bob'], ada)
    await left.waitFor((screen) => screen !== '') // typed ahead of the prompt
    left.type('are you there?')
    left.key('enter')
    await using right = start(['chat', 'ada'], { ...bob, cols: 60, rows: 16 })
    await right.waitFor('ada: secured, not verified')
    await right.waitFor('are you there?')
    right.type('yes, I am')
    right.key('enter')
    await left.waitFor('yes, I am')
    await left.waitFor((screen) => /are you there\? ✓/.test(screen))
    right.key('ctrlD')
    expect(await right.ended()).toEqual({ code: 0 })
    await left.waitFor('bob has left')
    left.type('/quit')
    left.key('enter')
    expect(await left.ended()).toEqual({ code: 0 })
    expect([left.state, right.state]).toEqual([untouched, untouched])
  })

  test('kill -9 of one side: the other’s screen says so, and the conversation goes on when it is back', async () => {
    await using screen = start(['chat', 'bob'], ada)
    {
      await using doomed = new Program(['listen', '--json'], bob)
      await screen.waitFor('bob: secured')
      doomed.signal('SIGKILL')
      await doomed.ended()
    }
    screen.type('still there?')
    screen.key('enter')
    await screen.waitFor((text) => /no longer answers|looking for bob/.test(text), 30_000)
    await using again = new Program(['listen', '--json'], bob)
    expect(await again.event('message', 30_000)).toMatchObject({ text: 'still there?' })
    await screen.waitFor((text) => /still there\? ✓/.test(text))
    screen.key('ctrlC')
    expect(await screen.ended()).toEqual({ code: 0 })
  })

  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s leaves the terminal sane and ends with %d', async (signal, code) => {
    await using screen = start(['chat', 'bob'], ada)
    await screen.waitFor('looking for bob')
    screen.kill(signal)
    expect(await screen.ended()).toEqual({ code })
    expect(screen.state).toEqual(untouched)
  })

  test('a crash leaves the terminal sane, ends with 70 and says that it is our fault', async () => {
    const folder = join(ada.home, 'crash')
    await mkdir(folder, { recursive: true })
    const crash = join(folder, 'crash.mjs')
    await writeFile(crash, "process.on('SIGUSR2', () => { throw new Error('planted') })\n")
    await using screen = start(['chat', 'bob'], {
      ...ada,
      env: { ...ada.env, NODE_OPTIONS: `--import=${crash}` },
    })
    await screen.waitFor('looking for bob')
    screen.kill('SIGUSR2')
    expect(await screen.ended()).toEqual({ code: 70 })
    expect(screen.state).toEqual(untouched)
    expect(screen.screen).toMatch(/fault of the program itself/)
  })

  test('ends with 1 and names those there are when the buddy is unknown', async () => {
    await using screen = start(['chat', 'eve'], ada)
    expect(await screen.ended()).toEqual({ code: 1 })
    expect(screen.screen).toMatch(/otrtalk: no buddy named eve\nhint: your buddies: bob/)
    expect(screen.state).toEqual(untouched)
  })
})

test('a wrong passphrase can be tried again, three times, then ends with 5; the right one opens the profile', async () => {
  await using home = await freshHome()
  const at = { home: home.path, env: { OTRTALK_INTERFACE: 'lo' } }
  await using making = start(['profile', 'create', 'carol'], at)
  await making.waitFor('new passphrase for carol')
  making.type('correct horse')
  making.key('enter')
  await making.waitFor('the same again')
  making.type('correct horse')
  making.key('enter')
  expect(await making.ended()).toEqual({ code: 0 })
  expect(making.raw).not.toContain('horse')

  await using wrong = start(['id'], at)
  for (let i = 1; i <= 3; i++) {
    await wrong.waitFor((screen) => screen.split('passphrase of carol:').length === i + 1)
    wrong.type(`wrong ${i}`)
    wrong.key('enter')
  }
  expect(await wrong.ended()).toEqual({ code: 5 })
  expect(wrong.screen).toMatch(/otrtalk: wrong passphrase for the profile carol/)
  expect(wrong.state).toEqual(untouched)

  await using right = start(['id'], at)
  await right.waitFor('passphrase of carol')
  right.type('correct horse')
  right.key('enter')
  expect(await right.ended()).toEqual({ code: 0 })
  expect(right.screen).toMatch(/ot1q/)
})
