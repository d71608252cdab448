#!/usr/bin/env node
/** The program: runs the command line in this process. */
import { version } from '../src/cli/version.ts'

const { argv, env, stdout, stderr } = process

// Nobody reads what is said to people: no reason to stop, and none to end with 0.
stderr.on('error', () => {})

// What was thrown where nobody awaits: a fault of ours, told like any other; or a
// pipe that nobody reads any more (`otrtalk buddy list | head -1`), which is none.
process.on('uncaughtException', async (error) => {
  const { formAsked, report } = await import('../src/cli/error.ts')
  process.exit(
    await report(error, { stdin: process.stdin, stdout, stderr, env }, formAsked(argv.slice(2), env)),
  )
})

// Alone, it loads nothing else: 6 ms over bare node, a third of what the command line costs.
if (argv.length === 3 && (argv[2] === '--version' || argv[2] === '-V')) stdout.write(`${version}\n`)
else {
  const { main } = await import('../src/cli/program.ts')
  process.exitCode = await main(argv.slice(2), { stdin: process.stdin, stdout, stderr, env })
}
