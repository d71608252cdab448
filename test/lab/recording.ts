/** What passes an interface of a host, octet for octet: UDP over IPv4, as whoever sits there would keep it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Lab } from './lab.ts'

export interface Recorded {
  readonly from: string // 1.2.3.4:5678
  readonly to: string
  readonly bytes: Uint8Array
}

export class Recording implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child
    this.#folder = folder
  }

  /** Resolves when it sees packets. */
  static async on(lab: Lab, host: string, filter: string): Promise<Recording> {
    const folder = mkdtempSync(join(tmpdir(), 'otrtalk-recording-'))
    const options = [
      '--immediate-mode',
      '-U',
      '-Z',
      'root',
      '-s',
      '0',
      '-i',
      'eth0',
      '-w',
      join(folder, 'pcap'),
      filter,
    ]
    const [file, ...args] = [...lab.on(host), 'tcpdump', ...options]
    const child = spawn(file!, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    for await (const line of createInterface({ input: child.stderr }))
      if (line.includes('listening on')) return new Recording(child, folder)
    throw new Error(`tcpdump on ${host} ended`)
  }

  /** All that passed; nothing more is recorded. */
  async stop(): Promise<Recorded[]> {
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGINT')
      await once(this.#child, 'close')
    }
    return [...packets(readFileSync(join(this.#folder, 'pcap')))]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGINT')
      await once(this.#child, 'close')
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** libpcap's file: a head of 24 octets, then for each packet a head of 16, and an Ethernet frame. */
function* packets(file: Buffer): Generator<Recorded> {
  for (let at = 24; at + 16 <= file.length; ) {
    const size = file.readUInt32LE(at + 8)
    const frame = file.subarray(at + 16, at + 16 + size)
    at += 16 + size
    if (frame.length < 42 || frame.readUInt16BE(12) !== 0x0800 || frame[23] !== 17) continue
    const udp = 14 + 4 * (frame[14]! & 15)
    const address = (from: number): string => [...frame.subarray(from, from + 4)].join('.')
    yield {
      from: `${address(26)}:${frame.readUInt16BE(udp)}`,
      to: `${address(30)}:${frame.readUInt16BE(udp + 2)}`,
      bytes: frame.subarray(udp + 8, udp + frame.readUInt16BE(udp + 4)),
    }
  }
}
