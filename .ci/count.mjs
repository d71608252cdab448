/** Prints `passed failed skipped` of vitest's JSON report. A file that could not be loaded is one failure. */
import { readFileSync } from 'node:fs'

const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
  readFileSync(process.argv[2], 'utf8'),
)
const broken = testResults.filter(
  ({ status, assertionResults }) =>
    status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
)
console.log(numPassedTests, numFailedTests + broken.length, numPendingTests)
