import { expect, test } from 'vitest'
import { start, untouched } from './pty.ts'

const node = (code: string) => ({ command: [process.execPath, '-e', code] })

test('the harness sees text, keys, a resize and the exit code of a program in a terminal', async () => {
  const code = `
    process.stdin.setRawMode(true).on('data', (key) => {
      if (key.toString() === 'q') process.exit(7)
      console.log('key ' + JSON.stringify(key.toString()))
    })
    process.stdout.on('resize', () => console.log(process.stdout.columns + ' wide'))
    console.log('ready')`
  await using pty = start([], node(code))
  await pty.waitFor('ready')
  expect(pty.state.sane).toBe(false)
  pty.key('up')
  await pty.waitFor('key "\\u001b[A"')
  pty.resize(100, 30)
  await pty.waitFor('100 wide')
  pty.type('q')
  expect(await pty.ended()).toEqual({ code: 7 })
})

test('the harness tells a terminal left alone from one left in disorder', async () => {
  await using tidy = start([], node("console.log('bye')"))
  await tidy.ended()
  expect(tidy.screen).toBe('bye')
  expect(tidy.state).toEqual(untouched)

  const mess = '\\033[?1049h\\033[?25l\\033[?2004h\\033[?1000h\\033[?1004h\\033]0;owned\\007'
  await using messy = start([], {
    command: ['sh', '-c', `stty raw -echo; printf '${mess}'`],
  })
  await messy.ended()
  expect(messy.state).toEqual({
    alternateScreen: true,
    cursorShown: false,
    bracketedPaste: true,
    mouse: true,
    focusReports: true,
    sane: false,
  })
  expect(messy.title).toBe('owned')
})

test('waiting for what never comes ends with the screen in the error', async () => {
  await using pty = start([], node("console.log('something else'); setInterval(() => {}, 1000)"))
  await pty.waitFor('something')
  await expect(pty.waitFor('never', 50)).rejects.toThrow(/never[\s\S]*something else/)
  pty.kill('SIGTERM')
  expect(await pty.ended()).toEqual({ code: 143 })
})
