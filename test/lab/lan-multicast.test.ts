import { execFileSync, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { bundle } from '../edge/bundle.ts'
import { Lab, whyNoLab } from './lab.ts'

const missing = whyNoLab()
if (missing !== undefined) console.warn(`skipped: ${missing}`)

let child = ''
beforeAll(async () => {
  child = await bundle(source)
})

test.skipIf(missing !== undefined).each([4, 6] as const)(
  'two hosts of a LAN without a router know each other in 200 ms, by IPv%i alone',
  async (family) => {
    using lab = new Lab('lan')
    await using alice = await start(lab, 'alice', family)
    await sleep(1_100) // its first announcements are over
    await using bob = await start(lab, 'bob', family)
    const [ofBob, ofAlice] = await Promise.all([alice.near(), bob.near()])
    const addresses = family === 4 ? /^192\.168\.1\.1[01]:7004$/ : /^\[fe80::[\da-f:]+%eth0\]:7006$/
    for (const { address } of [ofBob, ofAlice]) expect(address).toMatch(addresses)
    expect(ofBob.address).not.toBe(ofAlice.address)
    expect(ofBob.at - bob.since).toBeLessThan(200)
    expect(ofAlice.at - bob.since).toBeLessThan(200)
    console.info(
      `IPv${family}: ${Math.round(ofBob.at - bob.since)}, ${Math.round(ofAlice.at - bob.since)} ms`,
    )
  },
)

test.skipIf(missing !== undefined)('an announcement has one hop to live', async () => {
  using lab = new Lab('lan')
  await using carol = await listen(lab, 'carol')
  await using alice = await start(lab, 'alice', 4)
  expect(await carol.lines(3)).toEqual(['ttl 1', 'ttl 1', 'ttl 1'])
  expect(alice.since).toBeGreaterThan(0)
})

test.skipIf(missing !== undefined)(
  'nothing leaves by another interface than the one named, though every route leads there',
  async () => {
    using lab = new Lab('lan')
    const ip = (...args: string[]): string => execute(lab, 'alice', ['ip', ...args])
    ip('link', 'add', 'other0', 'type', 'veth', 'peer', 'name', 'far0')
    execute(lab, 'alice', ['sysctl', '-q', 'net.ipv6.conf.other0.disable_ipv6=1'])
    ip('address', 'add', '10.99.0.1/24', 'dev', 'other0')
    for (const end of ['far0', 'other0']) ip('link', 'set', end, 'up')
    ip('route', 'replace', '224.0.0.0/4', 'dev', 'other0')
    ip('route', 'add', 'default', 'via', '10.99.0.2')
    const left = (): number =>
      Number(execute(lab, 'alice', ['cat', '/sys/class/net/other0/statistics/tx_packets']))
    {
      await using bob = await start(lab, 'bob', 4)
      await using alice = await start(lab, 'alice', 4, 'eth0')
      await Promise.all([alice.near(), bob.near()])
    }
    expect(left()).toBe(0)
    {
      await using bob = await start(lab, 'bob', 4)
      await using alice = await start(lab, 'alice', 4)
      await Promise.all([alice.near(), bob.near()])
    }
    expect(left()).toBeGreaterThan(0)
  },
)

function execute(lab: Lab, host: string, command: readonly string[]): string {
  const [file, ...args] = [...lab.on(host), ...command]
  return execFileSync(file!, args, { encoding: 'utf8' })
}

interface Near {
  readonly address: string
  readonly at: number // unix ms
}

async function start(lab: Lab, host: string, family: 4 | 6, only = '') {
  const program = run(lab, host, [process.execPath, child, host, `${family}`, only])
  const [ready] = await program.lines(1)
  return {
    since: Number(ready),
    near: async (): Promise<Near> => JSON.parse((await program.lines(1))[0]!),
    [Symbol.asyncDispose]: program[Symbol.asyncDispose],
  }
}

/** Says with which time to live announcements arrive. */
async function listen(lab: Lab, host: string) {
  const python = `
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_IP, 12, 1) # IP_RECVTTL
s.bind(('239.255.111.116', 28532))
s.setsockopt(socket.SOL_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton('239.255.111.116') + socket.inet_aton('0.0.0.0'))
print('ready', flush=True)
while True:
    _, extra, _, _ = s.recvmsg(2048, 64)
    print('ttl', struct.unpack('i', extra[0][2])[0], flush=True)
`
  const program = run(lab, host, ['python3', '-c', python])
  await program.lines(1)
  return program
}

function run(lab: Lab, host: string, command: readonly string[]) {
  const [file, ...args] = [...lab.on(host), ...command]
  const running = spawn(file!, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => running.on('exit', resolve))
  const output: Interface = createInterface({ input: running.stdout })
  const lines = output[Symbol.asyncIterator]()
  return {
    async lines(count: number): Promise<string[]> {
      const read: string[] = []
      while (read.length < count) {
        const { value, done } = await lines.next()
        if (done) throw new Error(`${host} has ended`)
        read.push(value)
      }
      return read
    },
    async [Symbol.asyncDispose](): Promise<void> {
      running.kill()
      await ended
    },
  }
}

/** Seeks the other of alice and bob; says when it began, then the first time that he is near. */
const source = `
import { randomBytes } from './src/crypto.ts'
import { Lan } from './src/discovery/lan.ts'
import { multicastLinks } from './test/edge/multicastlinks.ts'
import { run } from './src/edge/run.ts'
import { pairOf } from './test/discovery/lanpeople.ts'

const [, , name, family, only] = process.argv
const locals = { ['multicast' + family]: { kind: 'multicast' + family } }
console.log(Date.now())
const lan = new Lan({ locals, random: randomBytes, wall: () => Date.now(), sessionId: randomBytes(8) })
lan.seek('other', pairOf(1)[name === 'alice' ? 0 : 1])
lan.announce({ port4: 7004, port6: 7006 })
run(lan, {
  multicast: () => multicastLinks(only || undefined),
  onEvent: ({ address }) => console.log(JSON.stringify({ address, at: Date.now() })),
})
`
