import { expect, test } from 'vitest'
import { until } from '../cli/emulator.ts'
import { at, difficult, message, Stage, secured, under } from '../cli/screen/stage.ts'

test.each([
  [40, 12],
  [80, 24],
  [120, 40],
])(
  'a frame of %d by %d is whole with text of every kind: no row runs into another',
  async (columns, rows) => {
    await using stage = await new Stage(columns, rows).open()
    const { ui, emulator } = stage
    ui.tell(secured)
    for (const text of difficult) {
      ui.tell(message(text))
      ui.tell(message('end.'))
      await until(async () => (await emulator.rows()).at(-4)?.endsWith('end.'), `${text} drawn`)
      const shown = await emulator.rows()
      expect(shown[0]).toMatch(/^ada: secured, met by code/)
      expect(shown[1]).toBe('─'.repeat(columns))
      expect(shown.at(-3)).toBe('─'.repeat(columns))
      expect(shown.at(-2)).toBe('› write to ada, or /help')
      for (const row of shown.slice(2, -3)) expect(row).toMatch(/^(?:14:02 (?:ada| {2}·) {2}| {11}|$)/)
      ui.tell({ kind: 'message', id: '1', text: '-', at, ...under })
      await until(async () => (await emulator.rows()).at(-4)?.endsWith('-'), 'the next line')
    }
    expect(emulator.title).toBe('')
  },
)
