#!/usr/bin/env node
/** The program: runs the command line in this process. */
import { main } from '../src/cli/program.ts'

const { argv, env, stdin, stdout, stderr } = process

// Whoever read our output has gone: nothing more to do, and no fault (`otrtalk buddy list | head -1`).
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

process.exitCode = await main(argv.slice(2), { stdin, stdout, stderr, env })
