/** Stands for a value that is too large to be kept, or that is no data. */
export const notKept = Symbol('not kept')

/** The largest value that is kept, as the number of its parts plus the length of its texts. */
const maxSize = 4_096

/** The size of an object or a list without its parts. */
const objectSize = 8

/** Returns a value as it is to be kept: {@link notKept} in the place of one that would fill the memory, and of a stream or a client. */
export function keepValue(value: unknown): unknown {
  return isData(value) && sizeOf(value, maxSize) <= maxSize ? value : notKept
}

function isData(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function'
  const prototype: unknown = Object.getPrototypeOf(value)
  const isPlain = prototype === null || prototype === Object.prototype || Array.isArray(value)
  return isPlain || ArrayBuffer.isView(value) || value instanceof RegExp || value instanceof Error
}

/**
 * The size of a value, counted to a little above a limit: its parts plus the length of its texts and bytes.
 *
 * @param partSize the size of a part (default 1)
 */
export function sizeOf(value: unknown, limit: number, partSize = 1): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return partSize
  if (ArrayBuffer.isView(value)) return value.byteLength
  let size = objectSize * partSize
  for (const part of Object.values(value)) {
    // A value that contains itself grows beyond every limit.
    if (size > limit) break
    size += sizeOf(part, limit - size, partSize)
  }
  return size
}
