/** A picture of a screen in a document: the people do and say what is in it, and one of them sees the same. */
import { patience } from '../../support/program.ts'
import { size } from '../../support/shell.ts'
import { difference } from './compare.ts'
import { type Act, say } from './scenes.ts'
import { type Person, type Stage, waitFor } from './stage.ts'

/** What both know who talk here. */
const secret = 'Rome'

/** The column of buddies at the left, and what is beside it. */
const columns = /^(?<list>.{22})│ ?(?<text>.*)$/

export async function enact(rows: readonly string[], stage: Stage, summon: Act['summon']): Promise<void> {
  const [, alias, name] = /^(\w+): .* otrtalk - (\w+)$/.exec(rows[0] ?? '') ?? []
  if (alias === undefined || name === undefined)
    throw new Error(
      `the header of a picture begins with a buddy, and ends with otrtalk - a profile: ${rows[0]}`,
    )
  const list = rows.flatMap((row) => columns.exec(row)?.groups?.['list'] ?? [])
  const [viewer, buddy] = [await stage.person(name), await stage.person(alias)]
  await gather({ viewer, buddy, list }, summon)
  for (const row of rows) await happens(columns.exec(row)?.groups?.['text'] ?? row, viewer, buddy)
  await unread(list, { viewer, stage, summon })
  await expectSame(rows, viewer)
}

interface Gathering {
  readonly viewer: Person
  readonly buddy: Person
  readonly list: readonly string[]
}

/** Both are in the conversation, if they are not yet. */
async function gather({ viewer, buddy, list }: Gathering, summon: Act['summon']): Promise<void> {
  const isInviting = viewer.open !== undefined && /^otrtalk invite/.test(viewer.shell.command)
  if (viewer.open === undefined)
    await summon(viewer.name, list.length > 0 ? 'otrtalk' : `otrtalk chat ${buddy.name}`)
  if (buddy.open === undefined)
    await summon(buddy.name, `otrtalk ${isInviting ? 'accept' : 'chat'} ${viewer.name}`)
  if (list.length > 0) viewer.shell.pty.type(`/to ${buddy.name}\r`)
  await waitFor(viewer, new RegExp(`^${buddy.name}: secured`))
  await waitFor(buddy, new RegExp(`^${viewer.name}: secured`))
}

/** What has to be done for a row to be there; nothing for those that come by themselves. */
async function happens(row: string, viewer: Person, buddy: Person): Promise<void> {
  const said = /^\d\d:\d\d (\w+) +(.*?)(?: ✓)?$/.exec(row)
  if (said) await (said[1] === 'you' ? say(viewer, buddy, said[2]!) : say(buddy, viewer, said[2]!))
  const asked = /· +\w+ wants to verify that it is you: (.*)$/.exec(row)
  if (asked) {
    buddy.shell.pty.type(`/verify ${asked[1]}\r`)
    await waitFor(buddy, /^\? the answer that/m)
    buddy.shell.pty.type(`${secret}\r`)
    await waitFor(viewer, /wants to verify/)
  }
  if (/· +\w+ asks: /.test(row)) {
    viewer.shell.pty.type('/answer\r')
    await waitFor(viewer, /^\? your answer/m)
    viewer.shell.pty.type(`${secret}\r`)
  }
  const written = /^› (?!write to )(.*)$/.exec(row)
  if (written) viewer.shell.pty.type(written[1]!)
}

interface Others {
  readonly viewer: Person
  readonly stage: Stage
  readonly summon: Act['summon']
}

/** Others write as many texts as the list says. */
async function unread(list: readonly string[], { viewer, stage, summon }: Others): Promise<void> {
  for (const row of list) {
    const [, name, count] = /^.(\w+) .*?(\d+) new/.exec(row) ?? []
    if (name === undefined) continue
    const other = await stage.person(name)
    await summon(name, `otrtalk chat ${viewer.name}`)
    await waitFor(other, /secured/)
    for (let n = 1; n <= Number(count); n++) other.shell.pty.type(`text ${n}\r`)
  }
}

async function expectSame(rows: readonly string[], { shell }: Person): Promise<void> {
  const width = Math.max(...rows.map((row) => row.length))
  shell.pty.resize(width, rows.length)
  const fits = (screen: string): boolean => difference(rows, screen.split('\n')) === undefined
  await shell.pty.waitFor(fits, patience / 2).catch(() => {
    throw new Error(difference(rows, shell.pty.screen.split('\n')))
  })
  shell.pty.resize(size.cols, size.rows)
  shell.pty.type('\x15') // what is written in the picture is not sent
}
