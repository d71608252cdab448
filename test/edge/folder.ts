/** Folders that are gone after the test. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Home } from '../../src/edge/home.ts'

export function temporaryFolder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'otrtalk-')))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Without any profile. */
export function newHome(): Home {
  const path = temporaryFolder()
  return { path, profiles: join(path, 'profiles') }
}
