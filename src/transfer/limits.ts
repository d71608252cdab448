/** Numbers of a transfer that both sides hold each other to (docs/Protocol.md, "File transfer"). */

/** Files and folders of one offer: what both sides hold in memory of each is a path. */
export const maxEntries = 1_000_000

/** Octets of a manifest. */
export const maxManifest = 64 << 20

/** Octets of all files: positions are numbers of JavaScript. */
export const maxOctets = Number.MAX_SAFE_INTEGER

/** Octets of content in one frame. */
export const chunkSize = 65_536

/** Octets of zeros that one frame may stand for: what the receiver hashes at once takes milliseconds. */
export const maxHole = 1 << 20

/** Octets that may be sent beyond what the receiver has written: 60 MiB/s at a round trip of 130 ms. */
export const windowSize = 8 << 20
