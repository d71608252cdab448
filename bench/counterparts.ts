/**
 * What we are measured beside: packages of npm and programs in C. They are no dependencies of the project: packages are
 * installed into a folder of their own, as bench/peers/packages has them locked, without running their scripts; C is
 * compiled into a temporary folder. Who lacks one says so and measures the rest.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where udx-native and @hyperswarm/secret-stream lie once `installed` has answered. */
export const packages: string = join(import.meta.dirname, '../node_modules/.cache/otrtalk-counterparts')

/** Why the packages are not there, or undefined. */
export function whyNoPackages(): string | undefined {
  const locked = join(import.meta.dirname, 'peers/packages')
  const isThere =
    existsSync(join(packages, 'node_modules/udx-native')) &&
    readFileSync(join(packages, 'package-lock.json')).equals(readFileSync(join(locked, 'package-lock.json')))
  if (isThere) return undefined
  mkdirSync(packages, { recursive: true })
  cpSync(locked, packages, { recursive: true })
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  return failure(() => execFileSync('npm', args, { cwd: packages, stdio: 'pipe' }))
}

/** Programs of test/peers in C. */
export class Compiled implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'otrtalk-bench-'))
  readonly #remove = (): void => rmSync(this.#folder, { recursive: true, force: true })

  constructor() {
    process.once('exit', this.#remove) // it may end before it let go of them
  }

  /** A program to run, or why it is not there. */
  make(
    name: string,
    libraries: readonly string[] = [],
  ): { readonly path: string } | { readonly why: string } {
    const path = join(this.#folder, name)
    const source = join(import.meta.dirname, '../test/peers', `${name}.c`)
    const why = failure(() =>
      execFileSync('gcc', ['-O2', source, '-o', path, ...libraries], { stdio: 'pipe' }),
    )
    return why === undefined ? { path } : { why }
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#remove)
    this.#remove()
  }
}

function failure(attempt: () => void): string | undefined {
  try {
    attempt()
    return undefined
  } catch (error) {
    const [first, ...others] = String(error).split('\n')
    const reason = others.find((line) => /error/i.test(line))
    return reason === undefined ? first : `${first}: ${reason}`
  }
}
