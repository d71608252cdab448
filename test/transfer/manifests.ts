/** Manifests made, and read, at once. */
import {
  decodeManifest,
  type Manifest,
  type ManifestClaim,
  type ManifestEntry,
  ManifestWriter,
} from '../../src/transfer/manifest.ts'
import type { Offer } from '../../src/transfer/offer.ts'
import type { Kept } from '../../src/transfer/transfer.ts'

export function encodeManifest(pieces: Uint8Array, entries: Iterable<ManifestEntry>): Uint8Array {
  const writer = new ManifestWriter()
  for (const entry of entries) writer.add(entry)
  return writer.done(pieces)
}

export function decoded(bytes: Uint8Array, claim: ManifestClaim): Manifest | undefined {
  const steps = decodeManifest(bytes, claim)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** What a disk has of an offer, as its receiver is told of it. */
export function keptOf(offer: Offer, bytes: Uint8Array | undefined, cursor: number): Kept | undefined {
  const manifest = bytes && offer.form === 'files' ? decoded(bytes, offer) : undefined
  return manifest && { manifest, cursor }
}
