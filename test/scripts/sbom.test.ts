import { expect, test } from 'vitest'
import type { BundledPackage } from '../../scripts/licenses.ts'
import { softwareBill, type Whole } from '../../scripts/sbom.ts'

const whole: Whole = {
  name: 'otrtalk',
  version: '1.2.3',
  description: 'Talk',
  license: 'MIT',
  date: new Date(86_400_000),
  tool: { name: 'esbuild', version: '0.1.2' },
}
const one: BundledPackage = {
  name: '@scope/one',
  version: '1.0.0+a',
  license: 'MIT',
  text: '',
  integrity: 'sha512-AQID',
}
const two: BundledPackage = { ...one, name: 'two', version: '2.0.0', license: '(MIT OR Apache-2.0)' }

test('the bill says what is in the bundle as CycloneDX 1.6 wants it', () => {
  expect(JSON.parse(softwareBill([one, two], whole))).toEqual({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: expect.stringMatching(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    ),
    version: 1,
    metadata: {
      timestamp: '1970-01-02T00:00:00.000Z',
      lifecycles: [{ phase: 'build' }],
      tools: {
        components: [
          { type: 'application', name: 'esbuild', version: '0.1.2', purl: 'pkg:npm/esbuild@0.1.2' },
        ],
      },
      component: {
        type: 'application',
        'bom-ref': 'otrtalk@1.2.3',
        name: 'otrtalk',
        version: '1.2.3',
        description: 'Talk',
        licenses: [{ license: { id: 'MIT' } }],
        purl: 'pkg:npm/otrtalk@1.2.3',
      },
    },
    components: [
      {
        type: 'library',
        'bom-ref': '@scope/one@1.0.0+a',
        group: '@scope',
        name: 'one',
        version: '1.0.0+a',
        hashes: [{ alg: 'SHA-512', content: '010203' }],
        licenses: [{ license: { id: 'MIT' } }],
        purl: 'pkg:npm/%40scope/one@1.0.0%2Ba',
      },
      {
        type: 'library',
        'bom-ref': 'two@2.0.0',
        name: 'two',
        version: '2.0.0',
        hashes: [{ alg: 'SHA-512', content: '010203' }],
        licenses: [{ expression: '(MIT OR Apache-2.0)' }],
        purl: 'pkg:npm/two@2.0.0',
      },
    ],
    dependencies: [{ ref: 'otrtalk@1.2.3', dependsOn: ['@scope/one@1.0.0+a', 'two@2.0.0'] }],
  })
})

test('the same bundle has the same bill, octet for octet, and another one another number', () => {
  const numberOf = (text: string): string => JSON.parse(text).serialNumber
  const bill = softwareBill([one], whole)
  expect(softwareBill([one], { ...whole })).toBe(bill)
  expect(numberOf(softwareBill([two], whole))).not.toBe(numberOf(bill))
})

test('without a commit the bill has no date; a hash that CycloneDX does not know fails the build', () => {
  expect(JSON.parse(softwareBill([one], { ...whole, date: undefined })).metadata).not.toHaveProperty(
    'timestamp',
  )
  expect(() => softwareBill([{ ...one, integrity: 'md5-AQID' }], whole)).toThrow(/md5/)
})
