import { expect, test } from 'vitest'
import { reprinted } from '../../scripts/reprint.ts'

const chunk = `import { join } from "node:path";

// src/otr/secret.ts
/** What it is for. */
function derive(sharedSecret) {
  const text = \`two
    lines\`;
  return sharedSecret + text;
}

// src/cli/other.ts
import { basename } from "node:path";
/** What it is for. */
function shown(aLongName) {
  const another = aLongName + 1;
  return join(basename(derive(another)), "");
}
export {
  derive,
  shown
};
`
const sources = ['src/otr/secret.ts', 'src/cli/other.ts']

test('what handles secrets keeps names and lines, and nothing keeps comments', async () => {
  const text = await reprinted(chunk, sources)
  expect(text).toContain('// src/otr/secret.ts\nfunction derive(sharedSecret) {\n')
  expect(text).not.toContain('What it is for')
  expect(text).not.toMatch(/aLongName|another/)
})

test('what is reprinted does what it did', async () => {
  const load = (text: string): Promise<{ shown(value: number): string }> =>
    import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`)
  const [before, after] = [await load(chunk), await load(await reprinted(chunk, sources))]
  expect(after.shown(4)).toBe(before.shown(4))
  expect(after.shown(4)).toBe('5two\n    lines')
})

test('where nothing handles secrets nothing stays', async () => {
  const text = await reprinted(chunk.replace('src/otr/', 'src/cli/'), ['src/cli/secret.ts', sources[1]!])
  expect(text).not.toMatch(/sharedSecret|secret\.ts/)
  expect(text.trim().split('\n').length).toBeLessThan(4)
})
