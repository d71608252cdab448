/**
 * The demo's other processes: this same program with a hidden command. They
 * end with us, also when we are killed: their stdin closes.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { HostPort } from '../context.ts'

export interface Part extends AsyncDisposable {
  /** The first `count` addresses it says that it listens on. */
  ports(count: number): Promise<readonly HostPort[]>
}

export function startPart(
  name: 'network' | 'buddy',
  flags: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Part {
  const [program] = process.argv.slice(1)
  const child = spawn(process.execPath, [program!, `demo-${name}`, '--json', ...flags], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.on('error', () => {}) // it may end first
  return {
    ports: (count) => listening(child, count),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.stdin.end()
      const impatience = setTimeout(() => child.kill('SIGKILL'), patience)
      await ended
      clearTimeout(impatience)
    },
  }
}

/** Calls `leave` when the process that started this part is gone or wants it to end. */
export function endWithParent(stdin: NodeJS.ReadStream, leave: () => void): void {
  stdin.resume()
  stdin.once('end', leave)
  stdin.once('error', leave)
}

async function listening({ stdout }: ChildProcess, count: number): Promise<readonly HostPort[]> {
  const found: HostPort[] = []
  for await (const line of createInterface({ input: stdout! })) {
    const port: unknown = JSON.parse(line).port
    if (typeof port === 'number') found.push({ host: '127.0.0.1', port })
    if (found.length >= count) break
  }
  stdout!.resume() // what comes later is nobody's
  if (found.length < count) throw new Error('demo: the private network did not start')
  return found
}

const patience = 3_000 // ms; a goodbye takes 2 s at most
