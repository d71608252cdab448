/**
 * PCP, the octets (RFC 6887): the MAP request for one UDP port over IPv4, its
 * answer, and ANNOUNCE. Same port as NAT-PMP, 5351: the first octet tells them
 * apart, and a gateway that speaks the other one says so (section 9).
 */
import { equal } from '../crypto.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'

export interface PcpMapRequest {
  /** 96 random bits, the same for a mapping's renewals and its removal. */
  readonly nonce: Uint8Array
  /** The address the request is sent from; another one is answered with ADDRESS_MISMATCH. */
  readonly client: string
  readonly internal: number
  /** As whom we would like to be seen; 0.0.0.0 for any address. */
  readonly external: { readonly address: string; readonly port: number }
  /** s; 0 removes the mapping. */
  readonly lifetime: number
}

export type PcpAnswer =
  | {
      readonly kind: 'mapped'
      readonly epoch: number // s since the gateway's table was begun
      readonly nonce: Uint8Array
      readonly internal: number
      readonly external: { readonly address: string; readonly port: number }
      readonly lifetime: number // s
    }
  | {
      readonly kind: 'refused'
      readonly nonce: Uint8Array
      readonly reason: string
      readonly lifetime: number // s: so long would the same request be refused again
    }
  | { readonly kind: 'announced'; readonly epoch: number }
  /** The gateway speaks another version only: 0 is NAT-PMP. */
  | { readonly kind: 'other version'; readonly version: number }

/** Sections 7.1 and 11.1. */
export function writePcpMapRequest(request: PcpMapRequest): Uint8Array {
  const { nonce, client, internal, external, lifetime } = request
  const header = new Writer(60).u8(version).u8(mapOpcode).u16(0).u32(lifetime).bytes(mapped(client))
  const ports = header.bytes(nonce).u8(udp).zeros(3).u16(internal).u16(external.port)
  return ports.bytes(mapped(external.address)).done()
}

/** Sections 7.2 and 11.1: of PCP, or what a gateway without PCP says to a PCP request. */
export function readPcp(bytes: Uint8Array): PcpAnswer | undefined {
  const reader = new Reader(bytes)
  const [answerVersion, opcode, , result] = [reader.u8(), reader.u8() - answer, reader.u8(), reader.u8()]
  if (!reader.isSound || opcode < 0) return undefined
  // NAT-PMP has its result at the same octets (section 9, step 3).
  if (answerVersion !== version)
    return result === unsupportedVersion ? { kind: 'other version', version: answerVersion } : undefined
  const [lifetime, epoch] = [reader.u32(), reader.u32()]
  reader.bytes(12) // reserved
  if (opcode === announceOpcode) return reader.isSound ? { kind: 'announced', epoch } : undefined
  const nonce = reader.bytes(12)
  const isUdp = reader.u8() === udp
  reader.bytes(3) // reserved
  const [internal, port, address] = [reader.u16(), reader.u16(), unmapped(reader.bytes(16))]
  // Options may follow; we ask for none that would.
  if (!reader.isSound || opcode !== mapOpcode || !isUdp) return undefined
  if (result !== 0) return { kind: 'refused', nonce, reason: results[result] ?? `result ${result}`, lifetime }
  if (address === undefined) return undefined
  return { kind: 'mapped', epoch, nonce, internal, external: { address, port }, lifetime }
}

/** Section 5: an IPv4 address is written as ::ffff:a.b.c.d. */
const mapped = (address: string): Uint8Array => Uint8Array.of(...prefix, ...address.split('.').map(Number))

const unmapped = (octets: Uint8Array): string | undefined =>
  equal(octets.subarray(0, 12), prefix) ? octets.subarray(12).join('.') : undefined

const prefix = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)
const version = 2
const answer = 128 // the R bit
const announceOpcode = 0
const mapOpcode = 1
const udp = 17 // IANA's protocol number
const unsupportedVersion = 1

/** Section 7.4, in words. */
const results: Record<number, string> = {
  1: 'unsupported version',
  2: 'not authorized',
  3: 'malformed request',
  4: 'unsupported opcode',
  5: 'unsupported option',
  6: 'malformed option',
  7: 'network failure',
  8: 'no resources',
  9: 'unsupported protocol',
  10: 'quota exceeded',
  11: 'cannot provide that external port',
  12: 'address mismatch',
  13: 'excessive remote peers',
}
