/** The programs that are compared, of which some may be lacking: that is said once, and the others are measured. */
import { type Compiled, whyNoPackages } from './counterparts.ts'
import { type Program, peer } from './pair.ts'

export interface Contenders {
  readonly bare: Program
  /** With ENet's own congestion control. */
  readonly classic: Program
  readonly sealed: Program
  readonly dgram: Program
  readonly cenet: Program | undefined
  readonly udx: Program | undefined
  readonly hyperdht: Program | undefined
}

/** @param bench - the one that says what is lacking */
export function contenders(bench: string, compiled: Compiled): Contenders {
  const made = compiled.make('enet_peer', ['-lenet'])
  if ('why' in made) lacking(bench, `c enet: ${made.why}`)
  const why = whyNoPackages()
  if (why !== undefined) lacking(bench, `udx, hyperdht: ${why}`)
  const streams = (...options: string[]) => (why === undefined ? peer('streams', ...options) : undefined)
  return {
    bare: peer('ours'),
    classic: peer('ours', '--congestion', 'classic'),
    sealed: peer('ours', '--sealed'),
    dgram: peer('dgram'),
    cenet: 'path' in made ? { command: [made.path] } : undefined,
    udx: streams(),
    hyperdht: streams('--sealed'),
  }
}

function lacking(bench: string, what: string): void {
  console.error(`not measured: ${bench}: ${what}`)
}
