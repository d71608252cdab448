import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// unit and unit-signals: every `npm test`; program: the built program in a pseudo-terminal;
// slow, slow-peers and lab: long ones, real peers and network namespaces, what .ci/run adds.
const withSignals = ['test/cli/{screen/screen,lines/plain,exchanging}.test.{ts,tsx}']

// What has a foreign peer, or a clock to keep up with: the processor is its own, and nothing else runs.
const withPeers = ['test/slow/{dht-interop,enet-interop,enet-lossy,link-roaming}.test.ts']

// More than there are cores: some wait for timers, processes and routers.
const workers = Math.ceil(availableParallelism() * 1.5)

/** A worker takes a file: who is long, and begins last, is waited for. By size, as is usual, some of these would. */
const long =
  /\/(?:program\/(?:tutorial|invite|exits|reproducible|deb)|slow\/(?:mail|screen-whole|otr-smp|otr-ratchets|otr-model|meeting|otr-fuzz|otr|ordeal|link-fire))\.test\.ts$/
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification): boolean => long.test(moduleId)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/{program,lab,slow}/**', ...withSignals],
          testTimeout: 20_000, // a busy machine is no fault
          maxWorkers: workers,
          maxConcurrency: 16, // what is concurrent waits for timers
          isolate: false, // no file leaves anything behind; loading all anew for each took a third of the time
        },
      },
      {
        test: {
          name: 'unit-signals', // of the process: each file has one to itself
          include: withSignals,
          testTimeout: 20_000,
          maxWorkers: workers,
        },
      },
      {
        test: {
          name: 'program',
          include: ['test/program/**/*.test.ts'],
          testTimeout: 120_000, // a busy machine is no fault
          hookTimeout: 60_000,
          maxWorkers: workers, // they mostly wait
        },
      },
      {
        test: {
          name: 'slow', // in virtual time
          include: ['test/slow/**/*.test.ts'],
          exclude: withPeers,
          testTimeout: 300_000,
          maxWorkers: availableParallelism(), // they never wait
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'slow-peers',
          include: withPeers,
          testTimeout: 300_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          testTimeout: 300_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
