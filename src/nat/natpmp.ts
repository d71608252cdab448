/** NAT-PMP, the octets (RFC 6886, section 3): what a client asks of its gateway on UDP port 5351. */
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'

/** Seconds since the gateway's table was begun come with every answer (section 3.6). */
export type NatPmpAnswer =
  | { readonly kind: 'address'; readonly epoch: number; readonly address: string }
  | {
      readonly kind: 'mapped'
      readonly epoch: number
      readonly internal: number
      readonly external: number
      readonly lifetime: number // s
    }
  | { readonly kind: 'refused'; readonly what: 'address' | 'mapping'; readonly reason: string }

/** Section 3.2: as whom does the world see us? */
export const writeNatPmpAddressRequest = (): Uint8Array => Uint8Array.of(version, addressOpcode)

/** Section 3.3, for UDP. Lifetime 0 with external port 0 removes the mapping of an internal port (section 3.4). */
export function writeNatPmpMapRequest(request: {
  readonly internal: number
  readonly external: number
  readonly lifetime: number // s
}): Uint8Array {
  const header = new Writer(12).u8(version).u8(mapUdpOpcode).u16(0)
  return header.u16(request.internal).u16(request.external).u32(request.lifetime).done()
}

/** An answer, or what a gateway multicasts when it starts or its address changes (section 3.2.1). */
export function readNatPmp(bytes: Uint8Array): NatPmpAnswer | undefined {
  const reader = new Reader(bytes)
  const [answerVersion, opcode, result] = [reader.u8(), reader.u8() - answer, reader.u16()]
  if (!reader.isSound || answerVersion !== version) return undefined
  if (opcode !== addressOpcode && opcode !== mapUdpOpcode) return undefined
  // An answer to an unknown version may end here (section 3.5).
  const what = opcode === addressOpcode ? 'address' : 'mapping'
  if (result !== 0) return { kind: 'refused', what, reason: results[result] ?? `result ${result}` }
  const epoch = reader.u32()
  if (opcode === addressOpcode) {
    const address = reader.bytes(4).join('.')
    return reader.isComplete ? { kind: 'address', epoch, address } : undefined
  }
  const [internal, external, lifetime] = [reader.u16(), reader.u16(), reader.u32()]
  return reader.isComplete ? { kind: 'mapped', epoch, internal, external, lifetime } : undefined
}

const version = 0
const answer = 128 // added to the opcode
const addressOpcode = 0
const mapUdpOpcode = 1

/** Section 3.5. */
const results: Record<number, string> = {
  1: 'unsupported version',
  2: 'not authorized',
  3: 'network failure',
  4: 'out of resources',
  5: 'unsupported opcode',
}
