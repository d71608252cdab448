/**
 * How a bundle's text is written: what handles secrets so that it can be read
 * beside its source, all else as short as it gets (docs/decisions/029).
 */
import { Script } from 'node:vm'
import { type TransformOptions, transform } from 'esbuild'

export const target = 'node20.19'

/** What handles secrets of ours. */
const readable = /^src\/(?:(?:otr|transport\/link|profile)\/|crypto\.ts$)/

const names: TransformOptions = { target, charset: 'utf8', treeShaking: false }

/** @param sources - what is in this chunk; esbuild names each in a line above what came from it */
export async function reprinted(chunk: string, sources: readonly string[]): Promise<string> {
  if (!sources.some((source) => readable.test(source))) {
    const { code } = await transform(chunk, { minify: true, format: 'esm', target, charset: 'utf8' })
    return code
  }
  const parts = chunk.split(/^(?=\/\/ (?:src|node_modules)\/\S+$|export \{)/m)
  return (await Promise.all(parts.map(reprintedPart))).join('')
}

async function reprintedPart(part: string): Promise<string> {
  if (part.startsWith('export {')) return part.replaceAll(/\s+/g, ' ') // what it names is in other parts
  const [head = '', source] = /^\/\/ (\S+)\n/.exec(part) ?? []
  if (source !== undefined && readable.test(source)) {
    const { code } = await transform(part, { ...names, minifyWhitespace: true }) // without comments
    return head + (await inLines(code))
  }
  // The names that other parts use stay: at the top of a script, and only there, they are everybody's.
  const imports = part.match(importing) ?? []
  const rest = part.replaceAll(importing, '')
  const { code } = await transform(rest, { ...names, minify: isScript(rest), minifyWhitespace: true })
  return imports.join('\n') + code
}

/** Indented by tabs: two spaces a level are a tenth of it. Not where that would change a text of several lines. */
async function inLines(short: string): Promise<string> {
  const { code } = await transform(short, names)
  const tabbed = code.replaceAll(/^(?: {2})+/gm, (spaces) => '\t'.repeat(spaces.length / 2))
  const { code: again } = await transform(tabbed, { ...names, minifyWhitespace: true })
  return again === short ? tabbed : code
}

/** What is no script is a module: an import, an export, an `await` at its top. */
function isScript(text: string): boolean {
  try {
    new Script(text)
    return true
  } catch {
    return false
  }
}

const importing = /^import (?:[^;"]* from )?"[^"]+";$/gm
