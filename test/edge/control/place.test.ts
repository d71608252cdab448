import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderFault, placesOf, preparePlace } from '../../../src/edge/control/place.ts'
import { temporaryFolder } from '../folder.ts'

const uid = process.getuid?.() ?? 0

describe('the socket of a profile', () => {
  test('is named by its path, the same through a link', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'ada'))
    mkdirSync(join(folder, 'bob'))
    symlinkSync(join(folder, 'ada'), join(folder, 'link'))
    const nameOf = (profile: string): string =>
      placesOf(join(folder, profile), { OTRTALK_HOME: '/h' })[0]!.path
    expect(nameOf('ada')).toMatch(/^\/h\/run\/[\da-f]{16}\.sock$/)
    expect(nameOf('link')).toBe(nameOf('ada'))
    expect(nameOf('bob')).not.toBe(nameOf('ada'))
  })

  test('is with OTRTALK_HOME, else where the system keeps such things, else with the temporary files', () => {
    const folders = (env: Record<string, string>): string[] =>
      placesOf(temporaryFolder(), env).map(({ folder }) => folder)
    const others = [`/run/user/${uid}/otrtalk`, join(tmpdir(), `otrtalk-${uid}`)]
    expect(folders({ OTRTALK_HOME: '/h', XDG_RUNTIME_DIR: '/r' })).toEqual(['/h/run'])
    expect(folders({ XDG_RUNTIME_DIR: '/r' })).toEqual(['/r/otrtalk', ...others])
    expect(folders({ XDG_RUNTIME_DIR: 'relative' })).toEqual(others)
  })

  test('is opened in the first of them that this environment names, in a folder 0700', () => {
    const home = temporaryFolder()
    const { folder } = preparePlace(home, { XDG_RUNTIME_DIR: home })
    expect(folder).toBe(join(home, 'otrtalk'))
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(preparePlace(home, { XDG_RUNTIME_DIR: home }).folder).toBe(folder) // made already
  })

  test('is refused at a path of 101 octets, and not at one of 100', () => {
    const home = temporaryFolder()
    const name = '/run/0123456789abcdef.sock'.length
    const long = join(home, 'x'.repeat(100 - home.length - 1 - name))
    mkdirSync(long)
    expect(preparePlace(home, { OTRTALK_HOME: long }).path).toHaveLength(100)
    mkdirSync(`${long}x`)
    expect(() => preparePlace(home, { OTRTALK_HOME: `${long}x` })).toThrow(/longer than 100 octets/)
  })

  test('is refused, in words, where no folder can be made', () => {
    const home = temporaryFolder()
    expect(() => preparePlace(home, { XDG_RUNTIME_DIR: join(home, 'none') })).toThrow(
      /cannot make the folder/,
    )
  })
})

describe('a folder', () => {
  const made = (mode = 0o700): string => {
    const folder = join(temporaryFolder(), 'run')
    mkdirSync(folder)
    chmodSync(folder, mode)
    return folder
  }

  test('of ours that is closed to others is trusted, and one that is not there', () => {
    expect(folderFault(made())).toBeUndefined()
    expect(folderFault(join(temporaryFolder(), 'none'))).toBeUndefined()
  })

  test.each([0o710, 0o701, 0o770, 0o755])('open to others is not: %o', (mode) => {
    expect(folderFault(made(mode))?.message).toContain('is open to others')
  })

  test('that is a link is not, whatever it leads to; nor a file', () => {
    const link = join(temporaryFolder(), 'link')
    symlinkSync(made(), link)
    expect(folderFault(link)?.message).toContain('is a link')
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    expect(folderFault(file)?.message).toContain('is no folder')
  })

  test('that others may replace is not: all of them may write above it, and it is not sticky', () => {
    const folder = made()
    chmodSync(join(folder, '..'), 0o777)
    expect(folderFault(folder)?.message).toContain('others may put another in its place')
    chmodSync(join(folder, '..'), 0o1777)
    expect(folderFault(folder)).toBeUndefined()
  })

  test.runIf(uid === 0)('in a folder of another user is not, as he may replace it', () => {
    const folder = made()
    chownSync(join(folder, '..'), 65_534, 65_534)
    expect(folderFault(folder)?.message).toContain('others may put another in its place')
  })

  test('of another user is not', () => {
    const foreign = uid === 0 ? made() : '/'
    if (uid === 0) chownSync(foreign, 65_534, 65_534)
    expect(folderFault(foreign)?.message).toContain('is not yours')
  })
})
