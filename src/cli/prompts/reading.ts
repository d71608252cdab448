/** Takes what it needs from the front of a stream, and leaves the rest for who reads next. */

/** What a chunk brought to an end, and the octets of it that are left. */
export interface Taken<T> {
  readonly result: T
  readonly rest: Uint8Array
}

/**
 * Hands over chunk by chunk until `take` yields something; `undefined` at the stream's end, or once aborted. It does
 * not pause the stream: who listens next would have to know.
 */
export function readUntil<T>(
  input: NodeJS.ReadStream,
  take: (chunk: Buffer) => Taken<T> | undefined,
  signal?: AbortSignal,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      input.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onError)
      signal?.removeEventListener('abort', onEnd)
    }
    const onEnd = (): void => {
      stop()
      resolve(undefined)
    }
    const onError = (error: unknown): void => {
      stop()
      reject(error)
    }
    const onReadable = (): void => {
      try {
        for (let chunk = input.read(); chunk !== null; chunk = input.read()) {
          const taken = take(Buffer.from(chunk))
          if (!taken) continue
          stop()
          if (taken.rest.length > 0) input.unshift(taken.rest)
          resolve(taken.result)
          return
        }
      } catch (error) {
        onError(error)
      }
    }
    if (signal?.aborted || input.readableEnded || input.destroyed) {
      resolve(undefined)
      return
    }
    signal?.addEventListener('abort', onEnd)
    input.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onError)
  })
}
