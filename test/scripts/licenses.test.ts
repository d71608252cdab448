import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bundledPackages, thirdPartyLicenses } from '../../scripts/licenses.ts'

test('the licences are those of the packages that are really in the bundle', async () => {
  const root = folder({ kept: 'Do as you like.\n', '@scope/dropped': undefined })
  const packages = await bundledPackages(bundle({ kept: 10, '@scope/dropped': 0 }), root)
  expect(packages).toEqual([
    { name: 'kept', version: '1.2.3', license: 'MIT', text: 'Do as you like.', integrity: 'sha512-AA==' },
  ])
  expect(thirdPartyLicenses(packages)).toContain('kept 1.2.3 (MIT)\n\nDo as you like.\n')
})

test('a bundled package without a licence text fails the build', async () => {
  for (const text of [undefined, ' \n']) {
    const root = folder({ '@scope/silent': text })
    await expect(bundledPackages(bundle({ '@scope/silent': 10 }), root)).rejects.toThrow(
      /@scope\/silent 1\.2\.3/,
    )
  }
})

test('the same package installed in two places is named once', async () => {
  const root = folder({ twice: 'Do as you like.\n', 'other/node_modules/twice': 'Do as you like.\n' })
  const packages = await bundledPackages(bundle({ twice: 10, 'other/node_modules/twice': 10 }), root)
  expect(packages.map(({ name }) => name)).toEqual(['twice'])
})

test('a bundled package that the lock file does not know fails the build', async () => {
  const root = folder({ stray: 'Do as you like.\n' })
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: {} }))
  await expect(bundledPackages(bundle({ stray: 10 }), root)).rejects.toThrow(/stray 1\.2\.3.*package-lock/)
})

function folder(licenses: Readonly<Record<string, string | undefined>>): string {
  const root = mkdtempSync(join(tmpdir(), 'otrtalk-licenses-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [name, text] of Object.entries(licenses)) {
    const path = join(root, 'node_modules', name)
    mkdirSync(path, { recursive: true })
    const own = name.replace(/^.*node_modules\//, '')
    writeFileSync(join(path, 'package.json'), JSON.stringify({ name: own, version: '1.2.3', license: 'MIT' }))
    if (text !== undefined) writeFileSync(join(path, 'LICENSE'), text)
  }
  const locked = Object.keys(licenses).map((name) => [`node_modules/${name}`, { integrity: 'sha512-AA==' }])
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: Object.fromEntries(locked) }))
  return root
}

function bundle(sizes: Readonly<Record<string, number>>): Parameters<typeof bundledPackages>[0] {
  const inputs = Object.entries(sizes).map(([name, bytesInOutput]) => [
    `node_modules/${name}/index.js`,
    { bytesInOutput },
  ])
  const output = { bytes: 10, imports: [], exports: [], inputs: Object.fromEntries(inputs) }
  return { outputs: { 'dist/otrtalk.js': output } }
}
