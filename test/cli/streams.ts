/** A process's streams and variables, without a process: what is typed goes in, what is printed comes out. */
import { PassThrough } from 'node:stream'
import { main } from '../../src/cli/program.ts'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Every change of the terminal: true for raw. */
  readonly raw: readonly boolean[]
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Somebody sits at a terminal and types this. */
  readonly typed?: string
}

/** Runs the command line to its end. */
export async function runMain(argv: readonly string[], { env = {}, typed }: RunOptions = {}): Promise<Ran> {
  const raw: boolean[] = []
  const isTTY = typed !== undefined
  const stdin = Object.assign(new PassThrough(), {
    isTTY,
    setRawMode(mode: boolean) {
      raw.push(mode)
    },
  })
  if (typed !== undefined) stdin.write(typed)
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  Object.assign(stdout, { isTTY })
  Object.assign(stderr, { isTTY })
  const io = { stdin, stdout, stderr, env } as unknown as Parameters<typeof main>[1]
  const code = await main(argv, io)
  const text = (stream: PassThrough): string => stream.read()?.toString() ?? ''
  return { code, stdout: text(stdout), stderr: text(stderr), raw }
}
