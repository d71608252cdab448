/** Numbers of a transfer that both sides hold each other to (docs/Protocol.md, "File transfer"). */

/** Files and folders of one offer: what both sides hold in memory of each is a path. */
export const maxEntries = 1_000_000

/** Octets of a manifest. */
export const maxManifest = 64 << 20

/** Octets of all files: positions are numbers of JavaScript. */
export const maxOctets = Number.MAX_SAFE_INTEGER

/** Octets of content that one frame carries, or stands for where they are zeros. */
export const chunkSize = 65_536

/** Octets that may be sent beyond what the receiver has written: 60 MiB/s at a round trip of 130 ms. */
export const windowSize = 8 << 20

/** Octets of one work for the disk, and how many small files it may name: a thread takes it in some ms. */
export const workSize = 512 << 10
export const workFiles = 256

/** Works of a transfer that wait for the disk: while one is done, what came of the other is sent. */
export const worksInFlight = 2

/** The sender is told what is written after so much of it, an eighth of the window, or after so long (ms). */
export const gotSize = 1 << 20
export const gotTime = 250

/** How much is received, and how long it takes (ms), until the cursor is stored: what a crash costs, and what `fdatasync` does. */
export const keepSize = 64 << 20
export const keepTime = 5_000
