/** When the source was as it is: what is dated in a build is dated by it, so that a build can be repeated. */
import { execFileSync } from 'node:child_process'

/** `$SOURCE_DATE_EPOCH` (https://reproducible-builds.org/specs), else the commit's; none outside of a clone. */
export function sourceDate(root: string, { SOURCE_DATE_EPOCH: given }: NodeJS.ProcessEnv): Date | undefined {
  const seconds = given || commitDate(root)
  if (seconds === undefined) return undefined
  if (!/^\d{1,11}$/.test(seconds)) throw new Error(`SOURCE_DATE_EPOCH is no count of seconds: ${seconds}`)
  return new Date(Number(seconds) * 1000)
}

function commitDate(root: string): string | undefined {
  try {
    const args = ['log', '-1', '--format=%ct']
    return execFileSync('git', args, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return undefined
  }
}
